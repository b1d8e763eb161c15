"""Where a picture goes: which format, what is there already, and written whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from copper.commands import trace_output
from tracer.errors import CopperError

if TYPE_CHECKING:
    from viz.formats import Format
    from viz.picture import Picture


class FormatName(click.types.StringParamType):
    """A format; `--help` lists them all, and nothing that takes time is loaded before."""

    name = "format"

    def get_metavar(self, *_: Any, **__: Any) -> str:
        """What help shows; click hands over more from 8.2 on."""
        from viz.formats import FORMATS  # noqa: PLC0415  only for whom it is listed

        return f"[{'|'.join(FORMATS)}]"


def there(file: str | None, spelled: Format) -> bytes | None:
    """What stands in the file that is to be written over, for a format that keeps what people did to it.

    Raises:
        CopperError: it can't be read.
    """
    if file is None or spelled.merge is None or not Path(file).is_file():
        return None
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CopperError(
            f"what was drawn by hand there can't be kept: {error.strerror}",
            where=file,
            next_step="make it readable, or write to another file",
        ) from error


def write(drawn: Picture, file: str | None) -> None:
    """To its file, whole or not at all, or to stdout.

    Raises:
        CopperError: it can't be written, or stdout is a terminal and it is no text.
    """
    from copper.output import write_aside  # noqa: PLC0415  `--help` must be quick

    if file is not None:
        write_aside(Path(file), drawn.data)
        return
    if not drawn.is_text and sys.stdout is not None and sys.stdout.isatty():
        raise CopperError("a terminal can't show it", where="standard output", next_step="say --out FILE, or > FILE")
    with trace_output.stdout() as stream:
        stream.buffer.write(drawn.data)

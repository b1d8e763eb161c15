"""Where lines come from: each source yields the lines of one log with their origin.

To add a source: a module here, and a line in `open_log`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tracer.sources import file, stdin
from tracer.sources.lines import Line

__all__ = ["Line", "open_log"]


def open_log(name: str) -> Iterator[Line]:
    """The lines of a log: of a file by its path, or of standard input (`-`).

    Raises:
        CopperError: it is not there, can't be read, or is no log.
    """
    if name == "-":
        return stdin.read()
    return file.read(Path(name))

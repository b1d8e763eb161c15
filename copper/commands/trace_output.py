"""What every verb of `copper-trace` writes: data to stdout, words to stderr; never over what it reads."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracer.errors import CopperError

if TYPE_CHECKING:
    from tracer.pipeline import Counts

NOTHING_LEFT = "nothing is left of it by --since, --until, --last, --include or --exclude"


@contextmanager
def stdout() -> Iterator[io.TextIOWrapper]:
    """Standard output for data; what was written has arrived when the block ends, also where an error ends it.

    Whoever reads it may stop at any time (`| head`): the program ends then, and that is no error.

    Raises:
        CopperError: it is closed.
        OSError: it can't be written; copper/commands/entry.py has the words for that.
    """
    if not isinstance(sys.stdout, io.TextIOWrapper):
        raise CopperError("is closed", where="standard output", next_step="give it a file or a pipe to write to")
    try:
        try:
            yield sys.stdout
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # what is left in the buffer would raise again when Python ends; click would end with 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def words(text: str) -> None:
    """Say something on stderr; where nobody can hear it, it is no error."""
    with suppress(OSError):
        click.echo(text, err=True)


def counted(counts: Counts) -> str:
    """How the lines of a log counted, in words."""
    told = [number(counts.lines, "line"), number(counts.events, "event")]
    if counts.unknown_lines:
        told.append(f"{counts.unknown_lines:,} unknown")
    if counts.ambiguous_lines:
        told.append(f"{counts.ambiguous_lines:,} ambiguous")
    if counts.cut_lines:
        told.append(f"{counts.cut_lines:,} cut by Mosquitto")
    return ", ".join(told)


def number(count: int, what: str) -> str:
    """`1 line`, `2,000 lines`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def refuse_own_input(out: str | None, logs: Iterable[str]) -> None:
    """A log must not be written over, nor grow by what is read from it.

    Args:
        out: the file to write, None for standard output.
        logs: as the user named them.

    Raises:
        CopperError: `out` is one of them, by whatever name.
    """
    written = _state(Path(out)) if out is not None else _stdout_state()
    if written is None or not stat.S_ISREG(written.st_mode):
        return
    for log in logs:
        there = _state(Path(log))
        if there is not None and os.path.samestat(there, written):
            name = out if out is not None else "standard output"
            raise CopperError(f"{log} is read from it", where=name, next_step="write to another file")


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _stdout_state() -> os.stat_result | None:
    try:
        return os.fstat(1) if sys.stdout is not None else None
    except OSError:
        return None

"""Where lines come from: each source yields the lines of one log with their origin.

To add a source: a module here, and a line in `open_log`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tracer.sources import archive, container, file, stdin
from tracer.sources.lines import Line

__all__ = ["Line", "follow_log", "is_archive", "is_file", "is_path", "open_chunks", "open_log"]


def open_log(name: str) -> Iterator[Line]:
    """The lines of a log: of a file by its path, of standard input (`-`), or of `docker:CONTAINER`.

    Raises:
        DamagedError: it is an archive that is cut or damaged; the lines before were given out.
        CopperError: it is not there, can't be read, or is no log.
    """
    if name == "-":
        return stdin.read()
    if name.startswith(container.SCHEME):
        return container.read(name)
    return file.read(Path(name))


def is_file(name: str) -> bool:
    """Whether a log is one that can be read again, from any place."""
    return is_path(name) and Path(name).is_file()


def is_path(name: str) -> bool:
    """Whether a log is a file by its name, there or not."""
    return name != "-" and not name.startswith(container.SCHEME)


def is_archive(name: str) -> bool:
    """Whether a file is compressed, so that it can only be read from its beginning."""
    with Path(name).open("rb") as file:
        return archive.is_packed(file.read(archive.TOLD_BY))


def open_chunks(name: str, offset: int = 0) -> Iterator[bytes] | None:
    """The bytes of a log, as open_log() has it; None for a container, whose lines have times of their own.

    Args:
        name: the log.
        offset: in bytes, of a file: from there on.

    Raises:
        CopperError: as open_log().
    """
    if name.startswith(container.SCHEME):
        return None
    return stdin.chunks() if name == "-" else file.chunks(Path(name), offset)


def follow_log(
    name: str, stop: threading.Event, at_rest: Callable[[], None], lost: Callable[[str], None] = lambda _: None
) -> Iterator[Line]:
    """The lines of a log, then those that are written to it, until `stop` is set; standard input until it ends.

    Args:
        name: as open_log has it.
        stop: set it to end the following.
        at_rest: called when everything was read and nothing came for a moment; not for standard input.
        lost: is told in words when something that was written to a file can't be read any more.

    Raises:
        CopperError: as open_log().
    """
    if name == "-":
        return stdin.read()
    if name.startswith(container.SCHEME):
        return container.follow(name, stop, at_rest)
    return file.follow(Path(name), stop, at_rest, lost=lost)

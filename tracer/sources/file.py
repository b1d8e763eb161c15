"""Lines of a file: as it is, or as it grows.

What is true is what `stat` says: another file under the same name (renamed and made anew, by logrotate and a
SIGHUP), or a shorter one (copytruncate), is read from its start, after the rest of the old one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from tracer.errors import CopperError
from tracer.sources.lines import CHUNK, Line, Splitter

POLL = 0.05
"""Seconds between two looks at a log that does not grow: half as much is the usual delay of an event."""


def read(path: Path) -> Iterator[Line]:
    """The lines that a file has now, the last one also where it has no newline.

    Raises:
        CopperError: it is not there, is a directory, may not be read, or is a binary file.
    """
    splitter = Splitter(str(path))
    with _open(path) as file:
        while chunk := _read(file, path):
            yield from splitter.feed(chunk)
    yield from splitter.rest()


def follow(path: Path, stop: threading.Event, at_rest: Callable[[], None] | None = None) -> Iterator[Line]:
    """The lines of a file from its start, then those that are written to it, until `stop` is set.

    After that, what is there is still read, and the begun last line is given out as it is. A file that takes
    another's place begins with line 1 anew.

    Args:
        path: the log; it must be there at the beginning, and may vanish and come back.
        stop: set it to end the following.
        at_rest: called when everything was read and nothing came for a moment.

    Raises:
        CopperError: as read().
    """
    file, splitter = _open(path), Splitter(str(path))
    try:
        while True:
            last = stop.is_set()
            grown = False
            while chunk := _read(file, path):
                grown = True
                yield from splitter.feed(chunk)
            fresh = _successor(file, path, splitter.position)
            if fresh is not None:
                # whatever was written to the old one between the last look at it and the new one's
                while chunk := _read(file, path):
                    yield from splitter.feed(chunk)
                yield from splitter.rest()
                file.close()
                file, splitter = fresh, Splitter(str(path))
                continue
            if last:
                yield from splitter.rest()
                return
            if not grown:
                if at_rest is not None:
                    at_rest()
                stop.wait(POLL)
    finally:
        file.close()


def _successor(file: BinaryIO, path: Path, position: int) -> BinaryIO | None:
    """The file that goes on where this one ended: another one of its name that is not empty, or itself, cut short."""
    try:
        there = path.stat()
    except OSError:
        return None
    here = os.fstat(file.fileno())
    if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
        return _open(path) if here.st_size < position else None
    return _open(path) if there.st_size else None


def _open(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "is a directory")
        return path.open("rb", buffering=0)
    except OSError as error:
        raise _unreadable(path, error) from error


def _read(file: BinaryIO, path: Path) -> bytes:
    try:
        return file.read(CHUNK)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> CopperError:
    words = {
        FileNotFoundError: "there is no such file",
        IsADirectoryError: "is a directory, not a log of Mosquitto",
        PermissionError: "may not be read",
    }
    what = words.get(type(error), f"can't be read: {error.strerror}")
    return CopperError(what, where=str(path), next_step="give the file that log_dest in mosquitto.conf names")

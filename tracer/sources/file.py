"""Lines of a file: as it is, or as it grows.

What is true is what `stat` says: another file under the same name (renamed and made anew, by logrotate and a
SIGHUP), or a shorter one (copytruncate), is read from its start, after the rest of the old one.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from tracer.errors import CopperError
from tracer.sources.archive import DamagedError, open_unpacked, unpacked
from tracer.sources.lines import CHUNK, Line, Splitter, cut
from tracer.sources.rotation import KEPT, Position, between, find

POLL = 0.03
"""Seconds between two looks at a log that does not grow: half as much is the usual delay of an event. It costs 0.6 % of
a core; to be woken by the system instead costs more than half of one while the log grows fast."""


def read(path: Path) -> Iterator[Line]:
    """The lines that a file has now, the last one also where it has no newline; it may be compressed.

    Raises:
        DamagedError: it is an archive that is cut or damaged; the lines before were given out.
        CopperError: it is not there, is a directory, may not be read, or is a binary file.
    """
    return cut(chunks(path), str(path))


def chunks(path: Path, offset: int = 0) -> Iterator[bytes]:
    """The same as bytes from an offset on, not cut into lines."""
    if offset:
        with _open(path) as file:
            file.seek(offset)
            yield from iter(lambda: _read(file, path), b"")
        return
    with _open(path, lambda path: path.open("rb", buffering=0)) as file:
        yield from unpacked(iter(lambda: _read(file, path), b""), str(path))


def follow(
    path: Path,
    stop: threading.Event,
    at_rest: Callable[[], None] | None = None,
    *,
    start: Position | None = None,
    lost: Callable[[str], None] = lambda _: None,
) -> Iterator[Line]:
    """The lines of a file from its start, then those that are written to it, until `stop` is set.

    After that, what is there is still read, and the begun last line is given out as it is. A file that takes
    another's place begins with line 1 anew.

    Args:
        path: as follow_chunks() has it, and all others too.
        stop: the same.
        at_rest: the same.
        start: the same.
        lost: the same.

    Raises:
        CopperError: as read().
    """
    splitter = Splitter(str(path))
    ended: list[Line] = []

    def opened(_: BinaryIO, offset: int, number: int) -> None:
        nonlocal splitter
        ended.extend(splitter.rest())
        splitter = Splitter(str(path), offset, number)

    for chunk in follow_chunks(path, stop, at_rest, start=start, opened=opened, lost=lost):
        yield from ended
        ended.clear()
        yield from splitter.feed(chunk)
    yield from (*ended, *splitter.rest())


def follow_chunks(
    path: Path,
    stop: threading.Event,
    at_rest: Callable[[], None] | None = None,
    *,
    start: Position | None = None,
    opened: Callable[[BinaryIO, int, int], None],
    lost: Callable[[str], None] = lambda _: None,
) -> Iterator[bytes]:
    """The bytes of a file, then those that are written to it, until `stop` is set; what is there then is still read.

    Args:
        path: the log; it must be there at the beginning, and may vanish and come back.
        stop: set it to end the following.
        at_rest: called when everything was read and nothing came for a moment.
        start: go on here, in the file that holds what was read, and read the pieces of the log that came after it;
            where there is none, the log is read from its start.
        opened: called before the bytes of a file, with it, the place of the first of them, and the lines before that.
        lost: is told in words when something that was written can't be read any more.

    Raises:
        CopperError: as read().
    """
    reading = _Reading(path, start, lost)
    number = start.number if start is not None and reading.position else 0
    try:
        while True:
            opened(reading.file, reading.position, number)
            number = 0
            while not reading.is_over:
                last = stop.is_set()
                grown = False
                for chunk in reading.chunks():
                    grown = True
                    yield chunk
                reading.look_for_the_next()
                if last and not reading.is_over:
                    return
                if not grown and not reading.is_over:
                    if at_rest is not None:
                        at_rest()
                    stop.wait(POLL)
            # whatever was written between the last look at the old one and that at the new one
            yield from reading.chunks()
            reading.go_on()
    finally:
        reading.close()


class _Reading:
    """The file that is being read, and the one that goes on where it ends; `position`: what was read, in bytes."""

    def __init__(self, path: Path, start: Position | None, lost: Callable[[str], None]) -> None:
        there = find(path, start) if start is not None else None
        self.path = path
        self._lost = lost
        self._next: BinaryIO | None = None
        self._head, self._tail = b"", b""
        self._is_damaged = False
        if start is None or there is None:
            self.file, self.position = _open(path), 0
        else:
            self.file = _open(there)
            begin = max(0, start.offset - KEPT)
            self.file.seek(begin)
            self._tail = self.file.read(start.offset - begin)
            self.position = start.offset
            self._head = start.head

    @property
    def is_over(self) -> bool:
        """Whether another file goes on where this one ends."""
        return self._next is not None

    def chunks(self) -> Iterator[bytes]:
        """What the file has and that was not read."""
        while not self._is_cut() and (chunk := self._read()):
            if len(self._head) < KEPT and self.position == len(self._head):
                self._head = (self._head + chunk)[:KEPT]
            self._tail = (self._tail + chunk)[-KEPT:]
            self.position += len(chunk)
            yield chunk

    def _read(self) -> bytes:
        try:
            return b"" if self._is_damaged else _read(self.file, self.path)
        except DamagedError as error:
            self._is_damaged = True
            self._lost(f"{error.where}: {error.what}; what stood behind that is lost")
            return b""

    def look_for_the_next(self) -> None:
        """Another file of the log's name that is not empty, or the same, cut short: then a copy has the rest of it."""
        there, here = _stat(self.path), os.fstat(self.file.fileno())
        if there is None:
            return
        position = self.position
        if (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
            if there.st_size:
                self._next = _open(between(self.path, self.file) or self.path)
        elif self._is_cut():
            tail = self._tail
            at = Position(0, 0, position, 0, self._head, tail, position - len(tail))
            copy = find(self.path, at)
            self._next = _open(self.path)
            if copy is None:
                self._lost(
                    f"{self.path} was cut, and no copy of it is found: what was written behind byte {position:,} before"
                    " that is lost"
                )
            else:
                self.file.close()
                self.file = _open(copy)
                self.file.seek(position)

    def _is_cut(self) -> bool:
        """Whether the file is shorter, or begins otherwise than it did: it may be as long as before by now."""
        if not isinstance(self.file, io.FileIO):
            return False
        shorter = os.fstat(self.file.fileno()).st_size < self.position
        return shorter or os.pread(self.file.fileno(), len(self._head), 0) != self._head

    def go_on(self) -> None:
        """Read the next file now."""
        self.file.close()
        self.file, self._next = self._next or _open(self.path), None
        self.position = 0
        self._head = self._tail = b""
        self._is_damaged = False

    def close(self) -> None:
        """Both files."""
        self.file.close()
        if self._next is not None:
            self._next.close()


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _open(path: Path, how: Callable[[Path], BinaryIO] = open_unpacked) -> BinaryIO:
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "is a directory")
        return how(path)
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

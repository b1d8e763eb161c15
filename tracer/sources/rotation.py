"""Where a reader of a log stood, and where that place is now, after the log was rotated.

A log is rotated in three ways: renamed and made anew (logrotate and a SIGHUP), copied and cut (copytruncate), deleted
and made anew. So a place is known by the file's device and inode, and by its beginning and by what was
read last: what was read is found again under whatever name, in the log's own folder.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

KEPT = 256
"""Bytes of the beginning, and of what stands before a place, that tell a file."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file.

    Attributes:
        device: of the file system.
        inode: of the file; another file may get it once this one is gone.
        offset: bytes before the place.
        number: lines before it.
        head: how the file begins, at most KEPT bytes.
        tail: some of what was read last, at most KEPT bytes.
        tail_offset: bytes before those.
    """

    device: int
    inode: int
    offset: int = 0
    number: int = 0
    head: bytes = b""
    tail: bytes = b""
    tail_offset: int = 0


def open_piece(path: Path) -> BinaryIO:
    """A log, or a rotated piece of one, to be read from its beginning; logrotate compresses them to `.gz`.

    Raises:
        OSError: it can't be read.
    """
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path, "rb"))
    return path.open("rb", buffering=0)


def find(path: Path, position: Position) -> Path | None:
    """The file that holds what was read of the log `path`: the log itself, a rotated piece or a copy; or None."""
    files = [path, *_beside(path)]
    same = [one for one in files if _is_it(one, position)]
    if not position.head:
        return next(iter(same), None)
    others = [one for one in files if one not in same]
    return next((one for one in (*same, *others) if _holds(one, position)), None)


def between(path: Path, file: BinaryIO) -> Path | None:
    """The oldest piece of the log that was rotated after `file` was, and so stands between it and the log itself."""
    here = os.fstat(file.fileno())
    known = {_head(path), head_of(file)}
    found: list[tuple[int, Path]] = []
    for piece in _beside(path):
        there = _stat(piece)
        if there is None or not piece.name.startswith(path.name) or there.st_mtime_ns <= here.st_mtime_ns:
            continue
        # a copy of what is read anyway is no piece
        if there.st_ino != here.st_ino and _head(piece) not in known:
            found.append((there.st_mtime_ns, piece))
    return min(found)[1] if found else None


def _beside(path: Path) -> Iterator[Path]:
    """The files whose name begins as the log's, the log itself apart; sorted."""
    try:
        files = sorted(path.parent.iterdir())
    except OSError:
        return
    for file in files:
        if file.name != path.name and file.name.startswith(path.stem) and file.is_file():
            yield file


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _is_it(path: Path, position: Position) -> bool:
    there = _stat(path)
    return there is not None and (there.st_dev, there.st_ino) == (position.device, position.inode)


def _holds(path: Path, position: Position) -> bool:
    """Whether a file begins as the one that was read, and goes on as it did up to the place."""
    try:
        with open_piece(path) as file:
            if file.read(len(position.head)) != position.head:
                return False
            file.seek(position.tail_offset)
            return file.read(len(position.tail)) == position.tail
    except (OSError, EOFError):
        return False


def _head(path: Path) -> bytes:
    try:
        with open_piece(path) as file:
            return file.read(KEPT)
    except (OSError, EOFError):
        return b""


def head_of(file: BinaryIO) -> bytes:
    """How an open file begins; its place stays."""
    place = file.tell()
    file.seek(0)
    head = file.read(KEPT)
    file.seek(place)
    return head

"""Where a reader of a log stood, and where that place is now, after the log was rotated.

A log is rotated in three ways: renamed and made anew (logrotate and a SIGHUP), copied and cut (copytruncate), deleted
and made anew. So a place is known by the file's device and inode, and by its beginning and by what was
read last: what was read is found again under whatever name and however compressed, in the log's own folder, in those
below it, and in those beside it (`olddir` of logrotate).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tracer.errors import CopperError
from tracer.sources.archive import open_unpacked

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


def find(path: Path, position: Position) -> Path | None:
    """The file that holds what was read of the log `path`: the log itself, a rotated piece or a copy; or None."""
    return _find([path, *_beside(path, path.parent)], position) or _find(_elsewhere(path), position)


def _find(files: list[Path], position: Position) -> Path | None:
    same = [one for one in files if _is_it(one, position)]
    if not position.head:
        return next(iter(same), None)
    others = [one for one in files if one not in same]
    return next((one for one in (*same, *others) if _holds(one, position)), None)


def between(path: Path, file: BinaryIO) -> Path | None:
    """The oldest piece of the log that was rotated after `file` was, and so stands between it and the log itself.

    It is where other pieces are: beside the log, or beside `file`.
    """
    here = os.fstat(file.fileno())
    known = {_head(path), head_of(file)}
    found: list[tuple[int, Path]] = []
    place = Position(here.st_dev, here.st_ino)
    pieces = list(_beside(path, path.parent))
    if not any(_is_it(one, place) for one in pieces):
        moved = next((one for one in _elsewhere(path) if _is_it(one, place)), None)
        pieces += _beside(path, moved.parent) if moved is not None else ()
    for piece in pieces:
        there = _stat(piece)
        if there is None or not piece.name.startswith(path.name) or there.st_mtime_ns <= here.st_mtime_ns:
            continue
        # a copy of what is read anyway is no piece
        if there.st_ino != here.st_ino and _head(piece) not in known:
            found.append((there.st_mtime_ns, piece))
    return min(found)[1] if found else None


def _beside(path: Path, folder: Path) -> Iterator[Path]:
    """The files of a folder whose name begins as the log's, the log itself apart; sorted."""
    try:
        for file in sorted(folder.iterdir()):
            if file.name != path.name and file.name.startswith(path.stem) and file.is_file():
                yield file
    except OSError:
        # a folder that is not ours to read
        return


def _elsewhere(path: Path) -> list[Path]:
    """Such files in the folders below the log's, and in those beside it."""
    here = path.parent
    folders = [folder for one in (here, here.parent) for folder in _folders(one) if folder != here]
    return [file for folder in folders for file in _beside(path, folder)]


def _folders(of: Path) -> list[Path]:
    try:
        return sorted(one for one in of.iterdir() if one.is_dir())
    except OSError:
        return []


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
        with open_unpacked(path) as file:
            if file.read(len(position.head)) != position.head:
                return False
            file.seek(position.tail_offset)
            return file.read(len(position.tail)) == position.tail
    except (OSError, CopperError):
        return False


def _head(path: Path) -> bytes:
    try:
        with open_unpacked(path) as file:
            return file.read(KEPT)
    except (OSError, CopperError):
        return b""


def head_of(file: BinaryIO) -> bytes:
    """How an open file begins; its place stays."""
    place = file.tell()
    file.seek(0)
    head = file.read(KEPT)
    file.seek(place)
    return head

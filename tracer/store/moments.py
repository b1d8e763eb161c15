"""A store and its log → the single events of a moment, as a reading of the whole log would tell them.

A store has sums. But it knows where in the log each bucket begins, and has marks: places in the log with the reader's
state there. So reading goes on from the mark before the moment to the bucket behind it, in whatever files hold the
log by now (sources/rotation.py). Where single events were kept, those are given out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tracer import snapshot
from tracer.events import Event, of_dict
from tracer.pipeline import Pipeline
from tracer.sources import Line
from tracer.sources.archive import open_unpacked
from tracer.sources.lines import CHUNK, Splitter
from tracer.sources.rotation import Position, find
from tracer.store import reading
from tracer.store.schema import StoreError
from tracer.windows import Between, Run


class Place(NamedTuple):
    """A byte of the log; places sort as the log goes."""

    log: int
    offset: int


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read: its number, its name then, and the end of what was read of it."""

    log: int
    path: Path
    end: Position


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the log, and what is needed to read it.

    Attributes:
        mark: where to begin to read.
        line: the lines before it in its file.
        pipeline: with the state there.
        end: where what is not asked for begins; None where all that was recorded is asked for.
        files: that hold it, in their order.
    """

    mark: Place
    line: int
    pipeline: Pipeline
    end: Place | None
    files: list[File]


def events_of(store: sqlite3.Connection, window: Between | Run | None) -> Iterator[Event]:
    """All events of a part of what was recorded, in the order of the log; and some around it, which the window tells.

    Raises:
        StoreError: nothing was recorded so far, or not this run; or the log of then is gone.
        DamagedError: the archive that holds it is damaged; the events before were given out.
    """
    with reading.moment(store):
        recorded = reading.reading_of(store)
        if recorded is None:
            raise StoreError("nothing was recorded so far", next_step="wait a moment, or see whether the log grows")
        buckets = _buckets(store, window)
        if buckets is None:
            return
        first, behind = buckets
        if _are_kept(store, first, behind):
            yield from _kept(store, first, behind)
            yield from reading.held(recorded)[0] if behind is None else ()
            return
        part = _slice(store, first, behind)
        _refuse_gone(store, part)
    yield from _read(part)


def _buckets(store: sqlite3.Connection, window: Between | Run | None) -> tuple[int, int | None] | None:
    """The first bucket of what is asked for, and the first behind it; None where there is nothing."""
    if isinstance(window, Run):
        bounds = reading.bounds_of(store, window)
        row = store.execute("SELECT min(id) FROM bucket WHERE id > ?", (bounds.last or reading.LAST,)).fetchone()
        return bounds.first, row[0]
    pieces = reading.pieces_of(store, window, late=True)
    inside = [number for number, piece in enumerate(pieces) if piece.place == "inside"]
    if pieces and pieces[-1].place != "after":
        # what was held back when it was written may be inside, too
        return pieces[inside[0] if inside else -1].id, None
    return (pieces[inside[0]].id, pieces[inside[-1] + 1].id) if inside else None


def _are_kept(store: sqlite3.Connection, first: int, behind: int | None) -> bool:
    sql = "SELECT min(kept) FROM bucket WHERE id >= ? AND id < ?"
    return bool(store.execute(sql, (first, behind or reading.LAST)).fetchone()[0])


def _kept(store: sqlite3.Connection, first: int, behind: int | None) -> Iterator[Event]:
    sql = "SELECT body FROM event WHERE bucket >= ? AND bucket < ? ORDER BY id"
    for (body,) in store.execute(sql, (first, behind or reading.LAST)):
        yield of_dict(json.loads(body))


def _slice(store: sqlite3.Connection, first: int, behind: int | None) -> Slice:
    sql = 'SELECT log, "offset" FROM bucket WHERE id = ?'
    begin = Place(*store.execute(sql, (first,)).fetchone())
    end = Place(*store.execute(sql, (behind,)).fetchone()) if behind is not None else None
    mark, line, pipeline = _mark(store, begin)
    sql = """SELECT id, path, device, inode, "offset", head, tail, tail_offset FROM log
        WHERE id BETWEEN ? AND ? AND "offset" ORDER BY id"""
    files = [
        File(log, Path(path), Position(device, inode, offset, 0, head, tail, tail_offset))
        for log, path, device, inode, offset, head, tail, tail_offset in store.execute(
            sql, (mark.log, end.log if end is not None else reading.LAST)
        )
    ]
    return Slice(mark, line, pipeline, end, files)


def _mark(store: sqlite3.Connection, begin: Place) -> tuple[Place, int, Pipeline]:
    """The last mark before a place of which the state can be used."""
    sql = 'SELECT log, "offset", line, state FROM mark WHERE (log, "offset") <= (?, ?) ORDER BY id DESC'
    for log, offset, line, state in store.execute(sql, begin):
        try:
            return Place(log, offset), line, snapshot.load(state)
        except snapshot.StateError:
            continue
    first = store.execute('SELECT min(id), "offset" FROM log').fetchone()
    if first[1] and store.execute("SELECT min(id) FROM bucket").fetchone()[0] == 1:
        # nothing is known before the beginning
        return Place(first[0], 0), 0, Pipeline()
    raise StoreError(
        "the state from which the log could be read again is of another version of Copper",
        next_step="read the log itself: copper-trace events LOG",
    )


def _refuse_gone(store: sqlite3.Connection, part: Slice) -> None:
    """Say it before anything is printed if a file is not there any more."""
    gone = [file for file in part.files if find(file.path, file.end) is None]
    if not gone:
        return
    sql = """SELECT id FROM bucket, (SELECT log, "offset" FROM mark WHERE log > ? ORDER BY id LIMIT 1) AS mark
        WHERE (bucket.log, bucket."offset") >= (mark.log, mark."offset") ORDER BY id LIMIT 1"""
    left = store.execute(sql, (gone[-1].log,)).fetchone()
    there = next((piece for piece in reading.pieces_of(store, None) if left is not None and piece.id == left[0]), None)
    raise _gone(gone[-1], f"--since {there.first} asks for what is there; " if there is not None else "")


def _gone(file: File, what_is_there: str = "") -> StoreError:
    return StoreError(
        "the file that held the log of then is not found any more, neither rotated nor compressed",
        where=str(file.path),
        next_step=f"{what_is_there}record --events keeps every event itself",
    )


def _read(part: Slice) -> Iterator[Event]:
    is_behind = False
    for file in part.files:
        offset, number = (part.mark.offset, part.line) if file.log == part.mark.log else (0, 0)
        for line in _lines(file, offset, number):
            yield from part.pipeline.feed(line)
            if is_behind:
                return
            # an event is told with its line, or with the one after it
            is_behind = part.end is not None and Place(file.log, line.offset) >= part.end
    yield from part.pipeline.finish()


def _lines(file: File, offset: int, number: int) -> Iterator[Line]:
    """The lines of a file from a place on, as far as they were read then."""
    there = find(file.path, file.end)
    if there is None:
        # it was, a moment ago
        raise _gone(file)
    with open_unpacked(there) as stream:
        stream.seek(offset)
        splitter, left = Splitter(str(file.path), offset, number), file.end.offset - offset
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            left -= len(chunk)
            yield from splitter.feed(chunk)
        yield from splitter.rest()

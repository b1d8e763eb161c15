"""A log → a store, for as long as it runs: follow, read, sum up, commit about every second, together with the place.

Comes in: a log that Mosquitto writes, a folder, and who to tell. It may be stopped or killed at any moment, and the
log rotated meanwhile: the next recorder of the same store goes on with the next line.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from tracer import snapshot
from tracer.events import Event
from tracer.pipeline import Pipeline
from tracer.reader import Reader
from tracer.sources import Line
from tracer.sources.file import follow_chunks
from tracer.sources.rotation import KEPT, Position, find, head_of
from tracer.store import reading, schema
from tracer.store.changes import Changes
from tracer.store.schema import StoreError
from tracer.store.writing import Reading, Writer

EVERY = 1.0
"""Seconds between two commits, while lines come."""
SHARE = 10
"""A commit may take a tenth of the time, so after a slow one the next comes later."""
LOCK = "recorder.lock"
MOST = 200_000
"""Lines after which a commit is due whatever the clock says: it bounds what is held in memory."""


def record(
    log: Path,
    folder: Path,
    stop: threading.Event,
    *,
    say: Callable[[str], None] = lambda _: None,
    keep: int | None = None,
    events: bool = False,
    clock: Callable[[], float] = time.time,
) -> None:
    """Follow a log into a store until `stop` is set; everything that was read is committed then.

    Args:
        log: the file that Mosquitto writes.
        folder: of the store; it is made where it is not there.
        stop: set it to end.
        say: is told in plain words what a person should know.
        keep: seconds of the log to keep; None keeps all.
        events: keep every single event too.
        clock: the time, for logs whose lines have none; in seconds since 1970.

    Raises:
        CopperError: the log or the store can't be used, or another recorder is at work.
    """
    log = log.absolute()
    with _alone(folder), _database(folder) as connection:
        recorder = Recorder(log, connection, keep, say, Changes(clock, keep_events=events))
        try:
            recorder.run(stop)
        except sqlite3.Error as error:
            raise StoreError(f"can't be written: {error}", where=str(folder), next_step="see to the disk") from error


class Recorder:
    """Reads one log into one store."""

    def __init__(
        self, log: Path, connection: sqlite3.Connection, keep: int | None, say: Callable[[str], None], changes: Changes
    ) -> None:
        self._log = log
        self._writer = Writer(connection, keep)
        self._say = say
        self._changes = changes
        self._reader = Reader(Pipeline(), self._take, changes)
        self._place = Position(0, 0)
        self._before: tuple[int, Position] | None = None
        self._head = b""
        self._written = 0
        self._due = 0.0
        with reading.moment(connection):
            self._start = self._resume(connection)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""

        def at_rest() -> None:
            self._reader.rest()
            ends = stop.is_set()
            if ends or time.monotonic() >= self._due:
                self._commit()
            if ends:
                raise _StopError

        follow = follow_chunks(
            self._log, threading.Event(), at_rest, start=self._start, opened=self._opened, lost=self._lost
        )
        with suppress(_StopError):
            for chunk in follow:
                if len(self._head) < KEPT:
                    self._head = (self._head + chunk)[:KEPT]
                    self._place = replace(self._place, head=self._head)
                self._reader.feed(chunk)
                ends = stop.is_set()
                if ends:
                    self._reader.rest()
                if ends or self._waiting >= MOST or time.monotonic() >= self._due:
                    self._commit()
                if ends:
                    return

    @property
    def _waiting(self) -> int:
        """Lines that were read since the last commit."""
        return self._reader.pipeline.counts.lines - self._written

    def _take(self, event: Event, line: Line) -> None:
        self._changes.add(event, line, self._reader.pipeline.counts)

    def _opened(self, file: BinaryIO, offset: int, number: int) -> None:
        """The bytes that follow are of this file: the one that was read, under whatever name, or the next one."""
        told = os.fstat(file.fileno())
        start, self._start = self._start, None
        if start is not None and offset:
            self._reader.begin(str(self._log), offset, number)
            self._place = replace(start, device=told.st_dev, inode=told.st_ino)
            self._head = start.head.ljust(KEPT)
            return
        self._reader.end()
        changes, end = self._changes, self._position()
        self._reader.begin(str(self._log))
        if self._due:
            self._before = changes.log, end
            changes.logs[changes.log] = end
        self._place, self._head = Position(told.st_dev, told.st_ino, head=head_of(file)), b""
        changes.log += 1
        # whatever comes from now on is found again, and single events from here on
        self._commit(anyhow=True)

    def _lost(self, words: str) -> None:
        self._changes.lost.add(self._changes.log)
        self._say(words)

    def _commit(self, *, anyhow: bool = False) -> None:
        """Write what was read, unless that is written."""
        begun = time.monotonic()
        if self._waiting or anyhow:
            self._reader.fold()
            self._place = self._position()
            changes, pipeline = self._changes, self._reader.pipeline
            changes.count(pipeline.counts)
            changes.logs[changes.log] = self._place
            log, place = self._known()
            state, version = snapshot.save(pipeline), pipeline.counts.broker_version
            self._writer.commit(changes, Reading(str(self._log), log, place, changes.counted, version, state))
            self._written = pipeline.counts.lines
        now = time.monotonic()
        self._due = now + max(EVERY, SHARE * (now - begun))

    def _known(self) -> tuple[int, Position]:
        """A log that is still empty has nothing to be known by once it is cut again: then the end of the one before."""
        here = self._changes.log, self._place
        if self._place.head or self._before is None:
            return here
        _, end = self._before
        return self._before if end.head and find(self._log, end) is not None else here

    def _position(self) -> Position:
        reader = self._reader
        here, last = replace(self._place, offset=reader.offset, number=reader.number), reader.last
        if last is None:
            return here
        tail = last.data[-KEPT:]
        return replace(here, tail=tail, tail_offset=last.offset + len(last.data) - len(tail))

    def _resume(self, connection: sqlite3.Connection) -> Position | None:
        """What a recorder before this one left; None where there was none."""
        had = reading.reading_of(connection)
        if had is None:
            return None
        if had.path != str(self._log):
            raise StoreError(
                f"this store is of {had.path}", where=str(self._log), next_step="take another folder for another log"
            )
        changes = self._changes
        changes.facts = reading.facts_in(connection)
        runs = list(reading.runs_in(connection))
        changes.runs = {one.run.run for one in runs}
        changes.open_runs = {one.run.run: one for one in runs if one.place != "after"}
        changes.bucket, changes.log = reading.newest_bucket(connection), had.log
        changes.next_id = changes.bucket.id + 1 if changes.bucket is not None else 1
        try:
            self._reader = Reader(snapshot.load(had.state), self._take, changes)
            self._written, changes.counted = self._reader.pipeline.counts.lines, had.counted
        except snapshot.StateError as error:
            self._say(f"{error.what}: reading goes on where it stopped, but who is connected has to be learned anew")
        if find(self._log, had.position) is None:
            self._lost(
                f"{self._log} was rotated, and what was read up to byte {had.position.offset:,} is not found again:"
                " reading goes on at the beginning of the log; what was written to the old one since then is lost"
            )
        return had.position


class _StopError(Exception):
    """Ends the following of a log that does not grow."""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only recorder of a store; the lock goes with the process, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a+", encoding="ascii")
    except OSError as error:
        raise StoreError(f"can't be written: {error.strerror}", where=str(folder)) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            who = file.read(20).strip()
            raise StoreError(
                f"another recorder is at work on this store{f' (process {who})' if who else ''}",
                where=str(folder),
                next_step="stop that one, or take another folder",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextmanager
def _database(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(schema.connect(folder / schema.FILE, to_write=True)) as connection:
        yield connection

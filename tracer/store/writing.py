"""Changes → the store, in one transaction with the place in the log that they reach to.

So a recorder may be killed at any moment: what is in the store is what was read up to that place, no line less, none
twice. Names are written once and then go by a number.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from tracer.events import as_dict
from tracer.sources.rotation import Position
from tracer.store import keeping
from tracer.store.changes import Bucket, Changes, News, RunBounds
from tracer.sums import Sums, Traffic

Edge = tuple[str, str, "str | None", "str | None", Sums]
"""A row of the table edge: kind, client, topic (or filter), sender, sums."""
MARK_LINES = 100_000
"""Lines between two marks: so many are read, a few seconds long, before the moment that somebody asks for."""
MARKS_BYTES = 64 * 1024 * 1024
"""Bytes of all marks; where they have more, some go: the older, the more lines are between two."""
NAMES_CAP = 100_000
"""Names whose numbers are remembered."""

EDGE = """
INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, bytes = bytes + excluded.bytes,
    qos = qos | excluded.qos, retained = retained + excluded.retained, seen = seen + excluded.seen,
    inferred = inferred + excluded.inferred,
    first = coalesce(min(first, excluded.first), first, excluded.first),
    last = coalesce(max(last, excluded.last), last, excluded.last)
"""
BUCKET = """
INSERT INTO bucket VALUES (?, ?, 10, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET cut = excluded.cut, first = coalesce(min(first, excluded.first), first, excluded.first),
    last = coalesce(max(last, excluded.last), last, excluded.last), lines = lines + excluded.lines,
    events = events + excluded.events, unknown_lines = unknown_lines + excluded.unknown_lines,
    ambiguous_lines = ambiguous_lines + excluded.ambiguous_lines, kept = min(kept, excluded.kept)
"""
LOG = """
INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT DO UPDATE SET device = excluded.device, inode = excluded.inode, "offset" = excluded."offset",
    head = excluded.head, tail = excluded.tail, tail_offset = excluded.tail_offset
"""
FILTER = """
INSERT OR REPLACE INTO subscription SELECT ?1, ?2, ?3, ?4 WHERE ?4 IS NOT (
    SELECT alive FROM subscription WHERE client = ?1 AND filter = ?2 AND bucket <= ?3 ORDER BY bucket DESC LIMIT 1)
"""
THIN_MARKS = """
DELETE FROM mark WHERE id = (
    SELECT id FROM (
        SELECT id, lead(id) OVER line - lag(id) OVER line AS gap, max(id) OVER () - id AS age
        FROM mark WINDOW line AS (ORDER BY id))
    WHERE gap ORDER BY gap * gap * 1.0 / age LIMIT 1)
"""
"""Gaps that grow with the root of the age keep what is recent quick to find, and what is old possible."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a log was read, and what is needed to go on.

    Attributes:
        path: of the log.
        log: the file, by its id in the store.
        position: in it.
        counted: see Changes.
        broker_version: as the log said it last.
        state: of the pipeline (snapshot.py).
    """

    path: str
    log: int
    position: Position
    counted: list[int]
    broker_version: str | None
    state: bytes


class Writer:
    """Writes one store.

    Args:
        connection: to its database.
        keep: seconds of the log to keep; None keeps all.
    """

    def __init__(self, connection: sqlite3.Connection, keep: int | None) -> None:
        self._connection = connection
        self._keep = keep
        self._names: dict[str, tuple[int, int]] = {}
        self._now = 0
        sql = "SELECT log, line FROM mark ORDER BY id DESC LIMIT 1"
        self._mark: tuple[int, int] = connection.execute(sql).fetchone() or (0, 0)

    def commit(self, changes: Changes, reading: Reading) -> None:
        """Write all of it, or nothing.

        Raises:
            sqlite3.Error: the disk is full, or gone; nothing was written.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for bucket in (*changes.full, *([changes.bucket] if changes.bucket is not None else [])):
                self._now = bucket.id
                self._write_bucket(bucket)
            self._write_logs(changes, reading.path)
            self._write_runs((*changes.ended, *changes.open_runs.values()))
            self._write_wills(changes)
            self._write_reading(reading)
            mark = self._write_mark(reading)
            forgotten = self._grow_old(changes)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        changes.written()
        self._mark = mark
        if forgotten is not None:
            self._names.clear()
            changes.forget(forgotten)

    def _grow_old(self, changes: Changes) -> keeping.Forgotten | None:
        """Now and then, when a bucket is full: that is often enough."""
        if not changes.full or changes.bucket is None:
            return None
        keeping.roll_up(self._connection, changes.bucket.start)
        if self._keep is None:
            return None
        return keeping.throw_away(self._connection, changes.bucket.start, self._keep, changes.facts)

    def _name(self, text: str | None) -> int:
        """The number of a name, which is marked as used in the bucket of now; 0 for no name."""
        if text is None:
            return 0
        known = self._names.get(text)
        if known is not None and known[1] == self._now:
            return known[0]
        if len(self._names) >= NAMES_CAP:
            self._names.clear()
        sql = "INSERT INTO name (text, last) VALUES (?, ?) ON CONFLICT (text) DO UPDATE SET last = excluded.last"
        number = int(self._connection.execute(sql + " RETURNING id", (text, self._now)).fetchone()[0])
        self._names[text] = number, self._now
        return number

    def _write_bucket(self, bucket: Bucket) -> None:
        time = bucket.traffic.time
        place = (bucket.log, bucket.offset, bucket.line)
        row = (bucket.id, bucket.start, bucket.cut, *place, time.first, time.last, *bucket.counts, bucket.kept)
        self._connection.execute(BUCKET, row)
        self._write_news(bucket.id, bucket.news)
        self._connection.executemany(EDGE, (self._edge(bucket.id, one) for one in edges_of(bucket.traffic)))
        sql = "INSERT INTO event (bucket, at, line, event, body) VALUES (?, ?, ?, ?, ?)"
        told = ((bucket.id, one.at, one.line, one.event, json.dumps(as_dict(one))) for one in bucket.events)
        self._connection.executemany(sql, told)

    def _edge(self, bucket: int, edge: Edge) -> tuple[int | str | None, ...]:
        kind, client, topic, sender, sums = edge
        qos = sum(1 << level for level in sums.qos)
        names = (self._name(client), self._name(topic), self._name(sender))
        counts = (sums.messages, sums.bytes, qos, sums.retained, sums.seen, sums.inferred)
        return (bucket, kind, *names, *counts, sums.first, sums.last)

    def _write_runs(self, runs: tuple[RunBounds, ...]) -> None:
        sql = """INSERT INTO run VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            place = excluded.place, finished = excluded.finished, last_bucket = excluded.last_bucket"""
        for one in runs:
            row = (one.run.run, one.place, one.started, one.finished, one.first, one.last)
            self._connection.execute(sql, row)

    def _write_logs(self, changes: Changes, path: str) -> None:
        for log, at in changes.logs.items():
            row = (log, path, at.device, at.inode, at.offset, at.head, at.tail, at.tail_offset)
            self._connection.execute(LOG, row)
        for log in changes.lost:
            self._connection.execute("UPDATE log SET lost = 1 WHERE id = ?", (log,))

    def _write_news(self, bucket: int, news: News) -> None:
        run, name = self._connection.execute, self._name
        for client, known in sorted(news.clients.items()):
            number, addresses = name(client), json.dumps(sorted(known.addresses))
            row = (number, bucket, known.user, addresses, known.connected, known.lasting, known.stays)
            run("INSERT OR REPLACE INTO client VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            for logged in sorted(known.filters):
                run(FILTER, (number, name(logged), bucket, logged in known.alive))
        for client, topic in sorted(news.published):
            run("INSERT OR IGNORE INTO published VALUES (?, ?, ?)", (name(client), name(topic), bucket))
        for topic, owner in sorted(news.owners.items()):
            run("INSERT OR REPLACE INTO retained VALUES (?, ?, ?)", (name(topic), bucket, name(owner)))

    def _write_wills(self, changes: Changes) -> None:
        for client, will in sorted(changes.wills.items()):
            number = self._name(client)
            if will is None:
                self._connection.execute("DELETE FROM will WHERE client = ?", (number,))
            else:
                row = (number, self._name(will.topic), will.qos, will.retain, will.bytes)
                self._connection.execute("INSERT OR REPLACE INTO will VALUES (?, ?, ?, ?, ?)", row)

    def _write_reading(self, reading: Reading) -> None:
        at = reading.position
        place = (at.offset, at.number, at.head, at.tail, at.tail_offset)
        rest = (json.dumps(reading.counted), reading.broker_version, reading.state)
        row = (reading.path, reading.log, at.device, at.inode, *place, *rest)
        self._connection.execute("INSERT OR REPLACE INTO reading VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _write_mark(self, reading: Reading) -> tuple[int, int]:
        """A place in the log with the state there: one where a file begins, then after so many lines."""
        at, (log, line) = reading.position, self._mark
        if log == reading.log and at.number - line < MARK_LINES:
            return self._mark
        row = (reading.log, at.offset, at.number, reading.state)
        self._connection.execute('INSERT INTO mark (log, "offset", line, state) VALUES (?, ?, ?, ?)', row)
        while self._connection.execute("SELECT sum(length(state)) FROM mark").fetchone()[0] > MARKS_BYTES:
            if not self._connection.execute(THIN_MARKS).rowcount:
                break
        return reading.log, at.number


def edges_of(traffic: Traffic) -> Iterator[Edge]:
    """The rows that these sums are."""
    none = Sums()
    for client in traffic.there:
        yield "there", client, None, None, none
    for client, logged in traffic.subscribed:
        yield "subscribe", client, logged, None, none
    for (client, topic), sums in traffic.published.items():
        yield "publish", client, topic, None, sums
    for (client, topic), sums in traffic.denied.items():
        yield "deny", client, topic, None, sums
    for (topic, client), sums in traffic.received.items():
        yield "receive", client, topic, None, sums
    for (sender, client, topic), sums in traffic.delivered.items():
        yield "deliver", client, topic, sender, sums

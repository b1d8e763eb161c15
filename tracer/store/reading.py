"""A store → graphs, and what a recorder needs to go on. It writes nothing, and reads one moment of the store.

What the pipeline still held back at the last commit is settled on a copy of its state, as at the end of a log: so the
graph is that of a single reading of all that was recorded.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import networkx as nx

from tracer import snapshot
from tracer.events import Event
from tracer.facts import Facts, Known
from tracer.graph import By, Tally
from tracer.pipeline import Counts
from tracer.sources.rotation import Position
from tracer.store import schema
from tracer.store.changes import COUNTS, Bucket, RunBounds
from tracer.store.schema import StoreError
from tracer.store.writing import Reading
from tracer.sums import Sums, Traffic, sums_of_key
from tracer.windows import Between, Place, Run

EDGES = """
SELECT kind, client.text, topic.text, sender.text, sum(messages), sum(bytes),
    max(qos & 1) | max(qos & 2) | max(qos & 4), sum(retained), sum(seen), sum(inferred), min(edge.first), max(edge.last)
FROM edge JOIN name AS client ON client.id = edge.client
    LEFT JOIN name AS topic ON topic.id = edge.topic LEFT JOIN name AS sender ON sender.id = edge.sender
WHERE bucket BETWEEN ? AND ? GROUP BY kind, edge.client, edge.topic, edge.sender
"""
LAST = 2**62
"""No bucket has a higher id."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A bucket, as part of what is asked for.

    Attributes:
        id: in the order of the log.
        first: the time of what happened first in it, and not before it begins.
        last: of what happened last; times of the bucket itself where the log has none.
        place: where it stands, as one; all are inside where no span of time is asked for.
    """

    id: int
    first: str
    last: str
    place: Place


def open_store(path: Path) -> sqlite3.Connection:
    """Open a store to read it, by its folder or its database; a recorder may write it meanwhile. Close it yourself.

    Raises:
        StoreError: there is none, or it is not one that this Copper can read.
    """
    return schema.connect(schema.file_of(path), to_write=False)


def graph_of(
    store: sqlite3.Connection, window: Run | Between | None = None, *, by: By = "service", source: str = ""
) -> nx.MultiDiGraph[str]:
    """The graph of a store, or of a part of it; as `Tally.graph`, `source` being the log's path unless it is given.

    Buckets count whole: a span of time is stretched to the borders of those that it touches. `lines` and `events`
    count those of the window, and of what was kept.

    Raises:
        StoreError: nothing was recorded so far, or not this run.
    """
    with moment(store):
        reading = reading_of(store)
        if reading is None:
            raise StoreError("nothing was recorded so far", next_step="wait a moment, or see whether the log grows")
        tally, counts = _tally(store, reading, window)
    return tally.graph(counts, by=by, source=source or reading.path)


def last_time(store: sqlite3.Connection) -> str | None:
    """The time of what was recorded last; None where nothing was."""
    with moment(store):
        reading = reading_of(store)
        late = [] if reading is None else [event.at for event in held(reading)[0] if event.at is not None]
        newest = [piece.last for piece in pieces_of(store, None)[-1:]]
    return next(iter([*late[-1:], *newest]), None)


def losses(store: sqlite3.Connection) -> int:
    """How often the rest of a log could not be read any more after it was rotated, in what is kept."""
    return int(store.execute("SELECT count(*) FROM log WHERE lost").fetchone()[0])


def pieces_of(store: sqlite3.Connection, window: Between | None, *, late: bool = False) -> list[Piece]:
    """All buckets, in the order of the log; with `late`, those too that have what was told late of an earlier time."""
    found = []
    for bucket, start, seconds, first, last in store.execute(
        "SELECT id, start, seconds, first, last FROM bucket ORDER BY id"
    ):
        begins = first if late and first else max(_iso(start), first or "")
        ends = last or _iso(start + seconds - 1)
        found.append(Piece(bucket, begins, ends, window.place_of(begins, ends) if window is not None else "inside"))
    return found


def newest_run(store: sqlite3.Connection) -> str:
    """The id of the run that began last.

    Raises:
        StoreError: there is none.
    """
    row = store.execute("SELECT run FROM run ORDER BY first_bucket DESC LIMIT 1").fetchone()
    if row is None:
        raise StoreError("no run was recorded", next_step="runs of copper on the traced broker are found by themselves")
    return str(row[0])


def reading_of(store: sqlite3.Connection) -> Reading | None:
    """How far the log was read; None where it never was."""
    row = store.execute("SELECT * FROM reading").fetchone()
    if row is None:
        return None
    _, path, log, device, inode, offset, number, head, tail, tail_offset, counted, version, state = row
    position = Position(device, inode, offset, number, head, tail, tail_offset)
    return Reading(path, log, position, json.loads(counted), version, state)


def facts_in(store: sqlite3.Connection, bucket: int = LAST) -> Facts:
    """What is known of all clients at the end of a bucket."""
    facts = Facts()
    # with max(), SQLite takes the other columns from the row that has it
    sql = """SELECT text, user, addresses, connected, lasting, stays, max(bucket) FROM client JOIN name USING (id)
        WHERE bucket <= ? GROUP BY id ORDER BY text"""
    for client, user, addresses, connected, lasting, stays, _ in store.execute(sql, (bucket,)):
        known = Known(user, set(json.loads(addresses)), bool(connected), bool(lasting), bool(stays))
        facts.clients[client] = known
    sql = """SELECT client.text, name.text, alive, max(bucket) FROM subscription
        JOIN name AS client ON client.id = client JOIN name ON name.id = filter
        WHERE bucket <= ? GROUP BY client, filter"""
    for client, logged, alive, _ in store.execute(sql, (bucket,)):
        facts.clients[client].filters.add(logged)
        if alive:
            facts.clients[client].alive.add(logged)
    sql = """SELECT client.text, name.text FROM published
        JOIN name AS client ON client.id = client JOIN name ON name.id = topic WHERE bucket <= ?"""
    for client, topic in store.execute(sql, (bucket,)):
        facts.clients[client].published.add(topic)
    sql = """SELECT name.text, client.text, max(bucket) FROM retained
        JOIN name ON name.id = topic LEFT JOIN name AS client ON client.id = client WHERE bucket <= ? GROUP BY topic"""
    facts.owners.update((topic, owner) for topic, owner, _ in store.execute(sql, (bucket,)) if owner is not None)
    return facts


def runs_in(store: sqlite3.Connection) -> Iterator[RunBounds]:
    """All runs, in the order of their beginnings."""
    sql = """SELECT run, first_bucket, started, place, last_bucket, finished FROM run
        ORDER BY first_bucket, rowid"""
    for run, *rest in store.execute(sql):
        yield RunBounds(Run(run), *rest)


def ended_runs(store: sqlite3.Connection) -> list[Run]:
    """The runs that are over, in the order of their beginnings, as far as they were not thrown away."""
    return [one.run for one in runs_in(store) if one.place == "after"]


def newest_bucket(store: sqlite3.Connection) -> Bucket | None:
    """The bucket that is filled now; without what is in it."""
    sql = 'SELECT id, start, cut, log, "offset", line, kept FROM bucket ORDER BY id DESC LIMIT 1'
    row = store.execute(sql).fetchone()
    bucket = None if row is None else Bucket(*row)
    if bucket is not None:
        bucket.empty = False
    return bucket


def traffic_in(store: sqlite3.Connection, first: int, last: int, traffic: Traffic | None = None) -> Traffic:
    """The sums of these buckets, added to those that are there."""
    traffic = traffic or Traffic()
    for row in store.execute(EDGES, (first, last)):
        _add_edge(traffic, row)
    sql = "SELECT min(first), max(last) FROM bucket WHERE id BETWEEN ? AND ?"
    traffic.time.meet(*store.execute(sql, (first, last)).fetchone())
    return traffic


def _add_edge(traffic: Traffic, row: tuple[str, str, str, str, int, int, int, int, int, int, str, str]) -> None:
    kind, client, topic, sender, messages, size, qos, retained, seen, inferred, first, last = row
    levels = {level for level in range(3) if qos >> level & 1}
    sums = Sums(messages, size, levels, retained, first, last, seen, inferred)
    if kind == "there":
        traffic.there.add(client)
    elif kind == "subscribe":
        traffic.subscribed.add((client, topic))
    elif kind == "publish":
        sums_of_key(traffic.published, (client, topic)).add(sums)
    elif kind == "deny":
        sums_of_key(traffic.denied, (client, topic)).add(sums)
    elif kind == "receive":
        sums_of_key(traffic.received, (topic, client)).add(sums)
    else:
        sums_of_key(traffic.delivered, (sender, client, topic)).add(sums)


@contextmanager
def moment(store: sqlite3.Connection) -> Iterator[None]:
    """All reads see the store as it was at the first."""
    store.execute("BEGIN")
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"can't be read: {error}") from error
    finally:
        store.execute("ROLLBACK")


def _tally(store: sqlite3.Connection, reading: Reading, window: Run | Between | None) -> tuple[Tally, Counts]:
    if isinstance(window, Run):
        return _tally_run(store, reading, window)
    pieces = pieces_of(store, window)
    traffic = Traffic()
    closing = _add_pieces(store, pieces, traffic)
    is_newest = not pieces or pieces[-1].place == "inside"
    tally = Tally(
        window,
        facts=facts_in(store, LAST if is_newest else closing),
        traffic=traffic,
        place=pieces[-1].place if pieces else "before",
    )
    left, version = _settle(reading, tally)
    if not is_newest:
        left = [0, 0, 0, 0]
    counts = _counts(store, [piece.id for piece in pieces if piece.place == "inside"], left, version)
    return tally, counts


def _add_pieces(store: sqlite3.Connection, pieces: list[Piece], traffic: Traffic) -> int:
    """The sums of the buckets inside, and who was there; gives back the last bucket before the end of the window."""
    closing, place = 0, "before"
    if pieces and pieces[0].id > 1:
        # its beginning was thrown away, and with it who came then
        closing = pieces[0].id - 1
    for now, row in groupby(pieces, attrgetter("place")):
        stretch = [piece.id for piece in row]
        if place == "before" != now:
            traffic.meet(facts_in(store, closing))
        if now == "inside":
            traffic_in(store, stretch[0], stretch[-1], traffic)
        if now != "after":
            closing = stretch[-1]
        place = now
    return closing


def _tally_run(store: sqlite3.Connection, reading: Reading, run: Run) -> tuple[Tally, Counts]:
    bounds = bounds_of(store, run)
    last = LAST if bounds.last is None else bounds.last
    traffic = Traffic()
    traffic.meet(facts_in(store, bounds.first - 1))
    traffic_in(store, bounds.first, last, traffic)
    tally = Tally(run, facts=facts_in(store, last), traffic=traffic, place=bounds.place)
    ids = [piece.id for piece in pieces_of(store, None) if bounds.first <= piece.id <= last]
    if bounds.last is not None:
        return tally, _counts(store, ids, [0, 0, 0, 0], reading.broker_version)
    left, version = _settle(reading, tally)
    return tally, _counts(store, ids, left, version)


def _settle(reading: Reading, tally: Tally) -> tuple[list[int], str | None]:
    """Add what the pipeline held back when it was written; gives back how its lines that stand in no bucket count."""
    events, counts = held(reading)
    for event in events:
        tally.add(event)
    if counts is None:
        return [0, 0, 0, 0], reading.broker_version
    left = [int(getattr(counts, name)) - had for name, had in zip(COUNTS, reading.counted, strict=True)]
    return left, counts.broker_version or reading.broker_version


def held(reading: Reading) -> tuple[list[Event], Counts | None]:
    """What the pipeline held back when it was written, and how all lines count with that."""
    try:
        pipeline = snapshot.load(reading.state)
    except snapshot.StateError:
        # another version of Copper wrote it: what it held back only that one could tell
        return [], None
    return pipeline.finish(), pipeline.counts


def _counts(store: sqlite3.Connection, buckets: list[int], left: list[int], version: str | None) -> Counts:
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in COUNTS)
    sql = f"SELECT {sums} FROM bucket WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608  names of ours
    told = store.execute(sql, (json.dumps(buckets),)).fetchone()
    lines, happened, unknown, ambiguous = (int(one) + more for one, more in zip(told, left, strict=True))
    return Counts(lines, happened, 0, unknown, ambiguous, broker_version=version)


def bounds_of(store: sqlite3.Connection, window: Run) -> RunBounds:
    """The buckets of a run.

    Raises:
        StoreError: it was not recorded.
    """
    found = next((one for one in runs_in(store) if one.run == window), None)
    if found is None:
        known = ", ".join(one.run.run for one in list(runs_in(store))[-5:])
        raise StoreError(
            f"there is no run {window.run}", next_step=f"the last ones are {known}" if known else "no run was recorded"
        )
    return found


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

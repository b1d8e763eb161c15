"""A store → graphs, and what a recorder needs to go on. It writes nothing, and reads one moment of the store.

What the pipeline still held back at the last commit is settled on a copy of its state, as at the end of a log: so the
graph is that of a single reading of all that was recorded.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import networkx as nx

from tracer import snapshot
from tracer.facts import Facts, Known
from tracer.graph import By, Tally
from tracer.pipeline import Counts
from tracer.sources.rotation import Position
from tracer.store import facts_text, schema
from tracer.store.changes import COUNTS, Bucket, RunBounds
from tracer.store.schema import StoreError
from tracer.store.writing import Reading
from tracer.sums import Sums, Traffic, sums_of_key
from tracer.windows import Run

EDGES = """
SELECT kind, client.text, topic.text, sender.text, sum(messages), sum(bytes),
    max(qos & 1) | max(qos & 2) | max(qos & 4), sum(retained), sum(seen), sum(inferred), min(edge.first), max(edge.last)
FROM edge JOIN name AS client ON client.id = edge.client
    LEFT JOIN name AS topic ON topic.id = edge.topic LEFT JOIN name AS sender ON sender.id = edge.sender
WHERE bucket BETWEEN ? AND ? GROUP BY kind, edge.client, edge.topic, edge.sender
"""
LAST = 2**62
"""No bucket has a higher id."""


def open_store(path: Path) -> sqlite3.Connection:
    """Open a store to read it, by its folder or its database; a recorder may write it meanwhile. Close it yourself.

    Raises:
        StoreError: there is none, or it is not one that this Copper can read.
    """
    return schema.connect(schema.file_of(path), to_write=False)


def graph_of(
    store: sqlite3.Connection, window: Run | None = None, *, by: By = "service", source: str = ""
) -> nx.MultiDiGraph[str]:
    """The graph of a store, or of a run in it; as `Tally.graph`, `source` being the log's path unless it is given.

    `lines` and `events` count those of the window, and of what was kept.

    Raises:
        StoreError: nothing was recorded so far, or not this run.
    """
    with moment(store):
        reading = reading_of(store)
        if reading is None:
            raise StoreError("nothing was recorded so far", next_step="wait a moment, or see whether the log grows")
        tally, counts = _tally(store, reading, window)
    return tally.graph(counts, by=by, source=source or reading.path)


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


def facts_in(store: sqlite3.Connection) -> Facts:
    """What is known of all clients."""
    facts = Facts()
    sql = "SELECT text, user, addresses, connected, lasting, stays FROM client JOIN name USING (id) ORDER BY text"
    for client, user, addresses, connected, lasting, stays in store.execute(sql):
        known = Known(user, set(json.loads(addresses)), bool(connected), bool(lasting), bool(stays))
        facts.clients[client] = known
    names = "JOIN name AS client ON client.id = client JOIN name AS other ON other.id ="
    sql = f"SELECT client.text, other.text, alive FROM subscription {names} filter"  # noqa: S608  ours
    for client, logged, alive in store.execute(sql):
        facts.clients[client].filters.add(logged)
        if alive:
            facts.clients[client].alive.add(logged)
    for client, topic in store.execute(f"SELECT client.text, other.text FROM published {names} topic"):  # noqa: S608
        facts.clients[client].published.add(topic)
    sql = f"SELECT other.text, client.text FROM retained {names} topic"  # noqa: S608  ours
    facts.owners.update(store.execute(sql).fetchall())
    return facts


def runs_in(store: sqlite3.Connection) -> Iterator[RunBounds]:
    """All runs, in the order of their beginnings."""
    sql = """SELECT run, first_bucket, started, opening, place, last_bucket, finished, closing FROM run
        ORDER BY first_bucket, rowid"""
    for run, *rest in store.execute(sql):
        yield RunBounds(Run(run), *rest)


def newest_bucket(store: sqlite3.Connection) -> Bucket | None:
    """The bucket that is filled now; without what is in it."""
    row = store.execute('SELECT id, start, cut, log, "offset", line FROM bucket ORDER BY id DESC LIMIT 1').fetchone()
    bucket = None if row is None else Bucket(*row)
    if bucket is not None:
        bucket.empty = False
    return bucket


def traffic_in(store: sqlite3.Connection, first: int, last: int) -> Traffic:
    """The sums of these buckets."""
    traffic = Traffic()
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


def _tally(store: sqlite3.Connection, reading: Reading, window: Run | None) -> tuple[Tally, Counts]:
    bounds = None if window is None else _bounds(store, window)
    if bounds is not None and bounds.last is not None and bounds.closing is not None:
        traffic = _run_traffic(store, bounds, bounds.last)
        tally = Tally(window, facts=facts_text.facts_of(bounds.closing), traffic=traffic, place="after")
        return tally, _counts(store, bounds.first, bounds.last, [0, 0, 0, 0], reading.broker_version)
    if bounds is None:
        tally = Tally(facts=facts_in(store), traffic=traffic_in(store, 0, LAST))
    else:
        tally = Tally(window, facts=facts_in(store), traffic=_run_traffic(store, bounds, LAST), place=bounds.place)
    if bounds is None and _is_trimmed(store):
        tally.traffic.meet(tally.facts)
    left, version = _settle(reading, tally)
    return tally, _counts(store, bounds.first if bounds else 0, LAST, left, version)


def _settle(reading: Reading, tally: Tally) -> tuple[list[int], str | None]:
    """What the pipeline held back when it was written, and how its lines that stand in no bucket count."""
    try:
        pipeline = snapshot.load(reading.state)
    except snapshot.StateError:
        # another version of Copper wrote it: what it held back only that one could tell
        return [0, 0, 0, 0], reading.broker_version
    for event in pipeline.finish():
        tally.add(event)
    counts = pipeline.counts
    left = [int(getattr(counts, name)) - had for name, had in zip(COUNTS, reading.counted, strict=True)]
    return left, counts.broker_version or reading.broker_version


def _counts(store: sqlite3.Connection, first: int, last: int, left: list[int], version: str | None) -> Counts:
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in COUNTS)
    sql = f"SELECT {sums} FROM bucket WHERE id BETWEEN ? AND ?"  # noqa: S608  names of ours
    told = store.execute(sql, (first, last)).fetchone()
    lines, happened, unknown, ambiguous = (int(one) + more for one, more in zip(told, left, strict=True))
    return Counts(lines, happened, 0, unknown, ambiguous, broker_version=version)


def _is_trimmed(store: sqlite3.Connection) -> bool:
    """Whether the beginning was thrown away: then those that are there still count as there, as in a window."""
    first = store.execute("SELECT min(id) FROM bucket").fetchone()[0]
    return first is not None and first > 1


def _bounds(store: sqlite3.Connection, window: Run) -> RunBounds:
    found = next((one for one in runs_in(store) if one.run == window), None)
    if found is None:
        known = ", ".join(one.run.run for one in list(runs_in(store))[-5:])
        raise StoreError(
            f"there is no run {window.run}", next_step=f"the last ones are {known}" if known else "no run was recorded"
        )
    return found


def _run_traffic(store: sqlite3.Connection, bounds: RunBounds, last: int) -> Traffic:
    traffic = traffic_in(store, bounds.first, last)
    opening = json.loads(bounds.opening)
    traffic.there.update(opening["there"])
    traffic.subscribed.update((client, logged) for client, logged in opening["subscribed"])
    return traffic

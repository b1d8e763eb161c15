"""What becomes of old buckets: after an hour they are added up to minutes, after the time to keep thrown away whole.

Both go by the log's own clock. Neither changes a sum of what is left: a minute is the sum of its buckets, and a run
of which the first bucket goes is forgotten whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from tracer.facts import Facts

AFTER = 3600
"""Seconds until buckets are added up."""
MINUTE = 60
DAY = 86400
"""A bucket so many seconds in the future is of a clock that was wrong, and as good as old."""
AT_ONCE = 600
"""Buckets that one commit looks at; the next ones do the rest."""

MERGE_EDGES = """
INSERT INTO edge
SELECT ?, kind, client, topic, sender, sum(messages), sum(bytes),
    max(qos & 1) | max(qos & 2) | max(qos & 4), sum(retained), sum(seen), sum(inferred), min(first), max(last)
FROM edge WHERE bucket BETWEEN ? AND ? GROUP BY kind, client, topic, sender
ON CONFLICT DO UPDATE SET messages = excluded.messages, bytes = excluded.bytes, qos = excluded.qos,
    retained = excluded.retained, seen = excluded.seen, inferred = excluded.inferred, first = excluded.first,
    last = excluded.last
"""
MERGE_BUCKETS = """
UPDATE bucket SET start = start - start % 60, seconds = 60, lines = told.lines, events = told.events,
    unknown_lines = told.unknown_lines, ambiguous_lines = told.ambiguous_lines, first = told.first, last = told.last,
    kept = told.kept
FROM (SELECT sum(lines) AS lines, sum(events) AS events, sum(unknown_lines) AS unknown_lines,
    sum(ambiguous_lines) AS ambiguous_lines, min(first) AS first, max(last) AS last, min(kept) AS kept
    FROM bucket WHERE id BETWEEN ? AND ?) AS told
WHERE id = ?
"""

FACTS = {"client": "id", "subscription": "client, filter", "retained": "topic"}
"""Tables in which a row holds from its bucket on, until the next of the same key."""
OLD_MARKS = """
DELETE FROM mark WHERE id < (
    SELECT max(mark.id) FROM mark, (SELECT log, "offset" FROM bucket ORDER BY id LIMIT 1) AS one
    WHERE (mark.log, mark."offset") <= (one.log, one."offset"))
"""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went with the buckets: clients that are gone, (client, filter), (client, topic), topics, runs."""

    clients: set[str]
    filters: set[tuple[str, str]]
    published: set[tuple[str, str]]
    topics: set[str]
    runs: set[str]


def roll_up(connection: sqlite3.Connection, now: int) -> None:
    """Add the buckets of a minute up, where they stand side by side and no run begins or ends between them.

    Args:
        connection: inside a transaction.
        now: the log's time, in seconds since 1970.
    """
    for first, last in list(_minutes(connection, now)):
        if first != last:
            connection.execute(MERGE_EDGES, (first, first, last))
            connection.execute("UPDATE event SET bucket = ? WHERE bucket BETWEEN ? AND ?", (first, first + 1, last))
            _merge_facts(connection, first, last)
        connection.execute(MERGE_BUCKETS, (first, last, first))
        connection.execute("DELETE FROM edge WHERE bucket BETWEEN ? AND ?", (first + 1, last))
        connection.execute("DELETE FROM bucket WHERE id BETWEEN ? AND ?", (first + 1, last))


def _minutes(connection: sqlite3.Connection, now: int) -> Iterator[tuple[int, int]]:
    """The first and last bucket of each minute that is old enough."""
    oldest = connection.execute("SELECT min(id) FROM bucket WHERE seconds < ?", (MINUTE,)).fetchone()[0]
    if oldest is None:
        return
    sql = "SELECT id, start, cut, seconds FROM bucket WHERE id >= ? ORDER BY id LIMIT ?"
    group: tuple[int, int, int] | None = None
    for bucket, start, cut, seconds in connection.execute(sql, (oldest, AT_ONCE)).fetchall():
        minute = start // MINUTE
        if group is not None and (cut or seconds == MINUTE or minute != group[2]):
            yield group[:2]
            group = None
        if seconds < MINUTE and now - AFTER < (minute + 1) * MINUTE <= now + DAY:
            return
        if seconds < MINUTE:
            group = (group[0] if group else bucket, bucket, minute)


def throw_away(connection: sqlite3.Connection, now: int, keep: int, facts: Facts) -> Forgotten | None:
    """Forget the oldest buckets, and what only they told; None where there is nothing to forget.

    Args:
        connection: inside a transaction.
        now: the log's time, in seconds since 1970.
        keep: seconds that stay.
        facts: about all clients; those that have a session stay.
    """
    run = connection.execute
    gone = None
    # the newest is filled still, however old its time
    for bucket, end in run("SELECT id, start + seconds FROM bucket ORDER BY id LIMIT ?", (AT_ONCE,)).fetchall()[:-1]:
        if now - keep < end <= now + DAY:
            break
        gone = bucket
    if gone is None:
        return None
    run("DELETE FROM edge WHERE bucket <= ?", (gone,))
    run("DELETE FROM event WHERE bucket <= ?", (gone,))
    run("DELETE FROM bucket WHERE id <= ?", (gone,))
    runs = {str(row[0]) for row in run("DELETE FROM run WHERE first_bucket <= ? RETURNING run", (gone,))}
    # what was known then is what was known before the first bucket that is left
    _merge_facts(connection, 0, gone)
    run(OLD_MARKS)
    run("DELETE FROM log WHERE id < (SELECT min(log) FROM (SELECT log FROM mark UNION SELECT log FROM bucket))")
    return _forget(connection, gone, facts, runs)


def _merge_facts(connection: sqlite3.Connection, first: int, last: int) -> None:
    """What is known at the end of a row of buckets, as if they were one; `first` may be before all of them."""
    for table, key in FACTS.items():
        # the row that is newer finds those that it makes out of date
        connection.execute(
            f"""DELETE FROM {table} WHERE ({key}, bucket) IN (
                SELECT {", ".join(f"old.{part}" for part in key.split(", "))}, old.bucket
                FROM {table} AS new CROSS JOIN {table} AS old USING ({key})
                WHERE new.bucket BETWEEN ? AND ? AND old.bucket BETWEEN ? AND new.bucket - 1)""",  # noqa: S608  ours
            (first + 1, last, first),
        )
        sql = f"UPDATE {table} SET bucket = ? WHERE bucket BETWEEN ? AND ?"  # noqa: S608  ours
        connection.execute(sql, (first, first + 1, last))
    connection.execute("UPDATE published SET bucket = ? WHERE bucket BETWEEN ? AND ?", (first, first + 1, last))


def _forget(connection: sqlite3.Connection, gone: int, facts: Facts, runs: set[str]) -> Forgotten:
    """Facts whose names were used in none of the buckets that are left."""
    run = connection.execute
    clients: set[str] = set()
    sql = "SELECT name.id, text FROM client JOIN name USING (id) WHERE last <= ?"
    for number, text in run(sql, (gone,)).fetchall():
        known = facts.clients.get(text)
        if known is None or not known.has_session:
            clients.add(text)
            run("DELETE FROM client WHERE id = ?", (number,))
            for table in ("subscription", "published", "will"):
                run(f"DELETE FROM {table} WHERE client = ?", (number,))  # noqa: S608  names of ours
    filters = _pairs(connection, "subscription", "filter", gone, "alive = 0")
    published = _pairs(connection, "published", "topic", gone, "topic NOT IN (SELECT topic FROM will)")
    sql = """DELETE FROM retained WHERE topic IN (SELECT id FROM name WHERE last <= ?)
        AND client NOT IN (SELECT id FROM client) RETURNING (SELECT text FROM name WHERE id = topic)"""
    topics = {str(row[0]) for row in run(sql, (gone,))}
    run(
        """DELETE FROM name WHERE last <= ? AND id NOT IN (SELECT id FROM client UNION SELECT filter FROM subscription
        UNION SELECT topic FROM published UNION SELECT topic FROM will UNION SELECT topic FROM retained
        UNION SELECT client FROM retained)""",
        (gone,),
    )
    return Forgotten(clients, filters, published, topics, runs)


def _pairs(connection: sqlite3.Connection, table: str, column: str, gone: int, only: str) -> set[tuple[str, str]]:
    """Delete what a table says of names that were not used since, and give it back as names."""
    sql = f"""DELETE FROM {table} WHERE {column} IN (SELECT id FROM name WHERE last <= ?) AND {only} RETURNING
        (SELECT text FROM name WHERE id = client), (SELECT text FROM name WHERE id = {column})"""  # noqa: S608  ours
    return {(str(client), str(name)) for client, name in connection.execute(sql, (gone,))}

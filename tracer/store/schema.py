"""The schema of a store, as the list of migrations that lead to it.

To change the schema, append a function `mNNN_…`; those that are here stay as they are, since stores were made by
them. `PRAGMA user_version` counts the ones that a store has had.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from tracer.errors import CopperError

FILE = "trace.sqlite"
BUSY = 10.0
"""Seconds to wait for another's lock; a commit takes milliseconds."""


class StoreError(CopperError):
    """The store can't be used."""


def m001_first(connection: sqlite3.Connection) -> None:
    """Buckets of edges, the facts about clients, runs, single events, and how far the log was read."""
    connection.executescript("""
BEGIN IMMEDIATE;
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, last INTEGER NOT NULL);
CREATE INDEX name_last ON name (last);
CREATE TABLE log (id INTEGER PRIMARY KEY, path TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL);
CREATE TABLE bucket (
    id INTEGER PRIMARY KEY, start INTEGER NOT NULL, seconds INTEGER NOT NULL, cut INTEGER NOT NULL,
    log INTEGER NOT NULL, offset INTEGER NOT NULL, line INTEGER NOT NULL, first TEXT, last TEXT,
    lines INTEGER NOT NULL, events INTEGER NOT NULL, unknown_lines INTEGER NOT NULL, ambiguous_lines INTEGER NOT NULL
);
CREATE INDEX bucket_seconds ON bucket (seconds, id);
CREATE TABLE edge (
    bucket INTEGER NOT NULL, kind TEXT NOT NULL, client INTEGER NOT NULL, topic INTEGER NOT NULL,
    sender INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL, qos INTEGER NOT NULL,
    retained INTEGER NOT NULL, seen INTEGER NOT NULL, inferred INTEGER NOT NULL, first TEXT, last TEXT,
    PRIMARY KEY (bucket, kind, client, topic, sender)
) WITHOUT ROWID;
CREATE TABLE client (
    id INTEGER PRIMARY KEY, user TEXT, addresses TEXT NOT NULL, connected INTEGER NOT NULL, lasting INTEGER NOT NULL,
    stays INTEGER NOT NULL
);
CREATE TABLE subscription (
    client INTEGER NOT NULL, filter INTEGER NOT NULL, alive INTEGER NOT NULL, PRIMARY KEY (client, filter)
) WITHOUT ROWID;
CREATE TABLE published (client INTEGER NOT NULL, topic INTEGER NOT NULL, PRIMARY KEY (client, topic)) WITHOUT ROWID;
CREATE TABLE will (
    client INTEGER PRIMARY KEY, topic INTEGER NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE TABLE retained (topic INTEGER PRIMARY KEY, client INTEGER NOT NULL);
CREATE TABLE run (
    run TEXT PRIMARY KEY, place TEXT NOT NULL, started TEXT, finished TEXT, first_bucket INTEGER NOT NULL,
    last_bucket INTEGER, opening TEXT NOT NULL, closing TEXT
);
CREATE INDEX run_first_bucket ON run (first_bucket);
CREATE TABLE event (
    id INTEGER PRIMARY KEY, bucket INTEGER NOT NULL, at TEXT, line INTEGER NOT NULL, event TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX event_bucket ON event (bucket);
CREATE TABLE reading (
    id INTEGER PRIMARY KEY CHECK (id = 1), path TEXT NOT NULL, log INTEGER NOT NULL, device INTEGER NOT NULL,
    inode INTEGER NOT NULL, offset INTEGER NOT NULL, number INTEGER NOT NULL, head BLOB NOT NULL,
    tail BLOB NOT NULL, tail_offset INTEGER NOT NULL, counted TEXT NOT NULL, broker_version TEXT, state BLOB NOT NULL
);
CREATE VIEW edges AS
    SELECT bucket, datetime(start, 'unixepoch') AS time, seconds, kind, client.text AS client, topic.text AS topic,
        sender.text AS sender, messages, bytes, retained, seen, inferred
    FROM edge JOIN bucket ON bucket.id = edge.bucket JOIN name AS client ON client.id = edge.client
        LEFT JOIN name AS topic ON topic.id = edge.topic LEFT JOIN name AS sender ON sender.id = edge.sender;
PRAGMA user_version = 1;
COMMIT;
""")


def m002_moments(connection: sqlite3.Connection) -> None:
    """What is known of clients has the bucket from which on it holds, so that spans of time have a graph.

    And marks: places in the log with the reader's state there, so that single events can be read back from it. Of
    a store that was made before, what is known now counts as known from the beginning on.
    """
    connection.executescript("""
BEGIN IMMEDIATE;
ALTER TABLE client RENAME TO client_now;
CREATE TABLE client (
    id INTEGER NOT NULL, bucket INTEGER NOT NULL, user TEXT, addresses TEXT NOT NULL, connected INTEGER NOT NULL,
    lasting INTEGER NOT NULL, stays INTEGER NOT NULL, PRIMARY KEY (id, bucket)
) WITHOUT ROWID;
CREATE INDEX client_bucket ON client (bucket);
INSERT INTO client SELECT id, 0, user, addresses, connected, lasting, stays FROM client_now;
DROP TABLE client_now;
ALTER TABLE subscription RENAME TO subscription_now;
CREATE TABLE subscription (
    client INTEGER NOT NULL, filter INTEGER NOT NULL, bucket INTEGER NOT NULL, alive INTEGER NOT NULL,
    PRIMARY KEY (client, filter, bucket)
) WITHOUT ROWID;
CREATE INDEX subscription_bucket ON subscription (bucket);
INSERT INTO subscription SELECT client, filter, 0, alive FROM subscription_now;
DROP TABLE subscription_now;
ALTER TABLE published ADD COLUMN bucket INTEGER NOT NULL DEFAULT 0;
CREATE INDEX published_bucket ON published (bucket);
ALTER TABLE retained RENAME TO retained_now;
CREATE TABLE retained (
    topic INTEGER NOT NULL, bucket INTEGER NOT NULL, client INTEGER NOT NULL, PRIMARY KEY (topic, bucket)
) WITHOUT ROWID;
CREATE INDEX retained_bucket ON retained (bucket);
INSERT INTO retained SELECT topic, 0, client FROM retained_now;
DROP TABLE retained_now;
ALTER TABLE run DROP COLUMN opening;
ALTER TABLE run DROP COLUMN closing;
ALTER TABLE bucket ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE log ADD COLUMN offset INTEGER NOT NULL DEFAULT 0;
ALTER TABLE log ADD COLUMN head BLOB NOT NULL DEFAULT x'';
ALTER TABLE log ADD COLUMN tail BLOB NOT NULL DEFAULT x'';
ALTER TABLE log ADD COLUMN tail_offset INTEGER NOT NULL DEFAULT 0;
ALTER TABLE log ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
CREATE TABLE mark (
    id INTEGER PRIMARY KEY, log INTEGER NOT NULL, offset INTEGER NOT NULL, line INTEGER NOT NULL, state BLOB NOT NULL
);
CREATE INDEX mark_place ON mark (log, offset);
PRAGMA user_version = 2;
COMMIT;
""")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (m001_first, m002_moments)


def file_of(where: Path) -> Path:
    """The database of a store that is named by its folder, or by the database itself."""
    return where / FILE if where.is_dir() else where


def is_store(where: Path) -> bool:
    """Whether a path names a store; by how its database begins, not by its name."""
    file = file_of(where)
    try:
        with file.open("rb") as database:
            return database.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


def connect(file: Path, *, to_write: bool) -> sqlite3.Connection:
    """Open the database of a store; who writes brings its schema up to date.

    Raises:
        StoreError: it is not there (for reading), is none, is a newer Copper's, or can't be opened.
    """
    if not to_write and not file.is_file():
        raise StoreError("there is no store", where=str(file), next_step="copper-trace record makes one")
    try:
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={'rwc' if to_write else 'ro'}",
            uri=True,
            timeout=BUSY,
            isolation_level=None,
            check_same_thread=False,
        )
        had = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if to_write:
            _prepare(connection)
    except sqlite3.Error as error:
        raise StoreError(f"can't be opened as a store: {error}", where=str(file)) from error
    if had > len(MIGRATIONS):
        connection.close()
        raise StoreError("was made by a newer Copper", where=str(file), next_step="use that one, or another folder")
    if to_write:
        migrate(connection, had)
    elif had < len(MIGRATIONS):
        connection.close()
        raise StoreError(
            "is empty, or of an older Copper", where=str(file), next_step="let copper-trace record go on with it once"
        )
    return connection


def migrate(connection: sqlite3.Connection, had: int) -> None:
    """Bring the schema up to date, from the first migration that the store has not had."""
    for migration in MIGRATIONS[had:]:
        migration(connection)


def _prepare(connection: sqlite3.Connection) -> None:
    """WAL lets others read meanwhile. NORMAL may lose the last commits with the power, but never half of one."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 16777216")

"""What is kept on disk of a log: enough for the graph, and to go on reading where it stopped.

A store is a folder with an SQLite database (WAL), so it can be read while a recorder writes it. changes.py sums up
events between two commits, writing.py commits them with the place in the log they reach to, keeping.py makes old
ones coarser and throws them away, reading.py builds graphs, moments.py finds single events. schema.py is the schema;
docs/recording.md explains it.
"""

from __future__ import annotations

from tracer.store.moments import events_of
from tracer.store.reading import ended_runs, graph_of, last_time, losses, newest_run, open_store
from tracer.store.schema import StoreError, is_store

__all__ = [
    "StoreError",
    "ended_runs",
    "events_of",
    "graph_of",
    "is_store",
    "last_time",
    "losses",
    "newest_run",
    "open_store",
]

"""Stores for tests: record a log as far as it goes, a piece at a time."""

import contextlib
import threading
from unittest.mock import patch

from tests.tracer.logs import lines
from tracer.graph import Tally
from tracer.pipeline import Pipeline
from tracer.recorder import record
from tracer.sources import file
from tracer.store import graph_of, open_store
from viz.formats.json import render

CHUNK = 150


class StopAfter(threading.Event):
    """A stop that comes when so many chunks were taken, or when there are no more."""

    def __init__(self, count):
        super().__init__()
        self.left = count

    def is_set(self):
        self.left -= 1
        return self.left < 0


def record_some(log, folder, count, **options):
    """Record so many chunks of what a log has and that was not recorded, or all of them; whether some is left.

    A chunk is a little longer than a line.
    """
    had = position(folder) if folder.exists() else 0
    size = log.stat().st_size
    with patch.object(file, "CHUNK", CHUNK):
        record(log, folder, StopAfter(min(1 + (size - had) // CHUNK, count)), **options)
    return position(folder) < size


def record_all(log, folder, **options):
    """Record all lines that a log has."""
    record_some(log, folder, 1_000_000, **options)


@contextlib.contextmanager
def opened(folder):
    store = open_store(folder)
    try:
        yield store
    finally:
        store.close()


def stored(folder, window=None, **options):
    """The graph of a store, as JSON."""
    with opened(folder) as store:
        return render(graph_of(store, window, source="log", **options))


def position(folder):
    """How many bytes of the log were read."""
    with opened(folder) as store:
        row = store.execute("SELECT offset FROM reading").fetchone()
        return row[0] if row else 0


def read_at_once(data, window=None, **options):
    """The graph of a single reading of a log, as JSON."""
    pipeline, tally = Pipeline(), Tally(window)
    for line in lines(data) if data else []:
        for event in pipeline.feed(line):
            tally.add(event)
    for event in pipeline.finish():
        tally.add(event)
    return render(tally.graph(pipeline.counts, source="log", **options))

"""A log that is followed, or a run that is shown again, by a thread of its own: what `viz.live` asks, answered.

Comes in: batches. Goes out: graphs, pulses, the tail. What goes wrong with the log does not end the map, it is told
there (`Health.words`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import networkx as nx

from tracer.errors import CopperError
from tracer.present import Present
from tracer.pulses import Newest, Pulse, Session, Span, Told, Wanted
from tracer.watching import Batch
from viz.live.system import Health

Feed = Callable[[Callable[[Batch], None], threading.Event], None]

AGAIN = 1.0
"""Seconds until a log that is not there is looked for again."""


class Following:
    """Follows one source from `start()` to `stop()`. Implements `viz.live.system.System`.

    Args:
        name: of the source.
        feed: calls what it is given with each batch, until the event is set or nothing more comes.
    """

    def __init__(self, name: str, feed: Feed) -> None:
        self._name = name
        self._feed = feed
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._present = Present(name)
        self._problem = ""
        self._is_over = False
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait for that."""
        self._stop.set()
        self._thread.join()

    def number(self) -> int:
        """Of the last pulse."""
        return self._present.number

    def graph(self, span: Span) -> tuple[int, nx.MultiDiGraph[str]]:
        """As `System.graph`."""
        with self._lock:
            return self._present.number, self._present.graph(span)

    def pulses(self, after: int) -> list[Pulse] | None:
        """As `System.pulses`."""
        with self._lock:
            return self._present.since(after)

    def tail(self, after: int, is_wanted: Callable[[Wanted], bool], most: int) -> list[Told]:
        """As `System.tail`."""
        with self._lock:
            return self._present.tail(after, is_wanted, most)

    def health(self) -> Health:
        """As `System.health`."""
        with self._lock:
            present, counts = self._present, self._present.counts
            quiet = None if present.taken_at is None else max(0.0, time.time() - present.taken_at)
            words = (*present.words, self._problem) if self._problem else tuple(present.words)
            return Health(
                source=self._name,
                lines=counts.lines,
                events=counts.events,
                unknown_lines=counts.unknown_lines,
                behind=present.behind,
                quiet=quiet,
                last=present.last,
                over=self._is_over,
                words=words,
            )

    def sessions(self, service: str) -> dict[str, Session]:
        """As `System.sessions`."""
        with self._lock:
            return self._present.sessions_of(service)

    def newest(self, topic: str) -> Newest | None:
        """As `System.newest`."""
        with self._lock:
            return self._present.newest.get(topic)

    def _follow(self) -> None:
        """Read until it is stopped; a log that can't be read is tried again from its start, as a new one."""
        while not self._stop.is_set():
            try:
                self._feed(self._take, self._stop)
            except CopperError as error:
                with self._lock:
                    self._problem = str(error)
                    self._present = Present(self._name, number=self._present.number + 1)
                self._stop.wait(AGAIN)
            else:
                self._is_over = not self._stop.is_set()
                return

    def _take(self, batch: Batch) -> None:
        with self._lock:
            self._problem = ""
            self._present.take(batch)

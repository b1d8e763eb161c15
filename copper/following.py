"""A log that is followed, or a run that is shown again, by a thread of its own: what `viz.live` asks, answered.

Comes in: batches. Goes out: graphs, pulses, the tail. What goes wrong with the log does not end the map, it is told
there (`Health.words`).
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable

import networkx as nx

from tracer.errors import CopperError
from tracer.present import Present
from tracer.pulses import Newest, Pulse, Session, Span, Told, Wanted
from tracer.spans import Spans
from tracer.watching import Batch
from viz.live.system import Health

Feed = Callable[[Callable[[Batch], None], threading.Event], None]

AGAIN = 1.0
"""Seconds until a log that is not there is looked for again."""
WAITING = 20
"""Batches that wait to be summed up, unless a graph is asked for before."""
PATIENCE = 1.0
"""Seconds for which the end of a thread is waited for: one that reads standard input does not end before that does."""


class Following:
    """Follows one source from `start()` to `stop()`. Implements `viz.live.system.System`.

    Args:
        name: of the source.
        feed: calls what it is given with each batch, until the event is set or nothing more comes.
        look: why nothing can come of the source just now; empty where something can.
    """

    def __init__(self, name: str, feed: Feed, look: Callable[[], str] = str) -> None:
        self._name = name
        self._feed = feed
        self._look = look
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._is_stopped = False
        number = _now()
        self._present = Present(number=number)
        self._graphs = threading.Lock()
        self._spans = Spans(name, number=number)
        self._waiting: list[Batch] = []
        self._problem = ""
        self._is_over = False
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def follow(self, name: str, feed: Feed) -> None:
        """Begin to read, but this: it is known only now what there is to be read."""
        with self._graphs, self._lock:
            self._name, self._feed = name, feed
            self._spans = Spans(name, number=self._present.number)
        self.start()

    def end(self) -> None:
        """Nothing more will come: what is there is still read, and shown for as long as anybody likes."""
        self._stop.set()

    def stop(self) -> None:
        """End it at once, and wait for that."""
        self._is_stopped = True
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)

    def number(self) -> int:
        """Of the last pulse."""
        return self._present.number

    def graph(self, span: Span) -> tuple[int, nx.MultiDiGraph[str]]:
        """As `System.graph`. It takes a while where a system is large, and reading goes on meanwhile."""
        with self._graphs:
            self._sum_up()
            graph = self._spans.graph(span)
            with self._lock:
                self._present.name(self._spans.services)
            return self._spans.number, graph

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
            problem = self._look() or self._problem
            return Health(
                source=self._name,
                lines=counts.lines,
                events=counts.events,
                unknown_lines=counts.unknown_lines,
                behind=present.behind,
                quiet=quiet,
                last=present.last,
                over=self._is_over,
                words=(*present.words, problem) if problem else tuple(present.words),
                problem=problem,
                tells_packets=counts.packet_lines > 0 or not present.sessions,
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
        while not self._is_stopped:
            try:
                self._feed(self._take, self._stop)
            except _StoppedError:
                return
            except CopperError as error:
                with self._lock:
                    self._problem = str(error)
                    self._is_over = self._stop.is_set()
                self._begin_anew()
                if self._stop.wait(AGAIN):
                    return
            except Exception as error:  # noqa: BLE001  a bug must be seen, also on the page, which would stand still
                traceback.print_exc()
                self._problem = f"the reading of the log failed: {type(error).__name__}: {error}"
                return
            else:
                self._is_over = True
                return

    def _begin_anew(self) -> None:
        """What was read is no more; the numbers go on."""
        with self._graphs, self._lock:
            if self._present.counts.lines:
                number = max(self._present.number + 1, _now())
                self._present, self._spans = Present(number=number), Spans(self._name, number=number)
                self._waiting.clear()

    def _take(self, batch: Batch) -> None:
        if self._is_stopped:
            raise _StoppedError
        with self._lock:
            self._problem = ""
            self._present.take(batch)
            self._waiting.append(batch)
        if len(self._waiting) >= WAITING and self._graphs.acquire(blocking=len(self._waiting) >= 10 * WAITING):
            try:
                self._sum_up()
            finally:
                self._graphs.release()

    def _sum_up(self) -> None:
        """Take into the sums what was read since; whoever calls it holds the lock of the graphs."""
        with self._lock:
            batches, self._waiting = self._waiting, []
        for batch in batches:
            self._spans.take(batch)


class _StoppedError(Exception):
    """Nobody wants to know any more, however much there is to be read."""


def _now() -> int:
    """A number to begin with that is higher than those of a process before: a page may have outlived that."""
    return int(time.time() * 1000)

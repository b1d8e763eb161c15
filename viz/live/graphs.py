"""Graphs of a system, each made once for all who ask for it at about the same time.

A graph of a large system takes a second to make and a hundred megabytes to keep, so it is let go when nobody asks.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TypeAlias

import networkx as nx

from tracer import garbage
from tracer.pulses import Span
from viz.layout import words
from viz.live.system import System

Graph: TypeAlias = "nx.MultiDiGraph[str]"

FRESH = 1.0
"""Seconds for which a graph will do for who wants to know how things stand."""
KEPT = 10.0
"""Seconds after which a graph that nobody asked for is let go."""
_SHARE = 5
"""A graph will do for so many times what it took to make: at most a fifth of the time goes there."""


@dataclass
class _Made:
    number: int
    graph: Graph
    at: float
    took: float
    asked: float
    messages: dict[str, int] | None = None


class Graphs:
    """The newest graph of each span. Any thread may ask.

    Args:
        system: what is asked for them.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._lock = threading.Lock()
        self._made: dict[Span, _Made] = {}

    def number(self) -> int:
        """Of the last pulse of the system."""
        return self._system.number()

    def graph(self, span: Span, least: int | None = None) -> tuple[int, Graph]:
        """A graph that nobody may change, and the number of the last pulse in it.

        Args:
            span: of how much of the past.
            least: the number of a pulse that must be in it; None: one of a moment ago will do.
        """
        with self._lock:
            made = self._newest(span, least)
            return made.number, made.graph

    def messages(self, span: Span) -> dict[str, int]:
        """The messages of each topic in a graph of a moment ago."""
        with self._lock:
            made = self._newest(span, None)
            if made.messages is None:
                made.messages = messages_of(made.graph)
            return made.messages

    def _newest(self, span: Span, least: int | None) -> _Made:
        now = time.monotonic()
        made = self._made.get(span)
        if made is None or not self._will_do(made, least, now):
            with garbage.kept():
                number, graph = self._system.graph(span)
            after = time.monotonic()
            made = self._made[span] = _Made(number, graph, after, after - now, after)
        made.asked = now
        return made

    def _will_do(self, made: _Made, least: int | None, now: float) -> bool:
        if least is not None:
            return made.number >= least
        return made.number == self._system.number() or now - made.at < max(FRESH, _SHARE * made.took)

    def forget(self) -> None:
        """Let those go that nobody has asked for in a while; another time, while one is made: nobody waits for that."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            now = time.monotonic()
            for span in [span for span, made in self._made.items() if now - made.asked > KEPT]:
                del self._made[span]
        finally:
            self._lock.release()


def messages_of(graph: Graph) -> dict[str, int]:
    """Topic → its messages: those published, or, where nobody was seen to, those that one service got."""
    published: dict[str, int] = {}
    received: dict[str, int] = {}
    for source, target, key, edge in graph.edges(keys=True, data=True):
        messages = edge["messages"]
        if key == "publish":
            published[target] = published.get(target, 0) + messages
        elif key == "subscribe":
            received[source] = max(received.get(source, 0), messages)
    return {
        each["name"]: published.get(node) or received.get(node, 0)
        for node, each in graph.nodes(data=True)
        if each["kind"] == "topic"
    }


def seconds_in(graph: Graph) -> float:
    """How long the last minute is of which a graph is: what rates are counted over.

    It is made of parts of a quarter minute, so it is between three quarters and a whole; of a shorter log, rates
    are not put higher than what came.
    """
    return max(45.0, words.seconds_of(graph.graph) or 60.0)

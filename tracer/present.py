"""Batches of a log that grows → what has changed: pulses, by which whoever shows a graph keeps it true, and the tail.

Comes in: batches (watching.py), in order. Goes out: `Pulse`s, the newest events, and what is known of clients and
topics beside the graph (spans.py). What is kept grows with clients, topics and edges, not with messages.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tracer import events as e
from tracer.flows import Flow
from tracer.graph import Tally
from tracer.pipeline import Counts
from tracer.pulses import EdgeKey, Newest, Pulse, Session, Told, Wanted
from tracer.sums import Traffic
from tracer.watching import Batch, Introduced, Item, Kept

PULSES = 100
"""Pulses that are kept: whoever asks for older ones takes a new graph instead."""
NEWEST = 2_000
"""Events that are kept for the tail."""


@dataclass(frozen=True, slots=True)
class _Beat:
    """A pulse, by clients: which services they are, may be found out later.

    Attributes:
        moved: clients that came or went; None: all may have.
        is_late: it was read later than it happened.
    """

    number: int
    changed: Traffic
    is_new: bool
    moved: frozenset[str] | None
    is_late: bool


class Present:
    """What a log that is followed says up to now. It is no thread's own: whoever shares it holds a lock.

    Args:
        clock: the time, for logs whose lines have none; in seconds since 1970.
        number: of the last pulse before; entries of the tail are numbered from there on, too.
    """

    def __init__(self, clock: Callable[[], float] = time.time, number: int = 0) -> None:
        self.counts = Counts()
        self.behind = 0
        self.words: deque[str] = deque(maxlen=20)
        self.sessions: dict[str, Session] = {}
        self.newest: dict[str, Newest] = {}
        self.taken_at: float | None = None
        self._clock = clock
        self._tally = Tally()
        self._services: dict[str, str] = {}
        self._beats: deque[_Beat] = deque(maxlen=PULSES)
        self._tail: deque[tuple[int, e.Event | Flow]] = deque(maxlen=NEWEST)
        self._told = self._number = number

    # -- what comes in ----------------------------------------------------------------------------------------

    def take(self, batch: Batch) -> None:
        """Take one batch in."""
        before = self._size()
        changed = Traffic()
        moved: set[str] = set()
        is_new = is_broken = False
        for item in batch.items:
            self._add(item)
            if isinstance(item, Flow):
                changed.carry(item)
            elif isinstance(item, e.Event):
                changed.count(item)
                is_new |= isinstance(item, e.Subscribe | e.Unsubscribe | e.Broker)
                is_broken |= isinstance(item, e.Broker)
                if isinstance(item, e.Connect | e.Disconnect):
                    moved.add(item.client)
        is_late = batch.behind > 0 or self.behind > 0 or self.taken_at is None
        self.counts, self.behind = batch.counts, batch.behind
        self.words.extend(batch.words)
        self.taken_at = self._clock()
        self._number += 1
        is_new = is_new or self._size() != before
        self._beats.append(_Beat(self._number, changed, is_new, None if is_broken else frozenset(moved), is_late))

    def _connected(self, moved: frozenset[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Which services of these clients have one that is connected now, and which have none."""
        services = self._services
        names = set(services.values()) if moved is None else {services[one] for one in moved if one in services}
        if not names:
            return (), ()
        clients = self._tally.facts.clients
        there = {name for client, name in services.items() if name in names and clients[client].connected}
        return tuple(sorted(there)), tuple(sorted(names - there))

    def _add(self, item: Item) -> None:
        tally = self._tally
        if isinstance(item, Introduced):
            tally.introduce(item.flow)
            return
        if isinstance(item, Kept):
            tally.facts.keep(item.client, item.topic, item.size)
            return
        if isinstance(item, Flow):
            tally.carry(item)
            if not item.has_waited:
                size = item.bytes // max(1, item.messages)
                self.newest[item.topic] = Newest(item.last, item.sender, item.qos, item.retain, size)
        else:
            tally.add(item)
            if isinstance(item, e.Publish):
                self.newest[item.topic] = Newest(item.at, item.client, item.qos, item.retain, item.bytes)
            elif isinstance(item, e.Connect):
                self.sessions.setdefault(item.client, Session()).came = item
            elif isinstance(item, e.Disconnect):
                self.sessions.setdefault(item.client, Session()).went = item
        self._told += 1
        self._tail.append((self._told, item))

    def _size(self) -> tuple[int, ...]:
        """Of everything that a new node or edge makes larger."""
        traffic = self._tally.traffic
        edges = len(traffic.published), len(traffic.received), len(traffic.denied), len(traffic.delivered)
        return (*edges, len(traffic.there), len(traffic.subscribed), len(self._tally.facts.owners))

    # -- what goes out ----------------------------------------------------------------------------------------

    def name(self, services: dict[str, str]) -> None:
        """The service of each client, by its id, as the graph has them that is shown: pulses speak of these."""
        self._services = services

    @property
    def last(self) -> str | None:
        """The time of the newest event."""
        return self._tally.traffic.time.last

    @property
    def number(self) -> int:
        """Of the last pulse."""
        return self._number

    def since(self, number: int) -> list[Pulse] | None:
        """The pulses after this one; None where they are not kept any more."""
        if number > self._number or number < self._number - len(self._beats):
            return None
        return [self._pulse(beat) for beat in self._beats if beat.number > number]

    def _pulse(self, beat: _Beat) -> Pulse:
        return Pulse(
            beat.number, self._edges(beat.changed), beat.is_new, *self._connected(beat.moved), is_late=beat.is_late
        )

    def sessions_of(self, service: str) -> dict[str, Session]:
        """The last connection of each client of a service, by client id; of those that the last graph named."""
        clients = sorted(client for client, name in self._services.items() if name == service)
        return {client: self.sessions.get(client, Session()) for client in clients}

    def tail(self, after: int, is_wanted: Callable[[Wanted], bool], most: int) -> list[Told]:
        """The newest events after one of this number, the oldest of them first, at most so many."""
        found: list[Told] = []
        for number, item in reversed(self._tail):
            if number <= after or len(found) == most:
                break
            if is_wanted(_wanted(item)):
                found.append(Told(number, _values(item)))
        return found[::-1]

    def _edges(self, changed: Traffic) -> dict[EdgeKey, int]:
        """How many messages went over each edge, by services; clients that no graph has named yet are left out."""
        found: dict[EdgeKey, int] = {}

        def add(source: str | None, target: str | None, key: str, messages: int) -> None:
            if source is not None and target is not None:
                found[source, target, key] = found.get((source, target, key), 0) + messages

        for kind, of in (("publish", changed.published), ("deny", changed.denied)):
            for (client, topic), sums in of.items():
                add(self._node(client), f"topic:{topic}", kind, sums.messages)
        for (topic, client), sums in changed.received.items():
            add(f"topic:{topic}", self._node(client), "subscribe", sums.messages)
        for (sender, receiver, topic), sums in changed.delivered.items():
            add(self._node(sender), self._node(receiver), f"deliver:{topic}", sums.messages)
        return found

    def _node(self, client: str) -> str | None:
        name = self._services.get(client)
        return None if name is None else f"service:{name}"


def _wanted(item: e.Event | Flow) -> Wanted:
    if isinstance(item, Flow):
        clients = (item.sender, *(one.client for one in item.receivers))
        return Wanted("deliver" if item.has_waited else "publish", item.topic, clients)
    topic = getattr(item, "topic", None) or getattr(item, "filter", None)
    clients = tuple(name for name in (getattr(item, "client", None), getattr(item, "sender", None)) if name)
    return Wanted(item.event, topic, clients)


def _values(item: e.Event | Flow) -> dict[str, Any]:
    if isinstance(item, e.Event):
        return e.as_dict(item)
    return {
        "at": item.last,
        "event": "deliver" if item.has_waited else "publish",
        "client": item.sender,
        "topic": item.topic,
        "qos": item.qos,
        "retain": item.retain,
        "bytes": item.bytes,
        "times": item.messages,
        "receivers": [one.client for one in item.receivers],
    }

"""Batches of a log that grows → what holds now: the graph of all, of the last hour and minute, and what has changed.

Comes in: batches (watching.py), in order. Goes out: graphs as `tracer.graph` makes them, and `Pulse`s, by which whoever
shows a graph keeps it true without a new one. What is kept grows with clients, topics and edges, not with messages.
Times are the log's own, so a log of last week has a last minute too; where it has none, they are those of reading.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import networkx as nx

from tracer import events as e
from tracer.flows import Flow
from tracer.graph import Tally
from tracer.identity import identify
from tracer.pipeline import Counts
from tracer.pulses import SPANS, EdgeKey, Newest, Pulse, Session, Span, Told, Wanted
from tracer.sums import Traffic
from tracer.watching import Batch, Introduced, Item, Kept

PULSES = 100
"""Pulses that are kept: whoever asks for older ones takes a new graph instead."""
NEWEST = 2_000
"""Events that are kept for the tail."""


@dataclass(slots=True)
class _Part:
    """The traffic of a second or a minute of the log; `begin` in seconds since 1970."""

    begin: int
    traffic: Traffic = field(default_factory=Traffic)


class Present:
    """What a log that is followed says up to now. It is no thread's own: whoever shares it holds a lock.

    Args:
        source: the name of the log.
        clock: the time, for logs whose lines have none; in seconds since 1970.
        number: of the last pulse before; entries of the tail are numbered from there on, too.
    """

    def __init__(self, source: str = "", clock: Callable[[], float] = time.time, number: int = 0) -> None:
        self.counts = Counts()
        self.behind = 0
        self.words: deque[str] = deque(maxlen=20)
        self.sessions: dict[str, Session] = {}
        self.newest: dict[str, Newest] = {}
        self.taken_at: float | None = None
        self._source = source
        self._clock = clock
        self._tally = Tally()
        self._seconds: deque[_Part] = deque()
        self._minutes: deque[_Part] = deque()
        self._services: dict[str, str] = {}
        self._pulses: deque[Pulse] = deque(maxlen=PULSES)
        self._tail: deque[tuple[int, e.Event | Flow]] = deque(maxlen=NEWEST)
        self._told = self._number = number

    # -- what comes in ----------------------------------------------------------------------------------------

    def take(self, batch: Batch) -> Pulse:
        """Take one batch in; what it changed."""
        before = self._size()
        changed = Traffic()
        moved: set[str] = set()
        is_new = False
        for item in batch.items:
            self._add(item)
            if isinstance(item, Flow):
                changed.carry(item)
                self._part(item.last).carry(item)
            elif isinstance(item, e.Event):
                changed.count(item)
                self._part(item.at).count(item)
                moved |= self._moved(item)
                is_new |= isinstance(item, e.Subscribe | e.Unsubscribe | e.Broker)
        self.counts, self.behind = batch.counts, batch.behind
        self.words.extend(batch.words)
        self.taken_at = self._clock()
        self._number += 1
        here, gone = self._connected(moved)
        pulse = Pulse(self._number, self._edges(changed), is_new or self._size() != before, here, gone)
        self._pulses.append(pulse)
        return pulse

    def _moved(self, event: e.Event) -> set[str]:
        """The services that may have come or gone with this event."""
        if isinstance(event, e.Broker):
            return set(self._services.values())
        name = self._services.get(event.client) if isinstance(event, e.Connect | e.Disconnect) else None
        return set() if name is None else {name}

    def _connected(self, names: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Which of these services have a client that is connected, and which have none."""
        if not names:
            return (), ()
        clients = self._tally.facts.clients
        there = {name for client, name in self._services.items() if name in names and clients[client].connected}
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

    def _part(self, at: str | None) -> Traffic:
        """The traffic of the second in which something stands, and room for it by letting old ones go."""
        second = int(_epoch(at) if at is not None else self._clock())
        if not self._seconds or second > self._seconds[-1].begin:
            self._seconds.append(_Part(second))
            self._forget(second)
        return self._seconds[-1].traffic

    def _forget(self, now: int) -> None:
        while self._seconds[0].begin <= now - 60:
            old = self._seconds.popleft()
            minute = old.begin - old.begin % 60
            if not self._minutes or self._minutes[-1].begin != minute:
                self._minutes.append(_Part(minute))
            self._minutes[-1].traffic.add(old.traffic)
        while self._minutes and self._minutes[0].begin <= now - 3600:
            self._minutes.popleft()

    # -- what goes out ----------------------------------------------------------------------------------------

    def graph(self, span: Span = "all") -> nx.MultiDiGraph[str]:
        """The graph of all that was read, or of the last part of it; it names services for the pulses that follow."""
        tally = self._tally
        services = identify(tally.facts.identities())
        self._services = {client: service.name for client, service in services.items()}
        if SPANS[span] is not None:
            traffic = Traffic()
            traffic.meet(tally.facts)
            for part in (*(self._minutes if span == "hour" else ()), *self._seconds):
                traffic.add(part.traffic)
            tally = Tally(facts=tally.facts, traffic=traffic)
        return tally.graph(self.counts, source=self._source)

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
        if number > self._number or number < self._number - len(self._pulses):
            return None
        return [pulse for pulse in self._pulses if pulse.number > number]

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


def _epoch(at: str) -> float:
    """Seconds since 1970 of a time as events have it."""
    moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()

"""Events → sums by client id, in plain dicts: what went over each edge, who was there, and with which filters.

Comes in: events, one by one (`Traffic.count`). Goes out: sums that add up exactly, however the events were cut
into parts. It knows no services and no graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tracer import events as e
from tracer.facts import Facts
from tracer.flows import Flow

Pair = tuple[str, str]


@dataclass(slots=True)
class Sums:
    """What went over one edge."""

    messages: int = 0
    bytes: int = 0
    qos: set[int] = field(default_factory=set)
    retained: int = 0
    first: str | None = None
    last: str | None = None
    seen: int = 0
    inferred: int = 0

    def __reduce__(self) -> tuple[Any, ...]:
        # ten thousands of them go from process to process, and this is three times as fast as what is done by default
        kept = (self.messages, self.bytes, self.qos, self.retained, self.first, self.last, self.seen, self.inferred)
        return Sums, kept

    def count(self, event: e.Publish | e.Deliver) -> None:
        """One more message."""
        self.messages += 1
        self.bytes += event.bytes
        self.qos.add(event.qos)
        self.retained += event.retain
        self.meet(event.at, event.at)

    def carry(self, flow: Flow, qos: int, *, retain: bool) -> None:
        """More messages, with this QoS and flag."""
        self.messages += flow.messages
        self.bytes += flow.bytes
        self.qos.add(qos)
        self.retained += flow.messages * retain
        self.meet(flow.first, flow.last)

    def meet(self, first: str | None, last: str | None) -> None:
        """Stretch the time between first and last."""
        if first is not None and (self.first is None or first < self.first):
            self.first = first
        if last is not None and (self.last is None or last > self.last):
            self.last = last

    def add(self, other: Sums) -> None:
        """The sums of another edge are in these now."""
        self.messages += other.messages
        self.bytes += other.bytes
        self.qos |= other.qos
        self.retained += other.retained
        self.seen += other.seen
        self.inferred += other.inferred
        self.meet(other.first, other.last)

    def attributes(self) -> dict[str, Any]:
        """As attributes of an edge."""
        return {
            "messages": self.messages,
            "bytes": self.bytes,
            "qos": sorted(self.qos),
            "retained": self.retained,
            "first": self.first,
            "last": self.last,
        }


@dataclass(slots=True)
class Traffic:
    """All edges of a part of a log.

    Attributes:
        there: the clients that did something.
        subscribed: (client, filter), as logged and granted.
        time: the first and last moment.
        published: by (client, topic).
        received: by (topic, client).
        denied: by (client, topic).
        delivered: by (sender, receiver, topic).
    """

    there: set[str] = field(default_factory=set)
    subscribed: set[Pair] = field(default_factory=set)
    time: Sums = field(default_factory=Sums)
    published: dict[Pair, Sums] = field(default_factory=dict)
    received: dict[Pair, Sums] = field(default_factory=dict)
    denied: dict[Pair, Sums] = field(default_factory=dict)
    delivered: dict[tuple[str, str, str], Sums] = field(default_factory=dict)

    def meet(self, facts: Facts) -> None:
        """Whoever has a session counts as there, with what it is subscribed to."""
        for client, known in facts.clients.items():
            if known.has_session:
                self.there.add(client)
                self.subscribed.update((client, logged) for logged in known.alive)

    def count(self, event: e.Event) -> None:
        """One more event."""
        self.time.meet(event.at, event.at)
        if isinstance(event, e.Publish):
            self.there.add(event.client)
            sums_of_key(self.published, (event.client, event.topic)).count(event)
        elif isinstance(event, e.Deliver):
            self._count_delivery(event)
        elif isinstance(event, e.Subscribe):
            self.there.add(event.client)
            if event.granted:
                self.subscribed.add((event.client, event.filter))
        elif isinstance(event, e.Connect):
            self.there.add(event.client)
        elif type(event) is e.Deny and event.direction == "in" and event.topic is not None:
            self.there.add(event.client)
            sums = sums_of_key(self.denied, (event.client, event.topic))
            sums.messages += 1
            sums.bytes += event.bytes or 0
            sums.meet(event.at, event.at)

    def carry(self, flow: Flow) -> None:
        """The messages of a flow, and all their copies."""
        self.time.meet(flow.first, flow.last)
        self.there.add(flow.sender)
        if not flow.has_waited:
            sums_of_key(self.published, (flow.sender, flow.topic)).carry(flow, flow.qos, retain=flow.retain)
        for one in flow.receivers:
            self.there.add(one.client)
            sums_of_key(self.received, (flow.topic, one.client)).carry(flow, one.qos, retain=one.retain)
            sums = sums_of_key(self.delivered, (flow.sender, one.client, flow.topic))
            sums.carry(flow, one.qos, retain=one.retain)
            if flow.has_waited:
                sums.inferred += flow.messages
            else:
                sums.seen += flow.messages

    def add(self, other: Traffic) -> None:
        """What was counted of another part of the log is in these now."""
        self.there |= other.there
        self.subscribed |= other.subscribed
        self.time.meet(other.time.first, other.time.last)
        for mine, others in (
            (self.published, other.published),
            (self.received, other.received),
            (self.denied, other.denied),
            (self.delivered, other.delivered),
        ):
            for key, sums in others.items():
                sums_of_key(mine, key).add(sums)

    def _count_delivery(self, event: e.Deliver) -> None:
        self.there.add(event.client)
        sums_of_key(self.received, (event.topic, event.client)).count(event)
        if event.sender is None:
            return
        self.there.add(event.sender)
        sums = sums_of_key(self.delivered, (event.sender, event.client, event.topic))
        sums.count(event)
        sums.seen += event.proof == "seen"
        sums.inferred += event.proof == "inferred"


def sums_of_key(of: dict[Any, Sums], key: Any) -> Sums:
    """The sums under a key; new ones where there are none."""
    sums = of.get(key)
    if sums is None:
        sums = of[key] = Sums()
    return sums

"""What a stretch of a log adds to a tally, kept apart until it is known where the stretch belongs.

Comes in: events and flows, as a tally takes them. Goes out: the same sums and facts, into a tally (`add_to`). Facts are
what is told anew, in order; what is told again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from tracer import events as e
from tracer.copies import Message
from tracer.flows import Flow
from tracer.graph import Tally
from tracer.pipeline import Counts
from tracer.sums import Traffic

NUMBERS = tuple(one.name for one in fields(Counts) if one.name != "broker_version")
"""What of the counts adds up."""


@dataclass(slots=True)
class Stretch:
    """Lines that stand together, read.

    Attributes:
        traffic: what they sum up to.
        kept: the last stored message of each topic.
        counts: of these lines alone.
    """

    traffic: Traffic = field(default_factory=Traffic)
    kept: dict[str, Message] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    _told: list[e.Event | Flow] = field(default_factory=list)
    _known: set[tuple[Any, ...]] = field(default_factory=set)

    def add(self, event: e.Event) -> None:
        """One more event."""
        self.traffic.count(event)
        if isinstance(event, e.Publish):
            self._tell(("publish", event.client, event.topic), replace(event, retain=False))
            if event.retain:
                like = (event.client, event.topic, event.bytes, event.qos)
                self.keep(Message(*like, retain=True, position=event.line))
        elif isinstance(event, e.Deliver):
            self._tell(("deliver", event.sender, event.client), event)
        elif not isinstance(event, e.Unknown):
            self._told.append(event)

    def carry(self, flow: Flow) -> None:
        """So many messages more."""
        self.traffic.carry(flow)

    def introduce(self, flow: Flow) -> None:
        """The first of messages that are carried later."""
        self._tell((flow.sender, flow.topic, flow.receivers, flow.has_waited), flow)

    def keep(self, message: Message) -> None:
        """The message is the stored one of its topic now."""
        self.kept[message.topic] = message

    def has_a_border(self, _: str | None) -> bool:
        """It has none: a window is not read in pieces."""
        return False

    def is_exact(self) -> bool:
        """Sums are enough."""
        return False

    def add_to(self, tally: Tally, counts: Counts) -> None:
        """These lines come next."""
        for one in self._told:
            if isinstance(one, Flow):
                tally.facts.introduce(one)
            else:
                tally.facts.add(one)
        for message in self.kept.values():
            tally.keep(message)
        tally.traffic.add(self.traffic)
        for name in NUMBERS:
            setattr(counts, name, getattr(counts, name) + getattr(self.counts, name))
        counts.broker_version = self.counts.broker_version

    def close(self, before: Counts, after: Counts) -> None:
        """These are all lines; it was counted so far before them, and after."""
        for name in NUMBERS:
            setattr(self.counts, name, getattr(after, name) - getattr(before, name))
        self.counts.broker_version = after.broker_version
        self._known.clear()

    def _tell(self, what: tuple[Any, ...], told: e.Event | Flow) -> None:
        if what not in self._known:
            self._known.add(what)
            self._told.append(told)

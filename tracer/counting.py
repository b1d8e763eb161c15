"""What the fast lane counts, until it is handed on: sums of equal messages, and of copies that have waited."""

from __future__ import annotations

from typing import Protocol

from tracer.copies import Message, Subscription
from tracer.flows import Flow, Receiver
from tracer.pipeline import Counts
from tracer.plans import Plan
from tracer.session import Session
from tracer.stored import Stored


class Sums(Protocol):
    """Where the sums go."""

    def carry(self, flow: Flow) -> None:
        """So many messages more."""

    def introduce(self, flow: Flow) -> None:
        """The first of messages that are carried later: who publishes, and who gets copies."""

    def keep(self, message: Message) -> None:
        """The message is the stored one of its topic now."""

    def has_a_border(self, at: str | None) -> bool:
        """Whether an event of this time would be counted elsewhere than those before it."""

    def is_exact(self) -> bool:
        """Whether each event is wanted now, and no sums."""


class Counting:
    """The counts of one lane.

    Attributes:
        counts: of all lines.
        stamp: how the lines of this second begin.
        at: the time that it says; within what is handed on together, times only rise.
    """

    def __init__(self, counts: Counts, stored: Stored, sums: Sums) -> None:
        self.counts = counts
        self.stamp = b""
        self.at: str | None = None
        self._stored = stored
        self._sums = sums
        self._plans: list[Plan] = []
        self._drained: dict[tuple[str, str, str, int], Flow] = {}
        self._kept: Message | None = None

    def has_a_border(self, at: str | None) -> bool:
        """Whether what is counted from this time on has to be told apart from what was counted before."""
        return self._sums.has_a_border(at)

    def fold(self) -> None:
        """Hand on what was counted."""
        plans, self._plans = self._plans, []
        for plan in plans:
            self.hand_on(plan)
        drained, self._drained = self._drained, {}
        for flow in drained.values():
            self.counts.events += flow.messages
            self._sums.carry(flow)

    def hand_on(self, plan: Plan) -> None:
        """Hand on what was counted of one plan."""
        for flow in plan.take_flows():
            self.counts.events += flow.messages * (1 + len(flow.receivers))
            self._sums.carry(flow)

    def count(self, plan: Plan, size: int) -> None:
        """One message more, and all its copies."""
        if plan.messages:
            plan.messages += 1
            plan.bytes += size
            plan.last = self.at
        else:
            self.begin(plan, size)
        if plan.retain:
            self.store(plan, size)
        self.counts.lines += plan.lines

    def begin(self, plan: Plan, size: int) -> None:
        """The first message since the last time."""
        plan.messages, plan.bytes = 1, size
        plan.first = plan.last = self.at
        self._plans.append(plan)
        self._sums.introduce(plan.flow(plan.receivers))

    def count_short(self, plan: Plan, size: int, waiting: list[Subscription]) -> None:
        """One message more, without these copies, which wait."""
        if not (plan.messages or plan.short):
            self._plans.append(plan)
        flow = plan.count_short({one.client for one in waiting}, size, self.at)
        if flow.messages == 1:
            self._sums.introduce(flow)
        if plan.retain:
            self.store(plan, size)
        self.counts.lines += plan.lines - len(waiting)

    def count_drained(self, session: Session, message: Message, qos: int) -> None:
        """One copy more of a message that had waited for this client."""
        key = (message.sender, session.client, message.topic, qos)
        flow = self._drained.get(key)
        if flow is None:
            receivers = (Receiver(session.client, qos, retain=False),)
            flow = Flow(message.sender, message.topic, qos, retain=False, receivers=receivers, has_waited=True)
            flow.first = self.at
            self._drained[key] = flow
            self._sums.introduce(flow)
        flow.messages += 1
        flow.bytes += message.size
        flow.last = self.at
        self.counts.lines += 1

    def store(self, plan: Plan, size: int) -> None:
        """The newest message is the stored one of its topic now."""
        like = plan.message
        message = Message(like.sender, like.topic, size, like.qos, like.retain, self.counts.lines)
        self._stored.take(message)
        self._sums.keep(message)
        self._kept = message

    def take_back(self, plan: Plan, size: int) -> int:
        """The newest message is to be read line by line after all: how many lines."""
        plan.messages -= 1
        plan.bytes -= size
        self.counts.lines -= plan.lines
        if plan.retain and self._kept is not None:
            self._stored.take_back(self._kept)
        return plan.lines

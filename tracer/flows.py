"""Flows: equal messages and their copies, summed up. Plain values; what is printed for them, plans.py says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receiver:
    """One copy of each message: who gets it, with which QoS and retain flag. Its sender is `seen`, if it is live."""

    client: str
    qos: int
    retain: bool


@dataclass(slots=True, eq=False)
class Flow:
    """Messages of one publisher on one topic, each with the same copies, since the last time they were handed on.

    Live ones, or (`has_waited`) copies from a queue, whose sender is inferred.

    Attributes:
        sender: the publisher's id.
        topic: of all messages.
        qos: they were published with.
        retain: whether they have the flag.
        receivers: a copy of each message, in the order of the lines.
        has_waited: these are copies of messages that were counted before, sent only now.
        messages: how many.
        bytes: of payload, in all of them.
        first: the time of the first (ISO 8601, UTC; None where the log has none).
        last: the time of the last; no message between is earlier or later.
    """

    sender: str
    topic: str
    qos: int
    retain: bool
    receivers: tuple[Receiver, ...]
    has_waited: bool = False
    messages: int = 0
    bytes: int = 0
    first: str | None = None
    last: str | None = None

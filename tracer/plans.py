"""What Mosquitto prints for the next message of a flow, byte by byte: the fast lane compares, it does not read.

A plan is made from the line of a message that comes in and from who gets a copy of it (Routing.plain). It holds until
something changes who gets the topic, or its publisher comes or goes. The forms of lines are those of grammar.py and
pieces.py; logs that are read with plans and without must agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from tracer.copies import Expectation, Message, Subscription
from tracer.flows import Flow, Receiver
from tracer.grammar import CUT, MIDDLE
from tracer.routing import Routing
from tracer.session import Session
from tracer.sessions import Sessions

RECEIVED = b"Received PUBLISH from "
QUOTE = b"'"
SIZE_BEGIN, SIZE_END = b", ... (", b" bytes))"
"""What stands behind a topic's closing quote, around the payload's size."""
MID = b", m"
NEXT = b"Received "
"""How a line begins that takes nothing back of what stands before it."""
BETWEEN = b"\x01"
"""Stands in a plan for the end of one line and the begin of the next; no name has this character."""
ROOM = 64
"""Bytes for times, packet identifiers and sizes, which a plan does not have."""
SPLIT = b" (d"
"""Text without it can't look like the middle of a PUBLISH line (grammar.MIDDLE)."""
NAMES_CAP = 50_000
"""Receivers that are remembered."""
RUNS = "runner/runs/"
"""Topics that say where a run begins and ends: each of their messages is wanted as an event of its own."""


PlannedCopy = tuple[Session | None, bytes, bytes, Subscription]
"""A copy: the session that draws a packet identifier for it, None at QoS 0; its line around that; the filter behind."""


@dataclass(slots=True, eq=False)
class Plan(Expectation):
    """The lines of one message, behind the one that lets it in; and what was counted.

    Attributes:
        message: one like all of them, of size 0.
        publisher: the sender's session.
        receivers: of the copies that are sent at once.
        retain: whether they have the flag.
        form: for a message of QoS 0, the lines, BETWEEN for the end of one and the begin of the next.
        lines: how many they are, with the one that lets it in, and the acknowledgement.
        copies: for others, the lines one by one.
        answer: what stands around the publisher's packet identifier in the acknowledgement.
        away: whose copies wait, since they are not there.
        drawing: who draws a packet identifier more.
        messages: how many were as planned, since the last time that they were handed on.
        bytes: of payload, in all of them.
        first: the time of the first.
        last: the time of the last.
        short: what was counted of messages some of whose copies had to wait, by their receivers.

    Both `form` and `copies` are None where the message has to be read, since more may change than is planned here.
    """

    message: Message
    publisher: Session
    retain: bool
    receivers: tuple[Receiver, ...] = ()
    form: bytes | None = None
    lines: int = 1
    copies: tuple[PlannedCopy, ...] | None = None
    answer: tuple[bytes, bytes] = (b"", b"")
    away: tuple[Subscription, ...] = ()
    drawing: tuple[Session, ...] = ()
    messages: int = 0
    bytes: int = 0
    first: str | None = None
    last: str | None = None
    short: dict[tuple[Receiver, ...], Flow] = field(default_factory=dict)

    def end(self) -> None:
        """Something has changed: it has to be made anew."""
        self.holds = False
        self.form = self.copies = None

    def take_flows(self) -> list[Flow]:
        """What was counted, which is nothing after that."""
        flows = list(self.short.values())
        if self.messages:
            flow = self.flow(self.receivers)
            flow.messages, flow.bytes, flow.first, flow.last = self.messages, self.bytes, self.first, self.last
            flows.append(flow)
        self.messages = self.bytes = 0
        if self.short:
            self.short = {}
        return flows

    def count_short(self, clients: set[str], size: int, at: str | None) -> Flow:
        """One message more, whose copies for these clients wait, in what is counted of such messages."""
        receivers = tuple(one for one in self.receivers if not one.qos or one.client not in clients)
        flow = self.short.get(receivers)
        if flow is None:
            flow = self.short[receivers] = self.flow(receivers)
            flow.first = at
        flow.messages += 1
        flow.bytes += size
        flow.last = at
        return flow

    def flow(self, receivers: tuple[Receiver, ...]) -> Flow:
        """Such messages, with these copies; none so far."""
        message = self.message
        return Flow(message.sender, message.topic, message.qos, message.retain, receivers)


@dataclass(slots=True, eq=False)
class Intake(Expectation):
    """A message of QoS 2 that comes in, and is handed out only at its PUBREL."""

    publisher: Session
    topic: str
    retain: bool


def sample(key: bytes) -> Message | None:
    """The message that a `Received PUBLISH` line lets in, as of size 0.

    Args:
        key: the line's text up to the topic's closing quote, which it does not have.

    Returns:
        None where the line has to be read: it is sent again, can be read in several ways, or its key (`masked`)
        would not be its own.
    """
    splits = list(MIDDLE.finditer(key))
    if len(splits) != 1 or splits[0][1] != b"0" or not key.startswith(RECEIVED):
        return None
    (split,) = splits
    qos = int(split[2])
    if qos and key.find(MID) + len(MID) != split.start(4):
        return None
    try:
        client, topic = key[len(RECEIVED) : split.start()].decode(), key[split.end() :].decode()
    except UnicodeDecodeError:
        return None
    return None if topic.startswith(RUNS) else Message(client, topic, 0, qos, split[3] == b"1", 0)


def masked(key: bytes) -> tuple[bytes, bytes]:
    """What stands in a `Received PUBLISH` line before its closing quote, without its packet identifier; and that.

    The identifier is taken to be the first text that looks like one.
    """
    head, _, rest = key.partition(MID)
    number, _, tail = rest.partition(b",")
    return head + tail, number


def renew(plan: Plan, sessions: Sessions, routing: Routing) -> None:
    """Plan for messages like this one as things are now."""
    message = plan.message
    plan.form = plan.copies = None
    sessions.expect(plan, message.sender, message.topic)
    plain = routing.plain(message)
    if plain is None:
        return
    topic = message.topic.encode()
    tail = b", '%b'" % topic
    receivers = tuple([_receiver(session.client, qos, retain) for _, session, qos, retain in plain.sent])
    heads = [_head(one) for one in receivers]
    drawn = [session for _, session, qos, _ in plain.sent if qos]
    if len({id(session) for session in drawn}) < len(drawn) or None in [session.next_mid for session in drawn]:
        return
    if len(tail) + max(map(len, heads), default=0) > CUT - ROOM or any(_is_ambiguous(head, tail) for head in heads):
        return
    plan.receivers = receivers
    plan.away, plan.drawing = plain.away, plain.drawing
    plan.lines = 1 + len(heads) + bool(message.qos)
    if not message.qos:
        plan.form = BETWEEN.join([head + b"0" + tail for head in heads])
        return
    plan.copies = tuple(
        [
            (session, head, tail, one) if qos else (None, head + b"0" + tail, b"", one)
            for (one, session, qos, _), head in zip(plain.sent, heads, strict=True)
        ]
    )
    plan.answer = _answer(message, plan.publisher, anybody=bool(plain.sent or plain.away))


@lru_cache(maxsize=NAMES_CAP)
def _receiver(client: str, qos: int, retain: bool) -> Receiver:  # noqa: FBT001  a positional key of the cache
    return Receiver(client, qos, retain)


@lru_cache(maxsize=NAMES_CAP)
def _head(one: Receiver) -> bytes:
    """A Sending line's text up to its packet identifier."""
    return b"Sending PUBLISH to %b (d0, q%d, r%d, m" % (one.client.encode(), one.qos, one.retain)


def _is_ambiguous(head: bytes, tail: bytes) -> bool:
    """Whether a Sending line can be read in more than one way."""
    return (SPLIT in tail or head.count(SPLIT) > 1) and len(MIDDLE.findall(head + b"0" + tail)) > 1


def _answer(message: Message, publisher: Session, *, anybody: bool) -> tuple[bytes, bytes]:
    """The acknowledgement; MQTT 5 has a code for a message that nobody gets."""
    client = message.sender.encode()
    if message.qos == 2:
        return b"Sending PUBCOMP to %b (m" % client, b")"
    code = 16 if publisher.protocol == "5.0" and not anybody else 0
    return b"Sending PUBACK to %b (m" % client, b", rc%d)" % code

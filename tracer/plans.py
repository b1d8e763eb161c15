"""What Mosquitto prints for the next message of a flow, byte by byte: the fast lane compares, it does not read.

A plan is made from the line of a message that comes in and from who gets a copy of it (Routing.plain). It holds
as long as nothing changes who gets the topic (`Route.is_current`) and the publisher is connected. The forms of lines
are those of grammar.py and pieces.py; logs that are read with plans and without must agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tracer.copies import Message, Route, Subscription
from tracer.flows import Flow, Receiver
from tracer.grammar import CUT, MIDDLE
from tracer.routing import Routing
from tracer.sessions import Session, Sessions

RECEIVED = b"Received PUBLISH from "
SIZE = b"', ... ("
"""Stands between a topic and the payload's size."""
AFTER_SIZE = b" bytes))\n"
MID = b", m"
ROOM = 64
"""Bytes for times, packet identifiers and sizes, which a plan does not have."""
RUNS = "runner/runs/"
"""Topics that say where a run begins and ends: each of their messages is wanted as an event of its own."""


@dataclass(slots=True, eq=False)
class Planned:
    """A copy: of QoS > 0 with the session that draws its packet identifier, else None; and its text around that."""

    one: Subscription
    session: Session | None
    head: bytes
    tail: bytes


@dataclass(slots=True, eq=False)
class Plan:
    """The lines of one message, from the size in the line that lets it in to the last of them.

    Attributes:
        route: who gets the topic.
        publisher: the sender's session.
        message: one like all of them, of size 0.
        flow: what is counted; None where the message has to be read, since it changes more than is planned here.
        heads: for a message of QoS 0: each line's text up to the size, the first is the line's own rest, empty.
        copies: for others: the same of each copy, in two parts with the packet identifier between them.
        last: of the last line, the acknowledgement, with the publisher's packet identifier between.
        away: whose copies wait, since they are not there.
        drawing: who draws a packet identifier more.
        short: by the clients whose copies wait meanwhile, what is counted then.
    """

    route: Route
    publisher: Session
    message: Message
    flow: Flow | None = None
    heads: tuple[bytes, ...] = ()
    copies: tuple[Planned, ...] = ()
    last: tuple[bytes, bytes] = (b"", b"")
    away: tuple[Subscription, ...] = ()
    drawing: tuple[Session, ...] = ()
    short: dict[tuple[str, ...], Flow] = field(default_factory=dict)

    def without(self, flow: Flow, waiting: list[Planned]) -> Flow:
        """What is counted of its flow where these copies are not sent now."""
        clients = tuple(copy.one.client for copy in waiting)
        if clients not in self.short:
            receivers = tuple(one for one in flow.receivers if not one.qos or one.client not in clients)
            self.short[clients] = replace(flow, receivers=receivers, messages=0)
        return self.short[clients]


@dataclass(frozen=True, slots=True)
class Intake:
    """A message of QoS 2 that comes in, and is handed out only at its PUBREL."""

    publisher: Session
    topic: str
    retain: bool


def intake(text: bytes, sessions: Sessions) -> Intake | Message | None:
    """What a `Received PUBLISH` line lets in: at QoS 2 what is kept till its PUBREL, else a message of size 0.

    Args:
        text: of the line, without its time.
        sessions: who is there.

    Returns:
        None where the line has to be read: it is sent again, can be read in several ways, or its key (`masked`)
        would not be its own.
    """
    splits = list(MIDDLE.finditer(text))
    if len(splits) != 1 or splits[0][1] != b"0" or not text.startswith(RECEIVED):
        return None
    (split,) = splits
    qos = int(split[2])
    if qos and text.find(MID) + len(MID) != split.start(4):
        return None
    try:
        client = text[len(RECEIVED) : split.start()].decode()
        topic = text[split.end() : text.rfind(SIZE)].decode()
    except UnicodeDecodeError:
        return None
    session = sessions.get(client)
    if session is None or not session.connected or topic.startswith(RUNS):
        return None
    retain = split[3] == b"1"
    return Intake(session, topic, retain) if qos == 2 else Message(client, topic, 0, qos, retain, 0)


def masked(key: bytes) -> tuple[bytes, bytes]:
    """What stands in a `Received PUBLISH` line between its head and its size, without its packet identifier; and that.

    The identifier is taken to be the first text that looks like one.
    """
    begin = key.find(MID)
    end = key.find(b",", begin + len(MID))
    return key[:begin] + key[end:], key[begin + len(MID) : end]


def plan(message: Message, publisher: Session, sessions: Sessions, routing: Routing) -> Plan:
    """The plan for messages like this one, whatever their size."""
    made = Plan(sessions.route(message.topic), publisher, message)
    plain = routing.plain(message)
    if plain is None:
        return made
    made.away, made.drawing = plain.away, plain.drawing
    receivers = tuple(Receiver(session.client, qos, retain) for _, session, qos, retain in plain.sent)
    texts = [_copy(one, message.topic) for one in receivers]
    if any(len(head) + len(tail) > CUT - ROOM or len(MIDDLE.findall(head + b"0" + tail)) != 1 for head, tail in texts):
        return made
    drawn = [session for _, session, qos, _ in plain.sent if qos]
    if len({id(session) for session in drawn}) < len(drawn) or any(one.next_mid is None for one in drawn):
        return made
    made.flow = Flow(message.sender, message.topic, message.qos, message.retain, receivers)
    if not message.qos:
        made.heads = (b"", *(head + b"0" + tail for head, tail in texts))
        return made
    made.copies = tuple(
        Planned(one, session, head, tail) if qos else Planned(one, None, head + b"0" + tail, b"")
        for (one, session, qos, _), (head, tail) in zip(plain.sent, texts, strict=True)
    )
    made.last = _acknowledgement(message, publisher, anybody=bool(plain.sent or plain.away))
    return made


def _copy(one: Receiver, topic: str) -> tuple[bytes, bytes]:
    """A Sending line's text around its packet identifier, up to the size."""
    head = b"Sending PUBLISH to %b (d0, q%d, r%d, m" % (one.client.encode(), one.qos, one.retain)
    return head, b", '%b%b" % (topic.encode(), SIZE)


def _acknowledgement(message: Message, publisher: Session, *, anybody: bool) -> tuple[bytes, bytes]:
    """The last line around its packet identifier; MQTT 5 has a code for a message that nobody gets."""
    client = message.sender.encode()
    if message.qos == 2:
        return b"Sending PUBCOMP to %b (m" % client, b")\n"
    code = 16 if publisher.protocol == "5.0" and not anybody else 0
    return b"Sending PUBACK to %b (m" % client, b", rc%d)\n" % code

"""Messages that clients send, and the acknowledgements of those that they get.

Mosquitto 2.0.11's `src/handle_publish.c`, `lib/handle_pubrel.c`, `lib/handle_pubrec.c`,
`lib/handle_pubackcomp.c`. QoS 0 and 1 are delivered when the PUBLISH comes, QoS 2 when its PUBREL does.
"""

from __future__ import annotations

from copper.broker.builtin import log, packets
from copper.broker.builtin import properties as props
from copper.broker.builtin.delivery import flush, route
from copper.broker.builtin.endings import Ending, Refused
from copper.broker.builtin.packets import ACKS, Frame, Message, Publish
from copper.broker.builtin.session import Session, Stage
from copper.broker.builtin.state import Connection, State
from copper.broker.builtin.topics import valid_topic, writable

NO_SUBSCRIBERS, NOT_AUTHORISED, QUOTA_EXCEEDED = 0x10, 0x87, 0x97


def publish(state: State, connection: Connection, session: Session, frame: Frame) -> None:
    """A PUBLISH came."""
    if frame.flags & 6 == 6:
        raise Refused(Ending.MALFORMED, log.invalid("QoS in PUBLISH", session.client_id))
    sent = packets.read_publish(frame, session.version)
    given = dict(sent.properties)
    topic = _topic(state, connection, sent.topic, given.get(props.ALIAS))
    state.say(
        log.publish(
            "Received PUBLISH from" if writable(topic) else "Denied PUBLISH from",
            session.client_id,
            dup=sent.dup,
            qos=sent.qos,
            retain=sent.retain,
            packet_id=sent.packet_id,
            topic=topic,
            size=len(sent.payload),
        )
    )
    if not writable(topic):
        _acknowledge(state, session, sent, NOT_AUTHORISED)
        return
    expiry = given.get(props.MESSAGE_EXPIRY)
    message = Message(
        topic,
        sent.payload,
        sent.qos,
        sent.retain,
        props.of_message(sent.properties),
        session.client_id,
        state.now + expiry if expiry else None,
    )
    _accept(state, session, sent, message)


def _topic(state: State, connection: Connection, topic: str, alias: int | None) -> str:
    """The topic that is meant, which may be known from an earlier packet by its alias."""
    if alias is not None:
        if alias > state.limits.aliases:
            raise Refused(Ending.BAD_ALIAS)
        topic = topic or connection.aliases.get(alias, "")
        connection.aliases[alias] = topic
    if not topic or not valid_topic(topic):
        raise Refused(Ending.PROTOCOL)
    return topic


def _accept(state: State, session: Session, sent: Publish, message: Message) -> None:
    """Deliver a message and acknowledge it; one of QoS 2 is kept until its PUBREL."""
    pending = session.incoming.get(sent.packet_id)
    if pending is not None and not _same(pending, message):
        state.say(log.reused_packet_id(session.client_id, sent.packet_id))
        pending = None
        del session.incoming[sent.packet_id]
    if message.qos < 2:
        found = route(state, message)
        _acknowledge(state, session, sent, 0 if found or session.version != 5 else NO_SUBSCRIBERS)
    elif pending is None and len(session.incoming) >= state.limits.inflight + state.limits.queued:
        _acknowledge(state, session, sent, QUOTA_EXCEEDED)
    else:
        session.incoming.setdefault(sent.packet_id, message)
        _acknowledge(state, session, sent, 0)


def _same(one: Message, other: Message) -> bool:
    return (one.qos, one.topic, one.payload) == (other.qos, other.topic, other.payload)


def _acknowledge(state: State, session: Session, sent: Publish, code: int) -> None:
    """Send the PUBACK or PUBREC of a message; there is none at QoS 0."""
    if sent.qos:
        kind = packets.PUBACK if sent.qos == 1 else packets.PUBREC
        state.say(log.sending_ack(ACKS[kind], session.client_id, sent.packet_id, code))
        state.send(session, packets.ack(session.version, kind, sent.packet_id, code))


def pubrel(state: State, session: Session, frame: Frame) -> None:
    """A PUBREL came: the message that was kept is delivered now."""
    if frame.flags != 2:
        raise Refused(Ending.PROTOCOL)
    packet_id, _ = packets.read_ack(frame, session.version)
    state.say(log.received_ack("PUBREL", session.client_id, packet_id, None))
    message = session.incoming.pop(packet_id, None)
    if message is not None:
        route(state, message)
    state.say(log.sending_ack("PUBCOMP", session.client_id, packet_id, None))
    state.send(session, packets.ack(session.version, packets.PUBCOMP, packet_id))


def pubrec(state: State, session: Session, frame: Frame) -> None:
    """A PUBREC came: a receiver has a message of QoS 2, or (reason code 0x80 and above) does not want it."""
    packet_id, code = packets.read_ack(frame, session.version)
    state.say(log.received_ack("PUBREC", session.client_id, packet_id, None))
    item = session.find(packet_id)
    if item is not None and (item.qos != 2 or (code >= 0x80 and item.stage is not Stage.PUBREC)):
        raise Refused(Ending.PROTOCOL)
    if code >= 0x80:
        _finished(state, session, packet_id)
        return
    if item is None:
        state.say(log.unknown_packet_id("PUBREC", session.client_id, packet_id))
    else:
        item.stage = Stage.PUBCOMP
    state.say(log.sending_ack("PUBREL", session.client_id, packet_id, None))
    state.send(session, packets.ack(session.version, packets.PUBREL, packet_id))


def done(state: State, session: Session, frame: Frame) -> None:
    """A PUBACK or PUBCOMP came: a message has arrived for good."""
    packet_id, code = packets.read_ack(frame, session.version)
    state.say(log.received_ack(ACKS[frame.kind], session.client_id, packet_id, code))
    item = session.find(packet_id)
    if item is not None:
        if item.qos != (1 if frame.kind == packets.PUBACK else 2):
            raise Refused(Ending.PROTOCOL)
        if item.qos == 2 and item.stage is not Stage.PUBCOMP:
            raise Refused(Ending.PROTOCOL)
    _finished(state, session, packet_id)


def _finished(state: State, session: Session, packet_id: int) -> None:
    """A message leaves the flight, and makes room for others."""
    session.inflight = [item for item in session.inflight if item.packet_id != packet_id or not item.qos]
    flush(state, session)

"""Who gets a message, and when: the one place that decides it.

A message goes at once to everybody who is connected and has room in flight, waits where there is none, and
is dropped where the queue is full: Mosquitto 2.0.11's `src/subs.c` and `src/database.c`. The log has the
deliveries of a message right behind the line about its arrival, before the acknowledgement.
"""

from __future__ import annotations

from copper.broker.builtin import log
from copper.broker.builtin.packets import PUBREL, Message, ack, publish, publish_body
from copper.broker.builtin.properties import MESSAGE_EXPIRY, SUBSCRIPTION_ID, Properties, varint
from copper.broker.builtin.session import Outgoing, Session, Stage
from copper.broker.builtin.state import State
from copper.broker.builtin.topics import Subscription


def route(state: State, message: Message) -> bool:
    """Give a message to all who subscribe to its topic; whether there was anybody.

    An MQTT 3.1.1 client with overlapping filters gets it once, by the filter that is walked first; an MQTT 5
    client gets it once a filter.
    """
    found = False
    reached: set[str] = set()
    for subscribers in state.subscriptions.matching(message.topic):
        found = True
        for group in subscribers.shared.values():
            first = next(iter(group))
            group[first] = group.pop(first)
            _offer(state, group[first], message, reached)
        for subscription in subscribers.plain.values():
            if not (subscription.no_local and subscription.client_id == message.source):
                _offer(state, subscription, message, reached)
    if message.retain:
        state.retained.store(message.topic, message if message.payload else None)
    return found


def replay(state: State, session: Session, topic_filter: str, subscription: Subscription) -> None:
    """Put the retained messages of a new subscription into flight; `flush` sends them, after the SUBACK."""
    for message in state.retained.matching(topic_filter):
        if message.expires is None or state.now < message.expires:
            qos = min(message.qos, subscription.qos)
            packet_id = session.next_packet_id() if qos else 0
            item = Outgoing(message, packet_id, qos, retain=True, identifier=subscription.identifier)
            _admit(state, session, item)


def flush(state: State, session: Session) -> None:
    """Send what may go."""
    if not session.online:
        return
    session.refill()
    while any(item.stage in (Stage.SEND, Stage.RELEASE) for item in session.inflight):
        session.inflight = [item for item in session.inflight if _sent(state, session, item)]
        session.refill()


def _offer(state: State, subscription: Subscription, message: Message, reached: set[str]) -> None:
    """Deliver a live message by one subscription."""
    session = state.sessions[subscription.client_id]
    qos = min(message.qos, subscription.qos)
    # Drawn before anything else, as in Mosquitto: a gap in the packet ids is a message that did not go out.
    packet_id = session.next_packet_id() if qos else 0
    if session.version != 5 and session.client_id in reached:
        return
    retain = message.retain and subscription.retain_as_published
    if _admit(state, session, Outgoing(message, packet_id, qos, retain, subscription.identifier)):
        reached.add(session.client_id)
        flush(state, session)


def _admit(state: State, session: Session, item: Outgoing) -> bool:
    """Whether a message was taken, into flight or into the queue; the first one that is dropped is logged."""
    outcome = session.admit(item, state.limits.queued)
    if outcome == "dropped" and not session.dropping:
        session.dropping = True
        state.say(log.dropping(session.client_id))
    return outcome == "taken"


def _sent(state: State, session: Session, item: Outgoing) -> bool:
    """Send a message if it is due; whether it stays in flight."""
    if item.stage is Stage.RELEASE:
        state.say(log.sending_ack("PUBREL", session.client_id, item.packet_id, None))
        state.send(session, ack(session.version, PUBREL, item.packet_id))
        item.stage = Stage.PUBCOMP
    if item.stage is not Stage.SEND:
        return True
    expires = item.message.expires
    if expires is not None and state.now > expires:
        return False
    gone = _send(state, session, item)
    item.stage = Stage.PUBREC if item.qos == 2 else Stage.PUBACK
    item.dup = True
    return gone and item.qos > 0


def _send(state: State, session: Session, item: Outgoing) -> bool:
    """Send a message; False when it is larger than the client takes."""
    message, client = item.message, session.client_id
    what = {"dup": item.dup, "retain": item.retain}
    state.say(
        log.publish(
            "Sending PUBLISH to",
            client,
            qos=item.qos,
            packet_id=item.packet_id,
            topic=message.topic,
            size=len(message.payload),
            **what,
        )
    )
    body = publish_body(session.version, message, item.qos, item.packet_id, _properties(state, item))
    maximum = state.online[client].maximum_packet
    if maximum and len(body) + len(varint(len(body))) > maximum:
        state.say(log.too_large(client, len(body)))
        return False
    state.send(session, publish(body, item.qos, **what))
    return True


def _properties(state: State, item: Outgoing) -> Properties:
    """The properties of a message to one client, in Mosquitto's order."""
    identifier = ((SUBSCRIPTION_ID, item.identifier),) if item.identifier else ()
    left = 0 if item.message.expires is None else int(item.message.expires - state.now)
    expiry = ((MESSAGE_EXPIRY, left),) if left > 0 else ()
    return identifier + item.message.properties + expiry

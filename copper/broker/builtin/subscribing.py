"""SUBSCRIBE and UNSUBSCRIBE: Mosquitto 2.0.11's `src/handle_subscribe.c`, `src/handle_unsubscribe.c`.

The filters are read one by one, for each is logged before the next one may be found to be invalid.
"""

from __future__ import annotations

from copper.broker.builtin import log, packets
from copper.broker.builtin import properties as props
from copper.broker.builtin.delivery import flush, replay
from copper.broker.builtin.endings import Ending, Refused
from copper.broker.builtin.packets import Frame
from copper.broker.builtin.properties import Reader
from copper.broker.builtin.session import Session
from copper.broker.builtin.state import State
from copper.broker.builtin.topics import Subscription, valid_filter

NO_SUBSCRIPTION = 0x11


def subscribe(state: State, session: Session, frame: Frame) -> None:
    """A SUBSCRIBE came. What is retained is sent after the SUBACK."""
    state.say(log.received("SUBSCRIBE", session.client_id))
    if frame.flags != 2:
        raise Refused(Ending.MALFORMED)
    reader = Reader(frame.body)
    packet_id = packets.read_packet_id(reader)
    given = dict(packets.read_properties(reader, "SUBSCRIBE", session.version))
    identifier = given.get(props.SUBSCRIPTION_ID)
    if identifier == 0 or not reader.more():
        raise Refused(Ending.MALFORMED)
    codes = []
    while reader.more():
        topic_filter = _filter(reader, "subscription string", state.online[session.client_id].peer)
        options = packets.malformed(reader.number, 1)
        codes.append(_subscribe_to(state, session, topic_filter, options, identifier or 0))
    state.say(log.sending("SUBACK", session.client_id))
    state.send(session, packets.suback(session.version, packet_id, codes))
    flush(state, session)


def _filter(reader: Reader, what: str, who: str) -> str:
    topic_filter = packets.malformed(reader.string)
    if not topic_filter:
        raise Refused(Ending.MALFORMED)
    if not valid_filter(topic_filter):
        raise Refused(Ending.MALFORMED, log.invalid(what, who))
    return topic_filter


def _subscribe_to(state: State, session: Session, topic_filter: str, options: int, identifier: int) -> int:
    """Enter one filter and put what is retained for it into flight; gives back the granted QoS.

    MQTT 5 says in the options which retained messages are wanted: 0 all, 1 those of a new subscription, 2 none.
    """
    handling = options >> 4
    if session.version == 5:
        if handling > 2:
            raise Refused(Ending.MALFORMED)
        qos = options & 3
    else:
        handling, qos = 0, options
    if qos > 2:
        peer = state.online[session.client_id].peer
        raise Refused(Ending.MALFORMED, log.invalid("QoS in subscription command", peer))
    state.say(log.filter_asked(topic_filter, qos))
    if topic_filter == "$share":
        raise Refused(Ending.PROTOCOL)
    v5 = session.version == 5
    subscription = Subscription(session.client_id, qos, v5 and bool(options & 4), v5 and bool(options & 8), identifier)
    new = state.subscriptions.add(topic_filter, subscription)
    session.filters[topic_filter] = None
    shared = topic_filter.startswith("$share/")
    if not shared and (handling == 0 or (handling == 1 and new)):
        replay(state, session, topic_filter, subscription)
    return qos


def unsubscribe(state: State, session: Session, frame: Frame) -> None:
    """An UNSUBSCRIBE came."""
    state.say(log.received("UNSUBSCRIBE", session.client_id))
    if frame.flags != 2:
        raise Refused(Ending.MALFORMED)
    reader = Reader(frame.body)
    packet_id = packets.read_packet_id(reader)
    packets.read_properties(reader, "UNSUBSCRIBE", session.version)
    if not reader.more():
        raise Refused(Ending.MALFORMED)
    codes = []
    while reader.more():
        topic_filter = _filter(reader, "unsubscription string", session.client_id)
        state.say(log.filter_left(topic_filter))
        session.filters.pop(topic_filter, None)
        existed = state.subscriptions.remove(topic_filter, session.client_id)
        codes.append(0 if existed else NO_SUBSCRIPTION)
    state.say(log.sending("UNSUBACK", session.client_id))
    state.send(session, packets.unsuback(session.version, packet_id, codes))

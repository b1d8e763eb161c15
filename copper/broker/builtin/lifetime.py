"""How a client comes, goes, and is forgotten: CONNECT, takeover, wills, expiry.

Mosquitto 2.0.11's `src/handle_connect.c`, `src/context.c`, `src/session_expiry.c`, `src/will_delay.c`.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from copper.broker.builtin import log, packets
from copper.broker.builtin import properties as props
from copper.broker.builtin.delivery import flush, route
from copper.broker.builtin.endings import Ending, Refused
from copper.broker.builtin.packets import Connect, Frame
from copper.broker.builtin.session import FOREVER, Session
from copper.broker.builtin.state import Close, Connection, Send, State
from copper.broker.builtin.topics import writable


def connect(state: State, connection: Connection, frame: Frame) -> None:
    """A CONNECT came.

    Raises:
        Refused: the client can't be let in.
    """
    if connection.session is not None:
        connection.session.will, connection.session.expiry = None, 0
        raise Refused(Ending.PROTOCOL, log.connect_twice(connection.session.client_id))
    asked = packets.read_connect(frame, connection.peer)
    given = dict(asked.properties)
    client = asked.client_id or f"auto-{str(uuid.uuid4()).upper()}"
    if props.AUTH_METHOD in given:
        state.say(log.connack(client, 0x8C, present=False))
        state.wishes.append(Send(connection, packets.connack(5, 0x8C, present=False)))
        raise Refused(Ending.NOT_SUPPORTED)
    session, present = _session(state, client, asked)
    session.window = given.get(props.RECEIVE_MAXIMUM, state.limits.inflight)
    session.expiry = given.get(props.SESSION_EXPIRY, 0 if asked.clean or asked.version == 5 else FOREVER)
    connection.session, connection.keepalive = session, asked.keepalive
    connection.maximum_packet = given.get(props.MAXIMUM_PACKET, 0)
    state.sessions[client] = session
    state.online[client] = connection
    _welcome(state, connection, asked, session, present=present)
    session.resume()
    flush(state, session)


def _session(state: State, client: str, asked: Connect) -> tuple[Session, bool]:
    """The session of a new connection, and whether it is that of an earlier one."""
    old = state.sessions.get(client)
    present = old is not None and not asked.clean and old.expiry > 0
    if old is not None:
        _take_over(state, old, asked, present=present)
    session = old if old is not None and present else Session(client, asked.version)
    session.version, session.clean, session.will = asked.version, asked.clean, asked.will
    session.online, session.congested, session.dropping = True, False, False
    session.ends_at = session.will_at = None
    return session, present


def _take_over(state: State, old: Session, asked: Connect, *, present: bool) -> None:
    """End what is left of the client's earlier connection; its will counts only when its session ends."""
    if old.online:
        state.say(log.already_connected(old.client_id))
    if asked.clean:
        _unsubscribe(state, old)
    if not present and old.will is not None and not old.will.delay:
        _publish_will(state, old)
    connection = state.online.pop(old.client_id, None)
    if connection is not None:
        _close(state, connection)
    if not present:
        _forget(state, old)


def _welcome(state: State, connection: Connection, asked: Connect, session: Session, *, present: bool) -> None:
    """Log the new client, and answer it."""
    client = session.client_id
    state.say(
        log.new_client(
            connection.peer,
            connection.peer_port,
            client,
            version=asked.version,
            clean=asked.clean,
            keepalive=asked.keepalive,
            user=asked.username,
        )
    )
    if asked.will is None:
        state.say(log.no_will())
    else:
        message = asked.will.message
        state.say(*log.will(message.topic, len(message.payload), message.qos, retain=message.retain))
    state.say(log.connack(client, 0, present=present))
    assigned = () if asked.client_id else ((props.ASSIGNED_ID, client),)
    limits = (
        (props.MAXIMUM_PACKET, state.limits.packet),
        (props.RECEIVE_MAXIMUM, state.limits.inflight),
    )
    properties = ((props.ALIAS_MAXIMUM, state.limits.aliases), *assigned, *limits)
    state.send(session, packets.connack(asked.version, 0, present=present, properties=properties))


def end(state: State, connection: Connection, ending: Ending) -> None:
    """A connection ends: its client goes, maybe its will is published, maybe its session stays."""
    if not connection.open:
        return
    session = connection.session
    state.say(ending.value.format("<unknown>" if session is None else session.client_id))
    _close(state, connection)
    if session is None:
        return
    session.online = False
    del state.online[session.client_id]
    if session.will is not None and session.will.delay:
        session.will_at = state.now + session.will.delay
    else:
        _publish_will(state, session)
    if session.expiry == 0 and session.will_at is None:
        _forget(state, session)
    elif 0 < session.expiry < FOREVER:
        session.ends_at = state.now + session.expiry


def tick(state: State) -> None:
    """Time has passed: silent connections end, sessions expire, delayed wills are published."""
    for connection in list(state.sockets):
        if connection.keepalive and state.now - connection.heard > connection.keepalive * 3 // 2:
            end(state, connection, Ending.TIMEOUT)
    for session in list(state.sessions.values()):
        if session.ends_at is not None and state.now > session.ends_at:
            state.say(log.expiring(session.client_id))
            _publish_will(state, session)
            _forget(state, session)
        elif session.will_at is not None and state.now > session.will_at:
            _publish_will(state, session)
            if session.expiry == 0:
                _forget(state, session)


def stop(state: State) -> None:
    """The broker stops: whoever is connected leaves its will, and no end of a connection is logged."""
    state.say(log.terminating())
    for session in list(state.sessions.values()):
        _publish_will(state, session)
    for connection in list(state.sockets):
        _close(state, connection)


def _publish_will(state: State, session: Session) -> None:
    """Publish a will, if there is one; it is published once."""
    will, session.will, session.will_at = session.will, None, None
    if will is not None and writable(will.message.topic):
        expires = state.now + will.expiry if will.expiry else None
        route(state, replace(will.message, source=session.client_id, expires=expires))


def _close(state: State, connection: Connection) -> None:
    connection.open = False
    del state.sockets[connection]
    state.wishes.append(Close(connection))


def _unsubscribe(state: State, session: Session) -> None:
    for topic_filter in session.filters:
        state.subscriptions.remove(topic_filter, session.client_id)
    session.filters.clear()


def _forget(state: State, session: Session) -> None:
    _unsubscribe(state, session)
    del state.sessions[session.client_id]

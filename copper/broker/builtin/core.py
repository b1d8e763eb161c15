"""The broker without its sockets: what each packet does.

In come connections, bytes and the passing of time; out come log lines and bytes, in the order in which they
must be written (`state.Wish`). No socket, no file, no clock: `now` is in seconds of any clock that does not
step back. Whatever bytes a client sends, the worst that comes of it is the end of its own connection.
"""

from __future__ import annotations

from collections.abc import Callable

from copper.broker.builtin import lifetime, log, packets, publishing, subscribing
from copper.broker.builtin import properties as props
from copper.broker.builtin.endings import CODES, Ending, Refused
from copper.broker.builtin.packets import Frame, Framer
from copper.broker.builtin.session import Limits, Session
from copper.broker.builtin.state import Connection, Send, State, Wish

WITH_WILL = 0x04


class Core:
    """A broker: every method says what happened, and gives back what is to be done, in order."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._state = State(limits or Limits())

    def started(self, port: int) -> list[Wish]:
        """The broker listens on a port."""
        self._state.say(*log.starting(port))
        return self._wishes()

    def opened(self, peer: str, peer_port: int, port: int, now: float) -> tuple[Connection, list[Wish]]:
        """A socket was accepted on `port`."""
        connection = Connection(peer, peer_port, Framer(self._state.limits.packet), now)
        self._state.sockets[connection] = None
        self._state.say(log.new_connection(peer, peer_port, port))
        return connection, self._wishes()

    def received(self, connection: Connection, data: bytes, now: float) -> list[Wish]:
        """Bytes came, in whatever pieces."""
        self._state.now = now
        kind = None
        try:
            for frame in connection.framer.feed(data) if connection.open else ():
                kind = frame.kind
                _handle(self._state, connection, frame)
                kind = None
                connection.heard = now
                if not connection.open:
                    break
        except Refused as refused:
            _refuse(self._state, connection, refused, kind)
        return self._wishes()

    def congested(self, connection: Connection, *, full: bool) -> None:
        """The client's socket takes no more, or takes something again."""
        if connection.session is not None and connection.open:
            connection.session.congested = full

    def closed(self, connection: Connection, now: float) -> list[Wish]:
        """A socket is gone."""
        self._state.now = now
        lifetime.end(self._state, connection, Ending.CLOSED)
        return self._wishes()

    def tick(self, now: float) -> list[Wish]:
        """Time has passed; to be called about once a second."""
        self._state.now = now
        lifetime.tick(self._state)
        return self._wishes()

    def stopped(self, now: float) -> list[Wish]:
        """The broker is told to stop."""
        self._state.now = now
        lifetime.stop(self._state)
        return self._wishes()

    def _wishes(self) -> list[Wish]:
        wishes, self._state.wishes = self._state.wishes, []
        return wishes


def _handle(state: State, connection: Connection, frame: Frame) -> None:
    """Do what a packet asks for."""
    if frame.kind == packets.CONNECT:
        lifetime.connect(state, connection, frame)
    elif connection.session is None:
        raise Refused(Ending.PROTOCOL)
    elif frame.kind == packets.PUBLISH:
        publishing.publish(state, connection, connection.session, frame)
    elif frame.kind == packets.DISCONNECT:
        _disconnect(state, connection, connection.session, frame)
    elif frame.kind in HANDLERS:
        HANDLERS[frame.kind](state, connection.session, frame)
    else:
        raise Refused(Ending.PROTOCOL)


def _refuse(state: State, connection: Connection, refused: Refused, kind: int | None) -> None:
    """End a connection whose client sent what it must not; `kind` is that packet's, if it came whole."""
    session = connection.session
    if refused.line:
        state.say(refused.line)
    if refused.connack is not None:
        state.say(log.connack(connection.peer, refused.connack, present=False))
        state.wishes.append(Send(connection, packets.connack(4, refused.connack, present=False)))
    told = kind in TOLD or (kind is None and refused.ending is Ending.OVERSIZE)
    if told and session is not None and session.version == 5 and refused.ending in CODES:
        state.send(session, packets.disconnect(CODES[refused.ending]))
    lifetime.end(state, connection, refused.ending)


def _pingreq(state: State, session: Session, frame: Frame) -> None:
    del frame
    state.say(log.received("PINGREQ", session.client_id), log.sending("PINGRESP", session.client_id))
    state.send(session, packets.packet(packets.PINGRESP, 0, b""))


def _disconnect(state: State, connection: Connection, session: Session, frame: Frame) -> None:
    code, properties = packets.read_disconnect(frame, session.version)
    expiry = dict(properties).get(props.SESSION_EXPIRY, session.expiry)
    if expiry and not session.expiry:
        # MQTT 5, 3.14.2.2.2: a session that was to end now can't be kept after all.
        state.send(session, packets.disconnect(CODES[Ending.PROTOCOL]))
        raise Refused(Ending.PROTOCOL)
    session.expiry = expiry
    state.say(log.received("DISCONNECT", session.client_id))
    if frame.flags:
        raise Refused(Ending.PROTOCOL)
    if code != WITH_WILL:
        session.will = None
    lifetime.end(state, connection, Ending.DISCONNECT)


HANDLERS: dict[int, Callable[[State, Session, Frame], None]] = {
    packets.PUBACK: publishing.done,
    packets.PUBREC: publishing.pubrec,
    packets.PUBREL: publishing.pubrel,
    packets.PUBCOMP: publishing.done,
    packets.SUBSCRIBE: subscribing.subscribe,
    packets.UNSUBSCRIBE: subscribing.unsubscribe,
    packets.PINGREQ: _pingreq,
}

TOLD = {0, packets.PUBLISH, packets.SUBSCRIBE, packets.UNSUBSCRIBE}
"""Packets after which Mosquitto tells an MQTT 5 client why it closes the connection."""

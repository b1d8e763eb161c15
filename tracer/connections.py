"""How clients come and go: from an accepted socket to CONNACK, refusals, and the end of a connection.

Comes in: records about connections. Goes out: connect, refused and disconnect events; the will that a client's
end may set free is left to the caller. It keeps the sessions up to date, and knows nothing of messages.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from tracer import events as e
from tracer import records as r
from tracer.copies import Message
from tracer.session import Session
from tracer.sessions import Sessions

Events = list[e.Event]
NAMELESS_CAP = 1_000
"""Sockets without a client id that are remembered."""
FORGEABLE = 40
"""Lines after a New client line that its user name may have brought along: one call prints 999 bytes at most."""

REFUSALS = {
    1: "unsupported protocol version",
    2: "client identifier not valid",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorised",
    128: "unspecified error",
    129: "malformed packet",
    130: "protocol error",
    132: "unsupported protocol version",
    133: "client identifier not valid",
    134: "bad user name or password",
    135: "not authorised",
    136: "server unavailable",
    137: "server busy",
    138: "banned",
    140: "bad authentication method",
    149: "packet too large",
    151: "quota exceeded",
    154: "retain not supported",
    155: "QoS not supported",
    159: "connection rate exceeded",
}
"""The return codes of MQTT 3.1.1 (3.2.2.3) and the reason codes of MQTT 5 (3.2.2.2)."""


@dataclass(slots=True)
class Moment:
    """Where in the log we are: the line's time and number, and the count of lines read before it."""

    at: str | None
    line: int
    position: int


@dataclass(slots=True)
class Joining:
    """A client between its New client line and its CONNACK; `lines` counts what was not believed meanwhile."""

    record: r.NewClient
    moment: Moment
    will: r.WillSpecified | None = None
    will_topic: str | None = None
    lines: int = 0

    def introduction(self, client: str | None) -> r.Introduction | None:
        """What was said of this client; of None, the last reading, which is right for ordinary user names."""
        readings = self.record.introductions
        if client is None:
            return readings[-1] if readings else None
        return next((one for one in readings if one.client == client), None)


class Connections:
    """Clients as they come and go."""

    def __init__(self, sessions: Sessions) -> None:
        self._joining: Joining | None = None
        self._sessions = sessions
        self._nameless: OrderedDict[tuple[str, int | None], None] = OrderedDict()

    def doubts(self, record: r.Record, *, debug: bool) -> bool:
        """Whether Mosquitto can't have printed this record's line here.

        Between New client and its CONNACK stands nothing but its will (and $SYS/broker/log, with log_dest
        topic). A user name from a TLS certificate can hold newlines up to 2.0.15, and after each a whole line
        of its owner's choice (s38). Without debug lines (`debug`: there were some) no CONNACK is printed.
        """
        joining = self._joining
        if joining is None or joining.lines >= FORGEABLE or _is_sys(record) or not (record.packet or debug):
            return False
        if record.joining and not (isinstance(record, r.ConnAck) and self._is_anothers(record, joining)):
            return False
        joining.lines += 1
        return True

    def _is_anothers(self, record: r.ConnAck, joining: Joining) -> bool:
        """Whether this CONNACK is for somebody else than the client that is being let in.

        An id or user may be chosen so that one reading is a client that is there; Mosquitto throws that one out first.
        """
        if joining.introduction(record.client) is None:
            return True
        session = self._sessions.get(record.client)
        return len(joining.record.introductions) > 1 and session is not None and session.connected

    @property
    def is_joining(self) -> bool:
        """Whether a client is being let in."""
        return self._joining is not None

    def is_over(self, record: r.Record) -> bool:
        """Whether a client is still said to be let in, though this record shows that no CONNACK comes."""
        return self._joining is not None and not record.joining and not _is_sys(record)

    # -- coming -----------------------------------------------------------------------------------------------

    def new_connection(self, record: r.NewConnection, _: Moment) -> Events:
        """A socket that has no client id yet."""
        self._nameless[record.address, record.port] = None
        if len(self._nameless) > NAMELESS_CAP:
            self._nameless.popitem(last=False)
        return []

    def connection_refused(self, record: r.ConnectionRefused, now: Moment) -> Events:
        """A socket that never gets one."""
        return [e.Refused(now.at, now.line, None, record.address, record.reason)]

    def new_client(self, record: r.NewClient, now: Moment) -> Events:
        """A client is let in; who it is, its CONNACK says."""
        self._nameless.pop((record.address, record.port), None)
        self._joining = Joining(record, now)
        return []

    def will_specified(self, record: r.WillSpecified, _: Moment) -> Events:
        """The client that is being let in has a will; its topic is the next line."""
        if self._joining is not None:
            self._joining.will = record
        return []

    def will_topic(self, topic: str) -> bool:
        """Whether this indented line is the topic of the will that was just announced."""
        joining = self._joining
        if joining is None or joining.will is None or joining.will_topic is not None:
            return False
        joining.will_topic = topic
        return True

    def connack(self, record: r.ConnAck, now: Moment) -> Events:
        """A client is connected, or somebody is refused."""
        joining, self._joining = self._joining, None
        if record.code:
            # also after New client, where its keepalive is above max_keepalive
            return [self._refuse(record, now)]
        return [self._connect(joining, record.client, now, present=record.session_present)]

    def without_connack(self) -> Events:
        """The log has no debug lines, so nothing more will be said of the client that was let in, if any."""
        joining, self._joining = self._joining, None
        introduction = joining.introduction(None) if joining is not None else None
        if joining is None or introduction is None:
            return []
        return [self._connect(joining, introduction.client, joining.moment, present=None)]

    def _connect(self, joining: Joining | None, client: str, moment: Moment, *, present: bool | None) -> e.Event:
        introduction = joining.introduction(client) if joining is not None else None
        if joining is None or introduction is None:
            joining = None
        clean = introduction.clean if introduction else None
        session = self._sessions.connect(client, present=not clean if present is None else present)
        session.clean = clean
        session.had_five = session.had_five or session.protocol == "5.0"
        protocol, bridge = introduction.protocol if introduction else None, bool(joining and joining.record.bridge)
        if (protocol, bridge) != (session.protocol, session.bridge):
            session.keeps_retain = None
        session.protocol, session.bridge = protocol, bridge
        session.address, session.port = (joining.record.address, joining.record.port) if joining else (None, None)
        session.will = _will(session, joining, moment.position) if joining else None
        will = session.will
        return e.Connect(
            at=moment.at,
            line=moment.line,
            client=client,
            address=session.address,
            port=session.port,
            user=introduction.user if introduction else None,
            protocol=session.protocol,
            clean=clean,
            keepalive=introduction.keepalive if introduction else None,
            session_present=present,
            will=e.WillFacts(will.topic, will.qos, will.retain, will.size) if will else None,
        )

    def _refuse(self, record: r.ConnAck, moment: Moment) -> e.Event:
        """Up to 2.0.12 an address is refused; since then the id that a stranger claims, whosever it is."""
        reason = REFUSALS.get(record.code, f"code {record.code}")
        addresses = {address for address, _ in self._nameless}
        if record.client in addresses:
            return e.Refused(moment.at, moment.line, None, record.client, reason)
        session = self._sessions.get(record.client)
        if session is not None and session.connected:
            session.strangers += 1
        address = next(iter(addresses)) if len(addresses) == 1 else None
        return e.Refused(moment.at, moment.line, record.client, address, reason)

    def bridge_connected(self, record: r.BridgeConnected, now: Moment) -> Events:
        """Our broker's own bridge reached the other broker; the log says no more of it."""
        session = self._sessions.of(record.client)
        if not session.bridge:
            session.keeps_retain = None
        session.connected = session.bridge = True
        self._sessions.changed(session)
        session.window = 1
        return [e.Connect(now.at, now.line, record.client, None, None, None, None, None, None, None, None)]

    def sign(self, record: r.Sign, _: Moment) -> Events:
        """A client that may have connected before the log began."""
        self._sessions.of(record.client)
        return []

    # -- going ------------------------------------------------------------------------------------------------

    def goodbye(self, record: r.DisconnectIn, _: Moment) -> Events:
        """The client says that it goes; that it is gone is the next line."""
        self._sessions.of(record.client).goodbye = True
        return []

    def leave(self, session: Session, reason: str, now: Moment) -> Events:
        """A connection is gone; its session stays where it may (the next CONNACK will say)."""
        session.will = None
        self._sessions.disconnect(session)
        return [e.Disconnect(now.at, now.line, session.client, reason)]

    def already_connected(self, record: r.AlreadyConnected, now: Moment) -> Events:
        """1.6 and 2.0: a client's old connection is closed, since a new one with its id is let in."""
        session = self._sessions.of(record.client)
        session.will = None
        session.connected = False
        self._sessions.changed(session)
        return [e.Disconnect(now.at, now.line, record.client, "takeover")]

    def expired(self, record: r.Expired, now: Moment) -> Events:
        """An absent client's session is thrown away."""
        session = self._sessions.get(record.client)
        if session is not None and session.connected:
            return []
        self._sessions.remove(record.client)
        return [e.Disconnect(now.at, now.line, record.client, "expired")]

    def ended(self, record: r.Disconnected, *, debug: bool) -> Session | None:
        """The session whose connection ended; None where it was a nameless one, or a refused stranger's.

        Without debug lines no CONNACK says that a stranger was refused: it is one that came, and got no id.
        """
        session = self._sessions.get(record.client)
        if record.address is not None:
            self._nameless.pop((record.address, record.port), None)
        if session is None or not session.connected:
            self._forget_nameless(record)
            return None
        if record.address is not None and session.address is not None:
            return session if (record.address, record.port) == (session.address, session.port) else None
        strange = record.reason == "unauthorised" and not debug and bool(self._nameless)
        if session.strangers or strange:
            session.strangers = max(0, session.strangers - 1)
            self._forget_nameless(record)
            return None
        return session

    def _forget_nameless(self, record: r.Disconnected) -> None:
        """Without an address in the line, it is most likely the youngest."""
        if record.address is None and self._nameless:
            self._nameless.popitem()


def _is_sys(record: r.Record) -> bool:
    return isinstance(record, r.PublishOut) and record.topic.startswith("$SYS/")


def _will(session: Session, joining: Joining, position: int) -> Message | None:
    told = joining.will
    if told is None or joining.will_topic is None:
        return None
    late = session.protocol == "5.0"
    return Message(
        session.client, joining.will_topic, told.size, told.qos, told.retain, position, is_will=True, late=late
    )

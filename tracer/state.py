"""Records → events: what the lines of a log, one after the other, say that happened.

It reads no text. What is left in this file is order, and who is asked: connections.py (how clients come and go),
subscribing.py, messages.py; and attribution.py, whose message a copy is: the theory, its open ends and the rule
for the next editor stand at its head.
Order: the handling of one message ends with the first line whose record is not `inside`; a publish or delivery
waits for the next line, which may take it back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tracer import events as e
from tracer import records as r
from tracer.attribution import Attribution
from tracer.connections import Connections, Events, Moment
from tracer.copies import Message
from tracer.messages import Messages
from tracer.routing import Dialect
from tracer.session import Session
from tracer.sessions import Sessions
from tracer.subscribing import Echo, Subscribing


class State:
    """The state of one broker, as its log tells it.

    Attributes:
        sessions: who is known; the grammar asks it for the ids that may stand in a line.
        version: the broker's version, None as long as the log has not said it.
        attribution: whose message a copy is.
    """

    def __init__(self) -> None:
        self.sessions = Sessions()
        self.version: str | None = None
        self._dialect = Dialect()
        self.attribution = Attribution(self.sessions, self._dialect)
        self._connections = Connections(self.sessions)
        self._subscribing = Subscribing(self.sessions)
        self._messages = Messages(self.sessions, self.attribution)
        self._debug = False
        self._taken_over: str | None = None
        self._now = Moment(None, 0, 0)
        self._handlers = self._table()

    @property
    def echo(self) -> Echo | None:
        """What the next line may be without being a line to read (subscribing.py)."""
        return self._subscribing.echo

    @property
    def is_old(self) -> bool:
        """Whether a 1.6 wrote the log."""
        return self._dialect.batches

    @property
    def fallen_out(self) -> int:
        """Copies that were not kept waiting for their receiver, since too many were."""
        return self.attribution.routing.fallen_out

    def doubts(self, record: r.Record) -> bool:
        """Whether Mosquitto can't have printed this record's line here."""
        return self._connections.doubts(record, debug=self._debug)

    def choose(self, readings: r.Readings) -> r.Record:
        """Which of several readings to take: a copy that is due; one whose receiver can get its topic; else the last.

        The last has the longest id: text that looks like the middle of a PUBLISH line stands more likely in an
        id that was chosen for it than in a topic of a client whose id happens to be how that other id begins.
        """
        copies = [one for one in readings.records if isinstance(one, r.PublishOut)]
        for is_it in (self._is_due, self.attribution.is_expected):
            fitting = [one for one in copies if is_it(one)]
            if fitting:
                return fitting[-1]
        return readings.records[-1]

    def _is_due(self, record: r.PublishOut) -> bool:
        """Whether such a message is being handed out, or waits for this receiver."""
        block, session = self.attribution.block, self.sessions.get(record.client)
        due = [copy.message for copy in session.waiting] if session is not None else []
        if block is not None:
            due.append(block.message)
        return any((one.topic, one.size) == (record.topic, record.size) for one in due)

    def step(self, record: r.Record, moment: Moment) -> Events:
        """What this record completes, in the order of the lines."""
        self._now = moment
        if not isinstance(record, r.Note):
            self._subscribing.echo = None
        self._debug = (self._debug or record.packet) and not isinstance(record, r.Reloading)
        events = self._messages.release(record)
        if self._connections.is_over(record):
            events += self._connections.without_connack()
        if not record.inside and not self._is_own_pubrec(record):
            events += self._close(record)
        handler = self._handlers.get(type(record))
        if handler is not None:
            events += handler(record, moment)
        return events

    def pass_over(self) -> Events:
        """A line that is none of ours, or only continues the one before."""
        return self.rest()

    def rest(self) -> Events:
        """No line follows for now, so the last delivery stands."""
        return self._messages.release(None)

    def finish(self) -> Events:
        """The log is over: what waited for its next line."""
        return self._messages.release(None) + self._connections.without_connack() + self._close(None)

    @property
    def is_plain(self) -> bool:
        """Whether the next line may say what it looks like, and messages are handed out in blocks."""
        ending = self.attribution.stopping
        return not (self._subscribing.echo or self._connections.is_joining or ending or self._dialect.batches)

    def _is_own_pubrec(self, record: r.Record) -> bool:
        """After the deliveries of a PUBREL, more of its publisher's messages may be taken in (s13)."""
        block = self.attribution.block
        if block is None or not isinstance(record, r.AckOut) or record.kind != "PUBREC":
            return False
        return block.message.qos == 2 and block.message.sender == record.client

    def _close(self, record: r.Record | None) -> Events:
        """The handling of one message is over."""
        attribution = self.attribution
        # 2.1 says that it ends only after the wills of those who are connected
        ends = isinstance(record, r.BrokerState) and record.state == "terminating"
        attribution.stopping = attribution.stopping or ends
        if self._taken_over is not None and isinstance(record, r.NewClient):
            clean = any(one.client == self._taken_over and one.clean for one in record.introductions)
            attribution.taken_over(clean=clean)
        self._taken_over = None
        events = self._messages.decide(_named(record))
        attribution.close()
        attribution.draining = None
        return events

    def _broker(self, record: r.BrokerState, now: Moment) -> Events:
        is_other, self.version = record.version != self.version, record.version
        attribution = self.attribution
        self._dialect.batches = record.version.startswith("1.")
        if is_other:
            self._dialect.newest = self._dialect.duplicates = not record.version.startswith(("1.", "2.0."))
        if record.state == "starting":
            self._debug = False
            attribution.restart()
            self.sessions.restart(in_order=attribution.stopping)
        attribution.stopping = record.state == "terminating"
        return [e.Broker(now.at, now.line, record.version, record.state)]

    # -- who comes and goes, and with what will ---------------------------------------------------------------

    def _new_client(self, record: r.NewClient, now: Moment) -> Events:
        if self.version is None and record.port is None:
            self._dialect.batches = True
        return self._connections.new_client(record, now)

    def _connack(self, record: r.ConnAck, now: Moment) -> Events:
        if record.code == 0:
            self.attribution.took_over(record.client, present=record.session_present)
            self.attribution.wills.came_back(record.client)
            if record.session_present:
                self.attribution.draining = record.client
        return self._connections.connack(record, now)

    def _bridge_connected(self, record: r.BridgeConnected, now: Moment) -> Events:
        self.attribution.draining = record.client
        return self._connections.bridge_connected(record, now)

    def _already_connected(self, record: r.AlreadyConnected, now: Moment) -> Events:
        session = self.sessions.of(record.client)
        will = session.will
        events = self._connections.already_connected(record, now)
        self._taken_over = record.client
        if will is not None:
            # published where the old or the new session is a clean one, and in 1.6 never
            self._expect_will(replace(will, late=False, certain=_ends_with_connection(session)))
        return events

    def _disconnected(self, record: r.Disconnected, now: Moment) -> Events:
        session = self._connections.ended(record, debug=self._debug)
        if session is None:
            return []
        will, clean = session.will, session.goodbye or record.reason == "disconnect"
        events = self._connections.leave(session, record.reason, now)
        if will is not None and record.reason == "takeover":
            # since 2.1 it is published before this line; here it is one of which nobody got a copy at once
            self._taken_over = record.client
            self._expect_will(replace(will, late=False, certain=_ends_with_connection(session)))
        elif will is not None:
            # MQTT 5 has a goodbye that asks for the will (0x04): if it was that one, it is published now
            late = will.late and not clean
            self._expect_will(replace(will, late=late, certain=not clean and not late))
        return events

    def _expired(self, record: r.Expired, now: Moment) -> Events:
        will = self.attribution.wills.due.pop(record.client, None)
        if will is not None:
            self.attribution.expect(will)
        return self._connections.expired(record, now)

    def _expect_will(self, will: Message) -> None:
        """In 2.x the copies of it follow at once; 1.6 writes them later, among others."""
        if not self._dialect.batches:
            self.attribution.expect(will)
        elif will.certain:
            self.attribution.accept(will)
        elif will.late:
            self.attribution.wills.due[will.sender] = will

    def _indented(self, record: r.Indented, now: Moment) -> Events:
        if self._connections.will_topic(record.text):
            return []
        return self._subscribing.filter(record, now)

    def _suback(self, _record: r.SubAck, _: Moment) -> Events:
        session, granted = self._subscribing.end()
        if session is not None:
            self.attribution.subscribed(session, granted)
        return []

    def _table(self) -> dict[type[r.Record], Callable[[Any, Moment], Events]]:
        """Who handles which record; all others change nothing but the order."""
        return {
            r.BrokerState: self._broker,
            r.NewConnection: self._connections.new_connection,
            r.ConnectionRefused: self._connections.connection_refused,
            r.NewClient: self._new_client,
            r.WillSpecified: self._connections.will_specified,
            r.ConnAck: self._connack,
            r.Sign: self._connections.sign,
            r.DisconnectIn: self._connections.goodbye,
            r.AlreadyConnected: self._already_connected,
            r.Disconnected: self._disconnected,
            r.Expired: self._expired,
            r.BridgeConnected: self._bridge_connected,
            r.CutBegin: self._subscribing.begin_cut,
            r.SubscribeIn: self._subscribing.begin,
            r.UnsubscribeIn: self._subscribing.begin,
            r.Indented: self._indented,
            r.SubAck: self._suback,
            r.BridgeSubscribe: self._subscribing.bridge,
            r.PublishIn: self._messages.publish_in,
            r.PublishDenied: self._messages.publish_denied,
            r.PublishTooLarge: self._messages.publish_too_large,
            r.PublishRejected: self._messages.publish_rejected,
            r.AckIn: self._messages.ack_in,
            r.AckOut: self._messages.ack_out,
            r.PublishOut: self._messages.publish_out,
            r.OutTooLarge: self._messages.out_too_large,
            r.OutDropped: self._messages.out_dropped,
            r.OutDenied: self._messages.out_denied,
        }


def _ends_with_connection(session: Session) -> bool:
    """Whether no other client can take the session over."""
    return bool(session.clean) and session.protocol != "5.0"


def _named(record: r.Record | None) -> set[str]:
    """Whose will may stand before this record: of a client that is taken over (2.1) or whose session is replaced."""
    if isinstance(record, r.Disconnected):
        return {record.client}
    if isinstance(record, r.NewClient):
        return {one.client for one in record.introductions}
    return set()

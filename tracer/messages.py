"""Messages on their way: publishers' packets to the broker, and the copies to subscribers.

Comes in: records of PUBLISH packets, their acknowledgements and refusals. Goes out: publish, will, deliver, deny
and drop events. Whose message a copy is, attribution.py says. A publish or delivery waits for the next line:
Mosquitto says only after `Received PUBLISH` that the message was refused, and only after `Sending PUBLISH` that
the packet was too large for its receiver or the queue to it full.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracer import events as e
from tracer import records as r
from tracer.attribution import Attribution, Origin
from tracer.connections import Events, Moment
from tracer.copies import Message
from tracer.sessions import Sessions

REFUSALS: dict[int, tuple[type[e.Deny], str]] = {
    135: (e.Deny, "not authorised"),
    149: (e.Drop, "too large"),
    151: (e.Drop, "quota exceeded"),
}
"""Reason codes of PUBACK and PUBREC (MQTT 5, 3.4.2.1): whether and why a message was not taken."""


class Messages:
    """The messages of one broker."""

    def __init__(self, sessions: Sessions, attribution: Attribution) -> None:
        self._sessions = sessions
        self._attribution = attribution
        self._held: e.Event | None = None
        self._undecided: list[tuple[r.PublishOut, Moment]] = []

    # -- to the broker ----------------------------------------------------------------------------------------

    def publish_in(self, record: r.PublishIn, now: Moment) -> Events:
        """A message comes in. At QoS 2 it is handed out only at its PUBREL."""
        session = self._sessions.of(record.client)
        message = Message(record.client, record.topic, record.size, record.qos, record.retain, now.position)
        if record.qos == 2:
            session.receive(record.mid, message)
            return []
        if record.qos == 1 and record.dup and session.may_have_sent(record.mid):
            self._sessions.unsettled += 1
        if record.qos == 1 and session.is_again(record.mid, record.topic, record.size, dup=record.dup):
            self._attribution.accept(message)
            return []
        return self._publish(message, now)

    def _publish(self, message: Message, now: Moment) -> Events:
        """Holds the event back: the next line may say that the message was refused after all."""
        self._attribution.accept(message)
        sender, topic, qos, retain = message.sender, message.topic, message.qos, message.retain
        self._held = e.Publish(now.at, now.line, sender, topic, qos, retain, message.size)
        return []

    def ack_in(self, record: r.AckIn, now: Moment) -> Events:
        """A publisher releases a message, or a subscriber acknowledges a copy, which makes place for the next."""
        session = self._sessions.of(record.client)
        if record.kind == "PUBREL":
            message = session.releasing.pop(record.mid, None)
            return self._publish(replace(message, position=now.position), now) if message else []
        if record.kind != "PUBREC":
            session.inflight.pop(record.mid, None)
        self._attribution.draining = record.client
        return []

    def ack_out(self, record: r.AckOut, now: Moment) -> Events:
        """An error code says that a message was not taken, if no line before has said it (s09)."""
        if not _is_error(record):
            return []
        held, self._held = self._held, None
        topic, size = (held.topic, held.bytes) if isinstance(held, e.Publish) else (None, None)
        if record.kind == "PUBREC":
            message = self._sessions.of(record.client).releasing.pop(record.mid, None)
            topic, size = (message.topic, message.size) if message else (None, None)
        if topic is None:
            return []
        kind, reason = REFUSALS.get(record.code or 0, (e.Drop, f"code {record.code}"))
        return [_refused(kind, now, record.client, topic, size, "in", reason)]

    def publish_denied(self, record: r.PublishDenied, now: Moment) -> Events:
        """A message was refused, by a plugin also after its Received line."""
        self._held = None
        self._sessions.of(record.client).releasing.pop(record.mid, None)
        return [_refused(e.Deny, now, record.client, record.topic, record.size, "in", "not authorised")]

    def publish_too_large(self, record: r.PublishTooLarge, now: Moment) -> Events:
        """A message above message_size_limit."""
        return [_refused(e.Drop, now, record.client, record.topic, record.size, "in", "too large")]

    def publish_rejected(self, record: r.PublishRejected, now: Moment) -> Events:
        """2.1: a plugin's quota is used up."""
        held, self._held = self._held, None
        topic, size = (held.topic, held.bytes) if isinstance(held, e.Publish) else (None, None)
        return [_refused(e.Drop, now, record.client, topic, size, "in", "quota exceeded")]

    # -- to subscribers ---------------------------------------------------------------------------------------

    def publish_out(self, record: r.PublishOut, now: Moment) -> Events:
        """A copy is sent, for the first time or again."""
        if self._attribution.is_void(record):
            return []
        session = self._sessions.of(record.client)
        if record.dup and session.inflight.get(record.mid) == record.topic:
            return []
        if record.dup:
            # it was sent before this log began, or it waited here: only then it is a new delivery
            origin = self._attribution.waited(record, session)
        else:
            origin = self._attribution.explain(record, session)
            if origin is None:
                self._undecided.append((record, now))
        if record.qos:
            session.send(record.mid, record.topic)
        return self._deliver(record, origin, now) if origin is not None else []

    def _deliver(self, record: r.PublishOut, origin: Origin, now: Moment) -> Events:
        """Holds the delivery back; its will's event, if this is the first sign of it, is out at once."""
        qos, retain, size = record.qos, record.retain, record.size
        sender, via, proof = origin.sender, origin.via, origin.proof
        self._held = e.Deliver(now.at, now.line, record.client, record.topic, qos, retain, size, sender, via, proof)
        return [_will_event(origin.will, now)] if origin.will is not None else []

    def release(self, record: r.Record | None) -> Events:
        """The event that was held back, unless this record takes it back (None: no line follows for now)."""
        held = self._held
        if held is None:
            return []
        if record is not None and self._takes_back(record):
            if isinstance(held, e.Publish):
                self._attribution.cancel(held.client)
            return []
        self._held = None
        return [held]

    def _takes_back(self, record: r.Record) -> bool:
        held = self._held
        if isinstance(held, e.Deliver):
            return isinstance(record, r.OutTooLarge | r.OutDropped) and record.client == held.client
        if not isinstance(held, e.Publish):
            return False
        if isinstance(record, r.PublishDenied):
            return (record.client, record.topic, record.size) == (held.client, held.topic, held.bytes)
        if isinstance(record, r.AckOut):
            return record.kind == "PUBACK" and _is_error(record) and record.client == held.client
        return isinstance(record, r.PublishRejected) and record.client == held.client

    def decide(self, named: set[str]) -> Events:
        """Copies of which several senders were possible; the line that follows may name the one (of a will)."""
        undecided, self._undecided = self._undecided, []
        self._attribution.look_back([copy for copy, _ in undecided])
        events: Events = []
        for copy, moment in undecided:
            session = self._sessions.of(copy.client)
            events += self._deliver(copy, self._attribution.of_undecided(copy, session, named), moment)
            events += self.release(None)
        return events

    def out_too_large(self, record: r.OutTooLarge, now: Moment) -> Events:
        """The copy of the line before was not sent."""
        held, self._held = self._held, None
        if self._undecided and self._undecided[-1][0].client == record.client:
            copy, _ = self._undecided.pop()
            self._sessions.of(record.client).inflight.pop(copy.mid, None)
            return [_refused(e.Drop, now, record.client, copy.topic, copy.size, "out", "too large")]
        if not isinstance(held, e.Deliver):
            return [_refused(e.Drop, now, record.client, None, record.size, "out", "too large")]
        if held.qos:
            self._sessions.of(record.client).inflight.popitem()
        return [_refused(e.Drop, now, record.client, held.topic, held.bytes, "out", "too large")]

    def out_dropped(self, record: r.OutDropped, now: Moment) -> Events:
        """A copy was thrown away: that of the line before, where it went to this client; else the block's message."""
        held, self._held = self._held, None
        if self._undecided and self._undecided[-1][0].client == record.client:
            copy, _ = self._undecided.pop()
            return [_refused(e.Drop, now, record.client, copy.topic, copy.size, "out", "queue full")]
        if isinstance(held, e.Deliver):
            return [_refused(e.Drop, now, record.client, held.topic, held.bytes, "out", "queue full")]
        message = self._attribution.dropped()
        topic, size = (message.topic, message.size) if message else (None, None)
        return [_refused(e.Drop, now, record.client, topic, size, "out", "queue full")]

    def out_denied(self, record: r.OutDenied, now: Moment) -> Events:
        """2.1: a plugin refused a copy."""
        reason = "quota exceeded" if record.topic is None else "not authorised"
        return [_refused(e.Deny, now, record.client, record.topic, record.size, "out", reason)]


def _is_error(record: r.AckOut) -> bool:
    return record.code is not None and record.code >= 128


def _will_event(will: Message, now: Moment) -> e.Event:
    """The broker published a client's will."""
    return e.Will(now.at, now.line, will.sender, will.topic, will.qos, will.retain, will.size)


def _refused(kind: type[e.Deny], now: Moment, client: str, *what: Any) -> e.Event:
    """`what`: topic, bytes, direction, reason."""
    return kind(now.at, now.line, client, *what)

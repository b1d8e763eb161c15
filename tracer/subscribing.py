"""SUBSCRIBE and UNSUBSCRIBE: blocks of lines, one filter a line.

Comes in: the records of such a block. Goes out: an event a filter, and what the next line may be. It keeps the
filters of the sessions up to date.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracer import events as e
from tracer import records as r
from tracer import topics
from tracer.connections import Events, Moment
from tracer.copies import Subscription
from tracer.session import Session
from tracer.sessions import Sessions

LEAST_LEFT = 499
"""Bytes that are left of a text that is cut, at the least (grammar.LEFT_1_6; 2.x leaves more, but for odd prefixes)."""


@dataclass(frozen=True, slots=True)
class Echo:
    """A line that may come: `I F` after the filter of an UNSUBSCRIBE, else (`topic_filter` is None) `I n F`.

    `is_begin`: only the begin of the id is known, since it is longer than a line.
    """

    client: bytes
    is_begin: bool
    topic_filter: bytes | None

    def is_in(self, text: bytes, *, cut: bool) -> bool:
        """Whether a line's text is this line, or what is left of it."""
        may_be_cut = cut or len(text) >= LEAST_LEFT
        if self.is_begin:
            return text.startswith(self.client) or (may_be_cut and self.client.startswith(text))
        if self.topic_filter is not None:
            whole = self.client + b" " + self.topic_filter
        else:
            # the QoS says enough: no other line that may follow a filter has such a digit there
            place = len(self.client) + 1
            whole = self.client + b" " + (text[place:] if text[place : place + 1] in {b"0", b"1", b"2"} else b"")
        return text == whole or (may_be_cut and whole.startswith(text))


class Subscribing:
    """The open block.

    Attributes:
        echo: the line that log_type subscribe or unsubscribe prints after the filter that was just read. It
            begins with a client id, so whoever chooses ids and filters can make it look like any other line
            (s23): it must be told apart before it is read. None where no such line can come.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.echo: Echo | None = None
        self._sessions = sessions
        self._client: bytes | None = None
        self._is_cut = False
        self._session: Session | None = None
        self._wanted = True
        self._granted: list[Subscription] = []

    def begin(self, record: r.SubscribeIn | r.UnsubscribeIn, _: Moment) -> Events:
        """A SUBSCRIBE or UNSUBSCRIBE begins."""
        self._session = self._sessions.of(record.client)
        self._client, self._is_cut = record.client.encode(), False
        self._granted = []
        self._wanted = isinstance(record, r.SubscribeIn)
        return []

    def begin_cut(self, record: r.CutBegin, _: Moment) -> Events:
        """It begins, and whose it is was cut: no event is made of its filters, but their echoes are no lines either."""
        self.end()
        self._client, self._is_cut = record.client, True
        return []

    def end(self) -> tuple[Session | None, list[Subscription]]:
        """Its acknowledgement is sent: the client, and the filters that it has new."""
        session, self._session = self._session, None
        self._client = None
        granted, self._granted = self._granted, []
        return session, granted

    def filter(self, record: r.Indented, moment: Moment) -> Events:
        """One line of the open block."""
        session = self._session
        if self._client is not None and not (self._wanted and record.denied):
            topic_filter = None if self._wanted else record.text.encode()
            self.echo = Echo(self._client, self._is_cut, topic_filter)
        if session is None:
            return []
        if not self._wanted:
            self._sessions.unsubscribe(session, record.text)
            return [e.Unsubscribe(moment.at, moment.line, session.client, record.text)]
        if record.filter is None:
            return []
        return self._subscribe(session, record.filter, record.qos, moment, granted=not record.denied)

    def bridge(self, record: r.BridgeSubscribe, moment: Moment) -> Events:
        """Our broker's own bridge takes local messages, whether or not it has reached the other broker."""
        is_new = record.client not in self._sessions
        session = self._sessions.of(record.client)
        session.bridge = True
        session.connected = session.connected and not is_new
        return self._subscribe(session, record.filter, None, moment, granted=True)

    def _subscribe(self, session: Session, logged: str, qos: int | None, moment: Moment, *, granted: bool) -> Events:
        group, plain = topics.split_share(logged)
        if granted:
            best = 2 if qos is None else qos
            subscription = Subscription(session.client, logged, plain, group, best, moment.position)
            self._sessions.subscribe(session, logged, subscription)
            self._granted.append(subscription)
        return [e.Subscribe(moment.at, moment.line, session.client, logged, qos, granted, group)]

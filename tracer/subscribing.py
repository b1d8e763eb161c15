"""SUBSCRIBE and UNSUBSCRIBE: blocks of lines, one filter a line.

Comes in: the records of such a block. Goes out: an event a filter, and what the next line may be. It keeps the
filters of the sessions up to date.
"""

from __future__ import annotations

from tracer import events as e
from tracer import records as r
from tracer import topics
from tracer.connections import Events, Moment
from tracer.copies import Subscription
from tracer.sessions import Session, Sessions


class Subscribing:
    """The open block.

    Attributes:
        echo: the line that log_type subscribe or unsubscribe prints after the filter that was just read. It
            begins with a client id, so whoever chooses ids and filters can make it look like any other line
            (s23): it must be told apart before it is read. None where no such line can come.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.echo: str | None = None
        self._sessions = sessions
        self._session: Session | None = None
        self._wanted = True
        self._granted: list[Subscription] = []

    def begin(self, record: r.SubscribeIn | r.UnsubscribeIn, _: Moment) -> Events:
        """A SUBSCRIBE or UNSUBSCRIBE begins."""
        self._session = self._sessions.of(record.client)
        self._granted = []
        self._wanted = isinstance(record, r.SubscribeIn)
        return []

    def end(self) -> tuple[Session | None, list[Subscription]]:
        """Its acknowledgement is sent: the client, and the filters that it has new."""
        session, self._session = self._session, None
        granted, self._granted = self._granted, []
        return session, granted

    def filter(self, record: r.Indented, moment: Moment) -> Events:
        """One line of the open block."""
        session = self._session
        if session is None:
            return []
        if not self._wanted:
            self.echo = f"{session.client} {record.text}"
            self._sessions.unsubscribe(session, record.text)
            return [e.Unsubscribe(moment.at, moment.line, session.client, record.text)]
        if record.filter is None:
            return []
        if not record.denied:
            self.echo = f"{session.client} {record.qos} {record.filter}"
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

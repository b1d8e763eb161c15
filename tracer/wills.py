"""Wills that no line announces, or that may have been published before anybody was there to get a copy.

Comes in: wills of clients that are gone, and copies. Goes out: the wills that a copy may be of, the likeliest first.
Which of them it is, attribution.py says. A delay (MQTT 5) is never logged, and of a will nothing is logged but
its copies: they are told apart by topic, size, and the order in which Mosquitto goes through the filters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from tracer import renaming
from tracer.copies import Message
from tracer.records import PublishOut
from tracer.routing import Dialect, Routing
from tracer.session import Session
from tracer.sessions import Sessions
from tracer.stored import Stored

PERHAPS_CAP = 1_000
"""Wills that may have been published without a line, since nobody was there to get a copy at once."""


class Wills:
    """The wills of one broker.

    Attributes:
        due: by client: its connection is lost, and the will may come at any time (MQTT 5).
        perhaps: they may have been published; only copies from a queue, or of a stored message, can tell.
        last: at the end of the broker, the last one that was published in the order of the clients.
    """

    def __init__(self, sessions: Sessions, dialect: Dialect, routing: Routing) -> None:
        self.due: dict[str, Message] = {}
        self.perhaps: deque[Message] = deque(maxlen=PERHAPS_CAP)
        self.last: Message | None = None
        self._sessions = sessions
        self._dialect = dialect
        self._routing = routing

    def candidates(self, record: PublishOut, session: Session) -> list[Message]:
        """The wills that this copy may be of: those that are due, then those of clients that are still there.

        Delayed ones (MQTT 5) come at any time. Those of connected clients come at the end of the broker, and
        in 2.1 when an id is taken over, which is said only after them.
        """
        armed = [] if self._dialect.batches else self.armed()
        return self.fitting(self.due.values(), record, session) + self.fitting(armed, record, session)

    def fitting(self, wills: Iterable[Message], record: PublishOut, session: Session) -> list[Message]:
        """Those of these wills that have the copy's topic and size."""
        names = set(renaming.names(session, record.topic))
        return [
            will
            for will in wills
            if will.size == record.size and (will.retain or not record.retain) and will.topic in names
        ]

    def at_the_end(self, record: PublishOut, session: Session) -> list[Message]:
        """The wills that this copy may be of at the end of the broker, in the order in which they come.

        First those of all that are connected, in the order of their connections, then those with a delay.
        """
        last = self.last.position if self.last is not None else -1
        ahead = [will for will in self.armed() if will.position > last]
        late = [will for will in self.armed() if will.late and will.position <= last]
        fitting = self.fitting([*ahead, *late, *self.due.values()], record, session)
        return [will for will in fitting if self.place(will, record, session, -1) is not None]

    def before(self, will: Message) -> list[Message]:
        """At the end of the broker: wills without a delay that came before this one, and brought nobody a copy."""
        last = self.last.position if self.last is not None else -1
        if will.late:
            return []
        return [one for one in self.armed() if not one.late and last < one.position < will.position]

    def armed(self) -> list[Message]:
        """The wills of all that are connected."""
        return [one.will for one in self._sessions if one.connected and one.will is not None]

    def place(self, will: Message, record: PublishOut, session: Session, after: int) -> int | None:
        """Where this copy stands among a will's copies, behind the last one; None where it can be none of them.

        Wills come one after the other, and nothing but the order of their copies tells where the next one begins.
        """
        if not session.filters or session.mount or session.bridge:
            return after
        for place, copy in enumerate(self._routing.expected(will)):
            if place > after and copy.get(session.client) == record.qos:
                return place
        return None

    def one_of_perhaps(self, record: PublishOut, session: Session) -> Message | None:
        """The will that may have been published and fits this copy, if all that fit are one client's."""
        if not (record.qos or record.retain):
            return None
        self._sessions.unsettled += self._sessions.begun_late
        wills = self.fitting(self.perhaps, record, session)
        return wills[-1] if len({will.sender for will in wills}) == 1 else None

    def recall(self, earlier: Wills, known: int, owners: Stored) -> None:
        """Those that may have been published before are known now; the last `known` of them were known already."""
        before = list(earlier.perhaps)[: len(earlier.perhaps) - known]
        found = [owners.same(will) or will for will in before]
        self.perhaps = deque([*found, *self.perhaps], maxlen=PERHAPS_CAP)

    def came_back(self, client: str) -> None:
        """A delayed will is void when its client connects again; but it may have been published long ago."""
        will = self.due.pop(client, None)
        if will is not None:
            self.perhaps.append(will)

    def published(self, will: Message, *, in_order: bool) -> None:
        """It was published, and can't be once more; `in_order`: at the end of the broker, as its client's turn came."""
        self.due.pop(will.sender, None)
        owner = self._sessions.get(will.sender)
        if owner is not None and owner.will is will:
            owner.will = None
        if in_order and (self.last is None or will.position > self.last.position):
            self.last = will

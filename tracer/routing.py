"""Who should get a copy of a message, by the subscriptions; and who did not, and has it in its queue.

Comes in: a message, and the copies that were sent at once. What goes out stands in the queues of the sessions
(waiting.py). The rules are those of Mosquitto's src/subs.c and src/database.c: a copy for each filter that
matches, or one for all filters of a client; one member of a $share group, in turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracer import waiting
from tracer.sessions import Copy, Message, Session, Sessions

Shared = tuple[tuple[str, str], list[bool]]


@dataclass(slots=True)
class Dialect:
    """What differs between versions, and is known once the log has said its own.

    Attributes:
        batches: 1.6 has no blocks: each copy is written at the next turn of its main loop.
        duplicates: since 2.1 every client gets a copy for each of its filters that match (the default of
            allow_duplicate_messages), not only those of MQTT 5.
    """

    batches: bool = False
    duplicates: bool = False


@dataclass(slots=True)
class Sent:
    """The copies of one message that were sent at once: their QoS by client, and its last packet identifier."""

    qos: dict[str, list[int]] = field(default_factory=dict)
    mids: dict[str, int] = field(default_factory=dict)

    def add(self, client: str, qos: int, mid: int) -> None:
        """One more."""
        self.qos.setdefault(client, []).append(qos)
        if mid:
            self.mids[client] = mid


class Routing:
    """Messages to the queues of subscribers; `fallen_out` counts copies that were given up, since too many wait."""

    def __init__(self, sessions: Sessions, dialect: Dialect) -> None:
        self.fallen_out = 0
        self._sessions = sessions
        self._dialect = dialect

    def queue(self, message: Message, sent: Sent) -> None:
        """Queue a copy for whoever should have got one, and did not; what was sent is told apart by its QoS first."""
        left = {client: list(qos) for client, qos in sent.qos.items()}
        owed: dict[str, list[int]] = {}
        groups: dict[tuple[str, str], dict[str, int]] = {}
        for one in self._sessions.matching(message.topic):
            qos = min(one.qos, message.qos)
            if one.group is not None:
                groups.setdefault((one.group, one.plain), {})[one.client] = qos
            elif not self.gets_duplicates(one.client) or not _took(left.get(one.client), qos):
                owed.setdefault(one.client, []).append(qos)
        unserved = list(groups)
        for turns in (1, None):
            # whose turn it was, before whoever else it may have been
            unserved = [key for key in unserved if not self._served(key, groups[key], left, turns, exactly=True)]
        for client, levels in owed.items():
            session = self._sessions.get(client)
            if session is not None:
                self._owe(session, levels, message, sent, left.get(client, []))
        for key in unserved:
            if not self._served(key, groups[key], left, None, exactly=False):
                self._owe_group(key, groups[key], message)

    def _owe(self, session: Session, levels: list[int], message: Message, sent: Sent, left: list[int]) -> None:
        """Queue what a client's own filters give it, but for the copies that it got."""
        levels.sort(reverse=True)
        if self.gets_duplicates(session.client):
            while levels and _took(left, None):
                levels.pop()
            for qos in levels:
                self._wait(session, message, qos)
            return
        # one copy for all filters; but a packet identifier was drawn for each
        draws = sum(qos > 0 for qos in levels)
        if _took(left, None):
            session.skip_mids(draws - (session.client in sent.mids))
        elif self._wait(session, message, levels[0]):
            session.skip_mids(draws - 1)

    def _served(
        self,
        key: tuple[str, str],
        members: dict[str, int],
        left: dict[str, list[int]],
        turns: int | None,
        *,
        exactly: bool,
    ) -> bool:
        """Whether one of the first so many (None: of all) members in turn of a $share group got a copy for it."""
        for client in self._sessions.turns(*key)[:turns]:
            if client in members and _took(left.get(client), members[client] if exactly else None):
                self._sessions.had_turn(*key, client)
                return True
        return False

    def _owe_group(self, key: tuple[str, str], members: dict[str, int], message: Message) -> None:
        """One member of a $share group has it in its queue: in turn, whether it is there or not."""
        taken = [False]
        for client in self._sessions.turns(*key):
            session = self._sessions.get(client)
            if session is None or client not in members or (session.is_idle and not self._dialect.batches):
                # who is idle would have got it at once, so it was not its turn
                continue
            self._wait(session, message, members[client], (key, taken))
            if not self._dialect.batches:
                self._sessions.had_turn(*key, client)
                return

    def _wait(self, session: Session, message: Message, qos: int, shared: Shared | None = None) -> bool:
        """Queue a copy, where Mosquitto does: of QoS > 0, for an absent client or one that owes acknowledgements.

        Who is there and owes nothing gets its copies at once; if it got none, it may not have it (an ACL, or MQTT
        5's no local). That is remembered, so that its queue is not filled with copies that never come.
        """
        kept_away = (message.topic, message.sender == session.client)
        if self._dialect.batches:
            if not session.connected and not qos:
                return False
        elif qos and session.is_idle:
            session.kept_away.add(kept_away)
            return False
        elif not qos or kept_away in session.kept_away:
            return False
        group, taken = shared or (None, [False])
        copy = Copy(message, qos, not self._dialect.batches or session.is_full, None, 0, group, taken)
        self.fallen_out += waiting.put(session, copy)
        return True

    def gets_duplicates(self, client: str) -> bool:
        """MQTT 5 clients get a copy for each filter, since 2.1 the others do too (allow_duplicate_messages)."""
        session = self._sessions.get(client)
        return self._dialect.duplicates or session is None or session.protocol == "5.0"

    def somebody_is_ready(self, message: Message) -> bool:
        """Whether a copy would have been sent, had the message been published (an ACL may forbid a will)."""
        for one in self._sessions.matching(message.topic):
            session = self._sessions.get(one.client)
            if session is not None and (session.is_idle or (session.connected and not min(one.qos, message.qos))):
                return True
        return False


def _took(left: list[int] | None, qos: int | None) -> bool:
    """Takes a copy of this QoS (None: of any) from those that are left; False where there is none."""
    if not left or (qos is not None and qos not in left):
        return False
    left.remove(left[0] if qos is None else qos)
    return True

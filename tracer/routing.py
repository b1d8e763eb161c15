"""Who should get a copy of a message, by the subscriptions; and who did not, and has it in its queue.

Comes in: a message, and the copies that were sent at once. What goes out stands in the queues of the sessions
(waiting.py). The rules are those of Mosquitto's src/subs.c and src/database.c: it walks the tree of filters
(Sessions.leaves), and for each filter that matches draws a packet identifier, if the copy has QoS > 0, and then
sends the copy, queues it, or throws it away. A client that gets one copy for all its filters gets that of the
first, yet an identifier is drawn for each. Of a $share group it is always the first in turn, there or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tracer import questions, waiting
from tracer.copies import Copy, Group, Message, Question, Subscription
from tracer.records import PublishOut
from tracer.session import Session
from tracer.sessions import Sessions

Copies = dict[str, list[tuple[int, int]]]


@dataclass(slots=True)
class Dialect:
    """What differs between versions, and is known once the log has said its own; and settings that copies have shown.

    Attributes:
        batches: 1.6 has no blocks: each copy is written at the next turn of its main loop.
        newest: it is a 2.1.
        duplicates: every client gets a copy for each of its filters that match (allow_duplicate_messages, the default
            since 2.1), not only those of MQTT 5.
        upgrades: copies have the QoS of the filter (upgrade_outgoing_qos), also where the message's is lower.
    """

    batches: bool = False
    newest: bool = False
    duplicates: bool = False
    upgrades: bool = False

    def qos(self, one: Subscription, message: Message) -> int:
        """The QoS of the copy that a filter brings."""
        return one.qos if self.upgrades else min(one.qos, message.qos)


@dataclass(slots=True)
class Sent:
    """The copies of one message that were sent at once: (QoS, packet identifier) by client, in order."""

    copies: Copies = field(default_factory=dict)

    def add(self, client: str, qos: int, mid: int) -> None:
        """One more."""
        self.copies.setdefault(client, []).append((qos, mid))

    def count(self, client: str) -> int:
        """How many one client got."""
        return len(self.copies.get(client, ()))


@dataclass(frozen=True, slots=True)
class Plain:
    """What becomes of a message in ordinary times, and of all like it.

    `sent`: the filters that bring a copy at once, with its receiver, QoS and retain flag, in the order of the lines;
    `away`: those whose copies wait, since their clients are not there; `drawing`: who draws a packet identifier more,
    for a filter that brings nothing.
    """

    sent: tuple[tuple[Subscription, Session, int, bool], ...]
    away: tuple[Subscription, ...]
    drawing: tuple[Session, ...]


@dataclass(slots=True)
class Walk:
    """One message on its way through the filters.

    `left` are copies not accounted for, `groups` those still to come, `served` are the clients that have a copy,
    `gone` those that have no session any more: their turn in a group was passed over.
    """

    message: Message
    left: Copies
    groups: list[Group]
    gone: set[str] = field(default_factory=set)
    served: set[str] = field(default_factory=set)


class Routing:
    """Messages to the queues of subscribers; `fallen_out` counts copies that were given up, since too many wait."""

    def __init__(self, sessions: Sessions, dialect: Dialect) -> None:
        self.fallen_out = 0
        self._unsure: set[tuple[str, str]] = set()
        self._sessions = sessions
        self._dialect = dialect

    def queue(self, message: Message, sent: Sent) -> None:
        """Queue a copy for whoever should have got one, and did not."""
        leaves = self._sessions.leaves(message.topic)
        groups = [leaf for leaf in leaves if isinstance(leaf, Group)]
        walk = Walk(message, {client: list(copies) for client, copies in sent.copies.items()}, groups)
        for leaf in leaves:
            if isinstance(leaf, Subscription):
                self._hand(leaf, walk, None)
        while groups:
            group = groups.pop(0)
            if self._dialect.batches:
                self._offer(group, walk)
            else:
                self._hand_to_group(group, walk)
        for client in sorted(walk.gone):
            self._sessions.remove(client)
        for client, copies in walk.left.items():
            session = self._sessions.get(client)
            for _, mid in copies:
                if session is not None and mid:
                    waiting.drawn(session, mid)

    def plain(self, message: Message) -> Plain | None:
        """What becomes of a message if nobody's queue is full and nothing new is learned of anybody.

        It is what `queue` would find, were these copies sent: the fast lane (lane.py) leaves out to ask it.

        Returns:
            None where that can't be told before: a $share group, a client of MQTT 5 that is away, flags of MQTT 5.
        """
        sent: list[tuple[Subscription, Session, int, bool]] = []
        away: list[Subscription] = []
        drawing: list[Session] = []
        served: set[str] = set()
        if self._dialect.upgrades:
            return None
        for leaf in self._sessions.leaves(message.topic):
            session = self._sessions.get(leaf.client) if isinstance(leaf, Subscription) else None
            if session is None or not isinstance(leaf, Subscription):
                return None
            qos, own = self._dialect.qos(leaf, message), message.sender == leaf.client
            if leaf.client in served and not self.gets_duplicates(leaf.client):
                drawing += [session] if qos else []
            elif _kept_away(session, message, leaf) in session.kept_away:
                continue
            elif session.connected:
                retain = message.retain and session.keeps_retain
                if retain is None or session.owed or (own and leaf.logged not in session.gets_own):
                    return None
                sent.append((leaf, session, qos, retain))
                served.add(leaf.client)
            elif qos:
                away.append(leaf)
                served.add(leaf.client)
        return Plain(tuple(sent), tuple(away), tuple(drawing))

    def doubt_turns(self, message: Message) -> None:
        """This message was thought to have been handed out, so groups may have had a turn less."""
        for leaf in self._sessions.leaves(message.topic):
            if isinstance(leaf, Group):
                self._unsure.add((leaf.name, leaf.plain))

    def learn(self, message: Message, record: PublishOut, others: list[tuple[int, int]]) -> None:
        """A copy that is sent at once shows how the broker is set up. `others`: what the client got before of this."""
        topic, client = message.topic, record.client
        filters = [one for one in self._sessions.matching(topic) if one.client == client]
        if record.qos > message.qos and any(one.qos == record.qos for one in filters) and not self._dialect.upgrades:
            self._dialect.upgrades = True
            self._sessions.forget_routes("#")
        is_behind = not record.qos or all(0 < (record.mid - mid) % 65535 < 32768 for qos, mid in others if qos)
        if others and len(filters) > len(others) and is_behind and not self.gets_duplicates(client):
            self._dialect.duplicates = True
            self._sessions.forget_routes("#")

    def wait(self, one: Subscription, message: Message) -> None:
        """A client that is away has another copy waiting."""
        session = self._sessions.get(one.client)
        if session is not None:
            self._wait(session, message, one, None, [False])

    def expected(self, message: Message) -> list[dict[str, int]]:
        """The copies of a message in the order of the filters: who may get each one, and with which QoS."""
        copies: list[dict[str, int]] = []
        served: set[str] = set()
        for leaf in self._sessions.leaves(message.topic):
            members = {leaf.client: leaf} if isinstance(leaf, Subscription) else leaf.members
            able = {
                client: self._dialect.qos(one, message)
                for client, one in members.items()
                if client not in served or self.gets_duplicates(client)
            }
            copies.append(able)
            if isinstance(leaf, Subscription):
                served.add(leaf.client)
        return copies

    def _hand(self, one: Subscription, walk: Walk, group: Group | None) -> None:
        """One filter of one client: its copy was sent, or waits, or is none."""
        session = self._sessions.get(one.client)
        if session is None:
            return
        qos = self._dialect.qos(one, walk.message)
        left = walk.left.get(one.client, [])
        if not self.gets_duplicates(one.client) and (one.client in walk.served or (left and left[0][0] != qos)):
            if qos:
                if walk.message.question is not None:
                    questions.ask(session, walk.message.question, draws=True)
                session.draw()
            return
        mine = next((copy for copy in left if copy[0] == qos), None)
        if mine is not None:
            left.remove(mine)
            walk.served.add(one.client)
            kept_away = _kept_away(session, walk.message, one)
            self._note(session.kept_away, kept_away, kept_away[1] or one.plain, there=False)
            if walk.message.sender == one.client:
                self._note(session.gets_own, one.logged, one.plain, there=True)
            if qos:
                waiting.drawn(session, mine[1])
        elif self._wait(session, walk.message, one, group, [False]):
            walk.served.add(one.client)

    def _note(self, noted: set[Any], what: Any, plain: str, *, there: bool) -> None:
        """What is known of how a client gets its copies by a filter, or of a topic; what is new makes new routes."""
        if (what in noted) == there:
            return
        (noted.add if there else noted.discard)(what)
        self._sessions.forget_routes(plain)

    def _hand_to_group(self, group: Group, walk: Walk) -> None:
        """The first in turn gets it, there or not; but who was first may have no session any more."""
        turns = self._sessions.turns(group.name, group.plain)
        if walk.message.question is not None and not walk.message.late and len(turns) > 1:
            # more likely it was not published, and nobody had a turn
            self._unsure.add((group.name, group.plain))
            self._offer(group, walk)
            return
        chosen = turns[0]
        if not walk.left.get(chosen) and self._cant_wait(chosen, group, walk):
            chosen = next((client for client in turns if self._has_more(client, walk)), chosen)
        walk.gone.update(client for client in turns[: turns.index(chosen)] if self._may_be_gone(client))
        self._sessions.had_turn(group.name, group.plain, chosen)
        key = (group.name, group.plain)
        if walk.left.get(chosen):
            self._unsure.discard(key)
        elif any(self._may_be_gone(client) for client in turns):
            self._unsure.add(key)
        if key in self._unsure:
            self._offer(group, walk)
        else:
            self._hand(group.members[chosen], walk, group)

    def _may_be_gone(self, client: str) -> bool:
        session = self._sessions.get(client)
        return session is None or session.may_be_gone

    def _cant_wait(self, client: str, group: Group, walk: Walk) -> bool:
        """Whether a client without a copy can't be the one, or need not: it would have got it, or may be gone."""
        session = self._sessions.get(client)
        if session is None or session.may_be_gone:
            return True
        if client in walk.served and not self.gets_duplicates(client):
            return False
        return session.connected and not (session.inflight and self._dialect.qos(group.members[client], walk.message))

    def _has_more(self, client: str, walk: Walk) -> bool:
        """Whether a client was sent more copies than those that its turns in the groups still to come explain."""
        left = walk.left.get(client, ())
        return len(left) > sum(self._sessions.turns(one.name, one.plain)[0] == client for one in walk.groups)

    def _offer(self, group: Group, walk: Walk) -> None:
        """Any member may turn out to be the one (in 1.6 always)."""
        taken = [False]
        for client in self._sessions.turns(group.name, group.plain):
            session = self._sessions.get(client)
            if session is not None and (self._dialect.batches or session.inflight or not session.connected):
                self._wait(session, walk.message, group.members[client], group, taken, shared=True)

    def _wait(
        self,
        session: Session,
        message: Message,
        one: Subscription,
        group: Group | None,
        taken: list[bool],
        *,
        shared: bool = False,
    ) -> bool:
        """Queue a copy, where Mosquitto does: of QoS > 0, for an absent client or one that owes acknowledgements.

        Who is there and owes nothing gets its copies at once; if it got none, it may not have it (an ACL, or MQTT
        5's no local). That is remembered, so that its queue is not filled with copies that never come.
        """
        qos, own = self._dialect.qos(one, message), message.sender == session.client
        if self._dialect.batches:
            if not session.connected and not qos:
                return False
        else:
            kept_away = _kept_away(session, message, one)
            if session.connected and not (qos and session.inflight):
                if not shared:
                    self._note(session.kept_away, kept_away, kept_away[1] or one.plain, there=True)
                return False
            may_wait = qos or (self._dialect.newest and own and message.is_will)
            if not may_wait or kept_away in session.kept_away:
                return False
        late = not self._dialect.batches or session.is_full
        question = message.question
        if question is None and own and session.has_options and group is None and one.logged not in session.gets_own:
            question = session.owns.setdefault(one.logged, Question())
            if question.answer is not None:
                if not question.answer:
                    return False
                question = None
        key = (group.name, group.plain) if group is not None else None
        copy = Copy(message, qos, late, group=key, taken=taken, question=question)
        self.fallen_out += waiting.put(session, copy, shared=shared)
        return True

    def gets_duplicates(self, client: str) -> bool:
        """MQTT 5 clients get a copy for each filter, since 2.1 the others do too (allow_duplicate_messages)."""
        session = self._sessions.get(client)
        return self._dialect.duplicates or session is None or session.protocol == "5.0"

    def somebody_is_ready(self, message: Message) -> bool:
        """Whether a copy would have been sent, had the message been published (an ACL may forbid a will)."""
        served: set[str] = set()
        for leaf in self._sessions.leaves(message.topic):
            one = (
                leaf if isinstance(leaf, Subscription) else leaf.members[self._sessions.turns(leaf.name, leaf.plain)[0]]
            )
            session = self._sessions.get(one.client)
            if session is None or (one.client in served and not self.gets_duplicates(one.client)):
                continue
            qos = self._dialect.qos(one, message)
            is_kept_away = _kept_away(session, message, one) in session.kept_away
            if session.connected and not (qos and session.inflight) and not is_kept_away:
                return True
            served.update({one.client} if qos else ())
        return False


def _kept_away(session: Session, message: Message, one: Subscription) -> tuple[str, str]:
    """What may keep a copy from a client: no local, for one filter; an ACL, for one topic."""
    own = message.sender == session.client and session.has_options
    return one.logged, "" if own else message.topic

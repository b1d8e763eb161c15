"""Who is there: sessions, what they subscribe to, and what is on its way to or from each of them.

A session outlives its connection where MQTT says so, and is known by its client id alone. Its waiting copies
are capped, its other books are bounded by MQTT (65,535 packet identifiers) or by the topics seen.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tracer import topics
from tracer.copies import Copy, Expectation, Group, Leaf, Message, Open, Question, Route, Subscription
from tracer.tree import Tree

ABSENT_CAP = 10_000
"""Sessions of absent clients; the one that has been away longest goes first."""
ROUTES_CAP = 50_000
"""Topics whose subscribers are remembered."""
RECENT_CAP = 256
"""Last QoS 1 messages of a publisher, to tell a message sent twice from two messages."""
OLDER = -1
"""Among the last messages of a publisher, instead of all before them: they are not known (outline.py)."""


@dataclass(slots=True)
class Session:
    """All that is known of one client id.

    `questions` are those that are open, `open` the draws since the count was last in step that hang on them; `facts`:
    so many of these draws never were. `owns`: by filter, whether it wants the client's own messages. `vague`: of some
    copy that waits it is not sure which identifier it has. `owed`: topics whose stored message may still come, late.
    """

    client: str
    connected: bool = False
    protocol: str | None = None
    had_five: bool = False
    clean: bool | None = None
    bridge: bool = False
    address: str | None = None
    port: int | None = None
    mount: str = ""
    will: Message | None = None
    strangers: int = 0
    goodbye: bool = False
    filters: dict[str, Subscription] = field(default_factory=dict)
    releasing: dict[int, Message] = field(default_factory=dict)
    recent: dict[int, tuple[str, int]] = field(default_factory=dict)
    inflight: dict[int, str] = field(default_factory=dict)
    window: int = 1
    next_mid: int | None = None
    era: int = 0
    doubt: int = 0
    open: Open = field(default_factory=dict)
    facts: list[tuple[Open, int]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    owns: dict[str, Question] = field(default_factory=dict)
    kept_away: set[tuple[str, str]] = field(default_factory=set)
    gets_own: set[str] = field(default_factory=set)
    keeps_retain: bool | None = None
    owed: set[str] = field(default_factory=set)
    waiting: deque[Copy] = field(default_factory=deque)
    vague: bool = False

    def forget(self) -> None:
        """The broker has no session of this client any more; its filters are Sessions' to forget."""
        self.releasing.clear()
        self.recent.clear()
        self.inflight.clear()
        self.waiting.clear()
        self.kept_away.clear()
        self.gets_own.clear()
        self.owns.clear()
        self.owed.clear()
        self.questions, self.facts, self.open = [], [], {}
        self.had_five = False
        self.next_mid = 1

    def receive(self, mid: int, message: Message) -> None:
        """A message of QoS 2 comes in, to be handed out at its PUBREL; a second PUBLISH of it changes nothing."""
        known = self.releasing.get(mid)
        if known is None or (known.topic, known.size) != (message.topic, message.size):
            self.releasing[mid] = message

    def is_again(self, mid: int, topic: str, size: int, *, dup: bool) -> bool:
        """Whether a message of QoS 1 is one that the broker took before (it hands it out again all the same)."""
        same = self.recent.pop(mid, None) == (topic, size)
        self.recent[mid] = (topic, size)
        if len(self.recent) > RECENT_CAP:
            del self.recent[next(iter(self.recent))]
        return dup and same

    def blank(self) -> None:
        """What messages have left behind is not known."""
        self.inflight.clear()
        self.waiting.clear()
        self.releasing.clear()
        self.kept_away.clear()
        self.owed.clear()
        self.questions, self.facts, self.open = [], [], {}
        self.doubt = 0
        self.recent = {OLDER: ("", 0)}

    def may_have_sent(self, mid: int) -> bool:
        """Whether it hangs on messages that are not known if one with this identifier is sent again."""
        return OLDER in self.recent and mid not in self.recent

    def recall(self, earlier: Session | None) -> None:
        """What came before the messages that are known is known now."""
        if self.recent.pop(OLDER, None) is not None and earlier is not None:
            known = {mid: sent for mid, sent in earlier.recent.items() if mid not in self.recent}
            self.recent = dict([*known.items(), *self.recent.items()][-RECENT_CAP:])

    def send(self, mid: int, topic: str) -> None:
        """A copy of QoS > 0 goes out, and is in flight until it is acknowledged."""
        self.inflight[mid] = topic
        self.window = max(self.window, len(self.inflight))

    def anchor(self, mid: int) -> None:
        """This packet identifier was the last one drawn for the client; they are drawn when a copy is routed."""
        short = 0 if self.next_mid is None else (self.next_mid - mid) % 65535
        if self.next_mid is None or short > sum(self.open.values()):
            self.era += 1
        elif self.open and not self.doubt:
            self.facts.append((self.open, short))
        self.open = {}
        self.next_mid = mid % 65535 + 1
        self.doubt = 0

    def draw(self) -> int | None:
        """The packet identifier that is drawn now, as far as it can be told."""
        mid = self.next_mid
        self.skip_mids(1)
        return mid

    def skip_mids(self, count: int) -> None:
        """So many were drawn, and are not seen."""
        if self.next_mid is not None:
            self.next_mid = (self.next_mid + count - 1) % 65535 + 1

    @property
    def is_lasting(self) -> bool:
        """Whether the session may outlive its connection. MQTT 5's session expiry interval is never logged."""
        return not self.clean or self.protocol == "5.0"

    @property
    def is_known(self) -> bool:
        """Whether anything is known that still holds if it comes back: be it how far its packet identifiers are."""
        has_any = self.filters or self.releasing or self.waiting or self.inflight
        return bool(has_any) or self.next_mid is not None

    @property
    def has_options(self) -> bool:
        """Whether its filters may have the options of MQTT 5, which are not logged, and outlive a connection."""
        return self.had_five or self.protocol in {"5.0", None}

    @property
    def may_be_gone(self) -> bool:
        """Whether the session may have ended with its connection, and no line says so (MQTT 5's session expiry)."""
        return not self.connected and self.protocol == "5.0"

    @property
    def is_full(self) -> bool:
        """Whether a message of QoS > 0 would have to wait.

        The size of the inflight window is never logged; it is at least the most that was seen in it.
        """
        return not self.connected or len(self.inflight) >= self.window


class Sessions:
    """The sessions by client id, and who subscribes to a topic.

    Attributes:
        begun_late: what was before is guessed (outline.py), so that not all messages of those who show up are known.
        unsettled: how often something hung on what is not known.
    """

    def __init__(self) -> None:
        self.begun_late = False
        self.unsettled = 0
        self._removed: set[str] = set()
        self._by_client: dict[str, Session] = {}
        self._absent: OrderedDict[str, None] = OrderedDict()
        self._filters: Tree[tuple[str, str], Subscription] = Tree()
        self._routes: dict[str, Route] = {}
        self._routed: Tree[None, str] = Tree()
        self._expected: dict[str, set[Expectation]] = {}
        self._turns: dict[tuple[str, str], list[str]] = {}

    def __contains__(self, client: object) -> bool:
        return client in self._by_client

    def __iter__(self) -> Iterator[Session]:
        return iter(self._by_client.values())

    def get(self, client: str) -> Session | None:
        """The session of a client, if it is known."""
        return self._by_client.get(client)

    def of(self, client: str) -> Session:
        """The session of a client of whom a line says that it is connected."""
        session = self._by_client.get(client)
        if session is None:
            session = self._by_client[client] = Session(client, connected=True)
            if self.begun_late and client not in self._removed:
                session.recent[OLDER] = ("", 0)
        return session

    def connect(self, client: str, *, present: bool) -> Session:
        """A client is let in; without a session present at the broker, all that was known of it is void."""
        session = self.of(client)
        if not present:
            self._unsubscribe_all(session)
            session.forget()
        # a new dict entry, so that sessions are in the order of their connections, as in Mosquitto's hash
        self._by_client[client] = self._by_client.pop(client)
        self._absent.pop(client, None)
        session.connected, session.goodbye, session.strangers, session.window = True, False, 0, 1
        self.changed(session)
        return session

    def disconnect(self, session: Session) -> None:
        """The connection is gone, and the session with it where it does not outlive it."""
        session.connected = session.goodbye = False
        self.changed(session)
        if not (session.is_lasting and session.is_known):
            self.remove(session.client)
            return
        self._absent[session.client] = None
        if len(self._absent) > ABSENT_CAP:
            self.remove(next(iter(self._absent)))

    def remove(self, client: str) -> None:
        """There is no such session any more."""
        session = self._by_client.pop(client, None)
        self._absent.pop(client, None)
        if self.begun_late:
            self._removed.add(client)
        if session is not None:
            self._unsubscribe_all(session)

    def restart(self, *, in_order: bool) -> None:
        """The broker starts anew: nobody is connected. Who has a session still, its CONNACK will say.

        If it ended `in_order`, it has kept how far each client's packet identifiers are; else an older state of them.
        Subscriptions of $share groups are not kept (persist_write.c of 1.6 and 2.0 leaves them out), nor is anything
        of a client that asked for a clean start.
        """
        for session in list(self._by_client.values()):
            session.will = None
            if not in_order:
                session.next_mid = None
            for logged in [name for name, one in session.filters.items() if one.group is not None]:
                self._forget(session.client, logged, session.filters.pop(logged))
            self.disconnect(session)
            if session.clean:
                self.remove(session.client)

    def subscribe(self, session: Session, logged: str, subscription: Subscription) -> None:
        """Note a subscription under its filter as it was logged."""
        plain = subscription.plain
        session.filters[logged] = subscription
        session.gets_own.discard(logged)
        session.owns.pop(logged, None)
        session.kept_away = {key for key in session.kept_away if key[0] != logged}
        if subscription.group is not None:
            turns = self._turns.setdefault((subscription.group, plain), [])
            if session.client not in turns:
                turns.append(session.client)
        self._filters.put(plain, (session.client, logged), subscription)
        self.forget_routes(plain)

    def unsubscribe(self, session: Session, logged: str) -> None:
        """Forget a filter. An UNSUBSCRIBE is logged without the listener's mount point, a SUBSCRIBE with it."""
        for name in (logged, session.mount + logged):
            subscription = session.filters.pop(name, None)
            if subscription is not None:
                self._forget(session.client, name, subscription)
                return

    def recall(self, earlier: Sessions) -> None:
        """What was only guessed is known now: the last messages of those who were there before."""
        self.begun_late = False
        self._removed.clear()
        for session in self:
            session.recall(earlier.get(session.client))

    def matching(self, topic: str) -> Iterator[Subscription]:
        """All subscriptions that a topic matches."""
        for leaf in self.leaves(topic):
            if isinstance(leaf, Subscription):
                yield leaf
            else:
                yield from leaf.members.values()

    def leaves(self, topic: str) -> tuple[Leaf, ...]:
        """All subscriptions that a topic matches, groups apart, in the order in which Mosquitto comes to them."""
        return self.route(topic).leaves

    def route(self, topic: str) -> Route:
        """Who gets what is published on a topic."""
        found = self._routes.get(topic)
        if found is None:
            if len(self._routes) >= ROUTES_CAP:
                for other in list(self._routes):
                    self._forget_route(other)
            found = self._routes[topic] = Route(self._find_leaves(topic))
            self._routed.put(topic, None, topic)
        return found

    def expect(self, expectation: Expectation, client: str, topic: str) -> None:
        """It holds until the client comes or goes, or something changes who gets the topic, and how."""
        expectation.holds = True
        self._expected.setdefault(client, set()).add(expectation)
        self.route(topic).planned.add(expectation)

    def changed(self, session: Session) -> None:
        """A client came or went, or gets its copies otherwise now."""
        _disappoint(self._expected.pop(session.client, ()))
        for one in session.filters.values():
            self.forget_routes(one.plain)

    def forget_routes(self, plain: str) -> None:
        """Something changes who gets the messages that a plain filter (or a topic) matches."""
        for topic in list(self._routed.of_filter(plain)):
            self._forget_route(topic)

    def _forget_route(self, topic: str) -> None:
        _disappoint(self._routes.pop(topic).planned)
        self._routed.remove(topic, None)

    def _find_leaves(self, topic: str) -> tuple[Leaf, ...]:
        members: dict[tuple[str, str], dict[str, Subscription]] = {}
        plain: list[Leaf] = []
        for one in self._filters.of_topic(topic):
            if one.group is None:
                plain.append(one)
            else:
                members.setdefault((one.group, one.plain), {})[one.client] = one
        groups = [Group(*key, members[key]) for key in self._turns if key in members]
        # groups are in a tree of their own since 2.0.19, and in Debian's 2.0.11
        return (*plain, *sorted(groups, key=_rank))

    def turns(self, group: str, plain: str) -> tuple[str, ...]:
        """The members of a $share group, in the order of their turns (subs__shared_process)."""
        return tuple(self._turns.get((group, plain), ()))

    def had_turn(self, group: str, plain: str, client: str) -> None:
        """This member was given a message, so it is the last in turn now."""
        turns = self._turns.get((group, plain), [])
        if client in turns:
            turns.remove(client)
            turns.append(client)

    def _unsubscribe_all(self, session: Session) -> None:
        for name, subscription in session.filters.items():
            self._forget(session.client, name, subscription)
        session.filters.clear()

    def _forget(self, client: str, logged: str, subscription: Subscription) -> None:
        if subscription.group is not None:
            turns = self._turns[subscription.group, subscription.plain]
            turns.remove(client)
            if not turns:
                del self._turns[subscription.group, subscription.plain]
        self._filters.remove(subscription.plain, (client, logged))
        self.forget_routes(subscription.plain)


def _disappoint(expectations: Iterable[Expectation]) -> None:
    for one in expectations:
        one.end()


def _rank(leaf: Leaf) -> tuple[int, ...]:
    return topics.rank(leaf.plain)

"""Who is there: all sessions (session.py), and who subscribes to a topic."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from tracer import topics
from tracer.copies import Expectation, Group, Leaf, Route, Subscription
from tracer.session import OLDER, Session
from tracer.tree import Tree

ABSENT_CAP = 10_000
"""Sessions of absent clients; the one that has been away longest goes first."""
ROUTES_CAP = 50_000
"""Topics whose subscribers are remembered."""


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

"""Events → graph: who publishes, who subscribes, and whose messages reached whom.

Comes in: events, in order (`Tally.add`), and how a log's lines counted. Goes out: a `networkx.MultiDiGraph`
(`Tally.graph`). Sums are kept by client id in plain dicts; services come in when a graph is built.

Nodes: `service:NAME` and `topic:NAME`, both with `kind` and `name`.
  service: `clients` (ids), `rule` (identity.py), `connected` (at the end), `addresses`, `user` (None if not one).
  topic: `template` (it stands for many), `filter` (nothing was seen on it, it is only subscribed to),
  `retained_by` (the service that its stored message is from, or None).
Edges, one a pair and key, all with `messages`, `bytes`, `qos` (sorted list), `retained` (how many of the messages
had the flag), `first` and `last` (times as in events, or None):
  `publish`  service → topic: messages that the broker took, wills included.
  `subscribe`  topic → service: what reached the service on that topic, 0 where nothing did (idle); `filters`: the
  service's filters, as logged, that match.
  `deliver:TOPIC`  service → service: copies whose sender is known; `topic`, `seen` + `inferred` = `messages`.
  `deny`  service → topic: refused publishes.
Attributes of the graph: `schema` = 1, `source`, `first`, `last`, `lines`, `events`, `unknown_lines`,
`ambiguous_lines`, `broker_version`. Everything is plain JSON and sorted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import networkx as nx

from tracer import events as e
from tracer import topics
from tracer.facts import Facts
from tracer.identity import Service, identify

SCHEMA = 1
RULES = ("username", "id", "behaviour", "client", "anonymous")
"""The rules of identity.py, the strongest first: a service found by several has the name of the first."""


class Counted(Protocol):
    """How the lines of a log counted (`tracer.pipeline.Counts`)."""

    lines: int
    events: int
    unknown_lines: int
    ambiguous_lines: int
    broker_version: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """The window of a run: from the publish on `runner/runs/RUN/start` to that on `/finish` and its deliveries."""

    run: str

    @property
    def start(self) -> str:
        """The topic that opens the window."""
        return f"runner/runs/{self.run}/start"

    @property
    def finish(self) -> str:
        """The topic that closes it."""
        return f"runner/runs/{self.run}/finish"


@dataclass(slots=True)
class Sums:
    """What went over one edge."""

    messages: int = 0
    bytes: int = 0
    qos: set[int] = field(default_factory=set)
    retained: int = 0
    first: str | None = None
    last: str | None = None
    seen: int = 0
    inferred: int = 0

    def count(self, event: e.Publish | e.Deliver) -> None:
        """One more message."""
        self.messages += 1
        self.bytes += event.bytes
        self.qos.add(event.qos)
        self.retained += event.retain
        self.meet(event.at, event.at)

    def meet(self, first: str | None, last: str | None) -> None:
        """Stretch the time between first and last."""
        self.first = min(filter(None, (self.first, first)), default=None)
        self.last = max(filter(None, (self.last, last)), default=None)

    def add(self, other: Sums) -> None:
        """The sums of another edge are in these now."""
        self.messages += other.messages
        self.bytes += other.bytes
        self.qos |= other.qos
        self.retained += other.retained
        self.seen += other.seen
        self.inferred += other.inferred
        self.meet(other.first, other.last)

    def attributes(self) -> dict[str, Any]:
        """As attributes of an edge."""
        return {
            "messages": self.messages,
            "bytes": self.bytes,
            "qos": sorted(self.qos),
            "retained": self.retained,
            "first": self.first,
            "last": self.last,
        }


Pair = tuple[str, str]
By = Literal["service", "client"]


class Tally:
    """Sums of events, of a whole log or of a window of it."""

    def __init__(self, window: Run | None = None) -> None:
        self._window = window
        self._place: Literal["before", "inside", "closing", "after"] = "inside" if window is None else "before"
        self._facts = Facts()
        self._subscribed: set[Pair] = set()
        self._there: set[str] = set()
        self._time = Sums()
        self._published: dict[Pair, Sums] = {}
        self._received: dict[Pair, Sums] = {}
        self._denied: dict[Pair, Sums] = {}
        self._delivered: dict[tuple[str, str, str], Sums] = {}

    @property
    def is_open(self) -> bool:
        """Whether the last event was inside the window; always where there is none."""
        return self._place in {"inside", "closing"}

    def add(self, event: e.Event) -> None:
        """Take one event in, in the order of the log."""
        if self._window is not None:
            self._move(event, self._window)
        if self._place == "after":
            return
        self._facts.add(event)
        if self._place != "before":
            self._count(event)

    def _move(self, event: e.Event, window: Run) -> None:
        topic = event.topic if isinstance(event, e.Publish | e.Deliver) else None
        if self._place == "before" and isinstance(event, e.Publish) and topic == window.start:
            self._open()
        elif self._place == "inside" and isinstance(event, e.Publish) and topic == window.finish:
            self._place = "closing"
        elif self._place == "closing" and not (isinstance(event, e.Deliver) and topic == window.finish):
            self._place = "after"

    def _open(self) -> None:
        """Whoever is there now counts as there, with what it is subscribed to."""
        self._place = "inside"
        for client, known in self._facts.clients.items():
            if known.has_session:
                self._there.add(client)
                self._subscribed.update((client, logged) for logged in known.alive)

    def _count(self, event: e.Event) -> None:
        self._time.meet(event.at, event.at)
        if isinstance(event, e.Publish):
            self._there.add(event.client)
            _sums(self._published, (event.client, event.topic)).count(event)
        elif isinstance(event, e.Deliver):
            self._count_delivery(event)
        elif isinstance(event, e.Subscribe):
            self._there.add(event.client)
            if event.granted:
                self._subscribed.add((event.client, event.filter))
        elif isinstance(event, e.Connect):
            self._there.add(event.client)
        elif type(event) is e.Deny and event.direction == "in" and event.topic is not None:
            self._there.add(event.client)
            sums = _sums(self._denied, (event.client, event.topic))
            sums.messages += 1
            sums.bytes += event.bytes or 0
            sums.meet(event.at, event.at)

    def _count_delivery(self, event: e.Deliver) -> None:
        self._there.add(event.client)
        _sums(self._received, (event.topic, event.client)).count(event)
        if event.sender is None:
            return
        self._there.add(event.sender)
        sums = _sums(self._delivered, (event.sender, event.client, event.topic))
        sums.count(event)
        sums.seen += event.proof == "seen"
        sums.inferred += event.proof == "inferred"

    def graph(self, counts: Counted, *, by: By = "service", source: str = "") -> nx.MultiDiGraph[str]:
        """The graph of what was added so far.

        Args:
            counts: how the log's lines counted.
            by: `client` makes every client id a service of its own.
            source: where the events come from, for the graph's attribute.
        """
        services = self._services(by)
        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(
            schema=SCHEMA,
            source=source,
            first=self._time.first,
            last=self._time.last,
            lines=counts.lines,
            events=counts.events,
            unknown_lines=counts.unknown_lines,
            ambiguous_lines=counts.ambiguous_lines,
            broker_version=counts.broker_version,
        )
        self._add_services(graph, services)
        subscriptions = self._subscriptions(services)
        seen = sorted({topic for _, topic in self._published} | {topic for topic, _ in self._received})
        matching = {logged: _topics_of(logged, seen) for logged in sorted(set().union(*subscriptions.values()))}
        denied = {topic for _, topic in self._denied}
        only_filters = set().union(*matching.values()) - set(seen) - denied
        for topic in sorted({*seen, *denied, *only_filters}):
            self._add_topic(graph, topic, services, is_filter=topic in only_filters)
        self._add_edges(graph, services)
        self._add_subscribe_edges(graph, services, subscriptions, matching)
        return graph

    def _services(self, by: By) -> dict[str, Service]:
        """The service of every client that is in the graph, by its id."""
        if by == "client":
            return {client: Service(client, "client") for client in sorted(self._there)}
        named = identify(self._facts.identities())
        return {client: named[client] for client in sorted(self._there)}

    def _subscriptions(self, services: dict[str, Service]) -> dict[str, set[str]]:
        """The filters of each service, as logged."""
        found: dict[str, set[str]] = {service.name: set() for service in services.values()}
        for client, logged in self._subscribed:
            found[services[client].name].add(logged)
        return found

    def _add_services(self, graph: nx.MultiDiGraph[str], services: dict[str, Service]) -> None:
        clients: dict[str, list[str]] = {}
        for client, service in services.items():
            clients.setdefault(service.name, []).append(client)
        for name, ids in sorted(clients.items()):
            known = [self._facts.clients[client] for client in ids]
            users = {one.user for one in known if one.user is not None}
            graph.add_node(
                f"service:{name}",
                kind="service",
                name=name,
                clients=ids,
                rule=min((services[client].rule for client in ids), key=RULES.index),
                connected=any(one.connected for one in known),
                addresses=sorted(set().union(*(one.addresses for one in known))),
                user=next(iter(users)) if len(users) == 1 else None,
            )

    def _add_topic(
        self, graph: nx.MultiDiGraph[str], topic: str, services: dict[str, Service], *, is_filter: bool
    ) -> None:
        owner = self._facts.owners.get(topic)
        service = services.get(owner) if owner is not None else None
        graph.add_node(
            f"topic:{topic}",
            kind="topic",
            name=topic,
            template=False,
            filter=is_filter,
            retained_by=service.name if service is not None else None,
        )

    def _add_edges(self, graph: nx.MultiDiGraph[str], services: dict[str, Service]) -> None:
        for kind, sums_of in (("publish", self._published), ("deny", self._denied)):
            for (name, topic), sums in _added(sums_of, lambda pair: (services[pair[0]].name, pair[1])):
                graph.add_edge(f"service:{name}", f"topic:{topic}", key=kind, **sums.attributes())
        delivered = _added(self._delivered, lambda one: (services[one[0]].name, services[one[1]].name, one[2]))
        for (sender, receiver, topic), sums in delivered:
            graph.add_edge(
                f"service:{sender}",
                f"service:{receiver}",
                key=f"deliver:{topic}",
                topic=topic,
                seen=sums.seen,
                inferred=sums.inferred,
                **sums.attributes(),
            )

    def _add_subscribe_edges(
        self,
        graph: nx.MultiDiGraph[str],
        services: dict[str, Service],
        subscriptions: dict[str, set[str]],
        matching: dict[str, list[str]],
    ) -> None:
        received = dict(_added(self._received, lambda pair: (pair[0], services[pair[1]].name)))
        filters: dict[Pair, list[str]] = {pair: [] for pair in received}
        for name, logged_filters in subscriptions.items():
            for logged in sorted(logged_filters):
                for topic in matching[logged]:
                    filters.setdefault((topic, name), []).append(logged)
        for (topic, name), matched in sorted(filters.items()):
            sums = received.get((topic, name), Sums())
            graph.add_edge(f"topic:{topic}", f"service:{name}", key="subscribe", filters=matched, **sums.attributes())


def _sums(of: dict[Any, Sums], key: Any) -> Sums:
    sums = of.get(key)
    if sums is None:
        sums = of[key] = Sums()
    return sums


def _added(sums_of: dict[Any, Sums], to: Any) -> Iterable[tuple[Any, Sums]]:
    """The sums under the keys that `to` makes of theirs, those of one key added up; sorted."""
    added: dict[Any, Sums] = {}
    for key, sums in sums_of.items():
        _sums(added, to(key)).add(sums)
    return sorted(added.items(), key=lambda item: item[0])


def _topics_of(logged: str, seen: list[str]) -> list[str]:
    """The topics that a filter connects to: those seen that it matches, else itself."""
    _, plain = topics.split_share(logged)
    if not topics.is_wildcard(plain):
        return [plain]
    return [topic for topic in seen if topics.matches(plain, topic)] or [plain]

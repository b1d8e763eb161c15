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
from typing import Any, Literal, Protocol

import networkx as nx

from tracer import events as e
from tracer import topics
from tracer.copies import Message
from tracer.facts import Facts
from tracer.flows import Flow
from tracer.identity import Service, identify
from tracer.sums import Pair, Sums, Traffic, sums_of_key
from tracer.tree import Tree
from tracer.windows import Between, Place, Run, Window

__all__ = ["RULES", "SCHEMA", "By", "Counted", "Place", "Run", "Tally"]

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


By = Literal["service", "client"]


class Tally:
    """Sums of events, of a whole log or of a window of it.

    Args:
        window: the part that is counted, as a run; None counts everything.
        facts: what the events before told of clients, where they were added elsewhere.
        traffic: what they sum up to inside the window.
        place: where the last of them stood, where there is a window.

    Attributes:
        facts: of all clients, up to the end of the window.
        traffic: the sums.
    """

    def __init__(
        self,
        window: Window | None = None,
        *,
        facts: Facts | None = None,
        traffic: Traffic | None = None,
        place: Place = "before",
    ) -> None:
        self.facts = facts or Facts()
        self.traffic = traffic or Traffic()
        self._window = window
        self._place: Place = "inside" if window is None else place

    @property
    def is_open(self) -> bool:
        """Whether the last event was inside the window; always where there is none."""
        return self._place in {"inside", "closing"}

    def add(self, event: e.Event) -> None:
        """Take one event in, in the order of the log."""
        if self._window is not None:
            place = self._window.place(event, self._place)
            if self._place == "before" != place:
                # whoever is there now counts as there
                self.traffic.meet(self.facts)
            self._place = place
        if self._place == "after":
            return
        self.facts.add(event)
        if self._place != "before":
            self.traffic.count(event)

    def carry(self, flow: Flow) -> None:
        """Take the messages of a flow in, all of which stand where the last event stood."""
        if self._place in {"inside", "closing"}:
            self.traffic.carry(flow)

    def introduce(self, flow: Flow) -> None:
        """The first of messages that are carried later."""
        if self._place != "after":
            self.facts.introduce(flow)

    def keep(self, message: Message) -> None:
        """The message is the stored one of its topic now."""
        if self._place != "after":
            self.facts.keep(message.sender, message.topic, message.size)

    def has_a_border(self, at: str | None) -> bool:
        """Whether the window opens or closes before this time."""
        if not isinstance(self._window, Between):
            return False
        place = self._window.place(e.Event(at, 0), self._place)
        return place != self._place

    def is_exact(self) -> bool:
        """Whether each event is wanted: a run begins and ends with one."""
        return isinstance(self._window, Run)

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
            first=self.traffic.time.first,
            last=self.traffic.time.last,
            lines=counts.lines,
            events=counts.events,
            unknown_lines=counts.unknown_lines,
            ambiguous_lines=counts.ambiguous_lines,
            broker_version=counts.broker_version,
        )
        self._add_services(graph, services)
        subscriptions = self._subscriptions(services)
        seen = sorted({topic for _, topic in self.traffic.published} | {topic for topic, _ in self.traffic.received})
        tree: Tree[None, str] = Tree()
        for topic in seen:
            tree.put(topic, None, topic)
        matching = {logged: _topics_of(logged, tree) for logged in sorted(set().union(*subscriptions.values()))}
        denied = {topic for _, topic in self.traffic.denied}
        only_filters = set().union(*matching.values()) - set(seen) - denied
        for topic in sorted({*seen, *denied, *only_filters}):
            self._add_topic(graph, topic, services, is_filter=topic in only_filters)
        self._add_edges(graph, services)
        self._add_subscribe_edges(graph, services, subscriptions, matching)
        return graph

    def _services(self, by: By) -> dict[str, Service]:
        """The service of every client that is in the graph, by its id."""
        if by == "client":
            return {client: Service(client, "client") for client in sorted(self.traffic.there)}
        named = identify(self.facts.identities())
        return {client: named[client] for client in sorted(self.traffic.there)}

    def _subscriptions(self, services: dict[str, Service]) -> dict[str, set[str]]:
        """The filters of each service, as logged."""
        found: dict[str, set[str]] = {service.name: set() for service in services.values()}
        for client, logged in self.traffic.subscribed:
            found[services[client].name].add(logged)
        return found

    def _add_services(self, graph: nx.MultiDiGraph[str], services: dict[str, Service]) -> None:
        clients: dict[str, list[str]] = {}
        for client, service in services.items():
            clients.setdefault(service.name, []).append(client)
        for name, ids in sorted(clients.items()):
            known = [self.facts.clients[client] for client in ids]
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
        owner = self.facts.owners.get(topic)
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
        for kind, sums_of in (("publish", self.traffic.published), ("deny", self.traffic.denied)):
            for (name, topic), sums in _added(sums_of, lambda pair: (services[pair[0]].name, pair[1])):
                graph.add_edge(f"service:{name}", f"topic:{topic}", key=kind, **sums.attributes())
        delivered = _added(self.traffic.delivered, lambda one: (services[one[0]].name, services[one[1]].name, one[2]))
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
        received = dict(_added(self.traffic.received, lambda pair: (pair[0], services[pair[1]].name)))
        filters: dict[Pair, list[str]] = {pair: [] for pair in received}
        for name, logged_filters in subscriptions.items():
            for logged in sorted(logged_filters):
                for topic in matching[logged]:
                    filters.setdefault((topic, name), []).append(logged)
        for (topic, name), matched in sorted(filters.items()):
            sums = received.get((topic, name), Sums())
            graph.add_edge(f"topic:{topic}", f"service:{name}", key="subscribe", filters=matched, **sums.attributes())


def _added(sums_of: dict[Any, Sums], to: Any) -> Iterable[tuple[Any, Sums]]:
    """The sums under the keys that `to` makes of theirs, those of one key added up; sorted."""
    added: dict[Any, Sums] = {}
    for key, sums in sums_of.items():
        sums_of_key(added, to(key)).add(sums)
    return sorted(added.items(), key=lambda item: item[0])


def _topics_of(logged: str, seen: Tree[None, str]) -> list[str]:
    """The topics that a filter connects to: those seen that it matches, else itself."""
    _, plain = topics.split_share(logged)
    if not topics.is_wildcard(plain):
        return [plain]
    return sorted(seen.of_filter(plain)) or [plain]

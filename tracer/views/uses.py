"""What each service has to do with which topics, as they are drawn: by it, services are told to do the same.

Comes in: a graph, and the plan so far. Goes out: sets of topic nodes by service. Makes nothing one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from tracer import topics
from tracer.views.heads import group_name
from tracer.views.plan import Plan


@dataclass(slots=True)
class Use:
    """What one service does.

    Attributes:
        published: topic nodes.
        received: topic nodes that it is subscribed to by a filter of its own.
        shared: filters with `$share/GROUP/` before them.
    """

    published: set[str] = field(default_factory=set)
    received: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    def subscribe(self, topic: str, filters: Iterable[str]) -> None:
        """Note that it has a topic by these filters."""
        for one in filters:
            if one.startswith(topics.SHARE):
                self.shared.add(one)
            else:
                self.received.add(topic)

    def everything(self) -> frozenset[tuple[str, str]]:
        """All of it, to be compared."""
        return frozenset(
            (what, one)
            for what, each in (("publish", self.published), ("receive", self.received), ("share", self.shared))
            for one in each
        )


def uses(graph: nx.MultiDiGraph[str], plan: Plan, services: Iterable[str]) -> dict[str, Use]:
    """The uses of these services; hidden topics are none."""
    found = {service: Use() for service in services}
    into, hidden = plan.into, plan.hidden
    for source, targets in graph.adjacency():
        sender, topic = found.get(source), into.get(source, source)
        for target, edges in targets.items():
            if sender is not None and "publish" in edges and target not in hidden:
                sender.published.add(into.get(target, target))
            if "subscribe" in edges and target in found and source not in hidden:
                found[target].subscribe(topic, edges["subscribe"]["filters"])
    return found


def grouped(
    graph: nx.MultiDiGraph[str], plan: Plan, groups: Iterable[tuple[str, list[str]]], why: str
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """The nodes that services go into, and what is said of these; names that are in use get a number.

    Args:
        graph: the raw one.
        plan: so far.
        groups: names, and nodes of services; without a name it is made of theirs. Groups of one name are numbered in
            this order.
        why: the attribute `group`.
    """
    taken = {str(each["name"]) for _, each in graph.nodes(data=True) if each["kind"] == "service"}
    taken |= {str(each["name"]) for each in plan.made.values() if "group" in each}
    into: dict[str, str] = {}
    made: dict[str, dict[str, Any]] = {}
    for wanted, nodes in groups:
        own = {str(graph.nodes[node]["name"]) for node in nodes}
        base = wanted or group_name(own)
        name, number = base, 2
        while name in taken - own:
            name = f"{base} ({number})"
            number += 1
        taken.add(name)
        into.update(dict.fromkeys(nodes, f"service:{name}"))
        made[f"service:{name}"] = {"name": name, "group": why}
    return into, made

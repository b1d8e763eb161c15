"""What each service has to do with which topics, as they are drawn: by it, services are told to do the same.

Comes in: a graph, and the plan so far. Goes out: sets of topic nodes by service. Makes nothing one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    for source, target, key, edge in graph.edges(keys=True, data=True):
        if key == "publish" and source in found and target not in plan.hidden:
            found[source].published.add(plan.node(target))
        elif key == "subscribe" and target in found and source not in plan.hidden:
            use = found[target]
            own = [one for one in edge["filters"] if not one.startswith(topics.SHARE)]
            use.shared.update(one for one in edge["filters"] if one not in own)
            if own or not edge["filters"]:
                use.received.add(plan.node(source))
    return found


def grouped(
    graph: nx.MultiDiGraph[str], plan: Plan, groups: Mapping[str, Iterable[str]] | list[list[str]], why: str
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """The nodes that services go into, and what is said of these; names that are in use get a number.

    Args:
        graph: the raw one.
        plan: so far.
        groups: nodes of services; by the name of their group, or without one: it is then made of theirs.
        why: the attribute `group`.
    """
    taken = {str(each["name"]) for _, each in graph.nodes(data=True) if each["kind"] == "service"}
    taken |= {str(each["name"]) for each in plan.made.values() if "group" in each}
    named = list(groups.items()) if isinstance(groups, Mapping) else [("", members) for members in groups]
    into: dict[str, str] = {}
    made: dict[str, dict[str, Any]] = {}
    for wanted, nodes in sorted((name, sorted(nodes)) for name, nodes in named):
        base = wanted or group_name(str(graph.nodes[node]["name"]) for node in nodes)
        name, number = base, 2
        while name in taken:
            name = f"{base} ({number})"
            number += 1
        taken.add(name)
        into.update(dict.fromkeys(nodes, f"service:{name}"))
        made[f"service:{name}"] = {"name": name, "group": why}
    return into, made

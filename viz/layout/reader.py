"""Reads the graph of a trace: what its nodes and lines have in common, in the order of their names.

In: the graph. Knows no sizes but the width of a line, and no places.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import networkx as nx

from tracer.views.changes import MANY, changed
from tracer.views.others import OTHERS
from viz.layout import words
from viz.scene import Change, signed

Edge = Mapping[str, Any]


class Reader:
    """Reads one graph; holds what its nodes and lines have in common."""

    def __init__(self, graph: nx.MultiDiGraph[str]) -> None:
        self.graph = graph
        self.seconds = words.seconds_of(graph.graph)
        self.before = words.compared_with(graph.graph)
        self.edges: dict[str, dict[tuple[str, str], Edge]] = defaultdict(dict)
        self.senders: dict[tuple[str, str], dict[str, tuple[int, int]]] = defaultdict(dict)
        self.delivers: dict[tuple[str, str], list[Edge]] = defaultdict(list)
        for source, target, key, edge in sorted(graph.edges(keys=True, data=True), key=lambda e: e[:3]):
            if str(key).startswith("deliver"):
                self.delivers[source, target].append(edge)
                self.senders[f"topic:{edge['topic']}", target][self.name(source)] = (edge["seen"], edge["inferred"])
            else:
                self.edges[str(key)][source, target] = edge

        self.published, self.received = self._carried()

    def _carried(self) -> tuple[dict[str, int], dict[str, int]]:
        """How many messages were published on each topic, and how many one service received at most.

        Where publishers are left out, what was received tells of their messages.
        """
        published: dict[str, int] = defaultdict(int)
        for (_, topic), edge in self.edges["publish"].items():
            published[topic] += edge["messages"]
        received: dict[str, int] = defaultdict(int)
        for (topic, _), edge in self.edges["subscribe"].items():
            received[topic] = max(received[topic], edge["messages"])
            if any(edge.get(name) for name in OTHERS):
                published[topic] = max(published[topic], edge["messages"])
        return published, received

    def name(self, node: str) -> str:
        """As the graph has it, not yet safe to show."""
        return str(self.graph.nodes[node]["name"])

    def change(self, node: str) -> Change:
        """Whether all that it stands for is new, or gone."""
        change: Change = self.graph.nodes[node].get("change", "")
        return change

    def some(self, node: str) -> str:
        """How many of those that a node stands for are new or gone, where that are not all: ` +3`."""
        each = self.graph.nodes[node]
        if each.get("change") or not self.before:
            return ""
        counts = changed(each, MANY[each["kind"]])
        return "".join(f" {signed(f'{count:,}', change).replace(' ', '')}" for change, count in counts.items() if count)

    def width(self, messages: int) -> float:
        """Of a line, in points: a tenfold rate or count makes it about one point wider, and it never gets heavy."""
        if self.seconds and words.has_rates(self.seconds):
            return line_width(messages / self.seconds)
        return min(4.0, 1.2 + 0.9 * math.log10(max(1, messages)))

    def part(self, edges: Mapping[str, Edge]) -> list[str]:
        """What a line leaves out, where an end of it stands for many: `on 3 of 400 topics`; nothing if it is whole.

        Args:
            edges: topic → the line of the graph to or from it.
        """
        if all(edge.get("whole", True) for edge in edges.values()):
            return []
        there = sum(int(self.graph.nodes[topic].get("topics") or 1) for topic in edges)
        seen = sum(
            int(edge.get("topics") or self.graph.nodes[topic].get("topics") or 1) for topic, edge in edges.items()
        )
        return [
            f"on {seen:,} of {words.number(there, 'topic')}" if seen < there else "not by all that the box stands for"
        ]

    def count(self, kind: str, many: str) -> int:
        """How many the nodes of a kind stand for, without what is gone; `many` is the attribute that says it."""
        return sum(
            int(each.get(many) or 1) - changed(each, many)["gone"]
            for _, each in self.graph.nodes(data=True)
            if each["kind"] == kind
        )

    def nodes(self, kind: str) -> list[str]:
        """The nodes of a kind, in the order of their names, level by level."""
        found = [node for node, attributes in self.graph.nodes(data=True) if attributes["kind"] == kind]
        return sorted(found, key=lambda node: self.name(node).split("/"))


def line_width(rate: float) -> float:
    """Of a line over which so many messages a second pass, in points."""
    return min(4.0, 1.2 + 1.3 * math.log10(1 + 10 * rate))

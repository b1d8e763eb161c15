"""What the lines and names of a graph are to a reader, for formats that spell the graph itself and have no scene.

In: a graph as `tracer.views` leaves it. Out: how sure each line is, and names with what they stand for. The same
rules hold where a layout makes a scene.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import networkx as nx

from tracer.views.others import OTHERS
from viz.scene import Style, sureness
from viz.text import LONGEST, label

TIMES = "\N{MULTIPLICATION SIGN}"

Line = tuple[str, str, str]
"""Source, target and key of an edge."""


def styles(graph: nx.MultiDiGraph[str]) -> dict[Line, Style]:
    """How sure each line is.

    A line from a topic to its receiver is as sure as are the senders of what came on it; who published, and who was
    refused, always stands in the log.
    """
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    edges = [(source, target, str(key), edge) for source, target, key, edge in graph.edges(keys=True, data=True)]
    for _, target, _, edge in edges:
        if "topic" in edge:
            count = counts[f"topic:{edge['topic']}", target]
            count[0] += edge["seen"]
            count[1] += edge["inferred"]
    found: dict[Line, Style] = {}
    for source, target, key, edge in edges:
        seen, inferred = (edge["seen"], edge["inferred"]) if "topic" in edge else counts.get((source, target), (0, 0))
        seen, inferred = seen + edge.get(OTHERS[0], 0), inferred + edge.get(OTHERS[1], 0)
        found[source, target, key] = (
            "proven" if key in {"publish", "deny"} else sureness(edge["messages"], seen, inferred)
        )
    return found


def orders(graph: nx.MultiDiGraph[str]) -> dict[str, str]:
    """The node of the topic of each of a run's actions → when it was asked for, such as `2` or `1, 4`.

    A graph has `actions` where it is one of a run: dicts with `number`, `action` (the topic of the request), and `node`
    where another node than the topic's own stands for it.
    """
    numbers: dict[str, list[str]] = defaultdict(list)
    for each in sorted(graph.graph.get("actions") or (), key=lambda each: int(each["number"])):
        numbers[str(each.get("node") or f"topic:{each['action']}")].append(str(each["number"]))
    return {node: _few(found) for node, found in numbers.items()}


def _few(numbers: list[str]) -> str:
    """The numbers of an action; of many the first and how many follow."""
    return ", ".join(numbers) if len(numbers) <= 3 else f"{numbers[0]}, {numbers[1]} +{len(numbers) - 2}"


def has_topics(graph: nx.MultiDiGraph[str]) -> bool:
    """Whether lines go through topics; in a view of services only they go from one to the other."""
    return any(graph.nodes[node]["kind"] == "topic" for node in graph)


def stands_for(attributes: Mapping[str, Any]) -> str:
    """How many topics or services a node stands for, with a times sign; empty where it is one."""
    count = int(attributes.get("topics" if attributes["kind"] == "topic" else "members") or 1)
    return f" {TIMES}{count:,}" if count > 1 else ""


def named(attributes: Mapping[str, Any], longest: int = LONGEST) -> str:
    """The name of a node, cut to fit, safe to show, with what it stands for."""
    return label(str(attributes["name"]), longest) + stands_for(attributes)

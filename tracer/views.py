"""Graph → graph: what is put aside so that the rest can be read.

Comes in: a graph as `tracer.graph` makes it, which stays as it is. Goes out: the part of it that is left, and
the names of what is not, so that a picture can say it. Knows no drawing.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx


@dataclass(frozen=True)
class View:
    """A part of a graph.

    Attributes:
        graph: what is left.
        topics: the names of the topics that are not in it, sorted.
        services: the same of services, which had no edge but with those topics.
    """

    graph: nx.MultiDiGraph[str]
    topics: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


def hide_sys(graph: nx.MultiDiGraph[str]) -> View:
    """Without the broker's reports on itself (`$SYS/…`), and without the services that have to do with nothing else.

    A service that has no edge at all stays: it is not hidden topics that leave it alone.
    """
    topics = {node for node, each in graph.nodes(data=True) if each["kind"] == "topic" and _is_sys(each["name"])}
    if not topics:
        return View(graph)
    left = graph.copy()
    left.remove_nodes_from(topics)
    edges = left.edges(keys=True, data=True)
    left.remove_edges_from([(one, two, key) for one, two, key, edge in edges if _is_sys(edge.get("topic", ""))])
    services = {node for node in left if left.nodes[node]["kind"] == "service" and not left.degree(node)}
    services = {node for node in services if graph.degree(node)}
    left.remove_nodes_from(services)
    return View(left, _names(graph, topics), _names(graph, services))


def _is_sys(topic: str) -> bool:
    return topic.partition("/")[0] == "$SYS"


def _names(graph: nx.MultiDiGraph[str], nodes: set[str]) -> tuple[str, ...]:
    return tuple(sorted(str(graph.nodes[node]["name"]) for node in nodes))

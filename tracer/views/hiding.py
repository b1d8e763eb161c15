"""What is not drawn unless it is asked for: the broker's reports on itself, and who only looks on.

Comes in: a graph, which stays as it is. Goes out: one in which such nodes are marked `hidden`, and remarks on them.
"""

from __future__ import annotations

import networkx as nx

from tracer.views.view import Remark, View


def hide_sys(graph: nx.MultiDiGraph[str]) -> View:
    """Mark `$SYS/…`, and the services that have to do with nothing else.

    A service that has no edge at all is not marked: it is not hidden topics that leave it alone.
    """
    topics = {node for node, each in graph.nodes(data=True) if each["kind"] == "topic" and _is_sys(each["name"])}
    if not topics:
        return View(graph)
    services = {
        node
        for node, each in graph.nodes(data=True)
        if each["kind"] == "service" and graph.degree(node) and all(map(topics.__contains__, _topics_of(graph, node)))
    }
    marked = graph.copy()
    for node in topics | services:
        marked.nodes[node]["hidden"] = "sys"
    names = tuple(sorted(str(graph.nodes[node]["name"]) for node in services))
    return View(marked, (Remark("sys", len(topics), names=names),))


def _topics_of(graph: nx.MultiDiGraph[str], service: str) -> set[str]:
    """The nodes of all topics that a service has an edge with, or that messages from or to it went through."""
    found = {target for _, target, key in graph.out_edges(service, keys=True) if key in {"publish", "deny"}}
    found |= {source for source, _, key in graph.in_edges(service, keys=True) if key == "subscribe"}
    edges = [*graph.out_edges(service, data=True), *graph.in_edges(service, data=True)]
    return found | {f"topic:{edge['topic']}" for _, _, edge in edges if "topic" in edge}


def _is_sys(topic: str) -> bool:
    return topic.partition("/")[0] == "$SYS"

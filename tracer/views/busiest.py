"""Too many services to look at → the busiest; the others are there, but not drawn.

Comes in: a view. Goes out: one in which the others, and the topics that only they have to do with, are `hidden`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import networkx as nx

from tracer.views.changes import passed
from tracer.views.view import Remark, View


def busiest(view: View, top: int) -> View:
    """Keep the `top` services with the most messages. Remark `rest`: how many services there are besides."""
    graph = view.graph
    drawn = [
        node for node, each in graph.nodes(data=True) if each["kind"] == "service" and not each.get("hidden")
    ]  # fmt: skip
    if len(drawn) <= top:
        return view
    messages = _messages(graph)
    rest = set(sorted(drawn, key=lambda node: (-messages[node], node))[top:])
    gone = rest | {node for node, each in graph.nodes(data=True) if each.get("hidden")}
    looked_at = {end for node in rest for end in nx.all_neighbors(graph, node) if end.startswith("topic:")}
    topics = {topic for topic in looked_at - gone if set(nx.all_neighbors(graph, topic)) <= gone}
    marked = graph.copy()
    for node in rest | topics:
        marked.nodes[node]["hidden"] = "rest"
    count = sum(int(graph.nodes[node].get("members") or 1) for node in rest)
    return replace(view, graph=marked, remarks=(*view.remarks, Remark("rest", count)))


def _messages(graph: nx.MultiDiGraph[str]) -> Counter[str]:
    """In and out of each service; where no topics are left, those from service to service."""
    on_topics: Counter[str] = Counter()
    between: Counter[str] = Counter()
    for source, target, key, edge in graph.edges(keys=True, data=True):
        if key in {"publish", "subscribe"}:
            on_topics[source if key == "publish" else target] += passed(edge)
        elif key != "deny":
            between.update({source: passed(edge), target: passed(edge)})
    return on_topics or between

"""Who is joined with whom in a graph: what is near some nodes, and what leads to them.

Comes in: a graph and nodes of it. Goes out: nodes and edges. It leaves nothing out and hides nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import networkx as nx

from tracer.views.changes import passed

Edge = tuple[str, str, str]


def near(graph: nx.MultiDiGraph[str], starts: Iterable[str], hops: int) -> set[str]:
    """The nodes that are at most so many hops from others.

    A hop is what people mean by it, not an edge: from a service over its topics to those who receive what it publishes
    or publish what it receives. (One edge would lead to topics alone, and two also to whoever happens to receive the
    same, which on a popular topic is everybody.) The topics between come along, and all topics of a service that a hop
    is taken from. From a topic a hop leads to whoever publishes or receives it. None is taken from a node that is
    hidden, unless it is one of those to start from: everything is near a debugger on `#`.
    """
    found = set(starts)
    last = found
    for _ in range(min(hops, len(graph))):
        topics, services = _hop(graph, last)
        found = found | topics
        last = {node for node in services - found if not graph.nodes[node].get("hidden")}
        found = found | services
    return found


def upstream(graph: nx.MultiDiGraph[str], goals: Iterable[str]) -> tuple[set[str], set[Edge]]:
    """What messages get from to some nodes, over any number of steps: the nodes, the goals among them, and the edges.

    A service gets what was delivered to it: from whoever a `deliver` edge names, and where the log does not tell the
    sender of all that came on a topic, from all that publish it. What it subscribed to and never got leads nowhere.
    A topic gets what is published on it.
    """
    found = set(goals)
    todo = sorted(found)
    edges: set[Edge] = set()
    while todo:
        node = todo.pop()
        into = set(_into_topic(graph, node) if graph.nodes[node]["kind"] == "topic" else _into_service(graph, node))
        edges |= into
        # topics on the way are no goals: not everybody who publishes one reaches this service
        senders = {source for source, _, _ in into if graph.nodes[source]["kind"] == "service"} - found
        found |= {end for source, target, _ in into for end in (source, target)}
        todo += sorted(senders)
    return found, edges


def _hop(graph: nx.MultiDiGraph[str], nodes: Iterable[str]) -> tuple[set[str], set[str]]:
    """The topics that are taken in one hop from any of some nodes, and the services that it leads to."""
    sent, received, refused, services = set[str](), set[str](), set[str](), set[str]()
    for node in nodes:
        if graph.nodes[node]["kind"] == "topic":
            sent.add(node)
            services.update(graph.predecessors(node))
            continue
        for _, other, key in graph.out_edges(node, keys=True):
            {"publish": sent, "deny": refused}.get(key, services).add(other)
        for other, _, key in graph.in_edges(node, keys=True):
            (received if key == "subscribe" else services).add(other)
    for topic in sent:
        services.update(graph.successors(topic))
    for topic in received:
        services.update(source for source, _, key in graph.in_edges(topic, keys=True) if key == "publish")
    return sent | received | refused, services


def _into_topic(graph: nx.MultiDiGraph[str], topic: str) -> Iterator[Edge]:
    return ((source, topic, key) for source, _, key in graph.in_edges(topic, keys=True) if key == "publish")


def _into_service(graph: nx.MultiDiGraph[str], service: str) -> Iterator[Edge]:
    """The edges over which messages came to a service: its subscriptions, the deliveries, the publishes of these."""
    unknown: dict[str, int] = {}
    for topic, _, key, edge in graph.in_edges(service, keys=True, data=True):
        if key == "subscribe" and passed(edge):
            unknown[topic] = passed(edge)
            yield topic, service, key
    for sender, _, key, edge in graph.in_edges(service, keys=True, data=True):
        if key == "subscribe" or not passed(edge):
            continue
        yield sender, service, key
        topic = f"topic:{edge['topic']}"
        if topic in unknown:
            unknown[topic] -= passed(edge)
        if graph.has_edge(sender, topic, "publish"):
            yield sender, topic, "publish"
    for topic, messages in unknown.items():
        if messages > 0:
            yield from _into_topic(graph, topic)

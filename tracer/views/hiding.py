"""What is not drawn unless it is asked for: the broker's reports on itself, and who only looks on.

Comes in: a graph. Goes out: a plan in which such nodes are hidden, and remarks on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import networkx as nx

from tracer.identity import MADE_UP, TOOLS
from tracer.views.plan import Plan, is_sys
from tracer.views.view import Remark

_LOOKING = re.compile(
    r"\A(?:mqtt-explorer|mqttx|mqttui|mqtt-spy|mqttlens|mqtt_?fx|mosq(?:sub|_sub|uitto_sub)?)(?:[-_ |/].*)?\Z",
    re.IGNORECASE | re.DOTALL,
)
"""Ids of programs that people look on with, also such as tracer.identity takes for a service's own name."""

_FEW = 5
"""So many client ids, at most, are named; else their services are."""


def hide_sys(graph: nx.MultiDiGraph[str], plan: Plan) -> Plan:
    """Hide `$SYS/…`, and the services that have to do with nothing else: remark `sys`, with the names of these.

    A service that has no edge at all is not hidden: it is not hidden topics that leave it alone.
    """
    topics = {node for node, each in graph.nodes(data=True) if each["kind"] == "topic" and is_sys(each["name"])}
    if not topics:
        return plan
    services = {
        node
        for node, each in graph.nodes(data=True)
        if each["kind"] == "service" and graph.degree(node) and all(map(topics.__contains__, _topics_of(graph, node)))
    }
    names = tuple(sorted(str(graph.nodes[node]["name"]) for node in services))
    return plan.hide(topics | services, "sys", Remark("sys", len(topics), names=names))


def hide_debuggers(graph: nx.MultiDiGraph[str], plan: Plan) -> Plan:
    """Hide who only looks on, and the topics that nobody else has to do with: remark `debuggers`, of client ids.

    That is who publishes nothing, and is a tool by all its client ids, or is anonymous and subscribes to `#`. A service
    with a name of its own that subscribes to `#` keeps a history of everything, and is drawn. So is an anonymous
    client that publishes: a script of a test matters to the services that it talks to.
    """
    found = {
        node: each
        for node, each in graph.nodes(data=True)
        if each["kind"] == "service" and node not in plan.hidden and _looks_on(graph, node, each)
    }
    if not found:
        return plan
    looked_at = {source for service in found for source in graph.predecessors(service) if source.startswith("topic:")}
    topics = {topic for topic in looked_at if set(nx.all_neighbors(graph, topic)) <= found.keys()}
    clients = sorted({client for each in found.values() for client in each.get("clients") or (each["name"],)})
    names = clients if len(clients) <= _FEW else sorted(str(each["name"]) for each in found.values())
    remark = Remark("debuggers", len(found), names=tuple(names))
    return plan.hide([*found, *sorted(topics)], "debugger", remark)


def _looks_on(graph: nx.MultiDiGraph[str], node: str, service: dict[str, Any]) -> bool:
    if graph.out_degree(node):
        return False
    clients = [str(client) for client in service.get("clients") or ()]
    if clients and all(map(_LOOKING.match, clients)):
        return True
    is_made_up = bool(clients) and all(not one or MADE_UP.match(one) or TOOLS.match(one) for one in clients)
    if service.get("rule") != "anonymous" and not (service.get("rule") == "client" and is_made_up):
        return False
    subscribed = (edge["filters"] for _, _, edge in graph.in_edges(node, data=True) if "filters" in edge)
    return any("#" in filters for filters in subscribed)


def _topics_of(graph: nx.MultiDiGraph[str], service: str) -> Iterator[str]:
    """The nodes of all topics that a service has an edge with, or that messages from or to it went through."""
    for _, target, edge in graph.out_edges(service, data=True):
        yield f"topic:{edge['topic']}" if "topic" in edge else target
    for source, _, edge in graph.in_edges(service, data=True):
        yield f"topic:{edge['topic']}" if "topic" in edge else source

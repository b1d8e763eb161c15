"""The part of a graph that is asked for: what is near something, what reaches it, what messages went through.

Comes in: a view, whose graph stays as it is, and what a user chose. Goes out: the view of that part, with a remark on
each thing that was left out. Other than what is hidden by default, formats of data do not hold it either: whoever asks
for a part gets that part, as with `--exclude`.

What is hidden by default stays hidden, but for what is asked for by name: `--focus mqtt-explorer` shows it, and what is
joined with it and hidden for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any, cast

import networkx as nx

from tracer.views.changes import passed
from tracer.views.joining import Edge, near, upstream
from tracer.views.naming import find
from tracer.views.others import note_others
from tracer.views.view import Choice, Remark, View, What

_Edge = tuple[str, str, str, dict[str, Any]]


def is_part(choice: Choice) -> bool:
    """Whether a part is asked for."""
    return bool(choice.focus or choice.reaches or choice.view == "active")


def selected(view: View, choice: Choice, folded: Callable[[], View]) -> View:
    """The part of a view that a user has chosen.

    Args:
        view: what is hidden is marked in it, nothing is put together yet (unless it was saved so).
        choice: what is asked for.
        folded: gives the view in which it is, whose names mean something, too.

    Raises:
        CopperError: a name means nothing in the graph.
    """
    focus, goals = find(choice.focus, view.graph, folded), find(choice.reaches, view.graph, folded)
    view = _unhidden(view, focus | goals)
    if choice.view == "active":
        view = _active(view, focus | goals)
    if goals:
        view = _kept(view, Remark("reaches", 0, names=choice.reaches), *upstream(view.graph, goals))
    if focus:
        nodes = near(view.graph, focus.intersection(view.graph), choice.hops)
        view = _kept(view, Remark("focus", 0, names=choice.focus), nodes)
    return view


def _unhidden(view: View, named: Collection[str]) -> View:
    """What is asked for by name is drawn, and so is what is joined with it and hidden for the same reason."""
    nodes = view.graph.nodes
    shown = {node for node in named if nodes[node].get("hidden")}
    if not shown:
        return view
    for node in sorted(shown):
        reason = nodes[node]["hidden"]
        shown |= {other for other in nx.all_neighbors(view.graph, node) if nodes[other].get("hidden") == reason}
    graph = view.graph.copy()
    for node in shown:
        del graph.nodes[node]["hidden"]
    remarks = (_mended(remark, graph, shown) for remark in view.remarks)
    return replace(view, graph=graph, remarks=tuple(remark for remark in remarks if remark.count))


_REASONS: dict[What, str] = {"sys": "sys", "debuggers": "debugger"}


def _mended(remark: Remark, graph: nx.MultiDiGraph[str], shown: Iterable[str]) -> Remark:
    """A remark on what is hidden, without what no longer is."""
    if remark.what not in _REASONS:
        return remark
    services = [graph.nodes[node] for node in shown if node.startswith("service:")]
    seen = {name for each in services for name in (each["name"], *each["clients"])}
    hidden = [each for _, each in graph.nodes(data=True) if each.get("hidden") == _REASONS[remark.what]]
    topics = sum(each["kind"] == "topic" for each in hidden)
    clients = sum(len(each["clients"]) for each in hidden if each["kind"] == "service")
    count = topics if remark.what == "sys" else clients
    return replace(remark, count=count, names=tuple(name for name in remark.names if name not in seen))


def _active(view: View, named: Collection[str]) -> View:
    """Without subscriptions that nothing came through, and what then has no edge; what is named stays."""
    edges = [each for each in _edges(view.graph) if each[2] != "subscribe" or passed(each[3])]
    nodes = {end for each in edges for end in each[:2]}.union(named)
    if len(edges) == view.graph.number_of_edges() and nodes.issuperset(view.graph):
        return view
    return _with(view, _part(view.graph, nodes, edges), Remark("idle", 0))


def _kept(view: View, remark: Remark, nodes: Collection[str], only: Collection[Edge] | None = None) -> View:
    """These nodes alone, and of their edges these, or all; but no delivery on a topic that is gone.

    Of what is hidden elsewhere nothing need be said any more.
    """
    gone = {node for node in view.graph if node.startswith("topic:") and node not in nodes}
    edges = [
        each
        for each in _edges(view.graph)
        if each[0] in nodes
        and each[1] in nodes
        and (only is None or each[:3] in only)
        and ("topic" not in each[3] or f"topic:{each[3]['topic']}" not in gone)
    ]
    part = _part(view.graph, nodes, edges)
    note_others(part, view.graph)
    hidden = {str(each.get("hidden")) for _, each in part.nodes(data=True)}
    others = tuple(each for each in view.remarks if each.what not in _REASONS or _REASONS[each.what] in hidden)
    return _with(replace(view, remarks=others), part, remark)


def _edges(graph: nx.MultiDiGraph[str]) -> Iterable[_Edge]:
    return cast("Iterable[_Edge]", graph.edges(keys=True, data=True))


def _part(graph: nx.MultiDiGraph[str], nodes: Collection[str], edges: Iterable[Any]) -> nx.MultiDiGraph[str]:
    """A graph of these alone: a copy of all, from which the rest is removed, takes seconds where the rest is large."""
    part: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    part.graph.update(graph.graph)
    part.add_nodes_from((node, dict(each)) for node, each in graph.nodes(data=True) if node in nodes)
    part.add_edges_from(edges)
    return part


def services_only(view: View) -> View:
    """Services alone, and whose messages reach whom; hidden topics stay, for formats of data.

    Remark `services`: how many topics there were, and how many pairs of services are drawn. What was said of how these
    topics were drawn no longer holds.
    """
    if any(remark.what == "services" for remark in view.remarks):
        return view  # it was saved so
    nodes = {node for node, each in view.graph.nodes(data=True) if each["kind"] == "service" or each.get("hidden")}
    graph = _part(view.graph, nodes, (each for each in _edges(view.graph) if nodes.issuperset(each[:2])))
    topics = sum(int(each.get("topics") or 1) for node, each in view.graph.nodes(data=True) if node not in nodes)
    pairs = {edge[:2] for edge in View(graph).drawn().edges(keys=True) if edge[2].startswith("deliver:")}
    others = (remark for remark in view.remarks if remark.what not in {"templates", "collapsed"})
    return replace(view, graph=graph, remarks=(*others, Remark("services", topics, drawn=len(pairs))))


def _with(view: View, graph: nx.MultiDiGraph[str], remark: Remark) -> View:
    """The view of what is left of a graph; the remark counts the nodes that would be drawn else."""
    gone = sum(node not in graph and not hidden for node, hidden in view.graph.nodes(data="hidden"))
    return replace(view, graph=graph, remarks=(*view.remarks, replace(remark, count=gone)))

"""Two graphs → one with all that either has, in which is said what is new and what is gone.

Comes in: whole graphs, or such as were saved. Goes out: a graph as `tracer.graph` documents it, of the later time, with
what `changes` documents, so that it can be folded, focused and drawn as any other. A node or an edge is new or gone by
being there or not; that both have it with other numbers is no change. What is gone has no messages any more, and those
that it had as `messages_before`. The graph says what it is as `compared`: the sources `before` and `after`.

A run's own id stands in its topics, so that no two runs would have the same: as a level of a topic, and in the names of
services, it is `{run}` here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import networkx as nx

from tracer.errors import CopperError
from tracer.views.folding import folded
from tracer.views.noting import again, bare, is_noted, kinds
from tracer.views.plan import Plan
from tracer.views.view import Choice

RUN = "{run}"
"""What stands for the id of any run."""

_RUNS = ("runner", "runs")
_LEAST = 8
"""Letters of an id that is looked for within names; Copper's own have 20."""

Ends = tuple[str, str, str]
Graph: TypeAlias = "nx.MultiDiGraph[str]"


@dataclass(frozen=True)
class Compared:
    """A comparison.

    Attributes:
        graph: of both.
        of: node of the later graph → its node here, where that has another name.
    """

    graph: Graph
    of: Mapping[str, str]


def compared(before: Graph, after: Graph) -> Compared:
    """Compare two graphs, which stay as they are.

    Raises:
        CopperError: one of them is a comparison, or a saved view of another kind than the other.
    """
    before, after = _of_a_kind(before, after)
    (one, _), (two, of) = without_runs(before), without_runs(after)
    both: Graph = nx.MultiDiGraph(**two.graph)
    both.graph["compared"] = {"before": _source(before), "after": _source(after)}
    there, now = _edges(one), _edges(two)
    not_gone, not_new = _only_other_topics(one, there, now), _only_other_topics(two, now, there)
    left = {*one, *two} - {ends[0] for ends in not_gone if _are_all(ends[0], one, not_gone)}
    nodes = {node: _node(one.nodes.get(node), two.nodes.get(node)) for node in left}
    for filter_node, _, _ in not_new:
        nodes[filter_node].pop("change", None)
    for node, attributes in sorted(nodes.items(), key=lambda item: (item[1]["kind"], item[1]["name"])):
        both.add_node(node, **attributes)
    for ends in sorted({*there, *now} - not_gone):
        edge = _edge(there.get(ends), now.get(ends))
        if ends in not_new:
            del edge["change"]
        both.add_edge(*ends[:2], key=ends[2], **edge)
    return Compared(both, of)


def without_runs(graph: Graph) -> tuple[Graph, dict[str, str]]:
    """The graph with `{run}` for the ids of its runs, and what is called so now: node of the graph → its new name."""
    runs = _run_ids(graph)
    into: dict[str, str] = {}
    made: dict[str, dict[str, Any]] = {}
    for node, each in graph.nodes(data=True):
        name = _renamed(str(each["name"]), runs, is_topic=each["kind"] == "topic")
        if name != each["name"]:
            into[node] = f"{each['kind']}:{name}"
            made[into[node]] = {"name": name, **({"template": False} if each["kind"] == "topic" else {})}
    if not into:
        return graph, {}
    smaller = folded(graph, Plan(into, made)).graph
    for node in made:
        for many in ("topics", "kept", *(["members"] if smaller.nodes[node].get("members") == 1 else [])):
            smaller.nodes[node].pop(many, None)
    for *_, edge in smaller.edges(data=True):
        if "filters" in edge:
            edge["filters"] = sorted({_renamed(logged, runs, is_topic=True) for logged in edge["filters"]})
    return smaller, into


def is_compared(graph: Graph) -> bool:
    """Whether a graph is a comparison."""
    return "compared" in graph.graph


def _source(graph: Graph) -> str:
    return str(graph.graph.get("source") or "")


def _of_a_kind(before: Graph, after: Graph) -> tuple[Graph, Graph]:
    """Both without marks of what is hidden, if that is all that was done to them; else they must be alike in it."""
    for graph in (before, after):
        if is_compared(graph):
            raise CopperError("is a comparison already", where=_source(graph) or None, next_step="compare two logs")
    views = [again(graph, Choice()) if is_noted(graph) else None for graph in (before, after)]
    done = [kinds(view.remarks) if view is not None else frozenset() for view in views]
    if done[0] != done[1]:
        raise CopperError(
            "one of the graphs was folded, or is a part, and the other is not so",
            where=f"{_source(before)} and {_source(after)}",
            next_step="save both with the same options: --fold off is best, and no --view, --focus or --reaches",
        )
    return (before, after) if done[0] else (bare(before), bare(after))


def _run_ids(graph: Graph) -> frozenset[str]:
    """The ids of the runs that a graph is of: the runner says them on `runner/runs/RUN/start` and `/finish`."""
    topics = (str(each["name"]).split("/") for _, each in graph.nodes(data=True) if each["kind"] == "topic")
    return frozenset(
        levels[2]
        for levels in topics
        if len(levels) == 4 and tuple(levels[:2]) == _RUNS and levels[2] not in {"", "+", RUN}
    )


def _renamed(name: str, runs: Iterable[str], *, is_topic: bool) -> str:
    if is_topic:
        return "/".join(RUN if level in runs else level for level in name.split("/"))
    for run in sorted(runs, key=len, reverse=True):
        name = name.replace(run, RUN) if len(run) >= _LEAST else name
    return name


def _only_other_topics(graph: Graph, mine: Mapping[Ends, Any], others: Mapping[Ends, Any]) -> set[Ends]:
    """Edges from what is only a filter to who is subscribed by the same filter in the other graph, too.

    A filter with wildcards is a node as long as nothing was seen that it matches, and no longer: that another topic
    came or went is told of that topic, and is no new subscription.
    """
    known = {(ends[1], logged) for ends, edge in others.items() for logged in edge.get("filters") or ()}
    return {
        ends
        for ends, edge in mine.items()
        if ends not in others
        and graph.nodes[ends[0]].get("filter")
        and all((ends[1], logged) in known for logged in edge.get("filters") or ("",))
    }


def _are_all(node: str, graph: Graph, edges: set[Ends]) -> bool:
    """Whether these are all edges of a node, if it has any."""
    own = list(graph.out_edges(node, keys=True))
    return bool(own) and not graph.in_degree(node) and edges.issuperset(own)


def _node(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    if after is None:
        assert before is not None  # noqa: S101  one of them is there
        there = {"connected": False} if before["kind"] == "service" else {}
        return {**before, **there, "change": "gone"}
    return dict(after) if before is not None else {**after, "change": "added"}


def _edges(graph: Graph) -> dict[Ends, Mapping[str, Any]]:
    return {
        (source, target, key): edge
        for source, targets in graph.adjacency()
        for target, edges in targets.items()
        for key, edge in edges.items()
    }


def _edge(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    if after is None:
        assert before is not None  # noqa: S101  one of them is there
        nothing = {name: 0 for name in ("messages", "bytes", "retained", "seen", "inferred") if name in before}
        had = before["messages"]
        return {**before, **nothing, "first": None, "last": None, "messages_before": had, "change": "gone"}
    if before is None:
        return {**after, "messages_before": 0, "change": "added"}
    return {**after, "messages_before": before["messages"]}

"""A plan is carried out: the smaller graph, with sums in place of what was put together.

Comes in: a graph and a plan. Goes out: a view. One pass over the edges after all steps, because a large graph has a
hundred thousand of them, and because `whole` can only be told from what was there at first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import networkx as nx

from tracer import topics
from tracer.graph import RULES
from tracer.views.changes import MANY, together
from tracer.views.others import OTHERS
from tracer.views.plan import Attributes, Plan
from tracer.views.view import View

Edge = Mapping[str, Any]

_SUMMED = frozenset(
    {"messages", "bytes", "qos", "retained", "first", "last", "filters", "seen", "inferred", "topic", *OTHERS}
    | {"messages_before", "lines", "change", "added", "gone"}
)


def folded(graph: nx.MultiDiGraph[str], plan: Plan) -> View:
    """The view that a plan asks for; where there is nothing to fold, with all nodes and edges in their order."""
    if plan == Plan():
        return View(graph)
    if plan.into:
        of = {raw: node for raw, node in plan.into.items() if raw in graph and raw != node}
        return View(_smaller(graph, plan), plan.remarks, of)
    marked = graph.copy()
    for node, why in plan.hidden.items():
        marked.nodes[node]["hidden"] = why
    return View(marked, plan.remarks)


def _smaller(graph: nx.MultiDiGraph[str], plan: Plan) -> nx.MultiDiGraph[str]:
    members: dict[str, list[str]] = defaultdict(list)
    for raw in graph:
        members[plan.node(raw)].append(raw)
    smaller: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    smaller.graph.update(graph.graph)
    nodes = {node: _node(graph, plan, node, sorted(raws)) for node, raws in members.items()}
    for node, attributes in sorted(nodes.items(), key=lambda item: (item[1]["kind"], item[1]["name"])):
        smaller.add_node(node, **attributes)
    was_folded = any(each.get("template") or each.get("members") for _, each in graph.nodes(data=True))
    behind = _Behind(graph, members, nodes, plan.made.keys(), was_folded)
    found = _edges(graph, plan, nodes)
    for ends in sorted(found):
        smaller.add_edge(*ends[:2], key=ends[2], **_edge(behind, *ends, found[ends]))
    return smaller


def _node(graph: nx.MultiDiGraph[str], plan: Plan, node: str, raws: list[str]) -> Attributes:
    each = [graph.nodes[raw] for raw in raws]
    hidden = {"hidden": plan.hidden[node]} if node in plan.hidden else {}
    if node not in plan.made:
        return {**each[0], **_keeper(plan, each), **hidden}
    made = {**together(each, MANY[each[0]["kind"]]), **plan.made[node]}
    if each[0]["kind"] == "service":
        return {**_group(each), **made, **hidden}
    return {
        "kind": "topic",
        "template": True,
        "topics": sum(int(one.get("topics") or 1) for one in each),
        "filter": all(one.get("filter") for one in each),
        "kept": sum(int(one.get("kept") or (one.get("retained_by") is not None)) for one in each),
        **_keeper(plan, each),
        **made,
        **hidden,
    }


def _keeper(plan: Plan, each: list[Attributes]) -> Attributes:
    """Who owns the stored messages of topics, by the name that is drawn; nobody where there are several."""
    if each[0]["kind"] != "topic":
        return {}
    owners = {one["retained_by"] for one in each if one.get("retained_by") is not None}
    several = any(one.get("kept") and one.get("retained_by") is None for one in each)
    drawn = {_drawn_name(plan, owner) for owner in owners}
    return {"retained_by": drawn.pop() if len(drawn) == 1 and not several else None}


def _drawn_name(plan: Plan, service: str) -> str:
    node = plan.node(f"service:{service}")
    return str(plan.made[node]["name"]) if node in plan.made else service


def _group(each: list[Attributes]) -> Attributes:
    users = {one.get("user") for one in each}
    known = [one["rule"] for one in each if one.get("rule") in RULES]
    return {
        "kind": "service",
        "clients": sorted({client for one in each for client in one.get("clients") or ()}),
        "rule": min(known, key=RULES.index, default=None),
        "connected": any(one.get("connected") for one in each),
        "addresses": sorted({address for one in each for address in one.get("addresses") or ()}),
        "user": users.pop() if len(users) == 1 else None,
        "members": sum(int(one.get("members") or 1) for one in each),
    }


@dataclass(frozen=True, slots=True)
class _Raws:
    """The edges of the raw graph that are drawn as one: their ends and attributes, in the same order.

    Lists rather than pairs, since a hundred thousand pairs would keep the garbage collector busy.
    """

    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def topics(self, kind: str) -> list[str]:
        """The topic of each, as a node."""
        if kind == "deliver":
            return [f"topic:{edge['topic']}" for edge in self.edges]
        return self.sources if kind == "subscribe" else self.targets


def _edges(
    graph: nx.MultiDiGraph[str], plan: Plan, nodes: Mapping[str, Attributes]
) -> dict[tuple[str, str, str], _Raws]:
    found: dict[tuple[str, str, str], _Raws] = defaultdict(_Raws)
    into = plan.into
    delivered = {
        f"deliver:{graph.nodes[raw]['name']}": f"deliver:{nodes[node]['name']}"
        for raw, node in into.items()
        if raw.startswith("topic:") and raw in graph
    }
    for source, targets in graph.adjacency():
        drawn = into.get(source, source)
        for target, edges in targets.items():
            end = into.get(target, target)
            for key, edge in edges.items():
                raws = found[drawn, end, delivered.get(key, key)]
                raws.sources.append(source)
                raws.targets.append(target)
                raws.edges.append(edge)
    return found


@dataclass(frozen=True)
class _Behind:
    """What stands behind the nodes that are drawn; the graph that came in may have templates and parts already."""

    graph: nx.MultiDiGraph[str]
    members: Mapping[str, list[str]]
    nodes: Mapping[str, Attributes]
    made: AbstractSet[str]
    was_folded: bool


def _edge(behind: _Behind, source: str, target: str, key: str, raws: _Raws) -> Attributes:
    kind, _, delivered = key.partition(":")
    topic = {"subscribe": source, "deliver": f"topic:{delivered}"}.get(kind, target)
    used = raws.topics(kind)
    is_template = topic in behind.nodes and bool(behind.nodes[topic].get("template"))
    if len(used) == 1 and not behind.made & {source, target, topic}:
        return dict(raws.edges[0])
    summed = _summed(raws.edges)
    if kind == "deliver":
        summed["topic"] = delivered
    topics_used = set(used)
    whole = not behind.was_folded or all(edge.get("whole", True) for edge in raws.edges)
    if is_template:
        summed["topics"] = _number_of_topics(behind, used, raws.edges) if behind.was_folded else len(topics_used)
        whole = whole and _has_all(behind, topic, topics_used, kind, summed)
    for end, side in ((source, raws.sources), (target, raws.targets)):
        members = behind.members[end]
        if len(members) > 1 and behind.nodes[end]["kind"] == "service":
            whole = whole and (len(set(side)) == len(members) or _is_divided(side, used))
    if not whole:
        summed["whole"] = False
    return summed


def _number_of_topics(behind: _Behind, used: list[str], edges: list[Edge]) -> int:
    """How many topics raw edges were seen on, where each may be of several."""
    widest: dict[str, int] = {}
    for node, edge in zip(used, edges, strict=True):
        each = behind.graph.nodes.get(node, {}).get("topics")
        widest[node] = max(widest.get(node, 0), int(edge.get("topics") or each or 1))
    return sum(widest.values())


def _has_all(behind: _Behind, topic: str, used: set[str], kind: str, edge: Edge) -> bool:
    """Whether an edge was seen on all topics of a template.

    A filter with wildcards has no edge with a topic on which nothing was ever seen, but it is subscribed to it.
    """
    missing = [node for node in behind.members[topic] if node not in used]
    if not missing:
        return True
    if kind != "subscribe" or not all(behind.graph.nodes[node].get("filter") for node in missing):
        return False
    filters = [topics.split_share(logged)[1] for logged in edge["filters"]]
    return all(any(topics.matches(one, node.partition(":")[2]) for one in filters) for node in missing)


def _is_divided(members: list[str], used: list[str]) -> bool:
    """Whether several members of a group have an edge, each on topics of its own.

    Then these topics are not there for the other members, and it is not that only some members have them.
    """
    pairs = set(zip(members, used, strict=True))
    return len(set(members)) > 1 and len(set(used)) == len(pairs)


def _summed(edges: list[Edge]) -> Attributes:
    """The attributes of edges that are drawn as one."""
    one = edges[0]
    summed: Attributes = {
        "messages": sum(map(itemgetter("messages"), edges)),
        "bytes": sum(map(itemgetter("bytes"), edges)),
        "qos": sorted(set().union(*map(itemgetter("qos"), edges))),
        "retained": sum(map(itemgetter("retained"), edges)),
        "first": min(filter(None, map(itemgetter("first"), edges)), default=None),
        "last": max(filter(None, map(itemgetter("last"), edges)), default=None),
    }
    if "filters" in one:
        summed["filters"] = sorted(set().union(*map(itemgetter("filters"), edges)))
        for name in OTHERS:
            if count := sum(edge.get(name, 0) for edge in edges):
                summed[name] = count
    if "topic" in one:
        summed["seen"] = sum(map(itemgetter("seen"), edges))
        summed["inferred"] = sum(map(itemgetter("inferred"), edges))
    if "messages_before" in one:
        summed["messages_before"] = sum(map(itemgetter("messages_before"), edges))
        summed["lines"] = sum(int(edge.get("lines") or 1) for edge in edges)
        summed.update(together(edges, "lines"))
    for name in one.keys() - _SUMMED - {"topics", "whole"}:
        if all(edge.get(name) == one[name] for edge in edges):
            summed[name] = one[name]
    return summed

"""What is to become of a graph's nodes, collected by the steps before anything is summed up; then the smaller graph.

Comes in: a graph. The steps beside this module say which nodes become one, and which are not drawn (`Plan`). Goes out:
a graph (`folded`), with sums in place of what was put together. One pass over the edges at the end, because a large
graph has a hundred thousand of them, and because what `whole` means can only be told from what was there at first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import networkx as nx

from tracer import topics
from tracer.graph import RULES
from tracer.views.changes import MANY, together
from tracer.views.view import Remark, View

Attributes = dict[str, Any]
Edge = Mapping[str, Any]
_SUMMED = frozenset(
    {"messages", "bytes", "qos", "retained", "first", "last", "filters", "seen", "inferred", "topic"}
    | {"messages_before", "lines", "change", "added", "gone"}
)


@dataclass(frozen=True)
class Plan:
    """What becomes of the nodes of one graph.

    Attributes:
        into: the node that stands for each one that does not stand for itself.
        made: the attributes that tell such nodes from others: `name`, and for services `group`.
        hidden: why nodes are not drawn.
        remarks: what was done, in order.
    """

    into: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, Attributes] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()

    def node(self, raw: str) -> str:
        """What stands for a node."""
        return self.into.get(raw, raw)

    def fold(self, into: Mapping[str, str], made: Mapping[str, Attributes], *remarks: Remark) -> Plan:
        """The plan with one step more.

        Args:
            into: from raw nodes, or from such as an earlier step made.
            made: what those nodes are that it makes.
            remarks: on this step.
        """
        # a node that is made may have the name of one that is there: `a/#`, which somebody subscribed to
        moved = {raw: into.get(node, node) for raw, node in self.into.items()}
        kept = {node: each for node, each in self.made.items() if node not in into}
        hidden = {node: why for node, why in self.hidden.items() if node not in made}
        remarks = (*self.remarks, *remarks)
        return Plan({**into, **moved}, {**kept, **made}, hidden, remarks)

    def hide(self, nodes: Iterable[str], why: str, *remarks: Remark) -> Plan:
        """The plan with nodes that are not to be drawn."""
        hidden = {**dict.fromkeys(nodes, why), **self.hidden}
        return replace(self, hidden=hidden, remarks=(*self.remarks, *remarks))


def plan_of(view: View) -> Plan:
    """The plan that has made what a view is so far, for more steps on its graph."""
    hidden = {node: str(each["hidden"]) for node, each in view.graph.nodes(data=True) if each.get("hidden")}
    return Plan(hidden=hidden, remarks=view.remarks)


def topic_nodes(graph: nx.MultiDiGraph[str], plan: Plan) -> dict[str, str]:
    """The topics that are drawn, as node → name, without the broker's own."""
    raw = {
        plan.node(node): str(each["name"])
        for node, each in graph.nodes(data=True)
        if each["kind"] == "topic" and node not in plan.hidden and not is_sys(each["name"])
    }
    return {node: str(plan.made[node]["name"]) if node in plan.made else name for node, name in raw.items()}


def service_nodes(graph: nx.MultiDiGraph[str], plan: Plan) -> dict[str, Attributes]:
    """The services that are drawn and stand for themselves so far, as node → attributes."""
    return {
        node: each
        for node, each in graph.nodes(data=True)
        if each["kind"] == "service" and node not in plan.hidden and node not in plan.into
    }


def is_sys(topic: str) -> bool:
    """Whether a topic is one of the broker's reports on itself."""
    return topic.partition("/")[0] == "$SYS"


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
    smaller: nx.MultiDiGraph[str] = nx.MultiDiGraph(**graph.graph)
    nodes = {node: _node(graph, plan, node, sorted(raws)) for node, raws in members.items()}
    for node, attributes in sorted(nodes.items(), key=lambda item: (item[1]["kind"], item[1]["name"])):
        smaller.add_node(node, **attributes)
    was_folded = any(each.get("template") or each.get("members") for _, each in graph.nodes(data=True))
    behind = _Behind(graph, members, nodes, was_folded)
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
    was_folded: bool


def _edge(behind: _Behind, source: str, target: str, key: str, raws: _Raws) -> Attributes:
    kind, _, delivered = key.partition(":")
    topic = {"subscribe": source, "deliver": f"topic:{delivered}"}.get(kind, target)
    used = raws.topics(kind)
    is_template = topic in behind.nodes and bool(behind.nodes[topic].get("template"))
    is_same = (raws.sources, raws.targets) == ([source], [target])
    if is_same and (kind != "deliver" or used == [topic]):
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
    firsts = [edge["first"] for edge in edges if edge.get("first") is not None]
    lasts = [edge["last"] for edge in edges if edge.get("last") is not None]
    one = edges[0]
    summed: Attributes = {
        "messages": sum([edge["messages"] for edge in edges]),
        "bytes": sum([edge["bytes"] for edge in edges]),
        "qos": sorted(set().union(*[edge["qos"] for edge in edges])),
        "retained": sum([edge["retained"] for edge in edges]),
        "first": min(firsts, default=None),
        "last": max(lasts, default=None),
    }
    if "filters" in one:
        summed["filters"] = sorted(set().union(*[edge["filters"] for edge in edges]))
    if "topic" in one:
        summed["seen"] = sum([edge["seen"] for edge in edges])
        summed["inferred"] = sum([edge["inferred"] for edge in edges])
    if "messages_before" in one:
        summed["messages_before"] = sum([edge["messages_before"] for edge in edges])
        summed["lines"] = sum([int(edge.get("lines") or 1) for edge in edges])
        summed.update(together(edges, "lines"))
    for name in one.keys() - _SUMMED - {"topics", "whole"}:
        if all(edge.get(name) == one[name] for edge in edges):
            summed[name] = one[name]
    return summed

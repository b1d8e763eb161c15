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
from tracer.views.view import Remark, View

Attributes = dict[str, Any]
Edge = Mapping[str, Any]
Raw = tuple[str, str, Edge]
"""An edge of the graph that came in: both ends, and its attributes."""

_SUMMED = frozenset({"messages", "bytes", "qos", "retained", "first", "last", "filters", "seen", "inferred", "topic"})


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
        moved = {raw: into.get(node, node) for raw, node in self.into.items()}
        gone = into.keys() & self.made.keys()
        kept = {node: each for node, each in self.made.items() if node not in gone}
        fresh = {node: target for node, target in into.items() if node not in gone}
        return replace(self, into={**fresh, **moved}, made={**kept, **made}, remarks=(*self.remarks, *remarks))

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
        return View(_smaller(graph, plan), plan.remarks, plan.into)
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
    counts = _Counts(graph, members, nodes)
    for (source, target, key), raws in sorted(_edges(graph, plan, nodes).items()):
        smaller.add_edge(source, target, key=key, **_edge(counts, source, target, key, raws))
    return smaller


def _node(graph: nx.MultiDiGraph[str], plan: Plan, node: str, raws: list[str]) -> Attributes:
    each = [graph.nodes[raw] for raw in raws]
    hidden = {"hidden": plan.hidden[node]} if node in plan.hidden else {}
    if node not in plan.made:
        return {**each[0], **_keeper(plan, each), **hidden}
    made = plan.made[node]
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


def _edges(
    graph: nx.MultiDiGraph[str], plan: Plan, nodes: Mapping[str, Attributes]
) -> dict[tuple[str, str, str], list[Raw]]:
    found: dict[tuple[str, str, str], list[Raw]] = {}
    into = plan.into
    for source, target, key, edge in graph.edges(keys=True, data=True):
        if "topic" in edge:
            topic = into.get(f"topic:{edge['topic']}")
            key = key if topic is None else f"deliver:{nodes[topic]['name']}"  # noqa: PLW2901
        ends = (into.get(source, source), into.get(target, target), key)
        raws = found.get(ends)
        if raws is None:
            found[ends] = [(source, target, edge)]
        else:
            raws.append((source, target, edge))
    return found


@dataclass(frozen=True)
class _Counts:
    """How many topics and services stand behind the nodes."""

    graph: nx.MultiDiGraph[str]
    members: Mapping[str, list[str]]
    nodes: Mapping[str, Attributes]

    def topics_of(self, node: str) -> int:
        """A node of the graph that came in may be a template already."""
        return int(self.graph.nodes[node].get("topics") or 1) if node in self.graph else 1


def _edge(counts: _Counts, source: str, target: str, key: str, raws: list[Raw]) -> Attributes:
    kind, _, delivered = key.partition(":")
    topic = {"subscribe": source, "deliver": f"topic:{delivered}"}.get(kind, target)
    is_template = topic in counts.nodes and bool(counts.nodes[topic].get("template"))
    if len(raws) == 1 and raws[0][:2] == (source, target) and not (kind == "deliver" and is_template):
        return dict(raws[0][2])
    summed = _summed([edge for _, _, edge in raws])
    if kind == "deliver":
        summed["topic"] = delivered
    used = [_topic_of(raw, kind) for raw in raws]
    if is_template:
        # a raw edge may already be one of several topics
        widest: dict[str, int] = {}
        for node, (_, _, edge) in zip(used, raws, strict=True):
            widest[node] = max(widest.get(node, 0), int(edge.get("topics") or counts.topics_of(node)))
        summed["topics"] = sum(widest.values())
    whole = all(edge.get("whole", True) for _, _, edge in raws)
    whole = whole and (not is_template or _has_all(counts, topic, set(used), kind, summed))
    for end, side in ((source, 0), (target, 1)):
        behind = counts.members[end]
        if len(behind) > 1 and counts.nodes[end]["kind"] == "service":
            having = {(str(raw[side]), node) for raw, node in zip(raws, used, strict=True)}
            whole = whole and _have_all(having, len(behind))
    if not whole:
        summed["whole"] = False
    return summed


def _topic_of(raw: Raw, kind: str) -> str:
    source, target, edge = raw
    return f"topic:{edge['topic']}" if kind == "deliver" else source if kind == "subscribe" else target


def _has_all(counts: _Counts, topic: str, used: set[str], kind: str, edge: Edge) -> bool:
    """Whether an edge was seen on all topics of a template.

    A filter with wildcards has no edge with a topic on which nothing was ever seen, but it is subscribed to it.
    """
    missing = [node for node in counts.members[topic] if node not in used]
    if not missing:
        return True
    if kind != "subscribe" or not all(counts.graph.nodes[node].get("filter") for node in missing):
        return False
    filters = [topics.split_share(logged)[1] for logged in edge["filters"]]
    return all(any(topics.matches(one, node.partition(":")[2]) for one in filters) for node in missing)


def _have_all(having: set[tuple[str, str]], members: int) -> bool:
    """Whether all members of a group have an edge, as pairs of member and topic.

    Or several have it, each on topics of its own: then these topics are not there for the others.
    """
    services = len({service for service, _ in having})
    return services == members or (services > 1 and len({topic for _, topic in having}) == len(having))


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
    for name in one.keys() - _SUMMED - {"topics", "whole"}:
        if all(edge.get(name) == one[name] for edge in edges):
            summed[name] = one[name]
    return summed

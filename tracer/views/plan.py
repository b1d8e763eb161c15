"""What is to become of a graph's nodes, as the steps decide it one after the other; no sum is made yet.

Comes in: a graph. The steps beside this module say which nodes become one, and which are not drawn. Goes out: a plan,
which `folding` carries out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import networkx as nx

from tracer.views.view import Remark, View

Attributes = dict[str, Any]


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

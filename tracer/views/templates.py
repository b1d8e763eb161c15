"""Topics that differ in ids only become one: 2,800 topics of a plant are nine templates.

Comes in: a graph, and the plan so far. Goes out: the plan, with a node for each template. `similar` says which.
"""

from __future__ import annotations

import networkx as nx

from tracer.views.plan import Plan, topic_nodes
from tracer.views.similar import templates
from tracer.views.view import Remark


def with_templates(graph: nx.MultiDiGraph[str], plan: Plan) -> Plan:
    """Remark `templates`: how many topics became how many."""
    names = topic_nodes(graph, plan)
    clients = {
        client
        for _, each in graph.nodes(data=True)
        if each["kind"] == "service"
        for client in (*(each.get("clients") or ()), *([each["name"]] if each.get("rule") == "client" else []))
    }
    found = templates(names.values(), clients)
    if not found:
        return plan
    into = {node: f"topic:{found[name]}" for node, name in names.items() if name in found}
    made = {f"topic:{name}": {"name": name} for name in sorted(set(found.values()))}
    return plan.fold(into, made, Remark("templates", len(into), len(made)))

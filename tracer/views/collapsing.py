"""Deep subtrees of topics → one row each, `plant/line3/#`, where it is asked for or there are too many rows to read.

Comes in: a graph, and the plan so far. Goes out: the plan, with a node for each subtree.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace

import networkx as nx

from tracer.views.plan import Plan, topic_nodes
from tracer.views.view import Remark

MOST_ROWS = 150
"""So many topics can be read in one picture."""


def collapse_below(graph: nx.MultiDiGraph[str], plan: Plan, depth: int) -> Plan:
    """Make all topics with more than `depth` levels one for each beginning of that length. Remark `collapsed`."""
    names = topic_nodes(graph, plan)
    into = {}
    for node, name in names.items():
        levels = name.split("/")
        if len(levels) > max(1, depth):
            into[node] = "/".join([*levels[: max(1, depth)], "#"])
    return _collapsed(graph, plan, names, into)


def collapse_to(graph: nx.MultiDiGraph[str], plan: Plan, most: int = MOST_ROWS) -> Plan:
    """Collapse the deepest subtrees, the largest first, until there are no more than `most` rows. Remark `collapsed`.

    Where the first levels alone are more than that, those with the fewest topics below them become `#`.
    """
    names = topic_nodes(graph, plan)
    rows: dict[str, list[str]] = {name: [node] for node, name in names.items()}
    deepest = max((name.count("/") for name in rows), default=0)
    for depth in range(deepest, 0, -1):
        if len(rows) <= most:
            break
        below: dict[str, list[str]] = defaultdict(list)
        for name in rows:
            levels = name.split("/", depth)
            if len(levels) > depth:
                below["/".join(levels[:depth])].append(name)
        for prefix, gone in sorted(below.items(), key=lambda item: (-len(item[1]), item[0])):
            if len(rows) <= most or len(gone) == 1:
                break
            rows[f"{prefix}/#"] = [node for name in gone for node in rows.pop(name)]
    if len(rows) > most:
        smallest = sorted(rows, key=lambda name: (len(rows[name]), name))[: len(rows) - most + 1]
        rows["#"] = [node for name in smallest for node in rows.pop(name)]
    into = {node: name for name, nodes in rows.items() for node in nodes if names[node] != name}
    return _collapsed(graph, plan, names, into)


def _collapsed(graph: nx.MultiDiGraph[str], plan: Plan, names: Mapping[str, str], into: Mapping[str, str]) -> Plan:
    if not into:
        return plan
    behind = Counter(plan.node(node) for node, each in graph.nodes(data=True) if each["kind"] == "topic")
    earlier = {name for remark in plan.remarks if remark.what == "collapsed" for name in remark.names}
    subtrees = sorted({into.get(node, name) for node, name in names.items() if node in into or name in earlier})
    count = sum(behind[node] for node, name in names.items() if node in into or name in subtrees)
    remark = Remark("collapsed", count, len(subtrees), tuple(subtrees))
    nodes = {node: f"topic:{name}" for node, name in into.items()}
    others = tuple(each for each in plan.remarks if each.what != "collapsed")
    return replace(plan, remarks=others).fold(nodes, {f"topic:{name}": {"name": name} for name in subtrees}, remark)

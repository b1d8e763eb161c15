"""Two graphs, such as those of two runs → what one has that the other has not, and what both have, but not as often.

Comes in: whole graphs. Goes out: plain values for JSON. What counts as the same is said in `tracer.views.comparing`.
"""

from __future__ import annotations

from typing import Any

from tracer.views import comparing
from viz.live.graphs import Graph

MOST = 500
"""Entries of one list; `total` says how many there are."""

_Line = dict[str, Any]
"""`kind`, `service`, `topic`, and its messages `before` and `after`."""


def compared(before: Graph, after: Graph) -> dict[str, Any]:
    """What has changed from one graph to another.

    Args:
        before: a whole graph.
        after: another.
    """
    graph = comparing.compared(before, after).graph
    lines = _lines(graph)
    both = lines[""]
    changed = [line for line in both if line["before"] != line["after"]]
    return {
        "services": _differing(graph, "service"),
        "topics": _differing(graph, "topic"),
        "lines": {
            "added": _listed([_without("before", line) for line in lines["added"]]),
            "gone": _listed([_without("after", line) for line in lines["gone"]]),
            "changed": _listed(changed),
            "same": len(both) - len(changed),
        },
    }


def _lines(graph: Graph) -> dict[str, list[_Line]]:
    """Who publishes, receives and was refused what, and how often, by what became of it."""
    found: dict[str, list[_Line]] = {"": [], "added": [], "gone": []}
    for source, target, key, edge in graph.edges(keys=True, data=True):
        if key.startswith("deliver"):
            continue
        service, topic = (target, source) if key == "subscribe" else (source, target)
        names = {"service": graph.nodes[service]["name"], "topic": graph.nodes[topic]["name"]}
        line = {"kind": key, **names, "before": edge["messages_before"], "after": edge["messages"]}
        found[edge.get("change", "")].append(line)
    for lines in found.values():
        lines.sort(key=lambda line: (line["kind"], line["service"], line["topic"]))
    return found


def _differing(graph: Graph, kind: str) -> dict[str, Any]:
    nodes = [each for _, each in graph.nodes(data=True) if each["kind"] == kind]
    return {
        change: _listed(sorted(each["name"] for each in nodes if each.get("change") == change))
        for change in ("added", "gone")
    }


def _without(name: str, line: _Line) -> _Line:
    return {key: value for key, value in line.items() if key != name}


def _listed(entries: list[Any]) -> dict[str, Any]:
    return {"total": len(entries), "first": entries[:MOST]}

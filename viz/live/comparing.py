"""Two graphs, such as those of two runs → what one has that the other has not, and what both have, but not as often.

Comes in: graphs; the ids of runs in their topics are one name. Goes out: plain values for JSON.
"""

from __future__ import annotations

from typing import Any

from tracer.views.comparing import without_runs
from viz.live.graphs import Graph

MOST = 500
"""Entries of one list; `total` says how many there are."""
_Line = tuple[str, str, str]
"""Kind, service and topic."""


def compared(before: Graph, after: Graph) -> dict[str, Any]:
    """What has changed from one graph to another.

    Args:
        before: a whole graph.
        after: another.
    """
    (before, _), (after, _) = without_runs(before), without_runs(after)
    one, two = _lines(before), _lines(after)
    changed = [
        {**_spelled(line), "before": one[line], "after": two[line]}
        for line in sorted(one.keys() & two.keys())
        if one[line] != two[line]
    ]
    return {
        "services": _differing(_names(before, "service"), _names(after, "service")),
        "topics": _differing(_names(before, "topic"), _names(after, "topic")),
        "lines": {
            "added": _listed([{**_spelled(line), "after": two[line]} for line in sorted(two.keys() - one.keys())]),
            "gone": _listed([{**_spelled(line), "before": one[line]} for line in sorted(one.keys() - two.keys())]),
            "changed": _listed(changed),
            "same": len(one.keys() & two.keys()) - len(changed),
        },
    }


def _lines(graph: Graph) -> dict[_Line, int]:
    """Who publishes, receives and was refused what, and how often."""
    found: dict[_Line, int] = {}
    for source, target, key, edge in graph.edges(keys=True, data=True):
        if key.startswith("deliver"):
            continue
        service, topic = (target, source) if key == "subscribe" else (source, target)
        line = key, str(graph.nodes[service]["name"]), str(graph.nodes[topic]["name"])
        found[line] = found.get(line, 0) + edge["messages"]
    return found


def _names(graph: Graph, kind: str) -> set[str]:
    return {str(each["name"]) for _, each in graph.nodes(data=True) if each["kind"] == kind}


def _differing(before: set[str], after: set[str]) -> dict[str, Any]:
    return {"added": _listed(sorted(after - before)), "gone": _listed(sorted(before - after))}


def _spelled(line: _Line) -> dict[str, str]:
    return dict(zip(("kind", "service", "topic"), line, strict=True))


def _listed(entries: list[Any]) -> dict[str, Any]:
    return {"total": len(entries), "first": entries[:MOST]}

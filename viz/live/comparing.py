"""Two graphs, such as those of two runs → what one has that the other has not, and what both have, but not as often.

Comes in: graphs, and what is called otherwise in each of them. Goes out: plain values for JSON.
"""

from __future__ import annotations

from typing import Any

from viz.live.graphs import Graph

MOST = 500
"""Entries of one list; `total` says how many there are."""
RUN = "{run}"
"""What stands for a run's own id in the topics that hold it, so that those of two runs are the same."""

_Line = tuple[str, str, str]
"""Kind, service and topic."""


def compared(before: Graph, after: Graph, runs: tuple[str, str] = ("", "")) -> dict[str, Any]:
    """What has changed from one graph to another.

    Args:
        before: a whole graph.
        after: another.
        runs: the ids of the runs that they are of; empty where they are of none.
    """
    one, two = _lines(before, runs[0]), _lines(after, runs[1])
    changed = [
        {**_spelled(line), "before": one[line], "after": two[line]}
        for line in sorted(one.keys() & two.keys())
        if one[line] != two[line]
    ]
    return {
        "services": _differing(_names(before, "service"), _names(after, "service")),
        "topics": _differing(_names(before, "topic", runs[0]), _names(after, "topic", runs[1])),
        "lines": {
            "added": _listed([{**_spelled(line), "after": two[line]} for line in sorted(two.keys() - one.keys())]),
            "gone": _listed([{**_spelled(line), "before": one[line]} for line in sorted(one.keys() - two.keys())]),
            "changed": _listed(changed),
            "same": len(one.keys() & two.keys()) - len(changed),
        },
    }


def _lines(graph: Graph, run: str) -> dict[_Line, int]:
    """Who publishes, receives and was refused what, and how often."""
    found: dict[_Line, int] = {}
    for source, target, key, edge in graph.edges(keys=True, data=True):
        if key.startswith("deliver"):
            continue
        service, topic = (target, source) if key == "subscribe" else (source, target)
        line = key, str(graph.nodes[service]["name"]), _named(graph, topic, run)
        found[line] = found.get(line, 0) + edge["messages"]
    return found


def _names(graph: Graph, kind: str, run: str = "") -> set[str]:
    return {_named(graph, node, run) for node, each in graph.nodes(data=True) if each["kind"] == kind}


def _named(graph: Graph, node: str, run: str) -> str:
    name = str(graph.nodes[node]["name"])
    return "/".join(RUN if run and level == run else level for level in name.split("/"))


def _differing(before: set[str], after: set[str]) -> dict[str, Any]:
    return {"added": _listed(sorted(after - before)), "gone": _listed(sorted(before - after))}


def _spelled(line: _Line) -> dict[str, str]:
    return dict(zip(("kind", "service", "topic"), line, strict=True))


def _listed(entries: list[Any]) -> dict[str, Any]:
    return {"total": len(entries), "first": entries[:MOST]}

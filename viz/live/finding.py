"""Where things are: the tree of topics, level by level, and what a search finds.

Comes in: graphs. Goes out: plain values for JSON, in an order that stays when something is added.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from tracer.topics import is_wildcard
from viz.live.drawing import Drawing
from viz.live.graphs import Graph
from viz.live.query import wanted

MOST_LEVELS = 1_000
MOST_HITS = 100


def level(messages: dict[str, int], prefix: str | None, after: str = "") -> dict[str, Any]:
    """The topics one level below.

    Args:
        messages: topic → how many it had.
        prefix: the levels above, without a slash at the end; None for the first level.
        after: only levels that come after this one, in the order of their names.
    """
    begin = "" if prefix is None else prefix + "/"
    found: dict[str, dict[str, Any]] = {}
    for topic, count in messages.items():
        if not topic.startswith(begin):
            continue
        name, slash, _ = topic[len(begin) :].partition("/")
        one = found.setdefault(name, {"level": name, "path": begin + name, "messages": 0, "topics": 0, "topic": False})
        one["messages"] += count
        one["topics"] += 1
        one["topic"] |= not slash
    names = sorted(name for name in found if not after or name > after)
    for one in found.values():
        one["below"] = one["topics"] - one["topic"]
    return {"prefix": prefix, "total": len(found), "levels": [found[name] for name in names[:MOST_LEVELS]]}


def search(graph: Graph, text: str, drawing: Drawing | None) -> dict[str, Any]:
    """The services, clients and topics that are meant.

    Args:
        graph: the whole graph.
        text: an MQTT filter with + or #, `re:` and a regular expression, or a part of a name.
        drawing: what is shown, for the node that is drawn for each hit.

    Raises:
        CopperError: it is no filter and no regular expression.
    """
    pattern = wanted(text) if text.startswith("re:") or is_wildcard(text) else None
    low = text.lower()

    def has(name: str) -> bool:
        return pattern.has(name) if pattern is not None else low in name.lower()

    # what is gone, in a comparison, is only in the drawing
    drawn = drawing.drawn.nodes if drawing is not None else {}
    gone = (node for node in drawn if drawn[node].get("change") == "gone")
    hits = []
    for node in chain(graph, gone):
        each = graph.nodes[node] if node in graph else drawn[node]
        name, clients = each["name"], each.get("clients") or ()
        if has(name):
            hits.append((not name.lower().startswith(low), each["kind"], name, node, None))
        elif pattern is None or pattern.regex is not None:
            client = next((client for client in clients if has(client)), None)
            if client is not None:
                hits.append((True, each["kind"], name, node, client))
    hits.sort(key=lambda hit: hit[:4])
    return {
        "total": len(hits),
        "hits": [
            {"id": node, "kind": kind, "name": name, "client": client, "drawn": _drawn(drawing, node)}
            for _, kind, name, node, client in hits[:MOST_HITS]
        ],
    }


def _drawn(drawing: Drawing | None, node: str) -> int | None:
    """The number of the node that is drawn for one of the whole graph."""
    return None if drawing is None else drawing.numbers.get(drawing.of.get(node, node))

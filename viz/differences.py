"""A comparison in words: what is new and what is gone, each service, topic and edge by its name.

Comes in: what is to be seen of a comparison (`tracer.views.comparing`). Goes out: plain values for JSON, or lines that
are safe to print.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import networkx as nx

from tracer.views import Choice, simplified
from tracer.views.changes import CHANGES, Change
from tracer.views.noting import is_noted
from tracer.views.view import Fold
from viz.layout import words
from viz.text import shown

Differences = dict[str, dict[str, list[Any]]]
"""`added` and `gone`, and in each of them `services`, `topics` (names), `edges` and `deliveries` (see `_edge`)."""

_ALL = 1_000_000
_KINDS = {"service": "services", "topic": "topics"}
_ORDER = ("publish", "subscribe", "deny")
_NOUNS = {"services": "service", "topics": "topic", "edges": "edge", "deliveries": words.DELIVER}
_VERBS = {"publish": "publishes", "subscribe": "subscribes to", "deny": "was refused to publish"}
_SIGNS: dict[Change, tuple[str, str]] = {"added": ("new", "+"), "gone": ("gone", "-")}


def differences(graph: nx.MultiDiGraph[str], choice: Choice | None = None) -> Differences:
    """What differs, one by one: nothing is put together here, or it could not be told what is new of it.

    Args:
        graph: a comparison.
        choice: what of it is to be seen.

    Raises:
        CopperError: something is asked for that is not in the graph.
    """
    choice = choice or Choice()
    # what was folded when it was saved stays so
    fold: Fold = "auto" if is_noted(graph) else "off"
    view = simplified(graph, replace(choice, fold=fold, depth=None, group_by="off", top=_ALL))
    seen = view.drawn()
    found: Differences = {change: {"services": [], "topics": [], "edges": [], "deliveries": []} for change in CHANGES}
    for _, each in seen.nodes(data=True):
        if "change" in each:
            found[each["change"]][_KINDS[each["kind"]]].append(each["name"])
    for source, target, key, edge in seen.edges(keys=True, data=True):
        if "change" in edge:
            kind = key.partition(":")[0]
            names = seen.nodes[source]["name"], seen.nodes[target]["name"]
            found[edge["change"]]["deliveries" if kind == "deliver" else "edges"].append(_edge(kind, names, edge))
    for lists in found.values():
        for some in lists.values():
            some.sort(key=_order)
    return found


def is_none(found: Differences) -> bool:
    """Whether nothing differs."""
    return not any(some for lists in found.values() for some in lists.values())


def counts(found: Differences) -> dict[tuple[str, str], int]:
    """How much differs, as `words.of_counts` takes it."""
    return {(change, _NOUNS[kind]): len(some) for change, lists in found.items() for kind, some in lists.items()}


def lines(found: Differences) -> Iterator[str]:
    """What differs, a line each, under a heading for each kind; nothing where nothing does."""
    for change in CHANGES:
        name, sign = _SIGNS[change]
        for kind, some in found[change].items():
            if some:
                yield f"{name} {kind} ({len(some):,})"
                yield from (f"  {sign} {_said(one)}" for one in some)


def _edge(kind: str, names: tuple[str, str], edge: Mapping[str, Any]) -> dict[str, Any]:
    """`kind`, `service`, `topic`; of a delivery `from`, `to`, `topic`; always `messages`, of the graph that has it."""
    messages = {"messages": edge["messages_before"] if edge["change"] == "gone" else edge["messages"]}
    if kind == "deliver":
        return {"from": names[0], "to": names[1], "topic": edge["topic"], **messages}
    topic, service = names if kind == "subscribe" else names[::-1]
    filters = {"filters": list(edge["filters"])} if kind == "subscribe" else {}
    return {"kind": kind, "service": service, "topic": topic, **filters, **messages}


def _order(one: Any) -> tuple[Any, ...]:
    if isinstance(one, str):
        return (one,)
    if "from" in one:
        return (one["from"], one["to"], one["topic"])
    return (one["service"], _ORDER.index(one["kind"]), one["topic"])


def _said(one: Any) -> str:
    if isinstance(one, str):
        return shown(one)
    messages = words.number(one["messages"], "message") if one["messages"] else "nothing came"
    if "from" in one:
        return f"{shown(one['from'])} reaches {shown(one['to'])} on {shown(one['topic'])}: {messages}"
    others = [logged for logged in one.get("filters", ()) if logged != one["topic"]]
    by = f" by {words.names(others)}" if others else ""
    return f"{shown(one['service'])} {_VERBS[one['kind']]} {shown(one['topic'])}{by}: {messages}"

"""What somebody may call a service or topic, and which nodes of a graph are meant.

Comes in: names as users write them, a graph, and the view of it in which services and topics are put together. Goes
out: nodes of the graph. What people see in the view they may name, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

import networkx as nx

from tracer.errors import CopperError
from tracer.topics import split_share
from tracer.views.view import View
from tracer.windows import Pattern, pattern

_NEAREST = 3
_LISTED = 8
_COMPARED = 200
_LONGEST = 80


def find(names: Collection[str], graph: nx.MultiDiGraph[str], folded: Callable[[], View]) -> set[str]:
    """The nodes that are meant by any of some names.

    Args:
        names: each a service, a client id, a topic, an MQTT filter (all topics that it matches), `re:` and a regular
            expression (found in any of these), or the id of a node.
        graph: where to look.
        folded: gives the view in which services and topics are put together; its names are what people see, and mean
            whatever was put together there.

    Raises:
        CopperError: a name means nothing there; it says which are like it.
    """
    if not names:
        return set()
    index = _Index(graph)
    found: set[str] = set()
    for name in names:
        nodes = index.of(name) or _members(name, folded())
        if not nodes:
            raise CopperError(f"there is no service, client or topic {_quoted(name)}", next_step=index.like(name))
        found |= nodes
    return found


def _members(name: str, view: View) -> set[str]:
    """What is put together under a name."""
    return {raw for raw, node in view.of.items() if node in {f"service:{name}", f"topic:{name}", name}}


class _Index:
    """The names of a graph."""

    def __init__(self, graph: nx.MultiDiGraph[str]) -> None:
        self._graph = graph
        self._services: dict[str, set[str]] = defaultdict(set)
        self._topics: list[tuple[str, str, str | None]] = []
        for node, each in graph.nodes(data=True):
            if each["kind"] == "topic":
                self._topics.append((node, each["name"], _filter_of(each)))
                continue
            for name in (each["name"], *each["clients"]):
                self._services[name].add(node)

    def of(self, name: str) -> set[str]:
        """The nodes that are meant by a name."""
        if name in self._graph:
            return {name}
        meant = set(self._services.get(name, ()))
        if f"topic:{name}" in self._graph:
            meant.add(f"topic:{name}")
        if meant and not {"+", "#"} & set(name):
            return meant
        try:
            wanted = pattern(name)
        except CopperError:
            if name.startswith("re:"):
                raise
            return meant  # no filter either: it is unknown
        if wanted.regex is not None:
            meant |= {node for each, nodes in self._services.items() if wanted.has(each) for node in nodes}
        return meant | {node for node, topic, plain in self._topics if _is_meant(wanted, topic, plain)}

    def like(self, name: str) -> str:
        """Names that are nearly this one, in words; or some that there are."""
        services = sorted(self._services)
        known = [*services, *sorted({topic for _, topic, _ in self._topics})]
        folded = {each.casefold(): each for each in reversed(known)}
        near = get_close_matches(name.casefold(), _alike(name.casefold(), folded), n=_NEAREST)
        near += sorted(each for each in folded if name and name.casefold() in each and each not in near)
        if near:
            return "the nearest are " + ", ".join(_quoted(folded[each]) for each in near[:_NEAREST])
        if not known:
            return "there are none at all"
        more = len(known) - _LISTED
        listed = ", ".join(map(_quoted, known[:_LISTED]))
        return f"there are {listed}" + (f" and {more:,} more" if more > 0 else "")


def _quoted(name: str) -> str:
    """A name as a sentence can hold it."""
    return repr(name if len(name) <= _LONGEST else f"{name[: _LONGEST // 2]}…{name[-_LONGEST // 2 :]}")


def _alike(name: str, known: Iterable[str]) -> list[str]:
    """Those that have the most pairs of letters in common: to compare thousands letter by letter takes seconds."""
    pairs = set(pairwise(name))
    return sorted(known, key=lambda each: len(pairs.symmetric_difference(pairwise(each))))[:_COMPARED]


def _filter_of(attributes: dict[str, Any]) -> str | None:
    """The filter that has all topics which a node stands for; None where it is one topic, or a service."""
    if attributes.get("filter"):
        return split_share(attributes["name"])[1]
    if not attributes.get("template"):
        return None
    levels = attributes["name"].split("/")
    return "/".join("+" if level[:1] == "{" and level[-1:] == "}" else level for level in levels)


def _is_meant(wanted: Pattern, topic: str, plain: str | None) -> bool:
    if wanted.regex is not None or plain is None:
        return wanted.has(topic)
    return wanted.meets(plain)

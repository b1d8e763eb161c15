"""What somebody may call a service or topic, and which nodes of a graph are meant.

Comes in: names as users write them, the graph that is to be drawn, and the one it was made from. Goes out: nodes of the
former. A name that was put together with others finds what it was put into.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from difflib import get_close_matches

import networkx as nx

from tracer.errors import CopperError
from tracer.topics import split_share
from tracer.windows import Pattern, pattern

_NEAREST = 3
_LISTED = 8


def find(names: Collection[str], graph: nx.MultiDiGraph[str], raw: nx.MultiDiGraph[str]) -> set[str]:
    """The nodes that are meant by any of some names.

    Args:
        names: each a service, a client id, a topic, an MQTT filter (all topics that it matches), `re:` and a regular
            expression (found in any of these), or the id of a node.
        graph: where to look; topics and clients may have been put together in it.
        raw: the same before that.

    Raises:
        CopperError: a name means nothing there; it says which are like it.
    """
    if not names:
        return set()
    index = _Index(graph, raw)
    found: set[str] = set()
    for name in names:
        nodes = index.of(name)
        if not nodes:
            raise CopperError(f"there is no service, client or topic {name!r}", next_step=index.like(name))
        found |= nodes
    return found


class _Index:
    """The names of a graph."""

    def __init__(self, graph: nx.MultiDiGraph[str], raw: nx.MultiDiGraph[str]) -> None:
        self._graph = graph
        self._services: dict[str, set[str]] = defaultdict(set)
        self._topics: list[tuple[str, str, str | None]] = []
        owners: dict[str, str] = {}
        for node, each in graph.nodes(data=True):
            if each["kind"] == "topic":
                self._topics.append((node, each["name"], _filter_of(each["name"], each)))
                continue
            for name in (each["name"], *each["clients"]):
                self._services[name].add(node)
            owners.update(dict.fromkeys(each["clients"], node))
        self._raw_topics: list[str] = []
        for node, each in raw.nodes(data=True) if raw is not graph else ():
            if each["kind"] == "service":
                nodes = {owners[client] for client in each["clients"] if client in owners}
                self._services[each["name"]] |= nodes
            elif node not in graph:
                self._raw_topics.append(each["name"])

    def of(self, name: str) -> set[str]:
        """The nodes that are meant by a name."""
        if name in self._graph:
            return {name}
        meant = set(self._services.get(name, ()))
        if f"topic:{name}" in self._graph:
            meant.add(f"topic:{name}")
        if name.startswith("re:"):
            return meant | self._matching(pattern(name))
        if meant and not {"+", "#"} & set(name):
            return meant
        try:
            wanted = pattern(name)
        except CopperError:
            return meant  # no filter either: it is unknown
        return meant | {node for node, topic, plain in self._topics if _is_meant(wanted, topic, plain)}

    def _matching(self, regex: Pattern) -> set[str]:
        found = {node for name, nodes in self._services.items() if regex.has(name) for node in nodes}
        found |= {node for node, topic, _ in self._topics if regex.has(topic)}
        folded = [(node, Pattern(plain)) for node, _, plain in self._topics if plain is not None]
        raw = [topic for topic in self._raw_topics if regex.has(topic)]
        return found | {node for node, plain in folded if any(map(plain.has, raw))}

    def like(self, name: str) -> str:
        """Names that are nearly this one, in words; or some that there are."""
        services = sorted(self._services)
        known = [*services, *sorted({topic for _, topic, _ in self._topics} | set(self._raw_topics))]
        folded = {each.casefold(): each for each in reversed(known)}
        near = get_close_matches(name.casefold(), folded, n=_NEAREST)
        near += sorted(each for each in folded if name and name.casefold() in each and each not in near)
        if near:
            return "the nearest are " + ", ".join(repr(folded[each]) for each in near[:_NEAREST])
        if not known:
            return "there are none at all"
        more = len(known) - _LISTED
        listed = ", ".join(map(repr, known[:_LISTED]))
        return f"there are {listed}" + (f" and {more:,} more" if more > 0 else "")


def _filter_of(name: str, attributes: dict[str, object]) -> str | None:
    """The filter that has all topics which a node stands for; None where it is one topic."""
    if attributes.get("filter"):
        return split_share(name)[1]
    if not attributes.get("template"):
        return None
    return "/".join("+" if level[:1] == "{" and level[-1:] == "}" else level for level in name.split("/"))


def _is_meant(wanted: Pattern, topic: str, plain: str | None) -> bool:
    return wanted.has(topic) if plain is None else wanted.meets(plain)

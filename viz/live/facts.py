"""What a page tells of a node beside the map: plain values for JSON, with names as they are.

Comes in: the whole graph, that of the last minute, what is drawn. Goes out: dicts. It draws nothing and sums up no log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from tracer.errors import CopperError
from tracer.pulses import Session
from viz.live.drawing import Drawing
from viz.live.graphs import Graph, seconds_in
from viz.live.system import System

MOST = 200
"""Entries of one list; `total` says how many there are."""


def facts(node: str, system: System, graph: Graph, minute: Graph, drawing: Drawing | None) -> dict[str, Any]:
    """What is known of a service or a topic.

    Args:
        node: `service:NAME` or `topic:NAME`, of the whole graph, or one that is drawn for several.
        system: for what the graph has not.
        graph: the whole one.
        minute: that of the last minute.
        drawing: what is shown.

    Raises:
        CopperError: there is no such node.
    """
    if node in graph:
        told = _Side(graph, minute, node, [node])
    elif drawing is not None and node in drawing.drawn:
        members = sorted(one for one in graph if drawing.of.get(one) == node)
        told = _Side(drawing.drawn, minute, node, members, drawing)
    else:
        raise CopperError("nothing of this name was seen", where=node)
    kind, _, name = node.partition(":")
    answer = {"id": node, "kind": kind, "name": name, **_plain(told.graph.nodes[node])}
    if drawing is not None and "change" in drawing.drawn.nodes.get(drawing.of.get(node, node), {}):
        answer["change"] = drawing.drawn.nodes[drawing.of.get(node, node)]["change"]
    answer["drawn"] = drawing.of.get(node, node) if drawing is not None else None
    if len(told.members) > 1:
        answer["members"] = _listed(told.members)
    answer |= told.of_service(system) if kind == "service" else told.of_topic(system)
    return answer


class _Side:
    """One node with its edges."""

    def __init__(
        self, graph: Graph, minute: Graph, node: str, members: list[str], drawing: Drawing | None = None
    ) -> None:
        self.graph = graph
        self.node = node
        self.members = members or [node]
        self._minute: dict[tuple[str, str, str], int] = {}
        self._scale = 60 / seconds_in(minute)
        of = drawing.of if drawing is not None else {}
        for one in self.members:
            if one in minute:
                for source, target, key, edge in (
                    *minute.out_edges(one, keys=True, data=True),
                    *minute.in_edges(one, keys=True, data=True),
                ):
                    ends = of.get(source, source), of.get(target, target), key.partition(":")[0]
                    self._minute[ends] = self._minute.get(ends, 0) + edge["messages"]

    def of_service(self, system: System) -> dict[str, Any]:
        """Its subscriptions, what it publishes and receives, from whom and to whom, and its connections."""
        out = list(self.graph.out_edges(self.node, keys=True, data=True))
        into = list(self.graph.in_edges(self.node, keys=True, data=True))
        receives = [self._edge(source, edge) for source, _, key, edge in into if key == "subscribe"]
        publishes = [self._edge(target, edge, back=False) for _, target, key, edge in out if key == "publish"]
        return {
            "subscriptions": _listed(sorted({one for edge in receives for one in edge["filters"]})),
            "publishes": _busiest(publishes),
            "receives": _busiest(receives),
            "refused": _busiest(
                [self._edge(target, edge, back=False) for _, target, key, edge in out if key == "deny"]
            ),
            "from": _busiest(self._peers((source, key, edge) for source, _, key, edge in into)),
            "to": _busiest(self._peers(((target, key, edge) for _, target, key, edge in out), back=False)),
            "sessions": self._sessions(system),
        }

    def of_topic(self, system: System) -> dict[str, Any]:
        """Who publishes it, who subscribes to it by which filter, and its last message."""
        into = self.graph.in_edges(self.node, keys=True, data=True)
        out = self.graph.out_edges(self.node, keys=True, data=True)
        return {
            "publishers": _busiest([self._edge(source, edge) for source, _, key, edge in into if key == "publish"]),
            "refused": _busiest([self._edge(source, edge) for source, _, key, edge in into if key == "deny"]),
            "subscribers": _busiest(
                [self._edge(target, edge, back=False) for _, target, key, edge in out if key == "subscribe"]
            ),
            "newest": self._newest(system),
        }

    def _edge(self, other: str, edge: Any, *, back: bool = True) -> dict[str, Any]:
        """An edge with another node; `back` where it comes from there."""
        ends = (other, self.node) if back else (self.node, other)
        kinds = [key for key in ("publish", "subscribe", "deny") if (*ends, key) in self._minute]
        minute = round(sum(self._minute[(*ends, key)] for key in kinds) * self._scale)
        return {"id": other, "name": self.graph.nodes[other]["name"], **_plain(edge), "minute": minute}

    def _peers(self, edges: Iterable[tuple[str, str, Any]], *, back: bool = True) -> list[dict[str, Any]]:
        """The services that its messages come from, or go to; all topics in one."""
        found: dict[str, dict[str, Any]] = {}
        for other, key, edge in edges:
            if not key.startswith("deliver"):
                continue
            name = self.graph.nodes[other]["name"]
            one = found.setdefault(
                other, {"id": other, "name": name, "messages": 0, "seen": 0, "inferred": 0, "topics": [], "last": None}
            )
            for what in ("messages", "seen", "inferred"):
                one[what] += edge[what]
            one["topics"].append(edge["topic"])
            one["last"] = max(filter(None, (one["last"], edge["last"])), default=None)
        for other, one in found.items():
            ends = (other, self.node) if back else (self.node, other)
            one["minute"] = round(self._minute.get((*ends, "deliver"), 0) * self._scale)
            one["topics"] = _listed(sorted(one["topics"]))
        return list(found.values())

    def _sessions(self, system: System) -> dict[str, Any]:
        """The last connection of each client."""
        told = []
        for member in self.members[:MOST]:
            for client, session in system.sessions(member.partition(":")[2]).items():
                one: dict[str, Any] = {"client": client}
                if session.came is not None:
                    one["came"] = asdict(session.came)
                if session.went is not None and _is_gone(session):
                    one["went"] = asdict(session.went)
                told.append(one)
        return _listed(told)

    def _newest(self, system: System) -> dict[str, Any] | None:
        """The last message on it, or on one of the topics that it stands for."""
        found = []
        for member in self.members[:MOST]:
            name = member.partition(":")[2]
            newest = system.newest(name)
            if newest is not None:
                found.append({"topic": name, **asdict(newest)})
        return max(found, key=lambda one: one["at"] or "", default=None)


def _is_gone(session: Session) -> bool:
    """Whether it went after it came. Lines are counted in each file anew, so times are asked first."""
    came, went = session.came, session.went
    if came is None or went is None:
        return went is not None
    return (went.at or "", went.line) > (came.at or "", came.line)


def _plain(attributes: Any) -> dict[str, Any]:
    """Attributes of a node or an edge, long lists cut."""
    return {key: value[:MOST] if isinstance(value, list) else value for key, value in attributes.items()}


def _listed(entries: list[Any]) -> dict[str, Any]:
    return {"total": len(entries), "first": entries[:MOST]}


def _busiest(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The busiest first."""
    key: Callable[[dict[str, Any]], Any] = lambda one: (-one["messages"], one["name"])  # noqa: E731
    return _listed(sorted(entries, key=key))

"""A graph and what is wanted of it → an SVG, and an index: which of its arrows and nodes stands for what.

Pure: the same graph gives the same drawing. What happens to it over time is in maps.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tracer.pulses import EdgeKey
from tracer.views import View, simplified
from tracer.views.comparing import compared
from tracer.windows import only
from viz.formats import svg
from viz.layout import lay_out, words
from viz.live.graphs import Graph
from viz.live.query import Shown
from viz.scene import Scene

_KINDS = {"publish": "publish", "deny": "deny", "receive": "subscribe", "deliver": "deliver"}
"""Kind of an arrow → key of the edges that it stands for."""
_LIMIT = 2.0
"""Seconds for a layout by `dot`: whoever looks on waits for it, and so does the end of the server."""


@dataclass(frozen=True)
class Drawing:
    """A picture of what is shown.

    Attributes:
        scene: what stands where.
        drawn: the graph of the picture.
        of: node of the whole graph → the one drawn in its place, where that is another.
        connected: service of the whole graph → whether a client of it is there.
    """

    scene: Scene
    drawn: Graph
    of: Mapping[str, str]
    connected: Mapping[str, bool]
    _known: dict[EdgeKey, int | None] = field(default_factory=dict, repr=False)

    @cached_property
    def svg(self) -> str:
        """The picture."""
        return svg.render(self.scene)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Node → its number in the picture (`data-n`)."""
        return svg.numbers(self.scene)

    @cached_property
    def arrows(self) -> dict[EdgeKey, int]:
        """Ends and key → the number of the arrow in the picture (`data-e`), or of a matrix's mark (`data-m`)."""
        scene = self.scene
        if scene.marks:
            return {(one.source, one.target, _KINDS[one.kind]): place for place, one in enumerate(scene.marks)}
        drawn = [(place, one) for place, one in enumerate(scene.arrows) if one.points]
        return {(one.source, one.target, _KINDS[one.kind]): place for place, one in drawn}

    @cached_property
    def keys(self) -> dict[int, EdgeKey]:
        """The number of an arrow → its ends and key."""
        return {place: key for key, place in self.arrows.items()}

    @cached_property
    def published(self) -> frozenset[int]:
        """The arrows by which messages are counted: those to topics, or, where no topics are drawn, to services."""
        places = {key: {place for (_, _, one), place in self.arrows.items() if one == key} for key in _KINDS.values()}
        return frozenset(places["publish"] or places["deliver"])

    @cached_property
    def idle(self) -> frozenset[int]:
        """The arrows over which nothing had come: they are drawn pale, and are others once something has."""
        lines = self.scene.marks or self.scene.arrows
        return frozenset(place for place in self.keys if lines[place].style == "idle")

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """Service that is drawn → those of the whole graph that it stands for."""
        found: dict[str, list[str]] = defaultdict(list)
        for node in self.connected:
            found[self.of.get(node, node)].append(node)
        return dict(found)

    @cached_property
    def _headers(self) -> dict[str, str]:
        """Row → the header of its table."""
        return {row.node: table.node for table in self.scene.tables for row in table.rows}

    def arrow(self, edge: EdgeKey) -> int | None:
        """The arrow that stands for an edge of the whole graph; None where none is drawn."""
        if edge not in self._known:
            self._known[edge] = self._found(edge)
        return self._known[edge]

    def _found(self, edge: EdgeKey) -> int | None:
        source, target, key = edge
        kind = key.partition(":")[0]
        source, target = self.of.get(source, source), self.of.get(target, target)
        place = self.arrows.get((source, target, kind))
        if place is None and kind == "subscribe":
            # a service that receives every row of a table gets one line, from its header
            place = self.arrows.get((self._headers.get(source, ""), target, kind))
        return place


def viewed(graph: Graph, shown: Shown, other: Graph | None = None) -> tuple[View, Mapping[str, str]]:
    """What is wanted of a graph, and what nodes are called there that were renamed to be compared.

    Args:
        graph: the whole graph of a system; it stays as it is.
        shown: what is wanted.
        other: the graph that it is compared with.

    Raises:
        CopperError: something is asked for that is not in the graph.
    """
    topics = shown.topics
    names: Mapping[str, str] = {}
    wanted = only(graph, topics) if topics else graph
    if other is not None:
        found = compared(only(other, topics) if topics else other, wanted)
        wanted, names = found.graph, found.of
    return simplified(wanted, shown.choice), names


def draw(graph: Graph, shown: Shown, before: Scene | None = None, other: Graph | None = None) -> Drawing:
    """Draw what is wanted of a graph.

    Args:
        graph: the whole graph of a system; it stays as it is.
        shown: what is wanted.
        before: the picture that was there; what was in it stays where it is.
        other: a whole graph that it is compared with.

    Raises:
        CopperError: something is asked for that is not in the graph.
    """
    view, names = viewed(graph, shown, other)
    of = {**view.of, **{node: view.of.get(name, name) for node, name in names.items()}}
    drawn = view.drawn()
    connected = {
        node: bool(each.get("connected")) for node, each in graph.nodes(data=True) if each["kind"] == "service"
    }
    return Drawing(_placed(view, drawn, shown, before), drawn, of, connected)


def _placed(view: View, drawn: Graph, shown: Shown, before: Scene | None) -> Scene:
    """Where everything stands."""
    said = words.of_remarks(view.remarks)
    return lay_out(drawn, layout=shown.layout, said=said, limit=_LIMIT, keep=before)

"""A graph becomes boxes, tables and arrows with their sizes, but not yet with places."""

from __future__ import annotations

import math
from dataclasses import dataclass

import networkx as nx

from viz.layout import words
from viz.layout.arrows import arrows_of
from viz.layout.reader import Reader
from viz.layout.tables import TIMES, TIMES_GAP, tables_of
from viz.scene import Arrow, Box, Label, Mark, Table, signed
from viz.text import label, sans_width

SERVICE_SIZE = 12.0
BOX_HEIGHT = 30.0


@dataclass(frozen=True)
class Parts:
    """What a picture consists of.

    Attributes:
        seconds: how long was watched, or None where the log has no times.
        messages: published in that time.
        services, topics: how many all boxes and rows stand for.
        labels: texts that the layout sets, such as the names of columns.
        marks: cells of a matrix.
    """

    boxes: tuple[Box, ...]
    tables: tuple[Table, ...]
    arrows: tuple[Arrow, ...]
    seconds: float | None
    messages: int
    services: int
    topics: int
    labels: tuple[Label, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def lines(self) -> list[Arrow]:
        """The arrows that are to be drawn: those between services only where there are no topics between them."""
        return [arrow for arrow in self.arrows if (arrow.kind == "deliver") is not bool(self.tables)]


def parts_of(graph: nx.MultiDiGraph[str], *, heads: bool = True) -> Parts:
    """Read the graph of a trace.

    Args:
        graph: the tracer's graph; its nodes and attributes are documented in `tracer.graph`.
        heads: one line from a table's header may stand for those from all its rows.
    """
    reader = Reader(graph)
    tables = tables_of(reader)
    delivered = (edge["messages"] for each in reader.delivers.values() for edge in each)
    return Parts(
        boxes=tuple(_box(reader, node) for node in reader.nodes("service")),
        tables=tables,
        arrows=arrows_of(reader, tables, heads=heads),
        seconds=reader.seconds,
        messages=sum(reader.published.values() if tables else delivered),
        services=reader.count("service", "members"),
        topics=reader.count("topic", "topics"),
    )


def _box(reader: Reader, node: str) -> Box:
    text, change = label(reader.name(node)), reader.change(node)
    attributes = reader.graph.nodes[node]
    members = int(attributes.get("members") or 1)
    count = f"{TIMES}{members:,}{reader.some(node)}" if members > 1 else ""
    tooltip, data = words.of_service(attributes)
    tooltip = "\n".join([tooltip, *words.of_change(attributes, "members", "service", reader.before)])
    wide = sans_width(signed(text, change), SERVICE_SIZE, bold=True)
    wide += TIMES_GAP + sans_width(count, SERVICE_SIZE) if count else 0.0
    width = max(60.0, math.ceil(wide) + 24.0)
    return Box(node, text, width, BOX_HEIGHT, count=count, tooltip=tooltip, data=data, change=change)

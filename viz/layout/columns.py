"""The layout for any size, without an engine: publishers, topics, subscribers.

Every line runs from left to right, so a row reads "who, topic, whom"; a service that does both stands on
both sides. Their order is found in `order`, so that few lines cross. 5,000 nodes take well under a second.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from viz.layout.frame import heading_width
from viz.layout.order import beside, neighbours, ordered, stacked
from viz.layout.parts import Parts
from viz.layout.routes import height_for, middles, routed
from viz.layout.tables import PADDING
from viz.scene import Box, Label, Table

_Shape = TypeVar("_Shape", Box, Table)

_TOPICS = "TOPICS"
_BOX_GAP = 8.0
_HEADING = 22.0
"""From the top of the drawing to the first table, in points: the headings stand there."""


@dataclass(frozen=True)
class _Edges:
    """Where the columns begin, and where that of the topics ends, in points."""

    outer: float
    tables: float
    tables_end: float
    inner: float


def columns(parts: Parts, *, top: float, left: float) -> Parts:
    """Give everything a place, and name the columns.

    Args:
        parts: what to draw, at its natural size.
        top: where the drawing begins, in points.
        left: the same for its left side.
    """
    sent = [arrow for arrow in parts.arrows if arrow.kind in {"publish", "deny"}]
    received = [arrow for arrow in parts.arrows if arrow.kind == "receive"]
    ends = [(arrow.target, arrow.source) for arrow in sent], [(arrow.source, arrow.target) for arrow in received]
    tables = stacked(ordered(parts.tables, ends), top + _HEADING)
    rows = middles(tables)
    publishing, receiving = {arrow.source for arrow in sent}, {arrow.target for arrow in received}
    outer = [box for box in parts.boxes if box.node in publishing or box.node not in receiving]
    inner = [box for box in parts.boxes if box.node in receiving]
    outer = _beside(outer, neighbours(ends[0]), rows, top + _HEADING)
    inner = _beside(inner, neighbours(ends[1]), rows, top + _HEADING)
    outer, inner, tables = _same_width(outer), _same_width(inner), _same_width(tables, _room_for_names(tables))
    xs = _edges(left, outer, tables, min(320.0, 120.0 + len(rows)))
    outer = [replace(box, x=xs.outer) for box in outer]
    inner = [replace(box, x=xs.inner) for box in inner]
    tables = [replace(table, x=xs.tables) for table in tables]
    delivers = [arrow for arrow in parts.arrows if arrow.kind == "deliver"]
    arrows = [*routed(sent, outer, tables), *routed(received, inner, tables), *delivers]
    placed = replace(parts, boxes=(*outer, *inner), tables=tuple(tables), arrows=tuple(arrows))
    return replace(placed, labels=_headings(placed, xs, top + 6.0))


def _same_width(column: Iterable[_Shape], least: float = 0.0) -> list[_Shape]:
    shapes = list(column)
    width = max((each.width for each in shapes), default=0.0)
    width = max(width, least)
    return [replace(each, width=width) for each in shapes]


def _beside(boxes: list[Box], near: Mapping[str, list[str]], rows: Mapping[str, float], top: float) -> list[Box]:
    """Services at the middle of their rows, pushed apart as little as possible."""
    lowest = max(rows.values(), default=top)
    wanted = {
        box.node: statistics.fmean(rows[row] for row in near[box.node]) if near.get(box.node) else lowest
        for box in boxes
    }
    box_of = {box.node: box for box in boxes}
    order = [box_of[node] for node in beside(box_of, near, rows)]
    tall = [height_for(len(near.get(box.node, ()))) for box in order]
    centres = _apart([wanted[box.node] for box in order], [height + _BOX_GAP for height in tall])
    shift = max(0.0, top - min((y - height / 2 for y, height in zip(centres, tall, strict=True)), default=top))
    return [
        replace(box, height=height, y=y - height / 2 + shift)
        for box, height, y in zip(order, tall, centres, strict=True)
    ]


def _apart(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Middles in the given order that don't overlap, with the least squared distance from what is wanted.

    Neighbours that overlap form a block that stands where its members on average want it (pool adjacent
    violators).
    """
    blocks: list[tuple[float, float, int]] = []  # sum of the wanted tops, size, members
    for middle, size in zip(wanted, sizes, strict=True):
        total, tall, members = middle - size / 2, size, 1
        while blocks and blocks[-1][0] / blocks[-1][2] + blocks[-1][1] > total / members:
            before, height, more = blocks.pop()
            total, tall, members = before + total - members * height, tall + height, members + more
        blocks.append((total, tall, members))
    found: list[float] = []
    for total, _, members in blocks:
        y = total / members
        for size in sizes[len(found) : len(found) + members]:
            found.append(y + size / 2)
            y += size
    return found


def _edges(left: float, outer: list[Box], tables: list[Table], gap: float) -> _Edges:
    """Column beside column; one without anything in it takes no room."""
    begin = left + outer[0].width + gap if outer else left
    end = begin + tables[0].width if tables else begin
    return _Edges(left, begin, end, end + gap if tables else left)


def _room_for_names(tables: Iterable[Table]) -> float:
    """The width that the two names above the topics need beside each other, in points."""
    what = _counted(tables)
    return heading_width(_TOPICS) + (2 * PADDING + heading_width(what) if what else 0.0)


def _counted(tables: Iterable[Table]) -> str:
    """What the numbers in the rows are; empty where there are none."""
    counts = [row.count for table in tables for row in table.rows if row.count]
    if not counts:
        return ""
    return "RATE" if any("/" in count for count in counts) else "MESSAGES"


def _headings(parts: Parts, xs: _Edges, y: float) -> tuple[Label, ...]:
    what = _counted(parts.tables)
    left = [box for box in parts.boxes if box.x == xs.outer]
    wanted = [
        (bool(left), Label("heading", "PUBLISHERS", xs.outer, y)),
        (bool(parts.tables), Label("heading", _TOPICS, xs.tables, y)),
        (bool(what), Label("heading", what, xs.tables_end, y, end=True)),
        (len(left) < len(parts.boxes), Label("heading", "SUBSCRIBERS", xs.inner, y)),
    ]
    return tuple(label for there, label in wanted if there)

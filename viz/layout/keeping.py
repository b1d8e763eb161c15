"""Nodes stay where they are when something is added: for a map that somebody looks at while the system changes.

In: parts at their natural size, and the scene that was shown before. Out: parts with places. What was there keeps its
place, rows their order; new rows come at the end of their table, new tables below the others, new services below those
that do the same. Where a table grows into what stands below it, that moves down, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from viz.layout.parts import Parts
from viz.layout.routes import HEAD, height_for, routed
from viz.layout.tables import ROW_HEIGHT, without_counts
from viz.scene import Arrow, Box, Scene, Table

_GAP = 12.0
"""Between a shape and the one below it, in points."""
_OUT = 40.0
"""How far a line goes out to the side, between two that stand above each other."""
_BESIDE = 120.0
"""Between a new table or service and the column that it stands beside, where there is none of its kind."""

_Shape = TypeVar("_Shape", Box, Table)


def can_keep(parts: Parts, before: Scene) -> bool:
    """Whether enough of the scene is left to be held on to: half of what is to be drawn, and all in one picture."""
    if before.layout not in {"flow", "columns"} or not parts.tables or not before.tables:
        return False
    there = {box.node for box in before.boxes} | {row.node for table in before.tables for row in table.rows}
    nodes = [box.node for box in parts.boxes] + [row.node for table in parts.tables for row in table.rows]
    return sum(node in there for node in nodes) * 2 >= len(nodes)


def kept(parts: Parts, before: Scene) -> Parts:
    """Give everything a place, that of before where it had one.

    Args:
        parts: what to draw, at its natural size.
        before: the scene that was shown, of layout `flow` or `columns`.
    """
    if before.layout == "flow":
        parts = replace(parts, tables=tuple(map(without_counts, parts.tables)))
    tables = _apart(_tables(parts, before), ())
    boxes = _apart(_boxes(parts, before, tables), tables)
    sent = [arrow for arrow in parts.arrows if arrow.kind in {"publish", "deny"}]
    received = [arrow for arrow in parts.arrows if arrow.kind == "receive"]
    delivers = [arrow for arrow in parts.arrows if arrow.kind == "deliver"]
    if before.layout == "columns":
        middle = min(table.x for table in tables)
        outer, inner = ([box for box in boxes if (box.x < middle) is side] for side in (True, False))
        ways = [*routed(sent, outer, tables), *routed(received, inner, tables)]
    else:
        ways = routed(_on_old_ways([*sent, *received], before, boxes, tables), boxes, tables)
        ends = _ends(boxes, tables)
        ways = [way if way.points else _round(way, ends) for way in ways]
    labels = tuple(label for label in before.labels if label.role == "heading")
    return replace(parts, boxes=tuple(boxes), tables=tuple(tables), arrows=(*ways, *delivers), labels=labels)


def _tables(parts: Parts, before: Scene) -> list[Table]:
    """Tables as wide as they were at least, their rows in the order of before."""
    old = {table.node: table for table in before.tables}
    left = min(table.x for table in before.tables)
    width = max(table.width for table in before.tables) if before.layout == "columns" else 0.0
    placed, new = [], []
    for table in parts.tables:
        had = old.get(table.node)
        if had is None:
            new.append(table)
            continue
        order = {row.node: place for place, row in enumerate(had.rows)}
        rows = sorted(table.rows, key=lambda row: order.get(row.node, len(order)))
        rows = [replace(row, y=table.header_height + place * ROW_HEIGHT) for place, row in enumerate(rows)]
        wide = max(table.width, had.width)
        placed.append(replace(table, rows=tuple(rows), x=had.x, y=had.y, width=wide))
    y = max(table.y + table.height for table in [*placed, *before.tables]) + _GAP
    for table in new:
        placed.append(replace(table, x=left, y=y, width=max(table.width, width)))
        y += table.height + _GAP
    return placed


def _boxes(parts: Parts, before: Scene, tables: list[Table]) -> list[Box]:
    """Services at each place that they had; new ones beside the tables, on the side of what they do."""
    old: dict[str, list[Box]] = {}
    for box in before.boxes:
        old.setdefault(box.node, []).append(box)
    senders = {arrow.source for arrow in parts.arrows if arrow.kind in {"publish", "deny"}}
    receivers = {arrow.target for arrow in parts.arrows if arrow.kind == "receive"}
    begin, end = min(table.x for table in tables), max(table.x + table.width for table in tables)
    outer = min((box.x for box in before.boxes if box.x < begin), default=begin - _BESIDE)
    inner = min((box.x for box in before.boxes if box.x >= end), default=end + _BESIDE)
    lowest = {x: max((b.y + b.height for b in before.boxes if b.x == x), default=tables[0].y) for x in (outer, inner)}
    placed = []
    for box in parts.boxes:
        tall = height_for(_lines_of(box.node, parts.arrows))
        places = old.get(box.node, [])
        placed += [replace(box, x=had.x, y=had.y, width=max(box.width, had.width), height=had.height) for had in places]
        sides = {had.x >= end for had in places}
        wanted = {x for x, there in ((outer, box.node in senders), (inner, box.node in receivers)) if there}
        if before.layout != "columns" and len(wanted) > 1:
            wanted = {outer}
        wanted = {
            x for x in wanted or {outer} if not places or (before.layout == "columns" and (x == inner) not in sides)
        }
        for x in sorted(wanted):
            width = max((b.width for b in before.boxes if b.x == x), default=box.width)
            placed.append(replace(box, x=x, y=lowest[x] + _GAP, width=max(width, box.width), height=tall))
            lowest[x] += tall + _GAP
    return placed


def _lines_of(node: str, arrows: Iterable[Arrow]) -> int:
    """How many lines a service has at the side where it has most."""
    sent = sum(arrow.source == node and arrow.kind != "deliver" for arrow in arrows)
    received = sum(arrow.target == node and arrow.kind == "receive" for arrow in arrows)
    return max(sent, received)


def _on_old_ways(arrows: list[Arrow], before: Scene, boxes: list[Box], tables: list[Table]) -> list[Arrow]:
    """Lines both of whose ends stand where they stood, on the ways that they had."""
    old, new = _ends(before.boxes, before.tables), _ends(boxes, tables)
    changed = {node for node in new if old.get(node) != new[node]}
    ways = {(arrow.kind, arrow.source, arrow.target): arrow for arrow in before.arrows}
    found = []
    for arrow in arrows:
        had = ways.get((arrow.kind, arrow.source, arrow.target))
        if had is not None and not {arrow.source, arrow.target} & changed:
            found.append(replace(arrow, points=had.points, tip=had.tip))
        else:
            found.append(arrow)
    return found


def _round(arrow: Arrow, ends: Mapping[str, tuple[float, float, float, float]]) -> Arrow:
    """The way of a line between two that stand above each other: out to the right, and back."""
    (x, width, top, tall), (x2, width2, top2, tall2) = ends[arrow.source], ends[arrow.target]
    start, tip = (x + width, top + tall / 2), (x2 + width2, top2 + tall2 / 2)
    foot = (tip[0] + HEAD, tip[1])
    out = max(start[0], foot[0]) + _OUT
    return replace(arrow, points=(start, (out, start[1]), (out, foot[1]), foot), tip=tip)


def _ends(boxes: Iterable[Box], tables: Iterable[Table]) -> dict[str, tuple[float, float, float, float]]:
    """Where lines of each node may end: left, right, top and height."""
    found = {box.node: (box.x, box.width, box.y, box.height) for box in boxes}
    for table in tables:
        found[table.node] = (table.x, table.width, table.y, table.header_height)
        found.update({row.node: (table.x, table.width, table.y + row.y, row.height) for row in table.rows})
    return found


def _apart(shapes: Iterable[_Shape], still: Iterable[Box | Table]) -> list[_Shape]:
    """Move down whatever is overlapped from above, in the order from the top; what stands still does not move."""
    around: list[Box | Table] = list(still)
    placed = []
    for shape in sorted(shapes, key=lambda one: (one.y, one.x, one.node)):
        moved = shape
        while (above := next((one for one in around if _overlap(one, moved)), None)) is not None:
            moved = replace(moved, y=above.y + above.height + _GAP)
        around.append(moved)
        placed.append(moved)
    return placed


def _overlap(one: Box | Table, other: Box | Table) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not beside and one.y < other.y + other.height and other.y < one.y + one.height

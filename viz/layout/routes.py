"""The way of a line between a service and a row: one curve from side to side, ends spread along the service.

In: boxes and tables with their places. Out: arrows with their points. A line that would run through
somebody else's box keeps the way that it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from viz.layout.parts import BOX_HEIGHT
from viz.scene import BEHIND, Arrow, Box, Point, Table, curve

HEAD = 7.0
"""Length of an arrow's head, in points."""

_STEP = 5.0
"""Least distance of lines along the side of a box, in points; boxes grow with their lines up to a limit."""
_TALLEST_BOX = 96.0
_LEAST_GAP = 24.0
"""Between a service and a table, below which a curve has no room to bend."""
_CLEARANCE = 3.0
_SAMPLES = 32


@dataclass(frozen=True)
class _Line:
    """An arrow between a service and a row (or header): `right` where the row is right of the service."""

    number: int
    service: Box
    table: Table
    row: str
    y: float
    right: bool


def height_for(lines: int) -> float:
    """How tall a box must be for so many lines at one side."""
    return min(_TALLEST_BOX, max(BOX_HEIGHT, _STEP * (lines - 1) + 16.0))


def right_of(box: Box) -> float:
    """Where lines end at its right side: before the second rectangle behind it, if it has one."""
    return box.x + box.width + (BEHIND if box.count else 0.0)


def middles(tables: Iterable[Table]) -> dict[str, float]:
    """The height at which the lines of each row, and of each header, begin and end."""
    found = {}
    for table in tables:
        found[table.node] = table.y + table.header_height / 2
        found.update({row.node: table.y + row.y + row.height / 2 for row in table.rows})
    return found


def routed(arrows: Iterable[Arrow], boxes: Iterable[Box], tables: Iterable[Table]) -> list[Arrow]:
    """Give each arrow its curve, where nothing is in its way.

    Args:
        arrows: between services and rows; their own points are kept where no curve is possible.
        boxes: each service once.
        tables: each topic once.
    """
    boxes, tables, placed = list(boxes), list(tables), list(arrows)
    sides: dict[tuple[str, bool], list[_Line]] = defaultdict(list)
    ends: dict[tuple[str, bool], set[bool]] = defaultdict(set)
    for line in _lines(placed, boxes, tables):
        sides[line.service.node, line.right].append(line)
        ends[line.row, line.right].add(placed[line.number].kind == "receive")
    for lines in sides.values():
        lines.sort(key=lambda line: (line.y, line.number))
        for place, line in enumerate(lines):
            arrow = placed[line.number]
            both = len(ends[line.row, line.right]) == 2
            shift = 0.0 if not both else 3.5 if arrow.kind == "receive" else -3.5
            way = _between(arrow, line, _spread(line.service, place, len(lines)), shift)
            if not arrow.points or not _blocked(way, line, boxes, tables):
                placed[line.number] = way
    return placed


def _lines(arrows: list[Arrow], boxes: list[Box], tables: list[Table]) -> list[_Line]:
    box_of = {box.node: box for box in boxes}
    table_of = {node: table for table in tables for node in (table.node, *(row.node for row in table.rows))}
    ys = middles(tables)
    lines = []
    for number, arrow in enumerate(arrows):
        row, service = (arrow.source, arrow.target) if arrow.kind == "receive" else (arrow.target, arrow.source)
        box, table = box_of[service], table_of[row]
        right = table.x >= box.x + box.width + _LEAST_GAP
        if right or table.x + table.width + _LEAST_GAP <= box.x:
            lines.append(_Line(number, box, table, row, ys[row], right))
    return lines


def _spread(box: Box, place: int, lines: int) -> float:
    """The height of one of the lines that end at one side of a box."""
    step = min(_STEP * 1.4, (box.height - 10.0) / max(1, lines - 1))
    return box.y + box.height / 2 + step * (place - (lines - 1) / 2)


def _between(arrow: Arrow, line: _Line, y: float, shift: float) -> Arrow:
    box, table = line.service, line.table
    at_box = (right_of(box) if line.right else box.x, y)
    at_row = (table.x if line.right else table.x + table.width, line.y + shift)
    start, tip = (at_row, at_box) if arrow.kind == "receive" else (at_box, at_row)
    foot = (tip[0] - HEAD if tip[0] > start[0] else tip[0] + HEAD, tip[1])
    bend = (foot[0] - start[0]) / 2
    points = (start, (start[0] + bend, start[1]), (foot[0] - bend, foot[1]), foot)
    # `replace` takes three times as long, and there may be ten thousand lines.
    return Arrow(**{**vars(arrow), "points": points, "tip": tip})


def _blocked(arrow: Arrow, line: _Line, boxes: list[Box], tables: list[Table]) -> bool:
    """Whether the curve touches anything but its own two ends."""
    (x, y), (x2, y2) = arrow.points[0], arrow.points[-1]
    left, right = sorted((x, x2))
    top, bottom = sorted((y, y2))
    others: list[Box | Table] = [*boxes, *tables]
    near = [
        each
        for each in others
        if each is not line.service
        and each is not line.table
        and each.x - _CLEARANCE < right
        and each.x + each.width + _CLEARANCE > left
        and each.y - _CLEARANCE < bottom
        and each.y + each.height + _CLEARANCE > top
    ]
    if not near:
        return False
    points = [curve(arrow.points, place / _SAMPLES) for place in range(_SAMPLES + 1)]
    return any(_touches(points, each) for each in near)


def _touches(points: list[Point], what: Box | Table) -> bool:
    left, right = what.x - _CLEARANCE, what.x + what.width + _CLEARANCE
    top, bottom = what.y - _CLEARANCE, what.y + what.height + _CLEARANCE
    return any(left < x < right and top < y < bottom for x, y in points)

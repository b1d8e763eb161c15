"""The layout without lines: a row for each topic, a column for each service, a mark where they meet.

Nothing crosses and nothing is left out, so it is the one to look something up in. It has no limit: 60 services and
150 topics are one page, more are a larger one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from viz.layout.parts import SERVICE_SIZE, Parts
from viz.layout.tables import INDENT, PADDING, TIMES_GAP, row_width
from viz.scene import TURNED, Arrow, Box, Label, Mark, Row, Table, signed
from viz.text import label, sans_width

ROW = 18.0
COLUMN = 22.0
_BESIDE = 5.0
"""Of the middle of a cell that holds two marks to the middle of each, in points."""
_LEAST_HEAD = 40.0


def matrix(parts: Parts, *, top: float, left: float) -> Parts:
    """Give everything a place.

    Args:
        parts: with a line for each row, none from a header.
        top: where the drawing begins, in points.
        left: the same for its left side.
    """
    lines = [arrow for arrow in parts.arrows if arrow.kind != "deliver"]
    tall = max([_LEAST_HEAD, *(_long(box) * math.sin(math.radians(TURNED)) + 16.0 for box in parts.boxes)])
    table = _one_table(parts.tables, left, top + tall)
    first = table.x + table.width + COLUMN / 2 if table.rows else left
    boxes = tuple(
        replace(box, x=first + place * COLUMN, y=top, width=COLUMN, height=tall)
        for place, box in enumerate(_in_order(parts.boxes, lines))
    )
    headings = [Label("heading", "TOPICS", left, top + tall - 8.0)] if table.rows else []
    if any(row.count for row in table.rows):
        what = "RATE" if any("/" in row.count for row in table.rows) else "MESSAGES"
        headings.append(Label("heading", what, table.x + table.width - PADDING, top + tall - 8.0, end=True))
    unplaced = tuple(replace(arrow, points=()) for arrow in parts.arrows)
    tables = (table,) if table.rows else ()
    marks = tuple(_marks(lines, boxes, table))
    return replace(parts, boxes=boxes, tables=tables, arrows=unplaced, marks=marks, labels=tuple(headings))


def _long(box: Box) -> float:
    """The length of what stands above a column, in points."""
    count = TIMES_GAP + sans_width(box.count, SERVICE_SIZE) if box.count else 0.0
    return sans_width(signed(box.label, box.change), SERVICE_SIZE, bold=True) + count


def reach(boxes: Iterable[Box]) -> float:
    """How far to the right the turned names go, in points."""
    return max((box.x + COLUMN / 2 + _long(box) * math.cos(math.radians(TURNED)) for box in boxes), default=0.0)


def _one_table(tables: Iterable[Table], x: float, y: float) -> Table:
    """All topics, with their whole names, as rows of one table without a header."""
    rows: list[Row] = []
    for table in tables:
        for row in table.rows:
            text = label(row.node.partition(":")[2])
            rows.append(replace(row, label=text, y=len(rows) * ROW, height=ROW))
    widths = [INDENT + row_width(row) + PADDING for row in rows]
    width = float(math.ceil(max([160.0, *widths])))
    return Table("topics:", "", 0.0, INDENT, tuple(rows), width, len(rows) * ROW, x=x, y=y)


def _in_order(boxes: Iterable[Box], lines: Iterable[Arrow]) -> list[Box]:
    """Who mostly publishes first, who mostly receives last."""
    balance: Counter[str] = Counter()
    for arrow in lines:
        balance[arrow.source] += arrow.kind == "publish"
        balance[arrow.target] -= arrow.kind == "receive"
    return sorted(boxes, key=lambda box: (-balance[box.node], box.node))


def _marks(lines: Iterable[Arrow], boxes: Iterable[Box], table: Table) -> Iterable[Mark]:
    xs = {box.node: box.x + COLUMN / 2 for box in boxes}
    ys = {row.node: table.y + row.y + ROW / 2 for row in table.rows}
    cells: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in lines:
        topic, service = (arrow.source, arrow.target) if arrow.kind == "receive" else (arrow.target, arrow.source)
        cells.setdefault((topic, service), []).append(arrow)
    for (topic, service), arrows in sorted(cells.items()):
        for place, arrow in enumerate(sorted(arrows, key=lambda arrow: _KINDS.index(arrow.kind))):
            shift = 2 * _BESIDE * (place - (len(arrows) - 1) / 2)
            yield Mark(
                arrow.kind,
                arrow.style,
                arrow.source,
                arrow.target,
                xs[service] + shift,
                ys[topic],
                tooltip=arrow.tooltip,
                whole=arrow.whole,
                data=arrow.data,
                change=arrow.change,
            )


_KINDS = ("publish", "deny", "receive", "deliver")

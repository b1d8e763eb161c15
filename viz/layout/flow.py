"""The layout for up to some forty services: messages flow from left to right, stage by stage.

`dot` says where things stand; sizes, texts and colours are ours. What makes its picture a good one was
tried out: lines end on rows, on whichever side `dot` likes; tables are cells of fixed size; it is asked in
several ways (see `plans`), and the answer with the fewest crossings on the least paper is taken.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from viz.layout.crossing import crossings
from viz.layout.engine import NoLayout, run_dot
from viz.layout.parts import Parts
from viz.layout.plans import Plan, plans
from viz.layout.routes import height_for, routed
from viz.layout.tables import without_counts
from viz.scene import BEHIND, Arrow, Box, Label, Point, Table
from viz.text import monospace_width

_Shape = TypeVar("_Shape", Box, Table)

_GRAPH = "rankdir=LR nodesep=.15 ranksep=.8"
_GOOD = 1 / 20
"""Crossings for each line below which no better picture is looked for."""
_WORTH = 20_000.0
"""Square points of paper that are worth one crossing."""
LABEL_SIZE = 11.0
_LABEL_HEIGHT = 14.0
_MOST_LABELS = 40
_HEAD = 0.7
"""Length of an arrow's head in tenths of an inch, which is how dot measures its arrows (10 points are 1)."""


def flow(parts: Parts, *, top: float, left: float, limit: float) -> Parts:
    """Give everything a place.

    Args:
        parts: what to draw, at its natural size.
        top: where the drawing begins, in points.
        left: the same for its left side.
        limit: seconds that `dot` may take.

    Raises:
        NoLayout: `dot` is not there, failed, or was too slow.
    """
    parts = replace(parts, boxes=_grown(parts), tables=tuple(map(without_counts, parts.tables)))
    ids = _ids(parts)
    drawn = parts.lines
    ways = plans(parts, drawn)
    answers = run_dot([_source(plan, drawn, ids) for plan in ways], limit=limit)
    best, least = parts, math.inf
    for places in answers:
        try:
            placed = _placed(parts, drawn, ids, places, (left, top))
        except (KeyError, ValueError, IndexError) as error:
            raise NoLayout("dot gave an answer that can't be read") from error
        paper = _area(placed) / _WORTH
        crossed = crossings(placed.arrows, most=least - paper)
        if crossed + paper < least:
            best, least = placed, crossed + paper
            if crossed <= len(drawn) * _GOOD:
                break
    return best


def _area(parts: Parts) -> float:
    """Of what is drawn, in square points."""
    points = [point for arrow in parts.arrows for point in arrow.points]
    shapes: list[Box | Table] = [*parts.boxes, *parts.tables]
    points += [(x, y) for each in shapes for x, y in ((each.x, each.y), (each.x + each.width, each.y + each.height))]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (max(xs) - min(xs)) * (max(ys) - min(ys))


def _ids(parts: Parts) -> dict[str, str]:
    """Node → `n12`, or `n12:r3` for a row of a table: nothing but these names reaches dot."""
    ids = {box.node: f"n{place}" for place, box in enumerate(parts.boxes)}
    for place, table in enumerate(parts.tables, start=len(ids)):
        ids[table.node] = f"n{place}:h" if table.header else f"n{place}"
        ids.update({row.node: f"n{place}:r{number}" for number, row in enumerate(table.rows)})
    return ids


def _grown(parts: Parts) -> tuple[Box, ...]:
    """Services as tall as their lines need at the side where most of them are: those with one table share a side."""
    table_of = {row.node: table.node for table in parts.tables for row in table.rows}
    lines: Counter[tuple[str, str]] = Counter()
    for arrow in parts.lines:
        if arrow.kind == "deliver":
            lines.update([(arrow.source, "out"), (arrow.target, "in")])
            continue
        is_sent = arrow.kind != "receive"
        service, row = (arrow.source, arrow.target) if is_sent else (arrow.target, arrow.source)
        lines.update([(service, "out" if is_sent else "in"), (service, table_of.get(row, row))])
    most: dict[str, int] = defaultdict(int)
    for (service, _), count in lines.items():
        most[service] = max(most[service], count)
    return tuple(replace(box, height=height_for(most[box.node])) for box in parts.boxes)


def _source(plan: Plan, drawn: list[Arrow], ids: Mapping[str, str]) -> str:
    lines = [f'digraph {{ graph [{_GRAPH}]; node [label="" margin=0]; edge [arrowsize={_HEAD}];']
    for box in plan.services:
        behind = _behind(box)
        inches = f"width={(box.width + behind) / 72:.4f} height={(box.height + behind) / 72:.4f}"
        lines.append(f"{ids[box.node]} [shape=box fixedsize=true {inches}];")
    lines += [f"{_bare(ids[table.node])} [shape=plain label=<{_cells(table)}>];" for table in plan.tables]
    for number, arrow in enumerate(drawn):
        more = " constraint=false" if number in plan.loose else ""
        if _is_labelled(arrow, drawn):
            more += f" label=<{_spaced([('l', _LABEL_HEIGHT)], monospace_width(arrow.label, LABEL_SIZE))}>"
        lines.append(f"{ids[arrow.source]} -> {ids[arrow.target]} [id=e{number}{more}];")
    return "\n".join([*lines, "}"])


def _bare(port: str) -> str:
    return port.partition(":")[0]


def _cells(table: Table) -> str:
    heights = [("h", table.header_height)] if table.header else []
    heights += [(f"r{number}", row.height) for number, row in enumerate(table.rows)]
    return _spaced(heights, table.width)


def _spaced(heights: list[tuple[str, float]], width: float) -> str:
    """Empty cells above each other."""
    cells = "".join(
        f'<TR><TD PORT="{port}" FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"></TD></TR>'
        for port, height in heights
    )
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{cells}</TABLE>'


def _placed(
    parts: Parts, drawn: list[Arrow], ids: Mapping[str, str], places: Mapping[str, Any], origin: Point
) -> Parts:
    left, top = origin
    _, _, _, height = map(float, places["bb"].split(","))

    def point(text: str) -> Point:
        x, y = map(float, text.split(","))
        if not math.isfinite(x + y + height):
            raise ValueError(text)
        return (left + x, top + height - y)

    centres = {each["name"]: point(each["pos"]) for each in places.get("objects", ())}
    lines = {each["id"]: each["pos"] for each in places.get("edges", ())}
    middles = {each["id"]: point(each["lp"]) for each in places.get("edges", ()) if "lp" in each}

    arrows, labels = [], []
    for number, arrow in enumerate(drawn):
        *_, head = (text for text in lines[f"e{number}"].split() if text.startswith("e,"))
        points = tuple(point(text) for text in lines[f"e{number}"].split() if not text.startswith("e,"))
        arrows.append(replace(arrow, points=points, tip=point(head[2:])))
        if _is_labelled(arrow, drawn):
            x, y = middles[f"e{number}"]
            labels.append(Label("line", arrow.label, x, y + LABEL_SIZE / 3))
    boxes = tuple(_before_others(_centred(box, centres[ids[box.node]])) for box in parts.boxes)
    tables = tuple(_centred(table, centres[_bare(ids[table.node])]) for table in parts.tables)
    if not tables:
        return replace(parts, boxes=boxes, arrows=tuple(arrows), labels=tuple(labels))
    delivers = [arrow for arrow in parts.arrows if arrow.kind == "deliver"]
    return replace(parts, boxes=boxes, tables=tables, arrows=(*routed(arrows, boxes, tables), *delivers))


def _is_labelled(arrow: Arrow, drawn: list[Arrow]) -> bool:
    """Whether words stand on a line: on one between services, as long as there are few of them."""
    return arrow.kind == "deliver" and len(drawn) <= _MOST_LABELS


def _behind(box: Box) -> float:
    """The room for the second rectangle of a group, so that no head of a line is hidden by it."""
    return BEHIND if box.count else 0.0


def _before_others(box: Box) -> Box:
    return replace(box, x=box.x - _behind(box) / 2, y=box.y + _behind(box) / 2)


def _centred(shape: _Shape, centre: Point) -> _Shape:
    return replace(shape, x=centre[0] - shape.width / 2, y=centre[1] - shape.height / 2)

"""Columns without topics: who sends on the left, whom it reaches on the right, a line for each pair.

For any number of services, without an engine. A service that does both stands on both sides.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from viz.layout.crossing import crossings
from viz.layout.parts import Parts
from viz.layout.routes import HEAD, height_for, right_of
from viz.scene import Arrow, Box, Label

_HEADING = 22.0
"""From the top of the drawing to the first box, in points: the headings stand there."""
_GAP = 10.0
_ROUNDS = 6
_MANY_LINES = 2_000
"""Above so many lines crossings are not counted, and the last order is taken."""

_Joined = Mapping[str, list[str]]


def pairs(parts: Parts, *, top: float, left: float) -> Parts:
    """Give everything a place.

    Args:
        parts: services and the lines between them.
        top: where the drawing begins, in points.
        left: the same for its left side.
    """
    lines = parts.lines
    sent: dict[str, list[str]] = defaultdict(list)
    received: dict[str, list[str]] = defaultdict(list)
    for arrow in lines:
        sent[arrow.source].append(arrow.target)
        received[arrow.target].append(arrow.source)
    outer = [box for box in parts.boxes if box.node in sent or box.node not in received]
    inner = [box for box in parts.boxes if box.node in received]
    wide = max((box.width for box in parts.boxes), default=0.0)
    far = left + wide + min(320.0, 120.0 + 2.0 * len(parts.boxes))
    outer, inner = _stacked(outer, sent, left, wide, top), _stacked(inner, received, far, wide, top)
    best, fewest = (outer, inner, _drawn(lines, outer, inner)), None
    for _ in range(_ROUNDS if len(lines) <= _MANY_LINES else 1):
        inner = _stacked(_towards(inner, received, outer), received, far, wide, top)
        outer = _stacked(_towards(outer, sent, inner), sent, left, wide, top)
        found = outer, inner, _drawn(lines, outer, inner)
        crossed = crossings(found[2]) if len(lines) <= _MANY_LINES else 0
        if fewest is None or crossed < fewest:
            best, fewest = found, crossed
    outer, inner, drawn = best
    headings = [Label("heading", "SENDERS", left, top + 6.0)] if outer else []
    headings += [Label("heading", "RECEIVERS", far, top + 6.0)] if inner else []
    return replace(parts, boxes=(*outer, *inner), arrows=tuple(drawn), labels=tuple(headings))


def _stacked(boxes: list[Box], joined: _Joined, x: float, width: float, top: float) -> list[Box]:
    y, stacked = top + _HEADING, []
    for box in boxes:
        height = height_for(len(joined.get(box.node, ())))
        stacked.append(replace(box, x=x, y=y, width=width, height=height))
        y += height + _GAP
    return stacked


def _towards(boxes: list[Box], joined: _Joined, others: list[Box]) -> list[Box]:
    """In the order of the middles of what they are joined with."""
    middles = {box.node: box.y + box.height / 2 for box in others}
    wanted = {node: statistics.fmean(middles[each] for each in ends) for node, ends in joined.items()}
    return sorted(boxes, key=lambda box: (wanted.get(box.node, float("inf")), box.node))


def _drawn(lines: list[Arrow], outer: list[Box], inner: list[Box]) -> list[Arrow]:
    """Each line with its curve, its ends spread along the sides of the boxes."""
    outers, inners = {box.node: box for box in outer}, {box.node: box for box in inner}
    starts: dict[str, list[int]] = defaultdict(list)
    ends: dict[str, list[int]] = defaultdict(list)
    for number in sorted(range(len(lines)), key=lambda number: inners[lines[number].target].y):
        starts[lines[number].source].append(number)
    for number in sorted(range(len(lines)), key=lambda number: outers[lines[number].source].y):
        ends[lines[number].target].append(number)
    begin = {
        number: _side(outers[node], place, len(all_)) for node, all_ in starts.items() for place, number in _of(all_)
    }
    end = {number: _side(inners[node], place, len(all_)) for node, all_ in ends.items() for place, number in _of(all_)}
    return [
        _curved(arrow, outers[arrow.source], inners[arrow.target], begin[number], end[number])
        for number, arrow in enumerate(lines)
    ]


def _of(numbers: list[int]) -> list[tuple[int, int]]:
    return list(enumerate(numbers))


def _side(box: Box, place: int, lines: int) -> float:
    """The height of one of the lines that end at a side of a box."""
    step = min(7.0, (box.height - 10.0) / max(1, lines - 1))
    return box.y + box.height / 2 + step * (place - (lines - 1) / 2)


def _curved(arrow: Arrow, source: Box, target: Box, y: float, end: float) -> Arrow:
    start, tip = (right_of(source), y), (target.x, end)
    foot = (tip[0] - HEAD, end)
    bend = (foot[0] - start[0]) / 2
    return replace(arrow, points=(start, (start[0] + bend, y), (foot[0] - bend, end), foot), tip=tip)

"""How many lines of a drawing cross each other: what makes one picture of a graph better than another.

In: arrows with their points. Out: a number. Two lines that cross twice count once; lines that only share an
end don't count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from viz.scene import Arrow, Point

_STEPS = 10
"""Straight pieces that a curve is taken as; more find no other crossings in the pictures that were measured."""

_Line = list[Point]


def crossings(arrows: Iterable[Arrow], *, most: float = math.inf) -> int:
    """The pairs of drawn lines that cross; counted no further than one above `most`."""
    lines = sorted((min(xs), max(xs), min(ys), max(ys), line) for line, xs, ys in map(_measured, arrows) if line)
    found = 0
    for place, (_, right, top, bottom, one) in enumerate(lines):
        for left, _, high, low, other in lines[place + 1 :]:
            if left > right:
                break
            found += high <= bottom and top <= low and _cross(one, other)
        if found > most:
            break
    return found


def _measured(arrow: Arrow) -> tuple[_Line, list[float], list[float]]:
    line = _straightened(arrow.points)
    return line, [x for x, _ in line], [y for _, y in line]


def _straightened(points: tuple[Point, ...]) -> _Line:
    """The curves of a line as pieces of straight ones."""
    if not points:
        return []
    line = [points[0]]
    for place in range(0, len(points) - 1, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points[place : place + 4]
        for a, b, c, d in _SHARES:
            line.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return line


_SHARES = [
    ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    for t in (step / _STEPS for step in range(1, _STEPS + 1))
]


def _cross(one: _Line, other: _Line) -> bool:
    for (ax, ay), (bx, by) in pairwise(one):
        left, right = (ax, bx) if ax < bx else (bx, ax)
        top, bottom = (ay, by) if ay < by else (by, ay)
        for (cx, cy), (dx, dy) in pairwise(other):
            if (cx > right and dx > right) or (cx < left and dx < left):
                continue
            if (cy > bottom and dy > bottom) or (cy < top and dy < top):
                continue
            sides = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax), (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
            if sides[0] * sides[1] >= 0:
                continue
            sides = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx), (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
            if sides[0] * sides[1] < 0:
                return True
    return False

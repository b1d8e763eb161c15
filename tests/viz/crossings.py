"""How many pairs of lines cross in a scene, counted on the curves as they are drawn.

A pair counts once, however often it crosses. Lines that have an end in common don't cross there, but may elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from viz.scene import Arrow, Point, Scene, curve

Segment = tuple[Point, Point]

_PIECES = 24
"""Straight pieces that a curve is taken as."""
_CELL = 24.0
"""Side of the squares in which pieces are looked for, in points."""
_NEAR = 6.0
"""This near to a common end, in points, two lines may touch: that is half a row."""


def crossings(scene: Scene) -> list[tuple[Arrow, Arrow]]:
    """The pairs of lines that cross."""
    drawn = [arrow for arrow in scene.arrows if arrow.points]
    squares: dict[tuple[int, int], list[tuple[int, Segment]]] = defaultdict(list)
    for number, arrow in enumerate(drawn):
        for segment in _pieces(arrow):
            for square in _squares(segment):
                squares[square].append((number, segment))
    found = set()
    for inside in squares.values():
        for (one, first), (two, second) in combinations(inside, 2):
            if one == two or (one, two) in found:
                continue
            where = _meeting(first, second)
            if where is not None and not any(_distance(where, end) < _NEAR for end in _common(drawn[one], drawn[two])):
                found.add((one, two))
    return [(drawn[one], drawn[two]) for one, two in sorted(found)]


def _pieces(arrow: Arrow) -> Iterator[Segment]:
    pieces = _PIECES * ((len(arrow.points) - 1) // 3)
    points = [curve(arrow.points, number / pieces) for number in range(pieces + 1)]
    yield from zip(points, [*points[1:], arrow.tip], strict=True)


def _squares(segment: Segment) -> Iterator[tuple[int, int]]:
    (x0, y0), (x1, y1) = segment
    for column in range(int(min(x0, x1) // _CELL), int(max(x0, x1) // _CELL) + 1):
        for row in range(int(min(y0, y1) // _CELL), int(max(y0, y1) // _CELL) + 1):
            yield column, row


def _meeting(one: Segment, two: Segment) -> Point | None:
    """Where two pieces cross, if they do."""
    (x0, y0), (x1, y1) = one
    (x2, y2), (x3, y3) = two
    across = (x1 - x0) * (y3 - y2) - (y1 - y0) * (x3 - x2)
    if across == 0.0:
        return None
    along = ((x2 - x0) * (y3 - y2) - (y2 - y0) * (x3 - x2)) / across
    other = ((x2 - x0) * (y1 - y0) - (y2 - y0) * (x1 - x0)) / across
    if not (0.0 <= along <= 1.0 and 0.0 <= other <= 1.0):
        return None
    return x0 + along * (x1 - x0), y0 + along * (y1 - y0)


def _common(one: Arrow, two: Arrow) -> Iterable[Point]:
    """The points at which both have an end at the same box or row."""
    for node, at in ((one.source, one.points[0]), (one.target, one.tip)):
        for other, there in ((two.source, two.points[0]), (two.target, two.tip)):
            if node == other:
                yield from (at, there)


def _distance(one: Point, two: Point) -> float:
    return float(((one[0] - two[0]) ** 2 + (one[1] - two[1]) ** 2) ** 0.5)

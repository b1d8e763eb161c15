"""In which order tables and services stand in columns, so that few lines cross.

In: tables at their natural size, and which rows are joined with which services on either side. Out: the tables in
their order, and services in theirs. Tables go to the middle of what they are joined with, over and over; where there
are few enough, each then tries every place. Services are ordered by the middle of their rows, then neighbours change
places while that helps.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from viz.layout.routes import middles
from viz.scene import Table

Ends = list[tuple[str, str]]
"""Pairs of a row's (or header's) node and a service's, of one side."""

TABLE_GAP = 12.0
_ROUNDS = 6
_MANY = 2_000
_FEWER_ROUNDS = 3
"""Above so many lines a round takes a tenth of a second, and nobody sees what the later ones bring."""
_WORK = 40_000
"""The square of the tables times the lines, up to which each table tries every place: some tenths of a second."""


def stacked(tables: Iterable[Table], y: float) -> list[Table]:
    """Tables below each other, from y on."""
    placed = []
    for table in tables:
        placed.append(replace(table, y=y))
        y += table.height + TABLE_GAP
    return placed


def neighbours(ends: Ends) -> dict[str, list[str]]:
    """Service → the rows it is joined with."""
    found: dict[str, list[str]] = defaultdict(list)
    for row, service in ends:
        found[service].append(row)
    return found


def ordered(tables: Sequence[Table], sides: tuple[Ends, Ends]) -> Sequence[Table]:
    """The order of tables with the fewest crossings that was found."""
    best, fewest = tables, None
    near, lines = [neighbours(ends) for ends in sides], sum(map(len, sides))
    for _ in range(_ROUNDS if lines <= _MANY else _FEWER_ROUNDS):
        rows = middles(stacked(tables, 0.0))
        centres = [_centres(each, rows) for each in near]
        crossings = sum(_crossings(ends, rows, centre) for ends, centre in zip(sides, centres, strict=True))
        if fewest is None or crossings < fewest:
            best, fewest = tables, crossings
        pull: dict[str, list[float]] = defaultdict(list)
        for ends, centre in zip(sides, centres, strict=True):
            for row, service in ends:
                pull[row].append(centre[service])
        tables = sorted(tables, key=lambda table: (_pulled(table, pull), table.node))
    if len(best) ** 2 * lines > _WORK:
        return best
    return _sifted(best, sides, near)


def beside(services: Iterable[str], near: Mapping[str, Sequence[str]], rows: Mapping[str, float]) -> list[str]:
    """Services in the order in which their lines to the rows cross least.

    Args:
        services: of one side.
        near: the rows that each is joined with.
        rows: row → its height.
    """
    heights = {service: sorted(rows[row] for row in near.get(service, ())) for service in services}
    lowest = max(rows.values(), default=0.0)
    order = sorted(heights, key=lambda one: (_mean(heights[one]) if heights[one] else lowest, one))
    for _ in range(_ROUNDS):
        has_changed = False
        for place in range(len(order) - 1):
            upper, lower = heights[order[place]], heights[order[place + 1]]
            if not upper or not lower or upper[-1] <= lower[0]:
                continue
            if _inversions(lower, upper) < _inversions(upper, lower):
                order[place : place + 2] = order[place + 1], order[place]
                has_changed = True
        if not has_changed:
            break
    return order


def _sifted(
    tables: Sequence[Table], sides: tuple[Ends, Ends], near: Sequence[Mapping[str, Sequence[str]]]
) -> Sequence[Table]:
    """Each table, the tallest first, at the place where it leaves the fewest crossings; until none moves."""
    best = list(tables)
    fewest = _of_both(sides, near, middles(stacked(best, 0.0)))
    for _ in range(_ROUNDS):
        before = fewest
        for table in sorted(tables, key=lambda table: (-table.height, table.node)):
            others = [other for other in best if other is not table]
            for place in range(len(others) + 1):
                tried = [*others[:place], table, *others[place:]]
                crossings = _of_both(sides, near, middles(stacked(tried, 0.0)))
                if crossings < fewest:
                    best, fewest = tried, crossings
        if fewest == before:
            break
    return best


def _pulled(table: Table, pull: Mapping[str, list[float]]) -> float:
    """Where the services of a table would have it; unconnected tables go to the end."""
    heights = [y for node in (table.node, *(row.node for row in table.rows)) for y in pull.get(node, ())]
    return _mean(heights) if heights else float("inf")


def _centres(near: Mapping[str, Sequence[str]], rows: Mapping[str, float]) -> dict[str, float]:
    return {service: _mean([rows[row] for row in each]) for service, each in near.items()}


def _of_both(sides: tuple[Ends, Ends], near: Sequence[Mapping[str, Sequence[str]]], rows: Mapping[str, float]) -> int:
    return sum(_crossings(ends, rows, _centres(each, rows)) for ends, each in zip(sides, near, strict=True))


def _crossings(ends: Ends, rows: Mapping[str, float], centres: Mapping[str, float]) -> int:
    """How many pairs of lines between two columns cross."""
    seen: list[tuple[float, str]] = []
    crossings = 0
    for _, key in sorted((rows[row], (centres[service], service)) for row, service in ends):
        crossings += len(seen) - bisect_right(seen, key)
        insort(seen, key)
    return crossings


def _mean(heights: Sequence[float]) -> float:
    """To a thousandth of a point: what lies in the middle of the same things in another order is no different."""
    return round(sum(heights) / len(heights), 3)


def _inversions(upper: Sequence[float], lower: Sequence[float]) -> int:
    """How many lines cross of two services, the first above the other, to rows at these heights (sorted)."""
    return sum(bisect_left(lower, height) for height in upper)

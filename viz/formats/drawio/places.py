"""Room for what is new in a drawing that a person has arranged.

In: the cells of the merged page, each where it was before, new ones where a fresh drawing has them. Out: the same
with places for all. New services and tables go beside the drawing, new words below. What nobody has moved gives way
to a table that has grown; what a person moved stays.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from viz.formats.drawio.cells import Cell, Style, length, measure, noted, number, spelled_style, styled
from viz.formats.drawio.spots import Cells, Spot, in_layer, is_table, spot
from viz.formats.drawio.styles import DIRECT, WAY

GAP = 60.0
"""Between the drawing and what is new beside it, in points."""
_LEAST = 12.0
"""Between two shapes, one below the other."""
_TALL = 600.0
"""How high a column of new shapes may be at least, before the next begins."""
_WORDS = "layer-words"


@dataclass(frozen=True)
class Ground:
    """What is being merged.

    Attributes:
        fresh: the cells of a drawing without a past.
        old: those of the file that is there.
        loose: ids of those cells of ours that no person has moved; new ones too.
    """

    fresh: Cells
    old: Cells
    loose: Collection[str]

    def new(self, name: str) -> bool:
        """Whether a cell was not there before."""
        return name not in self.old


def settled(cells: Cells, ground: Ground) -> dict[str, Cell]:
    """Give everything its place."""
    found = dict(cells)
    _stack(found, ground)
    _give_way(found, ground)
    _place_new(found, ground)
    _aim(found, ground)
    return found


def _stack(cells: dict[str, Cell], ground: Ground) -> None:
    """A table from which a person took a row, or into which one was put, is stacked anew."""
    inside: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells.values():
        if is_table(cell.parent) and not cell.edge:
            inside[cell.parent].append(cell)
    meant: dict[str, set[str]] = defaultdict(set)
    for cell in ground.fresh.values():
        meant[cell.parent].add(cell.ident)
    for name, rows in inside.items():
        if name not in ground.fresh or {row.ident for row in rows} == meant[name]:
            continue
        table = cells[name]
        y = length(ground.fresh[name].style.get("startSize"))
        for row in rows:
            cells[row.ident] = _moved(row, x=0.0, y=y, width=measure(ground.fresh[name], "width"))
            y += measure(row, "height")
        if table.attributes.get("collapsed") != "1":
            cells[name] = _moved(table, height=y)


def _give_way(cells: dict[str, Cell], ground: Ground) -> None:
    """Shapes that nobody has moved go down before a table that has grown into them."""
    standing = [cell for cell in cells.values() if in_layer(cell, cells) and not ground.new(cell.ident)]
    before = {
        cell.ident: Spot(measure(cell, "x"), measure(cell, "y"), *_size(ground.old[cell.ident])) for cell in standing
    }
    now = {cell.ident: spot(cell, cells) for cell in standing}
    pushing = [name for name, here in now.items() if here.bottom > before[name].bottom]
    nodes = [cell for cell in standing if cell.parent != _WORDS]
    if not pushing or not nodes:
        return
    lowest = max(before[cell.ident].bottom for cell in nodes)
    for cell in sorted(nodes, key=lambda each: before[each.ident].y):
        was = before[cell.ident]
        least = was.y
        for name in pushing if cell.ident in ground.loose else ():
            room = was.y - before[name].bottom
            if room >= 0 and now[name].beside(was):
                least = max(least, now[name].bottom + min(_LEAST, room))
        if least > was.y:
            cells[cell.ident] = _moved(cell, y=least)
            now[cell.ident] = replace(now[cell.ident], y=least)
            pushing.append(cell.ident)
    down = max(now[cell.ident].bottom for cell in nodes) - lowest
    for cell in standing:
        if cell.parent == _WORDS and cell.ident in ground.loose and before[cell.ident].y >= lowest and down > 0:
            cells[cell.ident] = _moved(cell, y=before[cell.ident].y + down)


def _place_new(cells: dict[str, Cell], ground: Ground) -> None:
    """New shapes beside the drawing: left, what a fresh drawing has left of its topics; right, all else."""
    standing = [cell for cell in cells.values() if in_layer(cell, cells)]
    new = [cell for cell in standing if ground.new(cell.ident)]
    kept = [spot(cell, cells) for cell in standing if not ground.new(cell.ident) and cell.parent != _WORDS]
    if not new or not kept:
        return
    whole = _around(kept)
    topics = [spot(cell, ground.fresh) for cell in ground.fresh.values() if cell.parent == "1" and not cell.edge]
    middle = min((each.middle[0] for each in topics), default=float("-inf"))
    shapes = [cell for cell in new if cell.parent != _WORDS]
    left = [cell for cell in shapes if spot(cell, ground.fresh).middle[0] < middle - spot(cell, ground.fresh).width]
    right = [cell for cell in shapes if cell not in left]
    _columns(cells, left, whole, leftwards=True)
    _columns(cells, right, whole, leftwards=False)
    _below(cells, [cell for cell in new if cell.parent == _WORDS])


def _columns(cells: dict[str, Cell], shapes: list[Cell], whole: Spot, *, leftwards: bool) -> None:
    """Shapes one below the other, in as many columns as they need."""
    x, y = (whole.x - GAP if leftwards else whole.right + GAP), whole.y
    bottom, widest = whole.y + max(whole.height, _TALL), 0.0
    for cell in sorted(shapes, key=lambda each: (measure(each, "y"), each.ident)):
        width, height = _size(cell)
        if y > whole.y and y + height > bottom:
            x, y, widest = x + (-1 if leftwards else 1) * (widest + GAP), whole.y, 0.0
        cells[cell.ident] = _moved(cell, x=x - width if leftwards else x, y=y)
        y, widest = y + height + 2 * _LEAST, max(widest, width)


def _below(cells: dict[str, Cell], words: list[Cell]) -> None:
    """Words below everything, as they stand to each other."""
    if not words:
        return
    new = {cell.ident for cell in words}
    whole = _around(spot(cell, cells) for cell in cells.values() if in_layer(cell, cells) and cell.ident not in new)
    block = _around(spot(cell, cells) for cell in words)
    right, down = whole.x - block.x, whole.bottom + _LEAST - block.y
    for cell in words:
        cells[cell.ident] = _moved(cell, x=measure(cell, "x") + right, y=measure(cell, "y") + down)


def _aim(cells: dict[str, Cell], ground: Ground) -> None:
    """New lines whose ends are elsewhere than in a fresh drawing find their way, from the nearer side of a table."""
    for name, fresh in ground.fresh.items():
        ends = [fresh.attributes.get(end, "") for end in ("source", "target")]
        if not fresh.edge or all(_same_spot(end, cells, ground.fresh) for end in ends):
            continue
        cell = cells[name]
        bent = cell.geometry is not None and cell.geometry.find("Array") is not None
        if ground.new(name):
            cell = _direct(cell) if bent else cell
        elif bent:
            continue
        was = fresh.style if ground.new(name) else noted(ground.old[name]) or {}
        cells[name] = _turned(cell, was, ends, cells)


def _same_spot(name: str, cells: Cells, fresh: Cells) -> bool:
    here, there = spot(cells[name], cells), spot(fresh[name], fresh)
    return abs(here.x - there.x) < 0.1 and abs(here.y - there.y) < 0.1


def _direct(cell: Cell) -> Cell:
    """A line without points on its way, and of its ends only what says where at a table it begins."""
    place = copy.deepcopy(cell.geometry)
    way = None if place is None else place.find("Array")
    if place is not None and way is not None:
        place.remove(way)
    kept = {"curved"} | (set(WAY) if is_table(cell.attributes.get("source", "")) else set())
    style = {key: value for key, value in cell.style.items() if key not in WAY or key in kept}
    return replace(
        cell, geometry=place, attributes={**cell.attributes, "style": spelled_style({**style, **styled(DIRECT)})}
    )


def _turned(cell: Cell, was: Style, ends: list[str], cells: Cells) -> Cell:
    """Let a line leave a table's header on the side of its service, unless a person chose the side."""
    style = cell.style
    if "exitX" not in style or not is_table(ends[0]) or style["exitX"] != was.get("exitX"):
        return cell
    source, target = (spot(cells[end], cells).middle for end in ends)
    style["exitX"] = "1" if target[0] > source[0] else "0"
    return replace(cell, attributes={**cell.attributes, "style": spelled_style(style)})


def _size(cell: Cell) -> tuple[float, float]:
    return measure(cell, "width"), measure(cell, "height")


def _moved(cell: Cell, **measures: float) -> Cell:
    place = copy.deepcopy(cell.geometry)
    if place is not None:
        for name, value in measures.items():
            place.set(name, number(value))
    return replace(cell, geometry=place)


def _around(spots: Iterable[Spot]) -> Spot:
    """The rectangle around these; there is at least one."""
    found = list(spots)
    x, y = min(each.x for each in found), min(each.y for each in found)
    return Spot(x, y, max(each.right for each in found) - x, max(each.bottom for each in found) - y)

"""What a person did to a file is kept when it is written again.

In: the new text, and the bytes of the file that is there. Out: the text to write. *Theirs* is where things are, how
they look, in which layer or group they are and in which order they lie, what is hidden or folded, waypoints, cells
and pages of their own. *Ours* is what there is, what it is called, its data, and the size of tables. Each of our cells
says how it was written (see `cells.note`), so a style is kept key by key: what a person changed stays, the rest
follows us, and a line whose sender is inferred from now on becomes dotted in a drawing with other colours, too.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET  # reads nothing: `read` does
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from viz.formats.drawio.cells import (
    FIRST_LAYER,
    NOTE,
    ROOT,
    Cell,
    Page,
    Style,
    file,
    length,
    measure,
    noted,
    number,
    spelled,
    spelled_style,
)
from viz.formats.drawio.places import Ground, settled
from viz.formats.drawio.read import read
from viz.formats.drawio.spots import corner, end_of, inside, is_table
from viz.formats.drawio.styles import WAY

_NEVER = {"html"}
"""Keys that no person's change may bring in: names would be read as HTML."""
_PLACE = ("x", "y")
_SIZE = ("width", "height")
_HEIGHTS = {"exitY", "entryY"}
"""Where a line ends at a table's header, as a share of the table: it changes when the table grows."""
_TITLE = "label-title-0"
T = TypeVar("T")
_KINDS = {
    "service", "topic", "table", "publish", "receive", "deny", "deliver", "reach", "mark", "rule", "label", "sample",
    "meaning",
}  # fmt: skip


def merge(new: str, before: bytes) -> str:
    """Write `new` over `before`, which a person may have edited.

    Args:
        new: a file of ours, as `render` spells it.
        before: the file that is there; an empty one, as some editors make them, has nothing to keep.

    Raises:
        CopperError: the file that is there is no drawio file, is damaged, or is not safe to read.
    """
    if not before.strip():
        return new
    there = read(before)
    fresh = read(new.encode()).page or Page("", {}, {})
    pages = list(copy.deepcopy(there.pages))
    if there.page is None or there.place is None:
        pages.append(spelled(fresh))
    else:
        pages[there.place] = spelled(merged(fresh, there.page))
    return file(pages, there.attributes)


def merged(fresh: Page, old: Page) -> Page:
    """One page: the cells of `fresh`, as they were left in `old`, and everything that is a person's own."""
    known = {name: _Known(fresh.cells[name], cell) for name, cell in old.cells.items() if name in fresh.cells}
    gone = {name for name, cell in old.cells.items() if name not in known and _was_ours(cell)}
    there = old.cells.keys() - gone | fresh.cells.keys()
    grid = any(name.startswith("mark-") for name in fresh.cells)
    anchored = not grid and _anchored(known, fresh, old)
    cells: dict[str, Cell] = {}
    for name, cell in old.cells.items():
        if name in known:
            cells[name] = _kept(known[name], old, there, anchored=anchored, grid=grid)
        elif name not in gone:
            cells[name] = _freed(cell, old, gone, there)
    new = {name: cell for name, cell in fresh.cells.items() if name not in cells}
    loose = new.keys() | {name for name, each in known.items() if each.loose}
    ordered = _ordered(_held({**cells, **new}), fresh)
    placed = settled(ordered, Ground(fresh.cells, old.cells, loose)) if anchored else ordered
    signed = {name: _signed(cell, fresh.cells.get(name), known.get(name)) for name, cell in placed.items()}
    settings = {**fresh.settings, **old.settings}
    return Page(_name(fresh, old), _sorted_like(fresh.settings, settings), signed)


@dataclass(frozen=True)
class _Known:
    """A cell of ours that was there before, and what it says of how it was written."""

    fresh: Cell
    old: Cell

    @cached_property
    def was(self) -> Style | None:
        return noted(self.old)

    @property
    def moved_out(self) -> bool:
        """Whether a person put it into another layer, group or table."""
        return self.was is None or self.was.get("parent") != self.old.parent

    @cached_property
    def theirs(self) -> Style:
        return self.old.style

    @cached_property
    def loose(self) -> bool:
        """Whether no person has moved it."""
        was = self.was
        if was is None or self.moved_out:
            return False
        return all(was.get(side) == number(measure(self.old, side)) for side in _PLACE)

    def touched(self, key: str) -> bool:
        """Whether a person changed this key of its style."""
        was, now = self.was or {}, self.theirs
        return (key in was) != (key in now) or was.get(key) != now.get(key)


def _was_ours(cell: Cell) -> bool:
    """A copy that a person made of a cell of ours has its data, but an id of its own: it is theirs."""
    kind = cell.ident.partition("-")[0]
    return (cell.ours and kind in _KINDS) or (kind == "layer" and cell.parent == ROOT)


def _anchored(known: Mapping[str, _Known], fresh: Page, old: Page) -> bool:
    """Whether things stay where they were: it is the same drawing, by the same layout."""
    layouts = [(page.cells[_TITLE].data or {}).get("layout") for page in (fresh, old) if _TITLE in page.cells]
    nodes = any(name.startswith(("service-", "topic-")) for name in known)
    return nodes and len(set(layouts)) <= 1


def _kept(each: _Known, page: Page, there: Collection[str], *, anchored: bool, grid: bool) -> Cell:
    """A cell of ours as a person left it."""
    fresh, old = each.fresh, each.old
    if fresh.data is None:
        layer = old.attributes if fresh.ident == ROOT else {**old.attributes, "parent": ROOT}
        return replace(old, attributes=_sorted_like(fresh.attributes, layer))
    parent = old.parent if each.moved_out and old.parent in there and old.parent != ROOT else fresh.parent
    theirs = {key: value for key, value in old.attributes.items() if key not in {"source", "target", "value"}}
    ours = {key: value for key, value in fresh.attributes.items() if key != "visible"}
    attributes = {**theirs, **ours, "parent": parent, "style": spelled_style(_style(each))}
    data = {**(old.data or {}), **fresh.data}
    cell = replace(fresh, attributes=_sorted_like(ours, attributes), data=_sorted_like(fresh.data, data), rest=old.rest)
    if fresh.edge:
        return replace(cell, geometry=_way(each))
    if not anchored and (each.loose or grid):
        return cell
    return replace(cell, geometry=_geometry(cell, each, page))


def _style(each: _Known) -> Style:
    """Our style, but for the keys that a person changed; a line keeps its way, which goes with where things are."""
    theirs, ours = each.theirs, each.fresh.style
    kept = {key for key in (*theirs, *(each.was or {})) if each.was is None or each.touched(key)}
    if each.fresh.edge:
        follow = {key for key in _HEIGHTS & theirs.keys() & ours.keys() if not each.touched(key)}
        kept |= set(WAY) - follow
    kept -= _NEVER
    style = {key: theirs.get(key, value) if key in kept else value for key, value in ours.items()}
    style = {key: value for key, value in style.items() if key not in kept or key in theirs}
    return {**style, **{key: value for key, value in theirs.items() if key in kept}}


def _geometry(cell: Cell, each: _Known, page: Page) -> ET.Element | None:
    """Where a shape of ours is: a row where its table puts it, all else where it was; tables have our size."""
    fresh, old = each.fresh, each.old
    if fresh.geometry is None or old.geometry is None or (cell.parent == fresh.parent and is_table(fresh.parent)):
        return fresh.geometry
    left, top = (0.0, 0.0) if cell.parent == old.parent else corner(old.parent, page.cells)
    place = copy.deepcopy(fresh.geometry)
    place.set("x", number(measure(old, "x") + left))
    place.set("y", number(measure(old, "y") + top))
    was = {} if is_table(fresh.ident) else each.was or {}
    for side in _SIZE:
        if side in was and number(measure(old, side)) != was[side]:
            place.set(side, number(measure(old, side)))
    _fold(place, old)
    return place


def _way(each: _Known) -> ET.Element | None:
    """Which way a line goes: as it went."""
    fresh, way = each.fresh.geometry, copy.deepcopy(each.old.geometry)
    if fresh is None or way is None:
        return fresh
    for one, model in zip(way.iter(), fresh.iter(), strict=False):
        attributes = _sorted_like(model.attrib, one.attrib)
        one.attrib.clear()
        one.attrib.update(attributes)
    return way


def _fold(place: ET.Element, old: Cell) -> None:
    """Editors keep the size for folding beside the other; a table that is folded stays so, with our sizes."""
    ours, theirs = place.find("mxRectangle"), None if old.geometry is None else old.geometry.find("mxRectangle")
    if ours is None and theirs is not None:
        place.append(copy.deepcopy(theirs))
    elif ours is not None and old.attributes.get("collapsed") == "1":
        for side in _SIZE:
            open_size = place.get(side, "0")
            place.set(side, ours.get(side, "0"))
            ours.set(side, open_size)


def _freed(cell: Cell, old: Page, gone: Collection[str], there: Collection[str]) -> Cell:
    """A person's own cell; one that was in, or hung on, a cell that is gone stays where it was."""
    attributes = dict(cell.attributes)
    place = copy.deepcopy(cell.geometry)
    for end in ("source", "target"):
        if attributes.get(end) in gone and place is not None:
            x, y = end_of(cell, end, old.cells)
            left, top = corner(cell.parent, old.cells)
            del attributes[end]
            for point in place.findall(f"mxPoint[@as='{end}Point']"):
                place.remove(point)
            ET.SubElement(place, "mxPoint", {"x": number(x - left), "y": number(y - top), "as": f"{end}Point"})
    if cell.parent in gone:
        left, top = inside(cell, old.cells)
        attributes["parent"] = _refuge(cell, old, there)
        if place is not None:
            _shift(place, left, top, relative=not cell.edge and place.get("relative") == "1")
    return replace(cell, attributes=attributes, geometry=place)


def _shift(place: ET.Element, left: float, top: float, *, relative: bool) -> None:
    """Coordinates of what held it become those of the page."""
    if relative:
        del place.attrib["relative"]
        place.attrib.update(x=number(left), y=number(top))
        return
    points = [point for point in place.iter("mxPoint") if point.get("as") != "offset"]
    for each in [*points, *([place] if place.get("relative") != "1" else [])]:
        each.set("x", number(length(each.get("x")) + left))
        each.set("y", number(length(each.get("y")) + top))


def _refuge(cell: Cell, old: Page, there: Collection[str]) -> str:
    """The nearest layer that is still there."""
    parent = cell.parent
    for _ in old.cells:
        if parent not in old.cells:
            break
        if old.cells[parent].parent == ROOT and parent in there:
            return parent
        parent = old.cells[parent].parent
    return FIRST_LAYER


def _held(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """Cells that hang in the air, as a damaged file may have them, are put into the first layer."""
    held = {ROOT}
    waiting = dict(cells)
    del waiting[ROOT]
    while True:
        found = [name for name, cell in waiting.items() if cell.parent in held]
        if not found:
            break
        held.update(found)
        for name in found:
            del waiting[name]
    lost = {
        name: replace(cell, attributes={**cell.attributes, "parent": FIRST_LAYER}) for name, cell in waiting.items()
    }
    return {**cells, **lost}


def _ordered(cells: Mapping[str, Cell], fresh: Page) -> dict[str, Cell]:
    """The order in which a person left them; but the rows of a table, which their order places, have ours."""
    rows = [name for name, cell in fresh.cells.items() if is_table(cell.parent) and name in cells]
    row_set = {name for name in rows if cells[name].parent == fresh.cells[name].parent}
    first = [name for name in rows if name in row_set]
    return {name: cells[name] for name in (*first, *(name for name in cells if name not in row_set))}


def _name(fresh: Page, old: Page) -> str:
    """Of the page: ours as long as it is what we wrote, which the old title still says."""
    title = old.cells.get(_TITLE)
    written = (title.data or {}).get("label") if title is not None else None
    return fresh.name if not old.name or old.name == written else old.name


def _signed(cell: Cell, fresh: Cell | None, known: _Known | None) -> Cell:
    """Note what we would have written: what differs from it, now or later, is a person's."""
    if fresh is None or fresh.data is None or cell.data is None:
        return cell
    was = known.was or {} if known else {}
    facts: Style = {"parent": fresh.parent}
    if not fresh.edge:
        loose = known is None or known.loose
        place = {side: number(measure(cell, side)) if loose else was.get(side) for side in _PLACE}
        facts |= {side: value for side, value in place.items() if value is not None}
        facts |= {side: number(measure(fresh, side)) for side in _SIZE}
    style = fresh.style
    for key in WAY if fresh.edge else ():
        way = was if known is not None and known.touched(key) else cell.style
        style.pop(key, None)
        if key in way:
            style[key] = way[key]
    style = dict(_sorted_like(cell.style, style)) if fresh.edge else style
    return replace(cell, data={**cell.data, NOTE: spelled_style({**facts, **style})})


def _sorted_like(model: Mapping[str, T], these: Mapping[str, T]) -> dict[str, T]:
    """The same, in the order of `model`, then by name: an editor turns things round at each save."""
    names = (*(key for key in model if key in these), *sorted(these.keys() - model.keys()))
    return {key: these[key] for key in names}

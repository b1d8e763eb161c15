"""Where cells of a page are, counted from the corner of the page. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from viz.formats.drawio.cells import ROOT, Cell, length, measure
from viz.scene import Point

Cells = Mapping[str, Cell]


@dataclass(frozen=True)
class Spot:
    """A rectangle on the page, in points."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def beside(self, other: Spot) -> bool:
        """Whether neither is above the other."""
        return self.x < other.right and other.x < self.right


def is_table(name: str) -> bool:
    """Whether this is the id of a table of ours, which places what is in it."""
    return name.startswith("table-")


def in_layer(cell: Cell, cells: Cells) -> bool:
    """Whether it is a shape that stands in a layer itself, not in a group or table."""
    parent = cells.get(cell.parent)
    here = parent is not None and parent.parent == ROOT and cell.ident != ROOT
    return here and not cell.edge and cell.geometry is not None and cell.geometry.get("relative") != "1"


def spot(cell: Cell, cells: Cells) -> Spot:
    """Where a shape is."""
    left, top = corner(cell.parent, cells)
    x, y, width, height = (measure(cell, name) for name in ("x", "y", "width", "height"))
    return Spot(left + x, top + y, width, height)


def corner(name: str, cells: Cells) -> Point:
    """From where the places of what is in a cell are counted."""
    x = y = 0.0
    for _ in cells:
        cell = cells.get(name)
        if cell is None or cell.edge:
            break
        x, y, name = x + measure(cell, "x"), y + measure(cell, "y"), cell.parent
    return x, y


def inside(cell: Cell, cells: Cells) -> Point:
    """How far what is in a cell's parent is from the page's corner.

    A text on a line is where the line's middle was, a port where its share of the shape was.
    """
    parent = cells.get(cell.parent)
    if parent is None:
        return 0.0, 0.0
    if parent.edge:
        (x, y), (to_x, to_y) = _toward(parent, "source", cells), _toward(parent, "target", cells)
        return (x + to_x) / 2, (y + to_y) / 2
    here = spot(parent, cells)
    if cell.geometry is not None and cell.geometry.get("relative") == "1":
        return here.x + measure(cell, "x") * here.width, here.y + measure(cell, "y") * here.height
    return here.x, here.y


def end_of(line: Cell, end: str, cells: Cells) -> Point:
    """Where a line touches the shape at its `source` or `target`."""
    here = spot(cells[line.attributes[end]], cells)
    keys = ("exitX", "exitY") if end == "source" else ("entryX", "entryY")
    try:
        across, down = (float(line.style[key] or 0.0) for key in keys)
        return here.x + across * here.width, here.y + down * here.height
    except (KeyError, ValueError):
        return _border(here, _next(line, end, cells))


def _next(line: Cell, end: str, cells: Cells) -> Point:
    """The point of a line that comes after one of its ends."""
    way = None if line.geometry is None else line.geometry.find("Array")
    points = [] if way is None else way.findall("mxPoint")
    if points:
        left, top = corner(line.parent, cells)
        point = points[0 if end == "source" else -1]
        return left + length(point.get("x")), top + length(point.get("y"))
    return _toward(line, "target" if end == "source" else "source", cells)


def _toward(line: Cell, end: str, cells: Cells) -> Point:
    """The middle of the shape at one end of a line, or where that end hangs free."""
    shape = cells.get(line.attributes.get(end, ""))
    if shape is not None:
        return spot(shape, cells).middle
    free = None if line.geometry is None else line.geometry.find(f"mxPoint[@as='{end}Point']")
    if free is None:
        return 0.0, 0.0
    left, top = corner(line.parent, cells)
    return left + length(free.get("x")), top + length(free.get("y"))


def _border(here: Spot, other: Point) -> Point:
    """Where the straight line from the middle of a rectangle to another point leaves it."""
    x, y = here.middle
    right, down = other[0] - x, other[1] - y
    shares = [size / 2 / abs(way) for size, way in ((here.width, right), (here.height, down)) if way]
    share = min([1.0, *shares]) if shares else 0.0
    return x + share * right, y + share * down

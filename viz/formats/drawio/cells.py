"""The parts of a drawio file as plain values: cells, pages, and how they are spelled.

In: cells in the order in which they lie on each other. Out: the text of a file. Knows no scene.

Each of our cells holds, in its data, how it was written (`copper`): where, how large, in which layer, in which
style. What differs from that later has been changed by a person.
"""

from __future__ import annotations

import copy
import hashlib
import math
import xml.etree.ElementTree as ET  # only written here, never read
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

PAGE = "copper"
"""The id of our page; a file may hold others."""
ROOT, FIRST_LAYER = "0", "1"
NOTE = "copper"
"""The name under which a cell's data says how it was written."""

Style = dict[str, str | None]
"""The keys of a style in their order; None for a word without a value, such as `swimlane`."""


@dataclass(frozen=True)
class Cell:
    """A shape, a line, a layer, or the root of them all.

    Attributes:
        ident: unique on its page.
        attributes: of the cell itself: parent, style, source, target and what else an editor knows.
        data: label, tooltip and facts, where the cell has any; a plain cell has its text as the attribute `value`.
        geometry: where it is; None for layers.
        rest: whatever else is in it.
        holder: the element that holds the data.
    """

    ident: str
    attributes: Mapping[str, str]
    data: Mapping[str, str] | None = None
    geometry: ET.Element | None = None
    rest: tuple[ET.Element, ...] = ()
    holder: str = "object"

    @property
    def parent(self) -> str:
        """The id of the layer, group or table that it is in."""
        return self.attributes.get("parent", "")

    @property
    def edge(self) -> bool:
        """Whether it is a connector."""
        return self.attributes.get("edge") == "1"

    @property
    def ours(self) -> bool:
        """Whether a picture of ours put it there."""
        return self.data is not None and NOTE in self.data

    @property
    def style(self) -> Style:
        """Its style, taken apart."""
        return styled(self.attributes.get("style", ""))


@dataclass(frozen=True)
class Page:
    """What one tab of the editor shows.

    Attributes:
        name: on the tab.
        settings: of the page: its size, grid, background.
        cells: by id, in the order of the file.
    """

    name: str
    settings: Mapping[str, str]
    cells: Mapping[str, Cell]


def ident(kind: str, name: str) -> str:
    """The id of a cell, from its kind and name alone."""
    return f"{kind}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:14]}"


def node_id(node: str) -> str:
    """The id of a service, topic or table (`topics:…`), from its name alone."""
    kind, _, name = node.partition(":")
    return ident({"topics": "table"}.get(kind, kind), name)


def number(value: float) -> str:
    """A length, to a tenth of a point."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def styled(text: str) -> Style:
    """A style taken apart: `text;align=left;` → `{"text": None, "align": "left"}`."""
    return dict(_parts(text))


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[tuple[str, str | None], ...]:
    """Taken apart once: a drawing has few styles and many cells."""
    pairs = (part.partition("=") for part in text.split(";") if part)
    return tuple((key, value if sign else None) for key, sign, value in pairs)


def spelled_style(style: Style) -> str:
    """A style in one text again."""
    return "".join(f"{key};" if value is None else f"{key}={value};" for key, value in style.items())


def geometry(x: float, y: float, width: float, height: float) -> ET.Element:
    """Where a shape is; x and y from the corner of what holds it."""
    sizes = {"x": number(x), "y": number(y), "width": number(width), "height": number(height)}
    return ET.Element("mxGeometry", {**sizes, "as": "geometry"})


def measure(cell: Cell, name: str) -> float:
    """One of x, y, width, height; an editor leaves out those that are 0."""
    return length(None if cell.geometry is None else cell.geometry.get(name))


def length(text: str | None) -> float:
    """What a length says; nothing, or nonsense, is 0."""
    try:
        value = float(text or 0.0)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def note(cell: Cell) -> str:
    """How a cell is written: its layer, its place, its style."""
    facts = {"parent": cell.parent}
    if not cell.edge:
        facts |= {name: number(measure(cell, name)) for name in ("x", "y", "width", "height")}
    return spelled_style({**facts, **cell.style})


def noted(cell: Cell) -> Style | None:
    """How it was written when we wrote it; None for a cell that does not say."""
    return styled(cell.data[NOTE]) if cell.data is not None and cell.data.get(NOTE) else None


def kept_order(cells: Iterable[Cell]) -> list[Cell]:
    """The cells as editors write them: each followed by what is in it."""
    inside: dict[str, list[Cell]] = defaultdict(list)
    known = {cell.ident: cell for cell in cells}
    for cell in known.values():
        if cell.ident != ROOT:
            inside[cell.parent].append(cell)
    found: dict[str, Cell] = {}
    waiting = [known[ROOT]]
    while waiting:
        cell = waiting.pop()
        found[cell.ident] = cell
        waiting.extend(reversed(inside[cell.ident]))
    return list(found.values())


def spelled(page: Page) -> ET.Element:
    """The element of a page."""
    diagram = ET.Element("diagram", id=PAGE, name=page.name)
    root = ET.SubElement(ET.SubElement(diagram, "mxGraphModel", dict(page.settings)), "root")
    for cell in kept_order(page.cells.values()):
        root.append(_element(cell))
    return diagram


def file(pages: Iterable[ET.Element], more: Mapping[str, str] | None = None) -> str:
    """The text of a file with these pages."""
    whole = ET.Element("mxfile", {"compressed": "false", **(more or {})})
    whole.extend(pages)
    ET.indent(whole)
    return ET.tostring(whole, encoding="unicode") + "\n"


def _element(cell: Cell) -> ET.Element:
    if cell.data is None:
        holder = inner = ET.Element("mxCell", {"id": cell.ident, **cell.attributes})
    else:
        label = {"label": cell.data.get("label", ""), "id": cell.ident}
        holder = ET.Element(cell.holder, {**label, **cell.data})
        inner = ET.SubElement(holder, "mxCell", dict(cell.attributes))
    if cell.geometry is not None:
        inner.append(copy.deepcopy(cell.geometry))
    inner.extend(copy.deepcopy(cell.rest))
    return holder

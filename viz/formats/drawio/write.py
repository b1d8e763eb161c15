"""A scene becomes a page of cells.

In: a scene. Out: cells, or the text of a new file. Knows nothing of files that are there already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from xml.etree.ElementTree import Element, SubElement  # only written here, never read

from viz.formats.drawio import styles
from viz.formats.drawio.cells import (
    FIRST_LAYER,
    NOTE,
    ROOT,
    Cell,
    Page,
    file,
    geometry,
    ident,
    node_id,
    note,
    number,
    spelled,
    spelled_style,
)
from viz.formats.drawio.grid import grid, sign
from viz.formats.drawio.said import counted, told
from viz.scene import SIGNS, Arrow, Box, Kind, Label, LegendEntry, Row, Sample, Scene, Style, Table, curve, signed
from viz.text import sans_width

LAYERS = {
    "topics": "Topics",
    "services": "Services",
    "publish": "Publish",
    "receive": "Subscribe",
    "deny": "Refused",
    "deliver": "Delivers",
    "reach": "Messages",
    "mark": "Marks",
    "words": "Title and legend",
}
_HIDDEN = {"deliver"}
_WHERE_USED = {"reach", "mark"}
"""Layers that are there only where something is in them."""
_ONE_CURVE = 4
"""Points of a line that goes straight from side to side; one with more goes round something."""
_NOT_DRAWN = {"retained"}
"""Entries of the legend for what this format shows in its data only."""
_SIGNS: dict[Sample, str] = {"order": "1", "added": SIGNS["added"], "gone": SIGNS["gone"]}
"""What is written in an entry of the legend."""
_NO_WORDS = {"heading", "line"}
"""Columns have no names, since nothing need stay in its column; what stands on a line is that line's own label."""


def render(scene: Scene) -> str:
    """Spell a scene as a drawio file with one page."""
    return file([spelled(page(scene))])


def page(scene: Scene) -> Page:
    """The page of a scene."""
    settings = {"grid": "1", "gridSize": "10", "page": "0"}
    settings |= {"pageWidth": number(scene.width), "pageHeight": number(scene.height)}
    return Page(scene.title, settings, {cell.ident: _signed(cell) for cell in _cells(scene)})


def layer(key: str) -> str:
    """The first layer must be cell 1; the others have ids of their own."""
    return FIRST_LAYER if key == "topics" else f"layer-{key}"


def _signed(cell: Cell) -> Cell:
    """With its style in which each key stands once, and the note that says how it was written."""
    if cell.data is None:
        return cell
    attributes = {**cell.attributes, "style": spelled_style(cell.style)}
    return replace(cell, attributes=attributes, data={**cell.data, NOTE: note(cell)})


def _cells(scene: Scene) -> Iterator[Cell]:
    yield Cell(ROOT, {})
    used = {"mark"} if scene.marks else {_layer_of(arrow) for arrow in scene.arrows}
    for key, name in LAYERS.items():
        if key in used or key not in _WHERE_USED:
            hidden = {"visible": "0"} if key in _HIDDEN else {}
            yield Cell(layer(key), {"value": name, "parent": ROOT, **hidden})
    if scene.marks:
        yield from grid(scene, layer("topics"), layer("services"), layer("mark"))
    else:
        yield from _drawing(scene)
    used_roles: Counter[str] = Counter()
    for label in scene.labels:
        if label.role not in _NO_WORDS:
            cell = _words(f"label-{label.role}-{used_roles[label.role]}", label)
            made_by = {"layout": scene.layout} if label.role == "title" else {}
            yield replace(cell, data={**(cell.data or {}), **made_by})
            used_roles[label.role] += 1
    for entry in scene.legend:
        yield from _legend(entry, marks=bool(scene.marks))


def _drawing(scene: Scene) -> Iterator[Cell]:
    """Tables, services and the lines between them."""
    for table in scene.tables:
        yield from _table(table)
    for box in _once(scene):
        yield _service(box)
    tables = {node: table for table in scene.tables for node in (table.node, *(row.node for row in table.rows))}
    for arrow in scene.arrows:
        yield _line(arrow, tables)


def _once(scene: Scene) -> list[Box]:
    """Every service once: where it was drawn twice, on the side where most of its lines are."""
    drawn = [arrow for arrow in scene.arrows if arrow.points]
    sent = Counter(arrow.source for arrow in drawn if arrow.kind in {"publish", "deliver"})
    received = Counter(arrow.target for arrow in drawn if arrow.kind in {"receive", "deliver"})
    chosen: dict[str, Box] = {}
    for box in scene.boxes:
        if box.node not in chosen or received[box.node] > sent[box.node]:
            chosen[box.node] = box
    return list(chosen.values())


def _vertex(style: str, parent: str) -> dict[str, str]:
    return {"style": style, "vertex": "1", "parent": parent}


def _service(box: Box) -> Cell:
    said = told(counted(signed(box.label, box.change), box.count), box.tooltip, box.link, box.data)
    style = (styles.SERVICES if box.count else styles.SERVICE) + styles.shape(box.change)
    place = geometry(box.x, box.y, box.width, box.height)
    return Cell(node_id(box.node), _vertex(style, layer("services")), said, place)


def _table(table: Table) -> Iterator[Cell]:
    if not table.header:
        yield _row(table, table.rows[0], styles.ALONE, layer("topics"))
        return
    name = node_id(table.node)
    style = styles.TABLE.format(top=table.header_height)
    place = geometry(table.x, table.y, table.width, table.height)
    folded = {"width": number(table.width), "height": number(table.header_height), "as": "alternateBounds"}
    SubElement(place, "mxRectangle", folded)
    yield Cell(name, _vertex(style, layer("topics")), told(table.header, table.tooltip), place)
    for row in table.rows:
        yield _row(table, row, styles.ROW, name)


def _row(table: Table, row: Row, style: str, parent: str) -> Cell:
    said = told(counted(signed(row.label, row.change), row.times), row.tooltip, row.link, row.data)
    x, y = (0.0, row.y) if table.header else (table.x, table.y)
    place = geometry(x, y, table.width, row.height)
    return Cell(
        node_id(row.node),
        _vertex(style + (styles.QUIET if row.quiet else "") + styles.shape(row.change), parent),
        said,
        place,
    )


def _layer_of(arrow: Arrow) -> str:
    """Who reaches whom is a layer of its own beside topics, off; where there are no topics, it is the drawing."""
    return "reach" if arrow.kind == "deliver" and arrow.points else arrow.kind


def _line(arrow: Arrow, tables: Mapping[str, Table]) -> Cell:
    """A connector. The editor finds its way; only one that goes round other boxes is given points on it."""
    bent = len(arrow.points) > _ONE_CURVE
    style = styles.line(arrow) + ("" if bent else styles.DIRECT)
    if arrow.points and arrow.kind != "deliver" and (bent or arrow.source.startswith("topics:")):
        style += _side(arrow, tables)
    ends = {"source": node_id(arrow.source), "target": node_id(arrow.target)}
    where = _layer_of(arrow)
    # a number stands near the head, where no two lines are close together
    along = {"x": "0.6"} if arrow.order else {}
    place = Element("mxGeometry", {**along, "relative": "1", "as": "geometry"})
    if bent:
        way = SubElement(place, "Array", {"as": "points"})
        steps = 2 * (len(arrow.points) - 1) // 3
        for x, y in (curve(arrow.points, step / steps) for step in range(1, steps)):
            SubElement(way, "mxPoint", x=number(x), y=number(y))
    facts = (("kind", arrow.kind), ("proof", arrow.style), *([("order", arrow.order)] if arrow.order else []))
    said = told(arrow.order or signed(arrow.label, arrow.change), arrow.tooltip, data=(*facts, *arrow.data))
    attributes = {"style": style, "edge": "1", "parent": layer(where), **ends}
    return Cell(ident(where, f"{arrow.source}\n{arrow.target}"), attributes, said, place)


def _side(arrow: Arrow, tables: Mapping[str, Table]) -> str:
    """Where a line leaves or reaches a table: the middle of the row (or header), on the side of our drawing."""
    receives = arrow.kind == "receive"
    node, (x, _) = (arrow.source, arrow.points[0]) if receives else (arrow.target, arrow.tip)
    table = tables[node]
    right = x > table.x + table.width / 2
    height = table.header_height / 2 / table.height if node == table.node else 0.5
    end = "exit" if receives else "entry"
    return f"{end}X={right:d};{end}Y={height:.4g};{end}Dx=0;{end}Dy=0;"


def _words(name: str, label: Label) -> Cell:
    width = sans_width(label.text, 15.0, bold=True)
    place = geometry(label.x - (width if label.end else 0.0), label.y - 15, width, 20)
    return Cell(name, _vertex(styles.words(label.role), layer("words")), told(label.text, ""), place)


def _legend(entry: LegendEntry, *, marks: bool) -> Iterator[Cell]:
    if entry.sample in _NOT_DRAWN:
        return
    kind: Kind = entry.sample if entry.sample in {"publish", "deny"} else "receive"
    proof: Style = entry.sample if entry.sample in {"partly", "inferred", "idle"} else "proven"
    style, wide, high = styles.sample(entry.sample), entry.width, 10.0
    if entry.sample in {"group", "order"}:
        wide, high = min(20.0, wide), 14.0
    elif marks:
        style, wide, high = sign(kind, proof, whole=entry.sample != "part"), 8.4, 8.4
    place = geometry(entry.x, entry.y - high / 2, wide, high)
    said = told(_SIGNS.get(entry.sample, ""), "")
    yield Cell(f"sample-{entry.sample}", _vertex(style, layer("words")), said, place)
    place = geometry(entry.x + entry.width + 4, entry.y - 10, sans_width(entry.text, 12.0), 20)
    style = styles.words(standing=False)
    yield Cell(f"meaning-{entry.sample}", _vertex(style, layer("words")), told(entry.text, ""), place)

"""drawio: a diagram that people go on editing, in draw.io, diagrams.net or its plugins.

In: a scene. Out: uncompressed XML of real shapes: tables are swimlanes with a cell for each row, lines are
connectors bound to services and rows, on layers that can be switched off. Each cell's id is made from its
name alone, so the same service has the same id in every file, and rows keep their lines when things move.
No time and no program version is written: the same scene gives the same bytes.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET  # only written here, never read
from collections import Counter
from collections.abc import Mapping

from viz import palette
from viz.scene import Arrow, Box, Data, Kind, Label, LegendEntry, Row, Scene, Table, curve
from viz.text import sans_width

_LAYERS = {
    "topics": "Topics",
    "services": "Services",
    "publish": "Publish",
    "receive": "Subscribe",
    "deny": "Refused",
    "deliver": "Delivers",
    "words": "Title and legend",
}
_HIDDEN = {"deliver"}

_MONO = f"fontFamily=Courier New;fontSize=11;fontColor={palette.TEXT.light};align=left;"
_SERVICE = (
    f"rounded=1;arcSize=8;whiteSpace=wrap;fillColor={palette.SERVICE_FILL.light};"
    f"strokeColor={palette.SERVICE_LINE.light};strokeWidth=1.8;fontColor={palette.TEXT.light};fontStyle=1;fontSize=12;"
)
_TABLE = (
    "swimlane;childLayout=stackLayout;horizontal=1;horizontalStack=0;resizeParent=1;resizeParentMax=0;resizeLast=0;"
    f"collapsible=1;marginBottom=0;rounded=1;arcSize=4;fontStyle=1;spacingLeft=22;startSize={{top:g}};"
    f"fillColor={palette.HEADER_FILL.light};swimlaneFillColor={palette.TOPIC_FILL.light};"
    f"strokeColor={palette.TOPIC_LINE.light};{_MONO}"
)
_ROW = (
    "text;strokeColor=none;fillColor=none;verticalAlign=middle;spacingLeft=12;overflow=hidden;rotatable=0;"
    f"points=[[0,0.5],[1,0.5]];portConstraint=eastwest;{_MONO}"
)
_ALONE = (
    f"rounded=1;arcSize=25;fillColor={palette.TOPIC_FILL.light};strokeColor={palette.TOPIC_LINE.light};"
    f"spacingLeft=6;points=[[0,0.5],[1,0.5]];portConstraint=eastwest;{_MONO}"
)
_LINE_COLOURS: dict[Kind, palette.Colour] = {
    "publish": palette.PUBLISH,
    "receive": palette.RECEIVE,
    "deny": palette.REFUSED,
    "deliver": palette.MUTED,
}
_LINE = "curved=1;endArrow=block;endSize=4;endFill=1;"
_DIRECT = "edgeStyle=entityRelationEdgeStyle;segment=25;"
_STYLES = {
    "proven": "",
    "partly": "dashed=1;dashPattern=7 3 1.5 3;",
    "inferred": "dashed=1;dashPattern=1.5 4;",
    "idle": "opacity=40;",
}
_ENDS: dict[Kind, str] = {"deny": "endArrow=cross;endSize=8;", "deliver": "dashed=1;"}
_ONE_CURVE = 4
"""Points of a line that goes straight from side to side; one with more goes round something."""
_NOT_DRAWN = {"retained", "width"}
"""Entries of the legend for what this format does not show, or shows in its data."""
_WORDS = {
    "title": f"fontSize=15;fontStyle=1;fontColor={palette.TEXT.light};",
}
_OTHER_WORDS = f"fontSize=12;fontColor={palette.MUTED.light};"


def render(scene: Scene) -> str:
    """Spell a scene as a drawio file with one page."""
    root = ET.Element("root")
    ET.SubElement(root, "mxCell", id="0")
    for key, name in _LAYERS.items():
        hidden = {"visible": "0"} if key in _HIDDEN else {}
        ET.SubElement(root, "mxCell", {"id": _layer(key), "value": name, "parent": "0", **hidden})
    for table in scene.tables:
        _add_table(root, table)
    for box in _once(scene):
        _add_service(root, box)
    tables = {node: table for table in scene.tables for node in (table.node, *(row.node for row in table.rows))}
    for arrow in scene.arrows:
        _add_line(root, arrow, tables)
    for number, label in enumerate(label for label in scene.labels if label.role != "heading"):
        _add_words(root, f"label-{number}", label)
    for entry in scene.legend:
        _add_legend(root, entry)
    return _file(root, scene)


def _once(scene: Scene) -> list[Box]:
    """Every service once: where it was drawn twice, on the side where most of its lines are."""
    sent = Counter(arrow.source for arrow in scene.arrows if arrow.kind == "publish")
    received = Counter(arrow.target for arrow in scene.arrows if arrow.kind == "receive")
    chosen: dict[str, Box] = {}
    for box in scene.boxes:
        if box.node not in chosen or received[box.node] > sent[box.node]:
            chosen[box.node] = box
    return list(chosen.values())


def _file(root: ET.Element, scene: Scene) -> str:
    file = ET.Element("mxfile", compressed="false")
    page = ET.SubElement(file, "diagram", id="copper", name=scene.title)
    size = {"pageWidth": _n(scene.width), "pageHeight": _n(scene.height)}
    model = ET.SubElement(page, "mxGraphModel", {"grid": "1", "gridSize": "10", "page": "0", **size})
    model.append(root)
    ET.indent(file)
    return ET.tostring(file, encoding="unicode") + "\n"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _layer(key: str) -> str:
    """The first layer must be cell 1; the others have ids of their own."""
    return "1" if key == "topics" else f"layer-{key}"


def _id(kind: str, name: str) -> str:
    return f"{kind}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:14]}"


def _node_id(node: str) -> str:
    """The id of a service, topic or table (`topics:…`), from its name alone."""
    kind, _, name = node.partition(":")
    return _id({"topics": "table"}.get(kind, kind), name)


def _cell(root: ET.Element, ident: str, label: str, attributes: Mapping[str, str], data: Data = ()) -> ET.Element:
    """A cell that carries data; the caller gives it its geometry."""
    holder = ET.SubElement(root, "object", {"label": label, "id": ident, **dict(data)})
    return ET.SubElement(holder, "mxCell", dict(attributes))


def _vertex(style: str, parent: str) -> dict[str, str]:
    return {"style": style, "vertex": "1", "parent": parent}


def _geometry(cell: ET.Element, x: float, y: float, width: float, height: float) -> None:
    sizes = {"x": _n(x), "y": _n(y), "width": _n(width), "height": _n(height)}
    ET.SubElement(cell, "mxGeometry", {**sizes, "as": "geometry"})


def _add_service(root: ET.Element, box: Box) -> None:
    data = (("tooltip", box.tooltip), *box.data)
    text = f"{box.label} {box.count}".strip()
    cell = _cell(root, _node_id(box.node), text, _vertex(_SERVICE, _layer("services")), data)
    _geometry(cell, box.x, box.y, box.width, box.height)


def _add_table(root: ET.Element, table: Table) -> None:
    if not table.header:
        _add_row(root, table, table.rows[0], _ALONE, _layer("topics"))
        return
    ident = _node_id(table.node)
    style = _TABLE.format(top=table.header_height)
    cell = _cell(root, ident, table.header, _vertex(style, _layer("topics")), (("tooltip", table.tooltip),))
    _geometry(cell, table.x, table.y, table.width, table.height)
    for row in table.rows:
        _add_row(root, table, row, _ROW, ident)


def _add_row(root: ET.Element, table: Table, row: Row, style: str, parent: str) -> None:
    quiet = f"fontStyle=2;fontColor={palette.MUTED.light};" if row.quiet else ""
    data = (("tooltip", row.tooltip), *row.data)
    text = f"{row.label} {row.times}".strip()
    cell = _cell(root, _node_id(row.node), text, _vertex(style + quiet, parent), data)
    x, y = (0.0, row.y) if table.header else (table.x, table.y)
    _geometry(cell, x, y, table.width, row.height)


def _add_line(root: ET.Element, arrow: Arrow, tables: Mapping[str, Table]) -> None:
    """A connector. The editor finds its way; only one that goes round other boxes is given points on it."""
    colour = _LINE_COLOURS[arrow.kind].light
    style = f"{_LINE}strokeColor={colour};fontColor={colour};strokeWidth={_n(arrow.width)};{_STYLES[arrow.style]}"
    bent = len(arrow.points) > _ONE_CURVE
    style += _ENDS.get(arrow.kind, "") + ("" if bent else _DIRECT)
    if arrow.points and (bent or arrow.source.startswith("topics:")):
        style += _side(arrow, tables)
    ends = {"source": _node_id(arrow.source), "target": _node_id(arrow.target)}
    ident = _id(arrow.kind, f"{arrow.source}\n{arrow.target}")
    data = (("tooltip", arrow.tooltip), ("kind", arrow.kind), ("proof", arrow.style), *arrow.data)
    cell = _cell(root, ident, arrow.label, {"style": style, "edge": "1", "parent": _layer(arrow.kind), **ends}, data)
    geometry = ET.SubElement(cell, "mxGeometry", {"relative": "1", "as": "geometry"})
    if bent:
        way = ET.SubElement(geometry, "Array", {"as": "points"})
        steps = 2 * (len(arrow.points) - 1) // 3
        for x, y in (curve(arrow.points, step / steps) for step in range(1, steps)):
            ET.SubElement(way, "mxPoint", x=_n(x), y=_n(y))


def _side(arrow: Arrow, tables: Mapping[str, Table]) -> str:
    """Where a line leaves or reaches a table: the middle of the row (or header), on the side of our drawing."""
    receives = arrow.kind == "receive"
    node, (x, _) = (arrow.source, arrow.points[0]) if receives else (arrow.target, arrow.tip)
    table = tables[node]
    right = x > table.x + table.width / 2
    height = table.header_height / 2 / table.height if node == table.node else 0.5
    end = "exit" if receives else "entry"
    return f"{end}X={right:d};{end}Y={height:.4g};{end}Dx=0;{end}Dy=0;"


def _add_words(root: ET.Element, ident: str, label: Label) -> None:
    style = f"text;align=left;verticalAlign=bottom;{_WORDS.get(label.role, _OTHER_WORDS)}"
    cell = _cell(root, ident, label.text, _vertex(style, _layer("words")))
    width = sans_width(label.text, 15.0, bold=True)
    _geometry(cell, label.x, label.y - 15, width, 20)


def _add_legend(root: ET.Element, entry: LegendEntry) -> None:
    if entry.sample in _NOT_DRAWN:
        return
    kind: Kind = entry.sample if entry.sample in {"publish", "deny"} else "receive"
    dash = _STYLES.get(entry.sample, "")
    style = f"line;strokeWidth=2;strokeColor={_LINE_COLOURS[kind].light};{dash}"
    cell = _cell(root, f"sample-{entry.sample}", "", _vertex(style, _layer("words")))
    _geometry(cell, entry.x, entry.y - 5, entry.width, 10)
    words = _cell(
        root,
        f"meaning-{entry.sample}",
        entry.text,
        _vertex(f"text;align=left;verticalAlign=middle;{_OTHER_WORDS}", _layer("words")),
    )
    _geometry(words, entry.x + entry.width + 4, entry.y - 10, sans_width(entry.text, 12.0), 20)

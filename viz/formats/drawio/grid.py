"""A matrix as cells: a band for each topic, a turned name for each service, and a mark where they meet.

In: a scene with marks. Out: cells for its drawing, without layers and words. Marks are bound to nothing: they belong
where they are. Their shape says who does what, their filling how sure that is, as in the other formats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from viz import palette
from viz.formats.drawio import styles
from viz.formats.drawio.cells import Cell, geometry, ident, node_id
from viz.formats.drawio.said import counted, told
from viz.scene import TURNED, Box, Change, Kind, Row, Scene, Style, Table, signed
from viz.text import sans_width

_RADIUS = 4.2
_NAME = (
    f"text;align=left;verticalAlign=middle;rotation={-TURNED:g};fontSize=12;fontStyle=1;fontColor={palette.TEXT.light};"
)
_RULE = f"strokeColor=none;fillColor={palette.TOPIC_LINE.light};opacity=40;"
_HIGH = 16.0
"""Of a name, in points."""
_HOLLOW: frozenset[Style] = frozenset({"inferred", "idle"})


def grid(scene: Scene, topics: str, services: str, marks: str) -> Iterator[Cell]:
    """Everything but the words around it.

    Args:
        scene: with marks.
        topics: id of the layer of the rows; `services` and `marks` are those of names and marks.
        services: see there.
        marks: see there.
    """
    right = max((box.x + box.width for box in scene.boxes), default=0.0)
    for table in scene.tables:
        for place, row in enumerate(table.rows):
            yield _band(table, row, topics, right, shaded=place % 2 == 0)
        for box in scene.boxes:
            spot = geometry(box.x, table.y, 0.6, table.height)
            yield Cell(ident("rule", box.node), _shape(_RULE, topics), told("", ""), spot)
    for box in scene.boxes:
        yield _name(box, services)
    for mark in scene.marks:
        style = sign(mark.kind, mark.style, whole=mark.whole, change=mark.change)
        spot = geometry(mark.x - _RADIUS, mark.y - _RADIUS, 2 * _RADIUS, 2 * _RADIUS)
        facts = (("kind", mark.kind), ("proof", mark.style))
        said = told(signed("", mark.change), mark.tooltip, data=(*facts, *mark.data))
        yield Cell(ident("mark", f"{mark.kind}\n{mark.source}\n{mark.target}"), _shape(style, marks), said, spot)


def sign(kind: Kind, style: Style, *, whole: bool, change: Change = "") -> str:
    """What a mark looks like, in the matrix and in its legend."""
    colour = (styles.CHANGES[change][0] if change else styles.COLOURS[kind]).light
    if kind == "deny":
        shape = "ellipse;shape=lineEllipse;line=horizontal;rotation=-45;"
    elif kind == "publish":
        shape = "triangle;"
    else:
        shape = "ellipse;" if whole else "ellipse;shape=lineEllipse;line=horizontal;"
    hollow = style in _HOLLOW or not whole or kind == "deny"
    filled = f"fillColor={'none' if hollow else colour};strokeColor={colour};strokeWidth=1.4;"
    filled += "fillOpacity=35;" if style == "partly" else ""
    # a sign stands beside its mark, which is too small to hold one
    filled += f"fontColor={colour};fontStyle=1;labelPosition=right;spacingLeft=-2;spacingBottom=8;" if change else ""
    broken = "dashed=1;fixDash=1;dashPattern=1.6 1.7;" if style in {"inferred", "partly"} else ""
    return shape + filled + broken + ("opacity=40;" if style == "idle" and not change else "")


def _shape(style: str, layer: str) -> dict[str, str]:
    return {"style": style, "vertex": "1", "parent": layer}


def _band(table: Table, row: Row, layer: str, right: float, *, shaded: bool) -> Cell:
    """A topic, with its whole line across the columns."""
    fill = palette.HEADER_FILL.light if shaded else "none"
    style = f"{styles.BAND}fillColor={fill};{styles.QUIET if row.quiet else ''}"
    style += f"fontColor={styles.CHANGES[row.change][0].light};" if row.change else ""
    said = told(counted(signed(row.label, row.change), row.times), row.tooltip, row.link, row.data)
    return Cell(
        node_id(row.node), _shape(style, layer), said, geometry(table.x, table.y + row.y, right - table.x, row.height)
    )


def _name(box: Box, layer: str) -> Cell:
    """A name, turned around the foot of its column: editors turn a shape around its own middle."""
    text = counted(signed(box.label, box.change), box.count)
    long, turned = sans_width(text, 12.0, bold=True), math.radians(TURNED)
    x, y = box.x + box.width / 2, box.y + box.height - 8.0
    middle = (x + math.cos(turned) * long / 2, y - math.sin(turned) * long / 2)
    spot = geometry(middle[0] - long / 2, middle[1] - _HIGH / 2, long, _HIGH)
    style = _NAME + (f"fontColor={styles.CHANGES[box.change][0].light};" if box.change else "")
    return Cell(node_id(box.node), _shape(style, layer), told(text, box.tooltip, box.link, box.data), spot)

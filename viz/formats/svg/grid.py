"""A matrix: rows of topics, turned names of services, and a mark in each cell that has one.

The mark's shape says who does what (a triangle publishes, a dot receives), its filling how sure that is, and
the colour only repeats it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from viz.formats.svg.hooks import Hooks, changed
from viz.formats.svg.spelling import length, linked, minus, plus, point, rect, text, title
from viz.formats.svg.style import MOST_HOVERED
from viz.scene import TURNED, Box, Kind, Mark, Scene, Style, Table, signed

RULES = """
.label{font-weight:600}
.ring{stroke-width:1.4}
.band{opacity:0;fill-opacity:.14}
.rule{fill:none;stroke-width:.6;opacity:.5}
"""

_RADIUS = 4.2


def grid(scene: Scene, hooks: Hooks) -> Iterator[str]:
    """Everything but the words around it."""
    rows = [(table, row) for table in scene.tables for row in table.rows]
    right = max((box.x + box.width for box in scene.boxes), default=0.0)
    bottom = max((table.y + table.height for table in scene.tables), default=0.0)
    for place, (table, row) in enumerate(rows):
        size = (right - table.x, row.height)
        if place % 2 == 0:
            yield rect("top", (table.x, table.y + row.y), size)
        yield rect(f"band m {hooks.keys[row.node]}", (table.x, table.y + row.y), size)
    for box in scene.boxes:
        top = box.y + box.height
        yield rect(f"band m {hooks.keys[box.node]}", (box.x, top), (box.width, bottom - top))
        yield f'<path class="frame rule" d="M{length(box.x)},{length(top)}V{length(bottom)}"/>'
    for table in scene.tables:
        yield from _names(table, right, hooks)
    for box in scene.boxes:
        yield _turned(box, hooks)
    for place, one in enumerate(scene.marks):
        classes = changed(one, f"m {one.kind} idle" if one.style == "idle" and not one.change else f"m {one.kind}")
        drawn = _hit(one) + _mark(one) + _change(one)
        yield f"<g {hooks.joined(one, classes, 'm', place)}>{title(one.tooltip)}{drawn}</g>"


def hovered(name: str, keys: Iterable[str]) -> list[str]:
    """Rules that light up the row and the column under the mouse."""
    firsts = [key.split()[0] for key in keys]
    if len(firsts) > MOST_HOVERED:
        return []
    return [f"#{name}:has(.n.{key}:hover,g.m.{key}:hover) .band.{key}{{opacity:1}}" for key in firsts]


def sign(kind: Kind, style: Style, x: float, y: float, *, whole: bool) -> str:
    """The mark of a cell (for its legend, too), around a middle."""
    return _mark(Mark(kind, style, "", "", x, y, whole=whole))


def _names(table: Table, right: float, hooks: Hooks) -> Iterator[str]:
    for row in table.rows:
        y = table.y + row.y
        base = y + row.height / 2 + 3.8
        drawn = rect("hit", (table.x, y), (right - table.x, row.height))
        if row.retained:
            drawn += f'<circle class="kept" cx="{length(table.x + 8)}" cy="{length(base - 3.8)}" r="2.4"/>'
        classes = "mono quiet muted" if row.quiet else "mono"
        drawn += text(classes, (table.x + table.indent, base), signed(row.label, row.change), row.times)
        if row.count:
            drawn += text("mono small muted end", (table.x + table.width - 8, base), row.count)
        yield f"<g {hooks.node(row.node, changed(row, 'n'))}>{title(row.tooltip)}{linked(row.link, drawn)}</g>"


def _turned(box: Box, hooks: Hooks) -> str:
    x, y = box.x + box.width / 2 + 4, box.y + box.height - 8
    turned = f' transform="rotate({length(-TURNED)} {length(x)} {length(y)})"'
    drawn = rect("hit", (box.x, box.y), (box.width, box.height))
    drawn += text("label", (x, y), signed(box.label, box.change), box.count, turned)
    return f"<g {hooks.node(box.node, changed(box, 'n'))}>{title(box.tooltip)}{linked(box.link, drawn)}</g>"


def _change(one: Mark) -> str:
    """A small sign beside a mark that is new or gone."""
    if not one.change:
        return ""
    middle = (one.x + 6.5, one.y - 4.5)
    return f'<path class="ring" d="{plus(middle, 2.6) if one.change == "added" else minus(middle, 2.6)}"/>'


def _hit(one: Mark) -> str:
    return rect("hit", (one.x - 6, one.y - 8), (12, 16))


def _mark(one: Mark) -> str:
    if one.kind == "deny":
        return _refused(one)
    if one.kind == "publish":
        return _triangle(one)
    return _dot(one)


def _refused(one: Mark) -> str:
    """A circle with a bar."""
    off = _RADIUS * 0.7
    return (
        f'<circle class="ring" cx="{length(one.x)}" cy="{length(one.y)}" r="{_RADIUS}"/>'
        f'<path class="ring" d="M{point((one.x - off, one.y + off))}L{point((one.x + off, one.y - off))}"/>'
    )


def _triangle(one: Mark) -> str:
    x, y = one.x, one.y
    path = f"M{point((x - 4, y - 4.6))}L{point((x + 4.5, y))} {point((x - 4, y + 4.6))}Z"
    if one.whole:
        return f'<path class="head" d="{path}"/>'
    half = f"M{point((x - 4, y))}H{length(x + 4.5)}L{point((x - 4, y + 4.6))}Z"
    return f'<path class="ring" d="{path}"/><path class="head" d="{half}"/>'


def _dot(one: Mark) -> str:
    """Full: proven; half: of a part; a dot in a broken ring: partly inferred; a broken ring: inferred; a ring: idle."""
    x, y = length(one.x), length(one.y)
    broken = ' stroke-dasharray="1.6 1.7"' if one.style in {"inferred", "partly"} else ""
    ring = f'<circle class="ring" cx="{x}" cy="{y}" r="{_RADIUS}"{broken}/>'
    if one.style == "partly":
        return f'{ring}<circle class="head" cx="{x}" cy="{y}" r="2"/>'
    if one.style in {"inferred", "idle"}:
        return ring
    if not one.whole:
        half = f"M{point((one.x - _RADIUS, one.y))}a{_RADIUS},{_RADIUS} 0 0 0 {2 * _RADIUS},0Z"
        return f'{ring}<path class="head" d="{half}"/>'
    return f'<circle class="head" cx="{x}" cy="{y}" r="{_RADIUS}"/>'

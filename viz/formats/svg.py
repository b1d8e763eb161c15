"""SVG: one file that looks right in a browser, light or dark, and in converters.

In: a scene. Out: the text of the file. Two plain blocks of rules make the themes (CSS variables come out
black in resvg and CairoSVG). Hovering a service or a topic dims every line that is not its own, by rules
alone, without a script. Text stays text. All ids and rules carry a prefix made from the picture itself, so
that two pictures can stand in one page.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from html import escape

from viz import palette
from viz.palette import Colour
from viz.scene import Arrow, Box, Label, LegendEntry, Point, Row, Scene, Table, curve

_MOST_HOVERED = 400
"""Nodes that get a rule of their own for hovering; a browser checks each of them whenever the mouse moves."""

_DASHES = {"partly": "7 3 1.5 3", "inferred": "1.5 4"}

_COLOURS: dict[str, tuple[str, Colour]] = {
    ".page": ("fill", palette.PAGE),
    "text": ("fill", palette.TEXT),
    "text.muted,.muted": ("fill", palette.MUTED),
    ".service": ("fill", palette.SERVICE_FILL),
    "rect.service": ("stroke", palette.SERVICE_LINE),
    ".topics": ("fill", palette.TOPIC_FILL),
    ".top": ("fill", palette.HEADER_FILL),
    ".frame": ("stroke", palette.TOPIC_LINE),
    ".kept": ("fill", palette.RETAINED),
    ".publish .line": ("stroke", palette.PUBLISH),
    ".publish .head": ("fill", palette.PUBLISH),
    ".receive .line": ("stroke", palette.RECEIVE),
    ".receive .head": ("fill", palette.RECEIVE),
    ".deny .line": ("stroke", palette.REFUSED),
    ".deny .head": ("fill", palette.REFUSED),
}

_RULES = """
text{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px;white-space:pre}
.name{font-weight:600;text-anchor:middle}
.mono{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:11px}
.small{font-size:10px}
.bold{font-weight:700}
.quiet{font-style:italic}
.title{font-size:15px;font-weight:700}
.heading{font-size:11px;font-weight:600;letter-spacing:.05em}
.end{text-anchor:end}
.service{stroke-width:1.8}
.frame{fill:none;stroke-width:1.2}
.line,.near,.hit{fill:none}
.near{stroke:#000;stroke-opacity:0;stroke-width:9}
.hit{pointer-events:all}
.idle path{opacity:.4}
"""


def render(scene: Scene) -> str:
    """Spell a scene as SVG; the same scene gives the same bytes."""
    name = "c" + hashlib.sha256(repr(scene).encode("utf-8", "backslashreplace")).hexdigest()[:8]
    keys = _keys(scene)
    size = f'width="{_n(scene.width)}" height="{_n(scene.height)}" viewBox="0 0 {_n(scene.width)} {_n(scene.height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" {size} role="img" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">{escape(scene.title)}</title>',
        f'<desc id="{name}-d">{escape(" ".join([scene.summary + ".", *scene.notes]))}</desc>',
        f"<style>{_style(name, keys)}</style>",
        f'<rect class="page" width="{_n(scene.width)}" height="{_n(scene.height)}"/>',
    ]
    drawn = [arrow for arrow in scene.arrows if arrow.points]
    lines += [_arrow(arrow, keys) for arrow in sorted(drawn, key=lambda arrow: arrow.style != "idle")]
    lines += [_table(table, keys) for table in scene.tables]
    lines += [_box(box, keys) for box in scene.boxes]
    lines += [_label(label) for label in scene.labels]
    lines += [_entry(entry) for entry in scene.legend]
    return "\n".join([*lines, "</svg>", ""])


def _n(value: float) -> str:
    """A length, to a tenth of a point."""
    return f"{value:.1f}".removesuffix(".0")


def _keys(scene: Scene) -> dict[str, str]:
    """Node → the classes that its box and its lines share; a row has that of its table beside its own."""
    nodes = dict.fromkeys(box.node for box in scene.boxes)
    keys = {node: f"k{number}" for number, node in enumerate(nodes)}
    for number, table in enumerate(scene.tables):
        keys[table.node] = f"t{number}"
        keys.update({row.node: f"t{number}r{place} t{number}r" for place, row in enumerate(table.rows)})
    return keys


def _style(name: str, keys: Mapping[str, str]) -> str:
    """All rules, each of them only for the picture of this name."""
    rules = [_rule(name, *line.split("{", 1)) for line in _RULES.strip().split("\n")]
    rules += _coloured(name, "light")
    rules += ["@media (prefers-color-scheme:dark){", *_coloured(name, "dark"), "}"]
    rules.append(f"#{name}:has(.n:hover) .e{{opacity:.12}}")
    if len(keys) <= _MOST_HOVERED:
        pairs = [(key.split()[0], key.split()[0]) for key in keys.values()]
        tables = [key for key in keys.values() if key.startswith("t") and "r" not in key]
        pairs += [pair for key in tables for pair in ((key, f"{key}r"), (f"{key}r", key))]
        rules += [f"#{name}:has(.n.{over}:hover) .e.{line}{{opacity:1}}" for over, line in pairs]
    return "\n".join(["", *rules, ""])


def _rule(name: str, selectors: str, rest: str) -> str:
    return ",".join(f"#{name} {selector}" for selector in selectors.split(",")) + "{" + rest


def _coloured(name: str, theme: str) -> list[str]:
    return [
        _rule(name, selectors, f"{what}:{getattr(colour, theme)}}}") for selectors, (what, colour) in _COLOURS.items()
    ]


def _arrow(arrow: Arrow, keys: Mapping[str, str]) -> str:
    start, *rest = arrow.points
    path = f"M{_p(start)}C{' '.join(map(_p, rest))}"
    dash = _DASHES.get(arrow.style)
    line = f'<path class="line" d="{path}" stroke-width="{_n(arrow.width)}"'
    line += f' stroke-dasharray="{dash}"/>' if dash else "/>"
    if arrow.kind == "deny":
        line += _cross(curve(arrow.points, 0.5))
    classes = ["e", arrow.kind, *(["idle"] if arrow.style == "idle" else []), keys[arrow.source], keys[arrow.target]]
    return (
        f'<g class="{" ".join(classes)}"><title>{escape(arrow.tooltip)}</title><path class="near" d="{path}"/>'
        f'{line}<path class="head" d="{_head(rest[-1], arrow.tip, arrow.width)}"/></g>'
    )


def _p(point: Point) -> str:
    return f"{_n(point[0])},{_n(point[1])}"


def _head(foot: Point, tip: Point, width: float) -> str:
    """A triangle from foot to tip, wider for wider lines."""
    x, y = tip[0] - foot[0], tip[1] - foot[1]
    length = math.hypot(x, y) or 1.0
    half = 2.4 + width / 2
    side = (-y / length * half, x / length * half)
    ends = (foot[0] + side[0], foot[1] + side[1]), (foot[0] - side[0], foot[1] - side[1])
    return f"M{_p(tip)}L{_p(ends[0])} {_p(ends[1])}Z"


def _cross(middle: Point) -> str:
    """The sign of a refused message."""
    x, y = middle
    low, high = (x - 4.5, y - 4.5), (x + 4.5, y + 4.5)
    path = f"M{_p(low)}L{_p(high)}M{_n(high[0])},{_n(low[1])}L{_n(low[0])},{_n(high[1])}"
    return f'<path class="line" d="{path}" stroke-width="2.2"/>'


def _text(classes: str, x: float, y: float, text: str) -> str:
    return f'<text class="{classes}" x="{_n(x)}" y="{_n(y)}">{escape(text)}</text>'


def _rect(classes: str, corner: Point, size: Point, radius: float = 0) -> str:
    (x, y), (width, height) = corner, size
    round_off = f' rx="{_n(radius)}"' if radius else ""
    return f'<rect class="{classes}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{round_off}/>'


def _box(box: Box, keys: Mapping[str, str]) -> str:
    return (
        f'<g class="n {keys[box.node]}"><title>{escape(box.tooltip)}</title>'
        + _rect("service", (box.x, box.y), (box.width, box.height), 3)
        + _text("name", box.x + box.width / 2, box.y + box.height / 2 + 4.2, box.label)
        + "</g>"
    )


def _table(table: Table, keys: Mapping[str, str]) -> str:
    lines = [_rect("topics", (table.x, table.y), (table.width, table.height), 5)]
    if table.header:
        lines.append(_header(table, keys))
    lines += [_row(table, row, keys) for row in table.rows]
    return "\n".join([*lines, _rect("frame", (table.x, table.y), (table.width, table.height), 5)])


def _header(table: Table, keys: Mapping[str, str]) -> str:
    x, y, width, height = table.x, table.y, table.width, table.header_height
    shape = f"M{_n(x)},{_n(y + height)}v{_n(5 - height)}a5,5 0 0 1 5,-5h{_n(width - 10)}a5,5 0 0 1 5,5v{_n(height - 5)}"
    return (
        f'<g class="n {keys[table.node]}"><title>{escape(table.tooltip)}</title><path class="top" d="{shape}Z"/>'
        f'<path class="frame" d="M{_n(x)},{_n(y + height)}h{_n(width)}"/>'
        + _text("mono bold", x + 8, y + height / 2 + 3.8, table.header)
        + "</g>"
    )


def _row(table: Table, row: Row, keys: Mapping[str, str]) -> str:
    y = table.y + row.y
    base = y + row.height / 2 + 3.8
    kept = f'<circle class="kept" cx="{_n(table.x + 8)}" cy="{_n(base - 3.8)}" r="2.4"/>' if row.retained else ""
    count = _text("mono small muted end", table.x + table.width - 8, base, row.count) if row.count else ""
    return (
        f'<g class="n {keys[row.node]}"><title>{escape(row.tooltip)}</title>'
        + _rect("hit", (table.x, y), (table.width, row.height))
        + kept
        + _text("mono quiet muted" if row.quiet else "mono", table.x + table.indent, base, row.label)
        + count
        + "</g>"
    )


def _label(label: Label) -> str:
    muted = "" if label.role == "title" else " muted"
    return _text(f"{label.role}{muted}{' end' if label.end else ''}", label.x, label.y, label.text)


def _entry(entry: LegendEntry) -> str:
    """A sample of a line, a header or a mark, and what it means."""
    x, y, end = entry.x, entry.y, entry.x + entry.width
    text = _text("muted", end + 6, y + 4.2, entry.text)
    if entry.sample == "retained":
        return f'<circle class="kept" cx="{_n(x + 4)}" cy="{_n(y)}" r="2.4"/>{text}'
    kind = entry.sample if entry.sample in {"publish", "deny"} else "receive"
    dash = f' stroke-dasharray="{_DASHES[entry.sample]}"' if entry.sample in _DASHES else ""
    widths = ((-4, 1.2), (4, 4)) if entry.sample == "width" else ((0, 1.8),)
    drawn = [
        f'<path class="line" d="M{_n(x)},{_n(y + off)}H{_n(end - 7)}" stroke-width="{width}"{dash}/>'
        f'<path class="head" d="{_head((end - 7, y + off), (end, y + off), width)}"/>'
        for off, width in widths
    ]
    if entry.sample == "deny":
        drawn.append(_cross((x + 15, y)))
    if entry.sample == "header":
        drawn += [_rect("top", (x, y - 5), (13, 10), 2), _rect("frame", (x, y - 5), (13, 10), 2)]
    idle = " idle" if entry.sample == "idle" else ""
    return f'<g class="{kind}{idle}">{"".join(drawn)}</g>{text}'

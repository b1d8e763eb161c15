"""Boxes of services, tables of topics, and the words on the page."""

from __future__ import annotations

from viz.formats.svg.hooks import Hooks, changed
from viz.formats.svg.spelling import length, linked, rect, text, title
from viz.scene import BEHIND, Box, Label, Row, Table, signed


def box(one: Box, hooks: Hooks) -> str:
    """A service; one that stands for several has a second rectangle behind it."""
    size = (one.width, one.height)
    behind = rect("service", (one.x + BEHIND, one.y - BEHIND), size, 3) if one.count else ""
    name = text("name", (one.x + one.width / 2, one.y + one.height / 2 + 4.2), signed(one.label, one.change), one.count)
    drawn = behind + rect("service", (one.x, one.y), size, 3) + name
    return f"<g {hooks.node(one.node, changed(one, 'n'))}>{title(one.tooltip)}{linked(one.link, drawn)}</g>"


def table(one: Table, hooks: Hooks) -> str:
    """Topics that share their first level."""
    lines = [rect("topics", (one.x, one.y), (one.width, one.height), 5)]
    if one.header:
        lines.append(_header(one, hooks))
    lines += [_row(one, row, hooks) for row in one.rows]
    return "\n".join(['<g class="table">', *lines, rect("frame", (one.x, one.y), (one.width, one.height), 5), "</g>"])


def _header(one: Table, hooks: Hooks) -> str:
    x, y, width, height = one.x, one.y, one.width, one.header_height
    sides = f"v{length(5 - height)}a5,5 0 0 1 5,-5h{length(width - 10)}a5,5 0 0 1 5,5v{length(height - 5)}"
    return (
        f"<g {hooks.node(one.node)}>{title(one.tooltip)}"
        f'<path class="top" d="M{length(x)},{length(y + height)}{sides}Z"/>'
        f'<path class="frame" d="M{length(x)},{length(y + height)}h{length(width)}"/>'
        + text("mono bold", (x + 8, y + height / 2 + 3.8), one.header)
        + "</g>"
    )


def _row(one: Table, row: Row, hooks: Hooks) -> str:
    y = one.y + row.y
    base = y + row.height / 2 + 3.8
    drawn = rect("hit", (one.x, y), (one.width, row.height))
    if row.change:
        drawn += rect("ground", (one.x + 2, y + 2), (one.width - 4, row.height - 4), 3)
        drawn += rect("outline", (one.x + 2, y + 2), (one.width - 4, row.height - 4), 3)
    if row.retained:
        drawn += f'<circle class="kept" cx="{length(one.x + 8)}" cy="{length(base - 3.8)}" r="2.4"/>'
    drawn += text(
        "mono quiet muted" if row.quiet else "mono",
        (one.x + one.indent, base),
        signed(row.label, row.change),
        row.times,
    )
    if row.count:
        drawn += text("mono small muted end", (one.x + one.width - 8, base), row.count)
    return f"<g {hooks.node(row.node, changed(row, 'n'))}>{title(row.tooltip)}{linked(row.link, drawn)}</g>"


def label(one: Label) -> str:
    """A line of text on the page."""
    if one.role == "line":
        return text("on halo", (one.x, one.y), one.text)
    muted = "" if one.role in {"title", "step"} else " muted"
    turned = f' transform="rotate({length(one.angle)} {length(one.x)} {length(one.y)})"' if one.angle else ""
    return text(f"{one.role}{muted}{' end' if one.end else ''}", (one.x, one.y), one.text, more=turned)

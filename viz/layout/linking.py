"""Boxes and rows lead somewhere, where a user has said where to."""

from __future__ import annotations

from dataclasses import replace

from viz.layout.parts import Parts
from viz.links import link


def linked(parts: Parts, template: str) -> Parts:
    """The same parts with their links, from a template as `viz.links` has it; empty makes none."""
    if not template:
        return parts
    boxes = tuple(replace(box, link=_of(template, box.node)) for box in parts.boxes)
    tables = tuple(
        replace(table, rows=tuple(replace(row, link=_of(template, row.node)) for row in table.rows))
        for table in parts.tables
    )
    return replace(parts, boxes=boxes, tables=tables)


def _of(template: str, node: str) -> str:
    kind, _, name = node.partition(":")
    return link(template, kind, name)

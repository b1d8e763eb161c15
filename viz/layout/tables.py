"""Topics become the rows of tables: those that share their first level stand in one.

In: a reader of the graph. Out: tables as wide as what is written in them, at no place yet.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

from viz.layout import words
from viz.layout.reader import Reader
from viz.scene import Row, Table, signed
from viz.text import label, monospace_width, shown

TOPIC_SIZE = 11.0
ROW_HEIGHT = 20.0
INDENT = 16.0
"""From the left side of a table to the text of its rows, in points."""
PADDING = 8.0
TIMES = "\N{MULTIPLICATION SIGN}"
TIMES_GAP = 5.0
"""Between a name and how many it stands for, in points."""


def tables_of(reader: Reader) -> tuple[Table, ...]:
    """The topics by their first level; the topic that is itself a first level stands alone."""
    groups: dict[str, list[str]] = defaultdict(list)
    for node in reader.nodes("topic"):
        first, slash, _ = reader.name(node).partition("/")
        groups[first + slash].append(node)
    counts = {node: reader.published[node] or reader.received[node] for group in groups.values() for node in group}
    return tuple(_table(reader, prefix, nodes, counts) for prefix, nodes in sorted(groups.items()))


def _table(reader: Reader, prefix: str, nodes: list[str], counts: dict[str, int]) -> Table:
    alone = len(nodes) == 1
    top = 0.0 if alone else ROW_HEIGHT
    rows = []
    for place, node in enumerate(nodes):
        name = reader.name(node)
        text = label(name if alone else name[len(prefix) :])
        rows.append(_row(reader, node, text, top + place * ROW_HEIGHT, counts[node]))
    header = "" if alone else (label(prefix[:-1]) + "/")
    indent = PADDING if alone and not rows[0].retained else INDENT
    height = top + len(rows) * ROW_HEIGHT
    tooltip = f"{shown(prefix[:-1])}/ ({words.number(len(rows), 'topic')})"
    return _wide(Table(f"topics:{prefix}", header, top, indent, tuple(rows), 0.0, height, tooltip=tooltip))


def _wide(table: Table) -> Table:
    """As wide as what is written in it."""
    widths = [table.indent + row_width(row) + PADDING for row in table.rows]
    widths.append(monospace_width(table.header, TOPIC_SIZE) + 4 * PADDING)
    return replace(table, width=float(math.ceil(max(widths))))


def without_counts(table: Table) -> Table:
    """The same without the numbers in the rows, which make it a third wider; the tooltips still have them."""
    return _wide(replace(table, rows=tuple(replace(row, count="") for row in table.rows)))


def row_width(row: Row) -> float:
    """The width of what is written in a row, in points."""
    gap = (2 * PADDING if row.count else 0.0) + (TIMES_GAP if row.times else 0.0)
    text = monospace_width(signed(row.label, row.change), TOPIC_SIZE) + monospace_width(row.times, TOPIC_SIZE)
    return text + gap + monospace_width(row.count, TOPIC_SIZE - 1)


def _row(reader: Reader, node: str, text: str, y: float, messages: int) -> Row:
    attributes = reader.graph.nodes[node]
    lines, data = words.of_topic(attributes)
    topics = int(attributes.get("topics") or 1)
    lines += [words.number(messages, "message")] if messages else []
    lines += words.of_change(attributes, "topics", "topic", reader.before)
    return Row(
        node,
        text,
        y,
        ROW_HEIGHT,
        times=f"{TIMES}{topics:,}{reader.some(node)}" if topics > 1 else "",
        count=words.amount(messages, reader.seconds),
        quiet=bool(attributes.get("filter")),
        retained=bool(attributes.get("retained_by") or attributes.get("kept")),
        tooltip="\n".join(lines),
        data=data,
        change=reader.change(node),
    )

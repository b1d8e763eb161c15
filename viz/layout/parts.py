"""A graph becomes boxes, tables and arrows with their sizes, but not yet with places.

Topics that share their first level become the rows of one table. A service that received something on every
row of a table through one filter gets one line from the table's header, and so does one that got nothing on
any. Lines between services (`deliver`) are not
drawn beside the topics, but they decide: a line to a receiver is solid where the senders of its messages
were seen, dotted where they are inferred, both where it is both.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx

from tracer.views.changes import MANY, changed, passed
from viz.layout import words
from viz.scene import Arrow, Box, Change, Data, Label, Mark, Row, Style, Table, signed
from viz.text import label, monospace_width, sans_width, shown

SERVICE_SIZE = 12.0
TOPIC_SIZE = 11.0
BOX_HEIGHT = 30.0
ROW_HEIGHT = 20.0
INDENT = 16.0
"""From the left side of a table to the text of its rows, in points."""
PADDING = 8.0
TIMES = "\N{MULTIPLICATION SIGN}"
TIMES_GAP = 5.0
"""Between a name and how many it stands for, in points."""
_LEAST_ROWS = 2
"""A table needs so many rows before one line from its header says more than a line for each."""

Edge = Mapping[str, Any]


@dataclass(frozen=True)
class Parts:
    """What a picture consists of.

    Attributes:
        seconds: how long was watched, or None where the log has no times.
        messages: published in that time.
        services, topics: how many all boxes and rows stand for.
        labels: texts that the layout sets, such as the names of columns.
        marks: cells of a matrix.
    """

    boxes: tuple[Box, ...]
    tables: tuple[Table, ...]
    arrows: tuple[Arrow, ...]
    seconds: float | None
    messages: int
    services: int
    topics: int
    labels: tuple[Label, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def lines(self) -> list[Arrow]:
        """The arrows that are to be drawn: those between services only where there are no topics between them."""
        return [arrow for arrow in self.arrows if (arrow.kind == "deliver") is not bool(self.tables)]


@dataclass(frozen=True)
class _Senders:
    """Whose messages reach one service on some topics: name → (seen, inferred)."""

    counts: dict[str, tuple[int, int]]

    def style(self, messages: int) -> Style:
        seen, inferred = (sum(pair[side] for pair in self.counts.values()) for side in (0, 1))
        if not messages:
            return "idle"
        if not inferred:
            return "proven"
        return "partly" if seen else "inferred"

    def words(self, messages: int) -> list[str]:
        lines = []
        for name, (seen, inferred) in sorted(self.counts.items()):
            proof = "seen" if not inferred else "inferred" if not seen else f"{seen:,} seen, {inferred:,} inferred"
            lines.append(f"from {shown(name)}: {seen + inferred:,} ({proof})")
        unknown = messages - sum(map(sum, self.counts.values()))
        return lines + ([f"from a sender that the log does not tell: {unknown:,}"] if unknown > 0 else [])


class Reader:
    """Reads one graph; holds what its nodes and lines have in common."""

    def __init__(self, graph: nx.MultiDiGraph[str]) -> None:
        self.graph = graph
        self.seconds = words.seconds_of(graph.graph)
        self.before = words.compared_with(graph.graph)
        self.edges: dict[str, dict[tuple[str, str], Edge]] = defaultdict(dict)
        self.senders: dict[tuple[str, str], dict[str, tuple[int, int]]] = defaultdict(dict)
        self.delivers: dict[tuple[str, str], list[Edge]] = defaultdict(list)
        for source, target, key, edge in sorted(graph.edges(keys=True, data=True), key=lambda e: e[:3]):
            if str(key).startswith("deliver"):
                self.delivers[source, target].append(edge)
                self.senders[f"topic:{edge['topic']}", target][self.name(source)] = (edge["seen"], edge["inferred"])
            else:
                self.edges[str(key)][source, target] = edge

    def name(self, node: str) -> str:
        """As the graph has it, not yet safe to show."""
        return str(self.graph.nodes[node]["name"])

    def change(self, node: str) -> Change:
        """Whether all that it stands for is new, or gone."""
        change: Change = self.graph.nodes[node].get("change", "")
        return change

    def some(self, node: str) -> str:
        """How many of those that a node stands for are new or gone, where that are not all: ` +3`."""
        each = self.graph.nodes[node]
        if each.get("change") or not self.before:
            return ""
        counts = changed(each, MANY[each["kind"]])
        return "".join(f" {signed(f'{count:,}', change).replace(' ', '')}" for change, count in counts.items() if count)

    def width(self, messages: int) -> float:
        """Of a line, in points: a tenfold rate or count makes it about one point wider, and it never gets heavy."""
        if self.seconds and words.has_rates(self.seconds):
            return line_width(messages / self.seconds)
        return min(4.0, 1.2 + 0.9 * math.log10(max(1, messages)))

    def part(self, edges: Mapping[str, Edge]) -> list[str]:
        """What a line leaves out, where an end of it stands for many: `on 3 of 400 topics`; nothing if it is whole.

        Args:
            edges: topic → the line of the graph to or from it.
        """
        if all(edge.get("whole", True) for edge in edges.values()):
            return []
        there = sum(int(self.graph.nodes[topic].get("topics") or 1) for topic in edges)
        seen = sum(
            int(edge.get("topics") or self.graph.nodes[topic].get("topics") or 1) for topic, edge in edges.items()
        )
        return [
            f"on {seen:,} of {words.number(there, 'topic')}" if seen < there else "not by all that the box stands for"
        ]

    def count(self, kind: str, many: str) -> int:
        """How many the nodes of a kind stand for, without what is gone; `many` is the attribute that says it."""
        return sum(
            int(each.get(many) or 1) - changed(each, many)["gone"]
            for _, each in self.graph.nodes(data=True)
            if each["kind"] == kind
        )

    def nodes(self, kind: str) -> list[str]:
        """The nodes of a kind, in the order of their names, level by level."""
        found = [node for node, attributes in self.graph.nodes(data=True) if attributes["kind"] == kind]
        return sorted(found, key=lambda node: self.name(node).split("/"))


def line_width(rate: float) -> float:
    """Of a line over which so many messages a second pass, in points."""
    return min(4.0, 1.2 + 1.3 * math.log10(1 + 10 * rate))


def parts_of(graph: nx.MultiDiGraph[str], *, heads: bool = True) -> Parts:
    """Read the graph of a trace.

    Args:
        graph: the tracer's graph; its nodes and attributes are documented in `tracer.graph`.
        heads: one line from a table's header may stand for those from all its rows.
    """
    reader = Reader(graph)
    tables = _tables(reader)
    carried = (
        reader.edges["publish"].values() if tables else [edge for each in reader.delivers.values() for edge in each]
    )
    return Parts(
        boxes=tuple(_box(reader, node) for node in reader.nodes("service")),
        tables=tables,
        arrows=(*_sent(reader), *_received(reader, tables, heads=heads), *_delivered(reader)),
        seconds=reader.seconds,
        messages=sum(edge["messages"] for edge in carried),
        services=reader.count("service", "members"),
        topics=reader.count("topic", "topics"),
    )


def _box(reader: Reader, node: str) -> Box:
    text, change = label(reader.name(node)), reader.change(node)
    attributes = reader.graph.nodes[node]
    members = int(attributes.get("members") or 1)
    count = f"{TIMES}{members:,}{reader.some(node)}" if members > 1 else ""
    tooltip, data = words.of_service(attributes)
    tooltip = "\n".join([tooltip, *words.of_change(attributes, "members", "service", reader.before)])
    wide = sans_width(signed(text, change), SERVICE_SIZE, bold=True)
    wide += TIMES_GAP + sans_width(count, SERVICE_SIZE) if count else 0.0
    width = max(60.0, math.ceil(wide) + 24.0)
    return Box(node, text, width, BOX_HEIGHT, count=count, tooltip=tooltip, data=data, change=change)


def _tables(reader: Reader) -> tuple[Table, ...]:
    """The topics by their first level; the topic that is itself a first level stands alone."""
    groups: dict[str, list[str]] = defaultdict(list)
    for node in reader.nodes("topic"):
        first, slash, _ = reader.name(node).partition("/")
        groups[first + slash].append(node)
    published: dict[str, int] = defaultdict(int)
    for (_, topic), edge in reader.edges["publish"].items():
        published[topic] += edge["messages"]
    received: dict[str, int] = defaultdict(int)
    for (topic, _), edge in reader.edges["subscribe"].items():
        received[topic] = max(received[topic], edge["messages"])
    counts = {node: published[node] or received[node] for group in groups.values() for node in group}
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


def without_counts(parts: Parts) -> Parts:
    """The same without the numbers in the rows, which make tables a third wider; the tooltips still have them."""
    rows = (tuple(replace(row, count="") for row in table.rows) for table in parts.tables)
    tables = tuple(_wide(replace(table, rows=each)) for table, each in zip(parts.tables, rows, strict=True))
    return replace(parts, tables=tables)


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


def _sent(reader: Reader) -> list[Arrow]:
    arrows = []
    for kind, verb in (("publish", "publishes"), ("deny", "was refused to publish")):
        for (source, target), edge in reader.edges[kind].items():
            sentence, data = words.traffic([edge])
            head = f"{shown(reader.name(source))} {verb} {shown(reader.name(target))}"
            part = reader.part({target: edge})
            change, changes, more = words.of_changes([edge], reader.before)
            arrows.append(
                Arrow(
                    "publish" if kind == "publish" else "deny",
                    "proven",
                    source,
                    target,
                    reader.width(passed(edge) if change == "gone" else edge["messages"]),
                    tooltip=_told(change, [head, *part], [sentence], changes),
                    whole=not part,
                    data=(*data, ("part", " ".join(part)), *more),
                    change=change,
                )
            )
    return arrows


def _received(reader: Reader, tables: tuple[Table, ...], *, heads: bool) -> list[Arrow]:
    arrows = []
    by_row: dict[str, dict[str, Edge]] = defaultdict(dict)
    for (topic, service), edge in reader.edges["subscribe"].items():
        by_row[topic][service] = edge
    for table in tables:
        rows = [row for row in table.rows if not row.quiet]
        by_service: dict[str, dict[str, Edge]] = defaultdict(dict)
        for row in table.rows:
            for service, edge in by_row[row.node].items():
                by_service[service][row.node] = edge
        for service, edges in sorted(by_service.items()):
            whole = _of_header(edges, rows) if heads and table.header else []
            if whole:
                arrows.append(_receive(reader, table.node, service, {row: edges.pop(row) for row in whole}))
            arrows += [_receive(reader, row, service, {row: edge}) for row, edge in edges.items()]
    return arrows


def _of_header(edges: dict[str, Edge], rows: list[Row]) -> list[str]:
    """The rows for which one line from the header stands: if one filter brings them all, or else none.

    Something came on each of them, or on none. In a comparison that holds at one of both times, when not all rows need
    have been there; what is new or gone while its row is not has a line of its own.
    """
    there = [row for row in rows if row.node in edges]
    if len(there) < _LEAST_ROWS:
        return []
    changes = {row.node: edges[row.node].get("change", "") for row in there}
    not_yet = "added" if set(changes.values()) == {"gone"} else "gone"
    if any(row.node not in edges and row.change != not_yet for row in rows):
        return []
    if len({passed(edges[row.node]) > 0 for row in there}) > 1:
        return []
    if not set.intersection(*(set(edges[row.node]["filters"]) for row in there)):
        return []
    is_one = len(set(changes.values())) == 1
    return [row.node for row in there if is_one or changes[row.node] in {"", row.change}]


def _receive(reader: Reader, source: str, service: str, edges: dict[str, Edge]) -> Arrow:
    """One line to a receiver: from a row, or from a header for all of `edges`."""
    counts: dict[str, tuple[int, int]] = {}
    for row in edges:
        for sender, (seen, inferred) in reader.senders.get((row, service), {}).items():
            before = counts.get(sender, (0, 0))
            counts[sender] = (before[0] + seen, before[1] + inferred)
    senders = _Senders(counts)
    messages = sum(edge["messages"] for edge in edges.values())
    sentence, data = words.traffic(edges.values())
    filters = words.names({each for edge in edges.values() for each in edge["filters"]})
    topics = words.names(reader.name(row) for row in edges)
    change, changes, counted = words.of_changes(edges.values(), reader.before)
    verb = "received" if change == "gone" else "receives" if messages else "waits for"
    head = f"{shown(reader.name(service))} {verb} {topics}"
    part = reader.part(edges)
    more: Data = (("filters", filters), ("topics", topics), ("senders", words.names(counts)), ("part", " ".join(part)))
    return Arrow(
        "receive",
        "proven" if change == "gone" else senders.style(messages),
        source,
        service,
        reader.width(sum(map(passed, edges.values())) if change == "gone" else messages),
        tooltip=_told(change, [head, *part, f"subscribed to {filters}"], [sentence, *senders.words(messages)], changes),
        whole=not part,
        data=(*data, *more, *counted),
        change=change,
    )


def _told(change: Change, what: list[str], carried: list[str], changes: list[str]) -> str:
    """The tooltip of a line; one that is gone carries nothing, and that is no news."""
    return "\n".join([*what, *changes] if change == "gone" else [*what, *carried, *changes])


def _delivered(reader: Reader) -> list[Arrow]:
    """One arrow for each pair of services whose messages reach each other, without a place in the drawing."""
    arrows = []
    for (source, target), edges in reader.delivers.items():
        senders = _Senders({source: (sum(e["seen"] for e in edges), sum(e["inferred"] for e in edges))})
        messages = sum(edge["messages"] for edge in edges)
        sentence, data = words.traffic(edges)
        topics = words.names({edge["topic"] for edge in edges})
        head = f"{shown(reader.name(source))} reaches {shown(reader.name(target))} on {topics}"
        count = sum(int(edge.get("topics") or 1) for edge in edges)
        change, changes, more = words.of_changes(edges, reader.before)
        had = sum(map(passed, edges)) if change == "gone" else messages
        text = f"{words.number(count, 'topic')}, {words.number(had, 'message')}"
        arrows.append(
            Arrow(
                "deliver",
                "proven" if change == "gone" else senders.style(messages),
                source,
                target,
                reader.width(had),
                label=text,
                tooltip=_told(change, [head], [sentence], changes),
                data=(*data, ("topics", topics), *more),
                change=change,
            )
        )
    return arrows

"""Which lines a graph becomes, and how sure they are.

A service that received something on every row of a table through one filter gets one line from the table's
header, and so does one that got nothing on any. A line to a receiver is solid where the senders of its
messages were seen, dotted where they are inferred, both where it is both: the lines between services
(`deliver`) say which, even where they are not drawn themselves.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tracer.views.others import OTHERS
from viz.layout import words
from viz.layout.reader import Edge, Reader
from viz.scene import Arrow, Data, Style, Table
from viz.text import shown

_LEAST_ROWS = 2
"""A table needs so many rows before one line from its header says more than a line for each."""


def arrows_of(reader: Reader, tables: tuple[Table, ...], *, heads: bool) -> tuple[Arrow, ...]:
    """All lines.

    Args:
        reader: of the graph.
        tables: of its topics.
        heads: one line from a table's header may stand for those from all its rows.
    """
    return (*_sent(reader), *_received(reader, tables, heads=heads), *_delivered(reader))


@dataclass(frozen=True)
class _Senders:
    """Whose messages reach one service on some topics: name → (seen, inferred); and those of who is not drawn."""

    counts: dict[str, tuple[int, int]]
    others: tuple[int, int] = (0, 0)

    def style(self, messages: int) -> Style:
        seen, inferred = (sum(pair[side] for pair in (*self.counts.values(), self.others)) for side in (0, 1))
        if not messages:
            return "idle"
        if not inferred:
            return "proven"
        return "partly" if seen else "inferred"

    def words(self, messages: int) -> list[str]:
        lines = []
        known = [(shown(name), *counts) for name, counts in sorted(self.counts.items())]
        known += [("services that are not drawn", *self.others)] if any(self.others) else []
        for name, seen, inferred in known:
            proof = "seen" if not inferred else "inferred" if not seen else f"{seen:,} seen, {inferred:,} inferred"
            lines.append(f"from {name}: {seen + inferred:,} ({proof})")
        unknown = messages - sum(seen + inferred for _, seen, inferred in known)
        return lines + ([f"from a sender that the log does not tell: {unknown:,}"] if unknown > 0 else [])


def _sent(reader: Reader) -> list[Arrow]:
    arrows = []
    for kind, verb in (("publish", "publishes"), ("deny", "was refused to publish")):
        for (source, target), edge in reader.edges[kind].items():
            sentence, data = words.traffic([edge])
            head = f"{shown(reader.name(source))} {verb} {shown(reader.name(target))}"
            part = reader.part({target: edge})
            arrows.append(
                Arrow(
                    "publish" if kind == "publish" else "deny",
                    "proven",
                    source,
                    target,
                    reader.width(edge["messages"]),
                    tooltip="\n".join([head, *part, sentence]),
                    whole=not part,
                    data=(*data, ("part", " ".join(part))),
                )
            )
    return arrows


def _received(reader: Reader, tables: tuple[Table, ...], *, heads: bool) -> list[Arrow]:
    arrows = []
    by_row: dict[str, dict[str, Edge]] = defaultdict(dict)
    for (topic, service), edge in reader.edges["subscribe"].items():
        by_row[topic][service] = edge
    for table in tables:
        whole = [row.node for row in table.rows if not row.quiet]
        by_service: dict[str, dict[str, Edge]] = defaultdict(dict)
        for row in table.rows:
            for service, edge in by_row[row.node].items():
                by_service[service][row.node] = edge
        for service, edges in sorted(by_service.items()):
            if heads and table.header and _has_all(edges, whole):
                arrows.append(_receive(reader, table.node, service, {row: edges.pop(row) for row in whole}))
            arrows += [_receive(reader, row, service, {row: edge}) for row, edge in edges.items()]
    return arrows


def _has_all(edges: dict[str, Edge], rows: list[str]) -> bool:
    """Whether one filter brings all these rows: something came on each of them, or on none."""
    if len(rows) < _LEAST_ROWS or not all(row in edges for row in rows):
        return False
    if len({edges[row]["messages"] > 0 for row in rows}) > 1:
        return False
    return bool(set.intersection(*(set(edges[row]["filters"]) for row in rows)))


def _receive(reader: Reader, source: str, service: str, edges: dict[str, Edge]) -> Arrow:
    """One line to a receiver: from a row, or from a header for all of `edges`."""
    counts: dict[str, tuple[int, int]] = {}
    for row in edges:
        for sender, (seen, inferred) in reader.senders.get((row, service), {}).items():
            before = counts.get(sender, (0, 0))
            counts[sender] = (before[0] + seen, before[1] + inferred)
    others_seen, others_inferred = (sum(edge.get(name, 0) for edge in edges.values()) for name in OTHERS)
    senders = _Senders(counts, (others_seen, others_inferred))
    messages = sum(edge["messages"] for edge in edges.values())
    sentence, data = words.traffic(edges.values())
    filters = words.names({each for edge in edges.values() for each in edge["filters"]})
    topics = words.names(reader.name(row) for row in edges)
    head = f"{shown(reader.name(service))} {'receives' if messages else 'waits for'} {topics}"
    part = reader.part(edges)
    more: Data = (("filters", filters), ("topics", topics), ("senders", words.names(counts)), ("part", " ".join(part)))
    return Arrow(
        "receive",
        senders.style(messages),
        source,
        service,
        reader.width(messages),
        tooltip="\n".join([head, *part, f"subscribed to {filters}", sentence, *senders.words(messages)]),
        whole=not part,
        data=(*data, *more),
    )


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
        text = f"{words.number(count, 'topic')}, {words.number(messages, 'message')}"
        arrows.append(
            Arrow(
                "deliver",
                senders.style(messages),
                source,
                target,
                reader.width(messages),
                label=text,
                tooltip=f"{head}\n{sentence}",
                data=(*data, ("topics", topics)),
            )
        )
    return arrows

"""Which lines a graph becomes, and how sure they are.

A service that received something on every row of a table through one filter gets one line from the table's
header, and so does one that got nothing on any. A line to a receiver is solid where the senders of its
messages were seen, dotted where they are inferred, both where it is both: the lines between services
(`deliver`) say which, even where they are not drawn themselves.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tracer.views.changes import passed
from tracer.views.others import OTHERS
from viz.layout import words
from viz.layout.reader import Edge, Reader
from viz.scene import Arrow, Change, Data, Row, Style, Table, sureness
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
        return sureness(messages, seen, inferred)

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
    others_seen, others_inferred = (sum(edge.get(name, 0) for edge in edges.values()) for name in OTHERS)
    senders = _Senders(counts, (others_seen, others_inferred))
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

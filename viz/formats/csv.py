r"""CSV: one row for each edge, for spreadsheets and scripts; a service or topic without any edge has a row of its own.

In: a graph, with what pictures hide. Out: text as RFC 4180 has it, UTF-8. The columns:
  kind: `publish` (from a service to a topic), `subscribe` (from a topic to a service), `deliver` (from a service to a
    service), `deny` (from a service to a topic); `service` or `topic` for one without an edge, named in `from`.
  from, to: names. topic: of a `deliver`.
  messages, bytes, qos (`0 1`), retained, first, last: as the graph has them.
  seen, inferred: of a `deliver`, how its senders are known.
  filters: of a `subscribe`, as a JSON list.
  topics, whole: where an end stands for many, on how many it was, and `no` where only a part of them has it.
  hidden: why pictures leave it out, empty where they don't.
  change, messages_before: of a comparison only; `added` or `gone`, and the messages in the earlier graph. A service or
    topic that is new or gone has a row of its own there.

A name that begins with `=`, `+`, `-`, `@` or the like would be a formula to a spreadsheet, and with a quote it would
lose it: such a cell has a quote (`'`) put before it. Take that one away to read it. A backslash is written twice, a
control character as in `\\u0007`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import networkx as nx

from viz.text import reversible

COLUMNS = (
    "kind", "from", "to", "topic", "messages", "bytes", "qos", "retained", "seen", "inferred", "first", "last",
    "filters", "topics", "whole", "hidden",
)  # fmt: skip

CHANGED = ("change", "messages_before")

_DANGEROUS = tuple("'=+-@\uff1d\uff0b\uff0d\uff20")
"""The last four are the wide forms of the four before, which spreadsheets in Chinese and Japanese read alike."""


def render(graph: nx.MultiDiGraph[str]) -> str:
    """Spell a graph as CSV."""
    out = io.StringIO()
    more = CHANGED if graph.graph.get("compared") else ()
    rows = csv.DictWriter(out, (*COLUMNS, *more), restval="", lineterminator="\r\n", extrasaction="ignore")
    rows.writeheader()
    alone = (node for node in sorted(graph) if not graph.degree(node) or graph.nodes[node].get("change"))
    rows.writerows(_node(graph, node) for node in alone)
    for source, target, key, edge in sorted(graph.edges(keys=True, data=True), key=lambda each: each[:3]):
        rows.writerow(_edge(graph, source, target, str(key).partition(":")[0], edge))
    return out.getvalue()


def _node(graph: nx.MultiDiGraph[str], node: str) -> dict[str, str]:
    attributes = graph.nodes[node]
    topics = str(attributes.get("topics") or "") if attributes.get("template") else ""
    more = {"hidden": str(attributes.get("hidden") or ""), "change": str(attributes.get("change") or "")}
    return {"kind": attributes["kind"], "from": _cell(attributes["name"]), "topics": topics, **more}


def _edge(graph: nx.MultiDiGraph[str], source: str, target: str, kind: str, edge: Mapping[str, Any]) -> dict[str, str]:
    ends = graph.nodes[source], graph.nodes[target]
    counts = {name: str(edge[name]) for name in ("messages", "bytes", "retained", "seen", "inferred") if name in edge}
    times = {name: str(edge[name]) for name in ("first", "last") if edge.get(name)}
    filters = {"filters": json.dumps(edge["filters"])} if "filters" in edge else {}
    return {
        "kind": kind,
        "from": _cell(ends[0]["name"]),
        "to": _cell(ends[1]["name"]),
        "topic": _cell(edge.get("topic") or ""),
        "qos": " ".join(map(str, edge["qos"])),
        "topics": str(edge.get("topics") or ""),
        "whole": "" if edge.get("whole", True) else "no",
        "hidden": str(ends[0].get("hidden") or ends[1].get("hidden") or ""),
        "change": str(edge.get("change") or ""),
        "messages_before": str(edge.get("messages_before", "")),
        **counts,
        **times,
        **filters,
    }


def _cell(name: str) -> str:
    text = reversible(name)
    return f"'{text}" if text.startswith(_DANGEROUS) else text

"""The graph as a page in the browser reads it.

In: a graph as pictures show it. Out: plain values for JSON. Every `text` is safe to show, the raw `name` is there to be
searched in. Knows no HTML and no positions.

  nodes: `{id, kind, name, text, facts: [[what, value], ...]}`; services first, who publishes most before who receives
  most; topics level by level. `times`: how many it stands for; `clients`: other names that it is found by.
    In a comparison: `change`, `added` or `gone`.
  lines: `{kind: publish | subscribe | deny, from, to, messages, bytes, qos, last}`; `filters` of a subscription, where
  they are not the topic itself; `part: 1` where it holds for only a part of a template's topics or a group's members;
  `others: {messages, seen, inferred}` of it are from services that are not shown.
    In a comparison: `change`, and `before`, the messages of a line that is gone.
  feeds: `{from, to, topic, messages, seen, inferred}`: whose messages reach whom. A topic that is not shown is null,
  and `on` is its name.
  first, last: when the log begins and ends.
`from`, `to` and `topic` are places in `nodes`. What is 0 in a feed is not written: there can be many.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx

from tracer.views.changes import changed
from tracer.views.others import OTHERS
from viz.text import shown

Plain = dict[str, Any]

_MOST_NAMES = 12
"""Client ids or addresses of one node that are listed; of a group there can be thousands."""


def facts_of(graph: nx.MultiDiGraph[str]) -> Plain:
    """All that the page knows."""
    nodes = nodes_of(graph)
    places = {node: place for place, node in enumerate(nodes)}
    lines, feeds = [], []
    for source, target, key, edge in sorted(graph.edges(keys=True, data=True), key=lambda each: each[:3]):
        ends = {"from": places[source], "to": places[target]}
        kind = str(key).partition(":")[0]
        if kind == "deliver":
            feeds.append(ends | _feed(edge, places))
        else:
            lines.append(ends | {"kind": kind} | _line(edge, str(graph.nodes[source]["name"])))
    return {
        "nodes": [_node(node, graph.nodes[node]) for node in nodes],
        "lines": lines,
        "feeds": feeds,
        "first": shown(str(graph.graph.get("first") or "")),
        "last": shown(str(graph.graph.get("last") or "")),
    }


def nodes_of(graph: nx.MultiDiGraph[str]) -> list[str]:
    """The nodes in the order in which the page has them."""
    balance = dict.fromkeys(graph, 0)
    for source, target, key in graph.edges(keys=True):
        if key in ("publish", "subscribe"):
            balance[source] -= key == "publish"
            balance[target] += key == "subscribe"

    def place(node: str) -> tuple[bool, int, list[str]]:
        service = graph.nodes[node]["kind"] == "service"
        return not service, balance[node] if service else 0, str(graph.nodes[node]["name"]).split("/")

    return sorted(graph, key=place)


def _node(node: str, attributes: Mapping[str, Any]) -> Plain:
    name = str(attributes["name"])
    facts = _of_service(attributes) if attributes["kind"] == "service" else _of_topic(attributes)
    said = [[what, value] for what, value in facts if value]
    plain = {"id": node, "kind": attributes["kind"], "name": name, "text": shown(name), "facts": said}
    times = int(attributes.get("topics" if attributes["kind"] == "topic" else "members") or 1)
    clients = sorted({shown(str(each)) for each in attributes.get("clients") or ()} - {plain["text"]})
    plain |= {"change": attributes["change"]} if attributes.get("change") else {}
    return plain | ({"times": times} if times > 1 else {}) | ({"clients": clients} if clients else {})


def _of_service(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    members = int(attributes.get("members") or 1)
    return [
        ("Compared", _compared(attributes, "members")),
        ("Stands for", f"{members:,} services, {_GROUPS.get(str(attributes.get('group')), 'grouped')}" * (members > 1)),
        ("Connected", "yes, at the end of the log" if attributes.get("connected") else "no, gone before the log ends"),
        ("User", shown(str(attributes["user"])) if attributes.get("user") else ""),
        ("Addresses", _names(attributes.get("addresses"))),
        ("Clients", _names(attributes.get("clients"))),
        ("Named by", shown(str(attributes.get("rule") or ""))),
    ]


def _compared(attributes: Mapping[str, Any], many: str) -> str:
    """Whether it is new or gone, in a comparison, or how many are that it stands for."""
    whole, said = attributes.get("change"), {"added": "new", "gone": "gone"}
    counts = changed(attributes, many).items()
    return said[whole] if whole else ", ".join(f"{count:,} {said[change]}" for change, count in counts if count)


_GROUPS = {"alike": "which do the same", "share": "which share subscriptions"}


def _of_topic(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    topics, kept = int(attributes.get("topics") or 1), int(attributes.get("kept") or 0)
    owner = attributes.get("retained_by")
    many = f"{kept:,} of its topics" if topics > 1 and kept else ""
    by = f"by {shown(str(owner))}" if owner else ""
    return [
        ("Compared", _compared(attributes, "topics")),
        ("Stands for", f"{topics:,} topics" if topics > 1 else ""),
        ("Seen", "never: it is only subscribed to" if attributes.get("filter") else ""),
        ("Retained", ", ".join(filter(None, (many, by)))),
    ]


def _names(values: Any) -> str:
    ordered = sorted(map(shown, map(str, values or ())))
    more = len(ordered) - _MOST_NAMES
    return ", ".join(ordered[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _line(edge: Mapping[str, Any], topic: str) -> Plain:
    line = {
        "messages": edge["messages"],
        "bytes": edge["bytes"],
        "qos": list(edge["qos"]),
        "last": shown(str(edge.get("last") or "")),
    }
    filters = sorted(map(str, edge.get("filters") or ()))
    if filters and filters != [topic]:
        line["filters"] = [shown(each) for each in filters]
    others = {kind: edge[name] for kind, name in zip(("seen", "inferred"), OTHERS, strict=True) if edge.get(name)}
    if others:
        line["others"] = {"messages": sum(others.values()), **others}
    if edge.get("whole") is False:
        line["part"] = 1
    if edge.get("change"):
        line["change"] = edge["change"]
    if edge.get("change") == "gone":
        line["before"] = edge["messages_before"]
    return line


def _feed(edge: Mapping[str, Any], places: Mapping[str, int]) -> Plain:
    topic = str(edge["topic"])
    feed: Plain = {"topic": places.get(f"topic:{topic}")}
    if feed["topic"] is None:
        feed["on"] = shown(topic)
    return feed | {count: edge[count] for count in ("messages", "seen", "inferred") if edge[count]}

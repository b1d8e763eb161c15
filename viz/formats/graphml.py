r"""GraphML: the graph as data for Gephi, yEd, Cytoscape, igraph and NetworkX.

In: a graph, with what pictures hide. Out: XML. NetworkX reads it back with the same nodes, edges and keys:
`networkx.read_graphml(file, force_multigraph=True)`.

An id is the graph's own (`service:NAME`, `topic:NAME`) with a backslash written twice and what XML can't hold as an
escape (`\\u0007`), and so are texts; `label` is the name as pictures show it. GraphML knows no lists and no null: lists
(`clients`, `filters`, `qos` …) are JSON text, and what is null is not there. Edges have no ids, which would have to be
unique, but a `key`. What is true of the whole graph stands in data of the graph.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import networkx as nx

from viz.lines import named
from viz.text import reversible

_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">"""

_TYPES: dict[type, str] = {bool: "boolean", int: "long", float: "double"}

_Keys = dict[tuple[str, str], tuple[str, str]]
"""For what (`node`, `edge`, `graph`) and name of an attribute → its id and its type."""


def render(graph: nx.MultiDiGraph[str]) -> str:
    """Spell a graph as GraphML."""
    nodes = [(node, {**graph.nodes[node], "label": named(graph.nodes[node])}) for node in sorted(graph)]
    edges = [
        (source, target, {**edge, "key": str(key)})
        for source, target, key, edge in sorted(graph.edges(keys=True, data=True), key=lambda each: each[:3])
    ]
    keys: _Keys = {}
    for kind, all_attributes in (
        ("graph", [graph.graph]),
        ("node", [attributes for _, attributes in nodes]),
        ("edge", [attributes for *_, attributes in edges]),
    ):
        keys.update(_keys(kind, all_attributes, len(keys)))
    lines = [_HEAD]
    for (kind, name), (key, type_) in keys.items():
        lines.append(f'  <key id="{key}" for="{kind}" attr.name={quoteattr(name)} attr.type="{type_}"/>')
    lines += ['  <graph edgedefault="directed">', *_data("graph", graph.graph, keys, "    ")]
    for node, attributes in nodes:
        lines += [f"    <node id={_attribute(node)}>", *_data("node", attributes, keys, "      "), "    </node>"]
    for source, target, attributes in edges:
        lines.append(f"    <edge source={_attribute(source)} target={_attribute(target)}>")
        lines += [*_data("edge", attributes, keys, "      "), "    </edge>"]
    return "\n".join([*lines, "  </graph>", "</graphml>", ""])


def _keys(kind: str, all_attributes: Iterable[Mapping[str, Any]], first: int) -> _Keys:
    """Each attribute with the one type that all its values have, or else as text."""
    types: dict[str, set[str]] = {}
    for attributes in all_attributes:
        for name, value in attributes.items():
            if value is not None:
                types.setdefault(name, set()).add(_TYPES.get(type(value), "string"))
    return {
        (kind, name): (f"d{number}", next(iter(types[name])) if len(types[name]) == 1 else "string")
        for number, name in enumerate(sorted(types), start=first)
    }


def _data(kind: str, attributes: Mapping[str, Any], keys: _Keys, indent: str) -> list[str]:
    return [
        f'{indent}<data key="{keys[kind, name][0]}">{escape(_text(value))}</data>'
        for name, value in sorted(attributes.items())
        if value is not None
    ]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return reversible(value)
    return json.dumps(value, sort_keys=True)


def _attribute(name: str) -> str:
    return quoteattr(reversible(name))

"""JSON: the graph itself, as `networkx.node_link_data(graph, edges="edges")` has it.

In: a graph. Out: text that `networkx.node_link_graph` reads back to the same graph; sorted, so that two of
them can be compared line by line.
"""

from __future__ import annotations

import io
import json
from typing import Any

import networkx as nx


def render(graph: nx.MultiDiGraph[str]) -> str:
    """Spell a graph as JSON, pure ASCII."""
    data: dict[str, Any] = nx.node_link_data(graph, edges="edges")
    data["nodes"].sort(key=lambda node: str(node["id"]))
    data["edges"].sort(key=lambda edge: (str(edge["source"]), str(edge["target"]), str(edge["key"])))
    out = io.StringIO()
    # not json.dumps, which holds all pieces at once: many times the text's size
    out.writelines(json.JSONEncoder(indent=2, sort_keys=True).iterencode(data))
    out.write("\n")
    return out.getvalue()

"""Whose messages came to a service, where it is not drawn who sent them: the line to the service still tells.

Comes in: a part of a graph, and the graph that it is a part of. Adds to the subscriptions in the part how many of their
messages came from services that are not in it: `others_seen`, `others_inferred`.
"""

from __future__ import annotations

import networkx as nx

OTHERS = ("others_seen", "others_inferred")


def note_others(part: nx.MultiDiGraph[str], whole: nx.MultiDiGraph[str]) -> None:
    """Without it, a line whose senders are left out would be as if the log did not tell them.

    Args:
        part: is changed; its edges must be its own.
        whole: where the deliveries are that the part lacks.
    """
    for sender in whole:
        if sender in part or not sender.startswith("service:"):
            continue
        for _, receiver, edge in whole.out_edges(sender, data=True):
            if "topic" not in edge:
                continue
            ends = (f"topic:{edge['topic']}", receiver)
            if not part.has_edge(*ends, "subscribe"):
                continue
            line = part.edges[(*ends, "subscribe")]
            for name, kind in zip(OTHERS, ("seen", "inferred"), strict=True):
                if edge[kind]:
                    line[name] = line.get(name, 0) + edge[kind]

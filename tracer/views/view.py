"""What a simplified graph is, what was done to it, and what a user may choose. Plain values, no graph is touched here.

A view is a graph with the nodes and edges of `tracer.graph`, and more attributes:

  topic: `template` (it stands for many), `topics` (how many, where it does; those count too that were only subscribed
  to), `kept` (how many of them have a stored message; `retained_by` is then their one owner, or None where there are
  several, always by the name that is drawn).
  service: `members` (how many services were put into one; missing or 1 where it is one), `group` (why: `alike`,
  `share`, or what `--group-by` says), `clients` (all ids of all members).
  edge, where an end or its `topic` stands for many: sums, all `filters`, `topics` (how many topics it was seen on) and
  `whole` (False where these are only a part of the template's, or where only a part of the group's members has it;
  missing means True). A filter with wildcards has all topics that it matches, also those that nothing was seen on. A
  group has a template wholly, too, where each topic is one member's: that others have none is what the two counts say.
  subscribe edge: `others_seen` and `others_inferred`, how many of its messages came from services that are not in the
  view; missing where none did.
  any node: `hidden` (why it is not drawn: `sys`, `debugger`, `rest`). Formats that hold data keep such nodes.
  graph: `remarks`, the same as `View.remarks`, as plain JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import networkx as nx

from tracer.views.others import note_others

Shown = Literal["all", "active", "services"]
Fold = Literal["auto", "off"]
GroupBy = Literal["alike", "user", "name", "address", "off"]

What = Literal[
    "sys", "debuggers", "templates", "collapsed", "grouped", "shared", "rest", "idle", "services", "focus", "reaches"
]


@dataclass(frozen=True)
class Choice:
    """What is to be seen of a graph.

    Attributes:
        view: `services` (only who reaches whom), `active` (without what nothing passed through), or `all`.
        fold: `auto` makes templates, groups and collapsed subtrees where a graph is large; `off` never.
        everything: draw what is hidden by default: `$SYS`, debuggers, and services beyond the busiest.
        focus: services or topics (MQTT filters too); nothing else is drawn but what is near them.
        hops: how near: 1 is what a node is joined with.
        reaches: services or topics; only what leads to them, over any number of steps, is drawn.
        depth: topics below so many levels become one, `a/b/#`; None collapses only what is too large to read.
        group_by: what makes services one box.
        top: so many services at most, the busiest.
    """

    view: Shown = "all"
    fold: Fold = "auto"
    everything: bool = False
    focus: tuple[str, ...] = ()
    hops: int = 1
    reaches: tuple[str, ...] = ()
    depth: int | None = None
    group_by: GroupBy = "alike"
    top: int = 60


@dataclass(frozen=True)
class Remark:
    """One thing that was done to a graph so that it can be read.

    Attributes:
        what: which; `tracer.views` documents each with the step that does it.
        count: how many services or topics it concerns.
        drawn: how many are drawn in their place; 0 where none is.
        names: whose, where they are few enough to be named; raw, not yet safe to show.
    """

    what: What
    count: int
    drawn: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A graph, and what was done to it.

    Attributes:
        graph: with everything that formats of data hold; what is not drawn is marked `hidden`.
        remarks: in the order in which it was done.
        of: node of the graph that was handed in → the node that stands for it here, where that is another one.
    """

    graph: nx.MultiDiGraph[str]
    remarks: tuple[Remark, ...] = ()
    of: Mapping[str, str] = field(default_factory=dict)

    def drawn(self) -> nx.MultiDiGraph[str]:
        """The part of the graph that pictures show."""
        hidden = [node for node, each in self.graph.nodes(data=True) if each.get("hidden")]
        if not hidden:
            return self.graph
        left = self.graph.copy()
        left.remove_nodes_from(hidden)
        topics = {str(self.graph.nodes[node]["name"]) for node in hidden if node.startswith("topic:")}
        edges = left.edges(keys=True, data=True)
        gone = [(one, two, key) for one, two, key, edge in edges if edge.get("topic") in topics]
        left.remove_edges_from(gone)
        note_others(left, self.graph)
        return left

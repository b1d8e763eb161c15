"""From a graph to a scene: `flow` where it can be read, `columns` for everything else, `matrix` by choice.

In: the tracer's graph. Out: a `Scene`, with a note on whatever did not go as asked. Writes no format.
"""

from __future__ import annotations

import networkx as nx

from tracer.errors import CopperError
from viz.layout import words
from viz.layout.columns import columns
from viz.layout.engine import NoLayout
from viz.layout.flow import flow
from viz.layout.frame import LEFT, TOP, frame
from viz.layout.keeping import can_keep, kept
from viz.layout.linking import linked
from viz.layout.matrix import matrix
from viz.layout.pairs import pairs
from viz.layout.parts import Parts, parts_of
from viz.layout.steps import steps_of
from viz.scene import Scene
from viz.text import heading

LAYOUTS = ("auto", "flow", "columns", "matrix")

MOST_SERVICES = 40
MOST_LINES = 400
"""Above these a picture of `flow` is a knot, and `dot` takes seconds (200 nodes 0.8 s, 500 6.5 s)."""

PAGE = (60, 150)
"""Services and rows of a matrix that still are one large page; more are drawn, too, with a word about it."""

WIDEST = 3000.0
"""Points; a flow that is wider (a long chain) can't be read on any screen."""

_LIMIT = 10.0
"""Seconds for `dot`: far above what it needs below those limits, and short enough to wait for."""

_LONGEST_TITLE = 80


def lay_out(
    graph: nx.MultiDiGraph[str],
    *,
    title: str = "",
    layout: str = "auto",
    said: tuple[str, ...] = (),
    links: str = "",
    limit: float = _LIMIT,
    keep: Scene | None = None,
) -> Scene:
    """Say what stands where.

    Args:
        graph: as the tracer makes it.
        title: of the picture; by default the name of the log that the graph comes from.
        layout: `flow`, `columns`, `matrix`, or `auto`: flow up to 40 services and 400 lines, else columns.
        said: what was done to the graph before, sentences to be drawn with the legend.
        links: where boxes and rows lead to, as `viz.links` has it, or empty.
        limit: seconds that `dot` may take.
        keep: a scene that is shown: what is in it stays where it is (`keeping`), if it is of the wanted layout.

    Raises:
        CopperError: there is no such layout.
    """
    if layout not in LAYOUTS:
        raise CopperError(f"no layout {layout!r}", next_step=f"choose one of {', '.join(LAYOUTS)}")
    title = _title(graph, title)
    steps = steps_of(graph)
    top = TOP + steps.height
    if layout == "matrix" and any(each["kind"] == "topic" for _, each in graph.nodes(data=True)):
        cells = matrix(linked(parts_of(graph, heads=False), links), top=top, left=LEFT)
        return frame(cells, layout="matrix", title=title, said=said, notes=_large(cells), steps=steps)
    parts = steps.numbered(linked(parts_of(graph), links))
    notes: tuple[str, ...] = ()
    if keep is not None and layout in {"auto", keep.layout} and can_keep(parts, keep):
        return frame(kept(parts, keep), layout=keep.layout, title=title, said=said, notes=(), steps=steps)
    if layout == "matrix":
        notes = ("Drawn in columns: a matrix needs topics.",)
    if layout == "auto":
        notes = _too_large(parts)
    if layout in {"auto", "flow"} and not notes and parts.boxes:
        try:
            placed = flow(parts, top=top, left=LEFT, limit=limit)
        except NoLayout as reason:
            notes = (f"Drawn in columns: {reason}.",)
        else:
            scene = frame(placed, layout="flow", title=title, said=said, notes=(), steps=steps)
            if layout == "flow" or scene.width <= WIDEST:
                return scene
            notes = ("Drawn in columns: as a flow it would be too wide to read.",)
    place = columns if parts.tables else pairs
    return frame(place(parts, top=top, left=LEFT), layout="columns", title=title, said=said, notes=notes, steps=steps)


def _title(graph: nx.MultiDiGraph[str], title: str) -> str:
    """As somebody gave it, cut to fit, or the name of the log; of a comparison what it found, too."""
    if graph.graph.get("compared"):
        return words.of_comparison(graph, title)
    source = str(graph.graph.get("source") or "")
    return heading(title or words.of_log(source) or "Who publishes, who receives", _LONGEST_TITLE)


def _large(cells: Parts) -> tuple[str, ...]:
    services, rows = len(cells.boxes), sum(len(table.rows) for table in cells.tables)
    if services <= PAGE[0] and rows <= PAGE[1]:
        return ()
    counted = f"{words.number(services, 'service')} and {words.number(rows, 'row')}"
    return (f"Larger than a page: {counted}; an excerpt is easier to read.",)


def _too_large(parts: Parts) -> tuple[str, ...]:
    services, lines = len(parts.boxes), len(parts.lines)
    if services <= MOST_SERVICES and lines <= MOST_LINES:
        return ()
    return (f"Drawn in columns: {services:,} services and {lines:,} lines are too many to follow in a flow.",)

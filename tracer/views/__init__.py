"""Graph → graph: what is put together or aside so that the rest can be read. Knows no drawing.

This module is the path on one page; each step is a module beside it, and `view` says what a view is.
"""

from __future__ import annotations

import networkx as nx

from tracer.views.hiding import hide_sys
from tracer.views.noting import again, is_noted, noted
from tracer.views.selecting import selected, services_only
from tracer.views.view import Choice, Remark, View

__all__ = ["Choice", "Remark", "View", "simplified"]


def simplified(graph: nx.MultiDiGraph[str], choice: Choice | None = None) -> View:
    """The view of a graph that is to be drawn.

    Args:
        graph: as `tracer.graph` makes it; it stays as it is.
        choice: what a user asked for.

    Raises:
        CopperError: something is asked for that is not in the graph.
    """
    choice = choice or Choice()
    view = again(graph, choice) if is_noted(graph) else _folded(graph, choice)
    view = selected(view, choice, graph)
    if choice.view == "services":
        view = services_only(view)
    return noted(view, graph)


def _folded(graph: nx.MultiDiGraph[str], choice: Choice) -> View:
    """What is put together or aside because of what it is, not because somebody asked for another part."""
    return View(graph) if choice.everything else hide_sys(graph)

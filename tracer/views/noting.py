"""What was done to a graph, kept in the graph itself (`remarks`, plain JSON), so that it can be saved and drawn again.

Comes in: a view, or a graph that was a view when it was saved. Goes out: the view. What was put together stays so,
since what it was before is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, get_args

import networkx as nx

from tracer.errors import CopperError
from tracer.views.view import Choice, Remark, View, What

_FOLDED: tuple[What, ...] = ("templates", "collapsed", "grouped", "shared", "services")
"""Services alone are not folded either: that they do the same is told by topics, which are gone."""
_HIDDEN: tuple[What, ...] = ("sys", "debuggers", "rest")


def noted(view: View, came: nx.MultiDiGraph[str]) -> View:
    """The view with its remarks in its graph.

    Args:
        view: of a graph that nobody else holds, or of the one that came.
        came: that one, which stays as it is.
    """
    if not view.remarks:
        return view
    graph = view.graph.copy() if view.graph is came else view.graph
    graph.graph["remarks"] = [{**asdict(remark), "names": list(remark.names)} for remark in view.remarks]
    if actions := came.graph.get("actions"):
        graph.graph["actions"] = [_action(one, view) for one in actions]
    return replace(view, graph=graph)


def _action(one: dict[str, Any], view: View) -> dict[str, Any]:
    """An action of a run, with the node that stands for its topic now."""
    topic = f"topic:{one.get('action')}"
    return {**one, "node": view.of[topic]} if topic in view.of else one


def is_noted(graph: nx.MultiDiGraph[str]) -> bool:
    """Whether it is a view that was saved."""
    return bool(graph.graph.get("remarks"))


def is_folded(remarks: Iterable[Remark]) -> bool:
    """Whether what is in it was put together, and is not to be put together again."""
    return any(remark.what in _FOLDED for remark in remarks)


def kinds(remarks: Iterable[Remark]) -> frozenset[What]:
    """What was done to a graph besides hiding: its nodes are others, or not all of them."""
    return frozenset(remark.what for remark in remarks if remark.what not in _HIDDEN)


def bare(graph: nx.MultiDiGraph[str]) -> nx.MultiDiGraph[str]:
    """The graph without marks of what is hidden, and without remarks; itself where it has none."""
    if not is_noted(graph):
        return graph
    whole = _with_all(View(graph)).graph
    del whole.graph["remarks"]
    return whole


def again(graph: nx.MultiDiGraph[str], choice: Choice) -> View:
    """The view that a graph was when it was saved.

    Raises:
        CopperError: its remarks can't be read, or what was folded is to be drawn otherwise.
    """
    saved = graph.graph["remarks"]
    view = View(graph, tuple(map(_remark, saved if isinstance(saved, list) else [saved])))
    asked = choice.fold == "off" or choice.depth is not None or choice.group_by in {"user", "name", "address"}
    if asked and is_folded(view.remarks):
        raise CopperError(
            "the graph was folded when it was saved, and does not hold what it was before",
            where=str(graph.graph.get("source") or "") or None,
            next_step="leave --fold, --depth and --group-by out, draw the log, or save its graph with --fold off",
        )
    return _with_all(view) if choice.everything else view


def _with_all(view: View) -> View:
    graph = view.graph.copy()
    for _, each in graph.nodes(data=True):
        each.pop("hidden", None)
    return View(graph, tuple(remark for remark in view.remarks if remark.what not in _HIDDEN))


def _remark(saved: Any) -> Remark:
    if isinstance(saved, dict) and saved.keys() == {"what", "count", "drawn", "names"}:
        names, numbers = saved["names"], (saved["count"], saved["drawn"])
        are_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if saved["what"] in get_args(What) and are_names and all(type(number) is int for number in numbers):
            return Remark(saved["what"], *numbers, names=tuple(names))
    raise CopperError(f"a graph's remark can't be read: {saved!r}", next_step="save the graph again")

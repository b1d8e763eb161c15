"""What is drawn of the systems of docs/systems.py, against the figures of the trials; and how long that takes."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx

from benchmarks.processes import COPPER_TRACE, cost
from benchmarks.table import show
from docs import systems, traffic
from tests.viz.bars import BARS, drawn
from tests.viz.graphs import random_graph
from tracer.views import simplified
from viz.formats import svg
from viz.layout import lay_out
from viz.picture import draw

ROUNDS = 3
LAYOUTS = ("flow", "columns")
SERVICES, TOPICS, LINES = 1_000, 4_000, 9_500
"""Of a system in which anything goes anywhere, drawn as it is: 5,000 nodes, and lines as in the trials."""


def pictures() -> None:
    """First how much is drawn (bars in parentheses), then seconds, the best of some rounds."""
    rows = []
    for name, bar in BARS.items():
        view = simplified(traffic.graph_of(bar.make()))
        flow, columns = (drawn(view.drawn(), layout)[1] for layout in LAYOUTS)
        templates = sum(bool(each.get("template")) for _, each in view.drawn().nodes(data=True))
        pairs = (
            (flow.services, bar.services),
            (flow.topics, bar.topics),
            (flow.lines, bar.lines),
            (flow.crossings, bar.flow),
            (columns.crossings, bar.columns),
        )
        figures = [f"{now} ({'-' if most is None else most})" for now, most in pairs]
        rows.append((name, f"{len(view.graph):,}", *figures[:2], str(templates), *figures[2:]))
    head = ("services", "topics", "of them templates", "lines", "crossings, flow", "crossings, columns")
    show(("drawn (at most)", "nodes of the graph", *head), rows)
    show(("seconds on large, and on 5,000 nodes", "s", "at most"), [*_large(), _from_the_log(), _unsimplified()])


def _large() -> list[tuple[str, str, str]]:
    graph = traffic.graph_of(systems.large())
    whole = _best(lambda: draw(graph, "svg", layout="flow"))
    view = simplified(graph)
    shown = view.drawn()
    scene = lay_out(shown, layout="flow")
    return [
        ("graph → simplified → flow → svg", whole, "3"),
        ("  graph → simplified", _best(lambda: simplified(graph)), ""),
        ("  what is drawn of it", _best(view.drawn), ""),
        ("  → flow", _best(lambda: lay_out(shown, layout="flow")), ""),
        ("  → svg", _best(lambda: svg.render(scene)), ""),
    ]


def _from_the_log() -> tuple[str, str, str]:
    """As a user does it, from start to end of the process."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mosquitto.log"
        with log.open("w", encoding="utf-8") as out:
            out.writelines(traffic.log_of(systems.large()))
        with log.open("rb") as lines:
            count = sum(1 for _ in lines)
        command = [COPPER_TRACE, "graph", str(log), "--layout", "flow", "--out", os.devnull, "--format", "svg"]
        took = min(cost(command, one_core=False).seconds for _ in range(ROUNDS))
    return f"copper-trace graph, from a log of {count:,} lines to svg", f"{took:.2f}", ""


def _unsimplified() -> tuple[str, str, str]:
    graph: nx.MultiDiGraph[str] = random_graph(SERVICES, TOPICS, LINES)
    took = _best(lambda: svg.render(lay_out(graph, layout="columns")))
    return f"{len(graph):,} nodes as they are → columns → svg", took, "1"


def _best(what: Callable[[], Any]) -> str:
    """The least of some times: others use the machine, too."""
    seconds = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - began)
    return f"{min(seconds):.2f}"

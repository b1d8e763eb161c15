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
SECONDS = 60
"""Of the large system, as a log: everybody said everything once, or more often."""
SERVICES, TOPICS, LINES = 1_000, 4_000, 9_500
"""Of a system in which anything goes anywhere, drawn as it is: 5,000 nodes, and lines as in the trials."""


def pictures() -> None:
    """First how much is drawn (bars in parentheses), then seconds, the best of some rounds."""
    rows = []
    for name, bar in BARS.items():
        graph = traffic.graph_of(bar.make())
        edges = sum(key in {"publish", "subscribe"} for _, _, key in graph.edges(keys=True))
        shown = simplified(graph).drawn()
        flow, columns = (drawn(shown, layout)[1] for layout in LAYOUTS)
        templates = sum(bool(each.get("template")) for _, each in shown.nodes(data=True))
        pairs = (
            (flow.services, bar.services),
            (flow.topics, bar.topics),
            (flow.lines, bar.lines),
            (flow.crossings, bar.flow),
            (columns.crossings, bar.columns),
        )
        figures = [f"{now} ({'-' if most is None else most})" for now, most in pairs]
        rows.append((name, f"{len(graph):,} / {edges:,}", *figures[:2], str(templates), *figures[2:]))
    head = ("services", "topics", "of them templates", "lines", "crossings, flow", "crossings, columns")
    show(("drawn (at most)", "graph: nodes / edges", *head), rows)
    head = ("large, and 5,000 nodes", "s", "of CPU", "at most")
    show(head, [*_large(), _from_the_log(), _unsimplified()])


def _large() -> list[tuple[str, ...]]:
    graph = traffic.graph_of(systems.large())
    shown = simplified(graph).drawn()
    scene = lay_out(shown, layout="flow")
    return [
        ("graph → simplified → flow → svg", *_best(lambda: draw(graph, "svg", layout="flow")), "3"),
        ("  graph → simplified", *_best(lambda: simplified(graph)), ""),
        ("  → flow", *_best(lambda: lay_out(shown, layout="flow")), ""),
        ("  → svg", *_best(lambda: svg.render(scene)), ""),
    ]


def _from_the_log() -> tuple[str, ...]:
    """As a user does it, from start to end of the process."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mosquitto.log"
        with log.open("w", encoding="utf-8") as out:
            out.writelines(traffic.log_of(systems.large(), seconds=SECONDS))
        with log.open("rb") as lines:
            count = sum(1 for _ in lines)
        command = [COPPER_TRACE, "graph", str(log), "--layout", "flow", "--out", os.devnull, "--format", "svg"]
        took = _best(lambda: cost(command, one_core=False))
    return f"copper-trace graph, from a log of {count:,} lines to svg", *took, ""


def _unsimplified() -> tuple[str, ...]:
    graph: nx.MultiDiGraph[str] = random_graph(SERVICES, TOPICS, LINES)
    took = _best(lambda: svg.render(lay_out(graph, layout="columns")))
    return f"{len(graph):,} nodes as they are → columns → svg", *took, "1"


def _best(what: Callable[[], Any]) -> tuple[str, str]:
    """The least of some times, on the wall and of CPU with all processes: others use the machine, too."""
    seconds, used = [], []
    for _ in range(ROUNDS):
        gc.collect()
        began, before = time.perf_counter(), _cpu()
        what()
        seconds.append(time.perf_counter() - began)
        used.append(_cpu() - before)
    return f"{min(seconds):.2f}", f"{min(used):.2f}"


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system

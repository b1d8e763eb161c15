"""What the pictures of docs/systems.py must come up to: figures of the trials that the drawings were chosen by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx

from docs import systems
from docs.systems import System
from tests.viz.crossings import crossings
from viz.layout import lay_out
from viz.scene import Scene


@dataclass(frozen=True)
class Bar:
    """At most so much is drawn, topics that stand for many counting once; None where the trials have no figure.

    Attributes:
        flow: pairs of lines that cross in that layout.
        columns: the same there.
    """

    make: Callable[[], System]
    services: int
    topics: int
    lines: int
    flow: int | None = None
    columns: int | None = None


BARS = {
    "workflow": Bar(systems.workflow, 5, 14, 27),
    "home": Bar(systems.home, 14, 42, 74, flow=46, columns=168),
    "plant 95 %": Bar(lambda: systems.plant(0.95), 10, 9, 25),
    "plant 80 %": Bar(systems.plant, 10, 9, 25, flow=6, columns=22),
    "plant 50 %": Bar(lambda: systems.plant(0.5), 10, 9, 25),
    "large": Bar(systems.large, 18, 21, 64, flow=132, columns=184),
}


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a system, in numbers."""

    services: int
    topics: int
    lines: int
    crossings: int


def drawn(graph: nx.MultiDiGraph[str], layout: str) -> tuple[Scene, Drawn]:
    """Lay out what is to be seen, and count it."""
    scene = lay_out(graph, layout=layout)
    topics = sum(len(table.rows) for table in scene.tables)
    lines = sum(bool(arrow.points) for arrow in scene.arrows)
    services = len({box.node for box in scene.boxes})
    return scene, Drawn(services, topics, lines, len(crossings(scene)))

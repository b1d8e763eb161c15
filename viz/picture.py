"""The path on one page: graph → what is to be seen of it → scene → picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import networkx as nx

from tracer.errors import CopperError
from tracer.views import hide_sys
from viz.formats import FORMATS, Format
from viz.layout import lay_out
from viz.layout.words import of_hidden


@dataclass(frozen=True)
class Picture:
    """A finished picture.

    Attributes:
        data: the content of its file.
        notes: what is hidden, and what went otherwise than asked (no `dot`, too many services for a flow).
    """

    data: bytes
    notes: tuple[str, ...] = ()


def compose(graph: nx.MultiDiGraph[str], format_name: str, *, title: str = "", layout: str = "auto") -> Picture:
    """Draw a graph.

    Pictures leave out `$SYS/…`, the broker's reports on itself, and say so; formats that hold the graph itself
    hold all of it.

    Args:
        graph: as the tracer makes it.
        format_name: one of `FORMATS`.
        title: of the picture; by default the name of the log that the graph comes from.
        layout: `auto`, `flow` or `columns`; formats that hold the graph itself need none.

    Raises:
        CopperError: there is no such format or layout.
    """
    chosen = _format(format_name)
    if chosen.eats == "graph":
        return Picture(chosen.render(graph).encode())
    view = hide_sys(graph)
    scene = lay_out(view.graph, title=title, layout=layout, hidden=of_hidden(view.topics, view.services))
    return Picture(chosen.render(scene).encode(), scene.notes)


def draw(graph: nx.MultiDiGraph[str], format_name: str, *, title: str = "", layout: str = "auto") -> bytes:
    """Draw a graph, as `compose` does, for who needs the file's content only."""
    return compose(graph, format_name, title=title, layout=layout).data


def format_for(path: str | Path) -> str:
    """The format that a file's suffix asks for.

    Raises:
        CopperError: it has none, or one that we don't write.
    """
    suffix = Path(path).suffix.lower()
    for known in FORMATS.values():
        if known.suffix == suffix:
            return known.name
    what = f"no picture format has the suffix {suffix}" if suffix else "its name has no suffix that tells the format"
    known_ones = ", ".join(known.suffix for known in FORMATS.values())
    raise CopperError(what, where=str(path), next_step=f"end it in one of {known_ones}")


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise CopperError(f"no picture format {name!r}", next_step=f"choose one of {', '.join(FORMATS)}")
    return FORMATS[name]

"""The path on one page: graph → what is to be seen of it → scene → picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx

from tracer.errors import CopperError
from tracer.views import Choice, simplified
from viz.formats import FORMATS, Format
from viz.layout import lay_out, words
from viz.links import check


@dataclass(frozen=True)
class Picture:
    """A finished picture.

    Attributes:
        data: the content of its file.
        notes: what is hidden, and what went otherwise than asked (no `dot`, too many services for a flow).
        is_text: a terminal can show it.
    """

    data: bytes
    notes: tuple[str, ...] = ()
    is_text: bool = True


def compose(
    graph: nx.MultiDiGraph[str],
    format_name: str,
    *,
    title: str = "",
    layout: str = "auto",
    choice: Choice | None = None,
    before: bytes | None = None,
    file: str | None = None,
    links: str = "",
) -> Picture:
    """Draw a graph.

    Args:
        graph: as the tracer makes it.
        format_name: one of `FORMATS`.
        title: of the picture; by default the name of the log that the graph comes from.
        layout: one of `viz.layout.LAYOUTS`; formats that hold the graph itself need none.
        choice: what of the graph is to be seen; formats of data hold what is hidden, too, and say that it is.
        before: the file that is to be written over: formats that people edit keep what they did there.
        file: its name, for errors.
        links: where boxes and rows lead to: an http(s) address with {kind} and {name}, or empty.

    Raises:
        CopperError: there is no such format or layout, `before` can't be read, or `links` are none.
    """
    chosen = format_named(format_name)
    if links:
        check(links)
    view = simplified(graph, choice)
    shown = view.graph if chosen.holds == "all" else view.drawn()
    eaten: tuple[Any, ...] = (shown,)
    said = words.of_remarks(view.remarks)
    notes = said if chosen.holds == "drawn" else ()
    if chosen.eats != "graph":
        scene = lay_out(shown, title=title, layout=layout, said=said, links=links)
        eaten, notes = (scene,) if chosen.eats == "scene" else (scene, shown), scene.notes
    elif chosen.holds == "drawn":
        eaten, notes = (shown, said), (*said, *(chosen.notes(shown) if chosen.notes else ()))
    data = chosen.render(*eaten)
    if chosen.merge is not None and before is not None:
        data = _merged(chosen.merge, str(data), before, file)
    if isinstance(data, str):
        return Picture(data.encode(), notes)
    return Picture(data, notes, is_text=False)


def _merged(merge: Callable[[str, bytes], str], new: str, before: bytes, file: str | None) -> str:
    try:
        return merge(new, before)
    except CopperError as error:
        raise CopperError(error.what, where=error.where or file, next_step=error.next_step) from error


def draw(graph: nx.MultiDiGraph[str], format_name: str, **more: Any) -> bytes:
    """Draw a graph, as `compose` does, for who needs the file's content only."""
    return compose(graph, format_name, **more).data


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


def format_named(name: str) -> Format:
    """The format that a user calls so.

    Raises:
        CopperError: there is none.
    """
    if name not in FORMATS:
        raise CopperError(f"no picture format {name!r}", next_step=f"choose one of {', '.join(FORMATS)}")
    return FORMATS[name]

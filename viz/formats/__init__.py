"""The formats that a picture can be written in. A new one: a module here, and a line in the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from viz.formats import csv, dot, drawio, graphml, html_page, json, mermaid, pdf, png, svg


@dataclass(frozen=True)
class Format:
    """How to write one kind of file.

    Attributes:
        name: what users call it.
        suffix: of its files, with the dot.
        eats: a `scene` (positions, texts and colours are settled), the `graph` itself, or `both`, in this order. With
            a graph that is only what is drawn come sentences on what was done to it, which the picture has to say.
        render: spells what it eats; opens no file. The same input gives the same output.
        holds: what is `drawn`, or `all`: data that another program reads is whole, and says what pictures hide.
        merge: new content and the file that is there → content in which what a person did to that file is kept.
        notes: graph → what goes otherwise in this format than a reader expects.
    """

    name: str
    suffix: str
    eats: Literal["scene", "graph", "both"]
    render: Callable[..., str | bytes]
    holds: Literal["drawn", "all"] = "drawn"
    merge: Callable[[str, bytes], str] | None = None
    notes: Callable[..., tuple[str, ...]] | None = None


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("svg", ".svg", "scene", svg.render),
        Format("drawio", ".drawio", "scene", drawio.render, merge=drawio.merge),
        Format("html", ".html", "both", html_page.render),
        Format("png", ".png", "scene", png.render),
        Format("pdf", ".pdf", "scene", pdf.render),
        Format("mermaid", ".mmd", "graph", mermaid.render, notes=mermaid.notes),
        Format("dot", ".dot", "graph", dot.render),
        Format("json", ".json", "graph", json.render, holds="all"),
        Format("graphml", ".graphml", "graph", graphml.render, holds="all"),
        Format("csv", ".csv", "graph", csv.render, holds="all"),
    )
}

"""The formats that a picture can be written in. A new one: a module here, and a line in the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from viz.formats import dot, drawio, json, svg


@dataclass(frozen=True)
class Format:
    """How to write one kind of file.

    Attributes:
        name: what users call it.
        suffix: of its files, with the dot.
        eats: a `scene` (positions, texts and colours are settled) or the `graph` itself.
        render: spells what it eats; opens no file.
    """

    name: str
    suffix: str
    eats: Literal["scene", "graph"]
    render: Callable[[Any], str]


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("svg", ".svg", "scene", svg.render),
        Format("drawio", ".drawio", "scene", drawio.render),
        Format("json", ".json", "graph", json.render),
        Format("dot", ".dot", "graph", dot.render),
    )
}

"""HTML: one file with the map, the matrix and the numbers, to be opened by a double click or mailed.

In: a scene, and the graph that it shows. Out: the text of the file. It asks the network for nothing: the picture, the
rules, the script and the data stand in it, and its security policy names the hashes of its own and allows nothing
else. No name becomes markup: names travel as JSON, and the script writes text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import networkx as nx

from viz.formats import page, svg
from viz.scene import Scene

_SCRIPTS = ("model.js", "parts.js", "tables.js", "map.js", "page.js")

_STYLE_IN_PICTURE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_PLACE = re.compile(r"\{\{([a-z]+)\}\}")


def render(scene: Scene, graph: nx.MultiDiGraph[str]) -> str:
    """Spell a scene and its graph as a page; the same two give the same bytes."""
    picture = svg.render(scene)
    style, script = page.style(), "".join(map(_asset, _SCRIPTS))
    styles = [style, *_STYLE_IN_PICTURE.findall(picture)]
    parts = {
        "policy": _policy([script], styles),
        "title": escape(scene.title),
        "summary": escape(scene.summary),
        "notes": "".join(f"<li>{escape(note)}</li>" for note in scene.notes),
        "style": style,
        "picture": picture,
        "data": _json(page.facts_of(graph) | {"map": _map(scene, graph)}),
        "script": script,
    }
    # one pass: what is put in is not looked at again
    return _PLACE.sub(lambda place: parts[place[1]], _asset("page.html"))


def _map(scene: Scene, graph: nx.MultiDiGraph[str]) -> dict[str, Any]:
    """What each number in the picture (`data-n`) shows: the places in `nodes`, several for a table's header."""
    places = {node: place for place, node in enumerate(page.nodes_of(graph))}
    rows = {table.node: [row.node for row in table.rows] for table in scene.tables if table.header}
    heads = {table.node: table.header for table in scene.tables if table.header}
    numbers = svg.numbers(scene)
    shows = {
        number: [places[each] for each in rows.get(node, [node]) if each in places] for node, number in numbers.items()
    }
    return {"shows": shows, "heads": {numbers[node]: head for node, head in heads.items()}}


def _json(value: Any) -> str:
    """JSON that can stand in a `<script>`: nothing in it ends that."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def _policy(scripts: list[str], styles: list[str]) -> str:
    allowed = {"script-src": scripts, "style-src": styles}
    rules = [f"{what} {' '.join(map(_hash, texts))}" for what, texts in allowed.items()]
    return "; ".join(["default-src 'none'", *rules, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    return files(page).joinpath(name).read_text(encoding="utf-8")

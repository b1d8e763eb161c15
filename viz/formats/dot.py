"""DOT: the graph itself, every service, topic and line, for Graphviz and whatever else reads its language.

In: a graph. Out: text. Labels are safe to show (a control character would spoil Graphviz's own SVG); ids are
the graph's own, with what can't be seen escaped so that no two become one. Graphviz reads no string above
16,384 bytes: longer ones are cut in the middle.
"""

from __future__ import annotations

import hashlib

import networkx as nx

from viz import palette
from viz.text import cut, label, shown

_LONGEST = 16_000
"""Bytes of a string, as it is written; Graphviz 2.43 reads 16,382 of them and calls the next a syntax error."""

_SHAPES = {
    "service": f'shape=ellipse style=filled fillcolor="{palette.SERVICE_FILL.light}" '
    f'color="{palette.SERVICE_LINE.light}" fontname="sans-serif"',
    "topic": f'shape=box style="filled,rounded" fillcolor="{palette.TOPIC_FILL.light}" '
    f'color="{palette.TOPIC_LINE.light}" fontname="monospace"',
}

_LINES = {
    "publish": f'color="{palette.PUBLISH.light}"',
    "subscribe": f'color="{palette.RECEIVE.light}"',
    "deliver": f'color="{palette.MUTED.light}" style=dashed constraint=false',
    "deny": f'color="{palette.REFUSED.light}" style=dashed arrowhead=tee',
}


_ESCAPES = {"\\": "\\\\", '"': '\\"', "&": "&amp;"}


def render(graph: nx.MultiDiGraph[str]) -> str:
    """Spell a graph in DOT; what was delivered to whom is there too, dashed."""
    lines = ["digraph copper {", "  rankdir=LR;"]
    for node in sorted(graph):
        attributes = graph.nodes[node]
        name = attributes["name"]
        texts = f"label={_quoted(label(name))} tooltip={_quoted(shown(name))}"
        lines.append(f"  {_id(node)} [{texts} {_SHAPES[attributes['kind']]}];")
    for source, target, key, edge in sorted(graph.edges(keys=True, data=True), key=lambda each: each[:3]):
        kind, _, topic = str(key).partition(":")
        text = f"{kind} {shown(topic)}" if topic else kind
        tooltip = _quoted(f"{text}: {edge['messages']:,} messages")
        ends = f"{_id(source)} -> {_id(target)}"
        lines.append(f"  {ends} [key={_id(str(key))} tooltip={tooltip} {_LINES[kind]}];")
    return "\n".join([*lines, "}", ""])


def _id(name: str) -> str:
    r"""A double-quoted id: a backslash twice, what can't be seen as `\u202e`; where it is cut, with a checksum."""
    pieces = [_seen(letter).replace('"', '\\"') for letter in name]
    checksum = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:14]
    return _string(pieces, f"…{checksum}…")


def _seen(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    return letter if letter.isprintable() else f"\\u{ord(letter):04x}"


def _quoted(text: str) -> str:
    r"""A double-quoted string of DOT that means `text`.

    Labels know escapes of their own (`\N` is the name of the node), so a backslash is written twice. DOT
    reads entities such as `&amp;`, so an ampersand is written as one.
    """
    return _string([_ESCAPES.get(letter, letter) for letter in text], "…")


def _string(pieces: list[str], sign: str) -> str:
    """These pieces between quotes, as many of them as Graphviz can read."""
    return '"' + "".join(cut(pieces, _LONGEST, sign, _bytes)) + '"'


def _bytes(piece: str) -> int:
    return len(piece.encode())

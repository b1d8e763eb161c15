r"""DOT: what is drawn of a graph, each service, topic and line, for Graphviz and whatever else reads its language.

In: what is drawn of a graph, and sentences on what was done to it. Out: text. Solid lines are proven, dotted ones
inferred, pale ones with an open head are subscriptions on which nothing came, lines that end in a bar were refused;
bold dashes are for what only a part of a group or template has. What was delivered to whom is there too, drawn only
where the view has no topics (else it is `style=invis`, without weight for the layout). The legend is the graph's label,
so that every node is one of the graph.

Labels are safe to show (a control character would spoil Graphviz's own SVG); ids are the graph's own, with what can't
be seen escaped so that no two become one. Graphviz reads no string above 16,384 bytes: longer ones are cut in the
middle.
"""

from __future__ import annotations

import hashlib

import networkx as nx

from viz import palette
from viz.lines import has_topics, named, orders, stands_for, styles
from viz.scene import Change, Style, signed
from viz.text import cut, shown

_LONGEST = 16_000
"""Bytes of a string, as it is written; Graphviz 2.43 reads 16,382 of them and calls the next a syntax error."""

_SHAPES = {
    "service": f'shape=box fillcolor="{palette.SERVICE_FILL.light}" '
    f'color="{palette.SERVICE_LINE.light}" fontname="sans-serif"',
    "topic": f'shape=box fillcolor="{palette.TOPIC_FILL.light}" '
    f'color="{palette.TOPIC_LINE.light}" fontname="monospace"',
}

_COLOURS = {
    "publish": palette.PUBLISH.light,
    "subscribe": palette.RECEIVE.light,
    "deliver": palette.RECEIVE.light,
    "deny": palette.REFUSED.light,
}

_CHANGES: dict[Change, str] = {"added": palette.ADDED.light, "gone": palette.GONE.light}

_ESCAPES = {"\\": "\\\\", '"': '\\"', "&": "&amp;"}

_MEANING = {
    "publish": "orange: publishes",
    "subscribe": "blue: receives",
    "deliver": "from whom to whom",
    "inferred": "dotted: sender inferred or unknown",
    "partly": "dashed and dotted: some senders inferred or unknown",
    "idle": "pale, open head: subscribed, nothing came",
    "part": "dashed: only a part of them",
    "deny": "ends in a bar: refused by the broker",
    "order": "number: order of the actions",
    "added": "green and +: new",
    "gone": "red, dashed and \N{MINUS SIGN}: gone",
}


def render(graph: nx.MultiDiGraph[str], said: tuple[str, ...] = ()) -> str:
    """Spell a graph in DOT.

    Args:
        graph: a view of it.
        said: what was done to it, sentences for the legend.
    """
    sure, order = styles(graph), orders(graph)
    with_topics = has_topics(graph)
    nodes = [f"  {_node(graph, node)}" for node in sorted(graph)]
    edges: list[str] = []
    met: set[str] = {each.get("change", "") for _, each in graph.nodes(data=True)}
    for source, target, key, edge in sorted(graph.edges(keys=True, data=True), key=lambda each: each[:3]):
        kind, colon, topic = str(key).partition(":")
        style, whole = sure[source, target, str(key)], bool(edge.get("whole", True))
        is_drawn = kind != "deliver" or not with_topics
        change: Change = edge.get("change", "")
        if is_drawn:
            met |= {kind, style, change} | (set() if whole else {"part"})
        text = f"{kind} {shown(topic)}" if colon else kind
        tooltip = _quoted(f"{text}: {edge['messages']:,} message{'' if edge['messages'] == 1 else 's'}")
        number = order.get(target, "") if kind == "publish" else ""
        met |= {"order"} if number else set()
        look = _look(kind, style, whole=whole, change=change) if is_drawn else "style=invis constraint=false"
        look += f" label={_quoted(number)}" if number and not change else ""
        edges.append(f"  {_id(source)} -> {_id(target)} [key={_id(str(key))} tooltip={tooltip} {look}];")
    legend = [text for sign, text in _MEANING.items() if sign in met]
    lines = [*(["; ".join(legend)] if legend else []), *said]
    head = [
        "digraph copper {",
        "  rankdir=LR;",
        f'  label={_quoted(chr(10).join(lines), end="l")} labeljust=l labelloc=b fontname="sans-serif" fontsize=10;',
    ]
    return "\n".join([*head, *nodes, *edges, "}", ""])


def _node(graph: nx.MultiDiGraph[str], node: str) -> str:
    attributes = graph.nodes[node]
    many = stands_for(attributes)
    style = "filled,rounded" if attributes["kind"] == "topic" else "filled,bold"
    change: Change = attributes.get("change", "")
    style += ",dashed" if attributes.get("filter") or change == "gone" else ""
    colours = f' color="{_CHANGES[change]}" fontcolor="{_CHANGES[change]}"' if change else ""
    border = " peripheries=2" if many else ""
    texts = f"label={_quoted(signed(named(attributes), change))} tooltip={_quoted(shown(attributes['name']) + many)}"
    return f'{_id(node)} [{texts} {_SHAPES[attributes["kind"]]} style="{style}"{border}{colours}];'


def _look(kind: str, style: Style, *, whole: bool, change: Change) -> str:
    """How a line is drawn: never by colour alone."""
    if change:
        colour, dashes = _CHANGES[change], " style=dashed" if change == "gone" else ""
        head = " arrowhead=tee" if kind == "deny" else ""
        return f'color="{colour}" fontcolor="{colour}" label={_quoted(signed("", change))}{dashes}{head}'
    pale = "66" if style == "idle" else ""
    found = [f'color="{_COLOURS[kind]}{pale}"']
    if style in {"inferred", "partly"}:
        found.append("style=dotted" if style == "inferred" else 'style="dashed,dotted"')
    elif not whole:
        found.append('style="dashed,bold"')
    if style == "idle":
        found.append("arrowhead=empty")
    if kind == "deny":
        found.append("arrowhead=tee")
    return " ".join(found)


def _id(name: str) -> str:
    r"""A double-quoted id: a backslash twice, what can't be seen as `\u202e`; where it is cut, with a checksum."""
    pieces = [_seen(letter).replace('"', '\\"') for letter in name]
    checksum = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:14]
    return _string(pieces, f"…{checksum}…")


def _seen(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    return letter if letter.isprintable() else f"\\u{ord(letter):04x}"


def _quoted(text: str, end: str = "n") -> str:
    r"""A double-quoted string of DOT that means `text`.

    Labels know escapes of their own (`\N` is the name of the node), so a backslash is written twice. DOT
    reads entities such as `&amp;`, so an ampersand is written as one. `end` says where lines stand: `n` in the middle,
    `l` left.
    """
    escapes = {**_ESCAPES, "\n": f"\\{end}"}
    return _string([escapes.get(letter, letter) for letter in text + ("\n" if end == "l" and text else "")], "…")


def _string(pieces: list[str], sign: str) -> str:
    """These pieces between quotes, as many of them as Graphviz can read."""
    return '"' + "".join(cut(pieces, _LONGEST, sign, _bytes)) + '"'


def _bytes(piece: str) -> int:
    return len(piece.encode())

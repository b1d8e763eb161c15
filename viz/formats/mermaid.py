"""Mermaid: a flowchart for where people write Markdown (README, issue, wiki), drawn there by Mermaid itself.

In: what is drawn of a graph, and sentences on what was done to it. Out: text. Services are boxes, topics have round
ends. A line is solid where the sender was seen, dotted where it is inferred, dash-dotted where it is both, dashed where
it holds for only a part of what a box stands for; a pale line that ends in a ring is a subscription on which nothing
came, one that ends in a cross was refused. A legend says so.

Mermaid draws at most 500 lines and 50,000 characters. Above 400 lines, or that length, the file says who reaches whom
instead, services only, with the busiest pairs where even those are too many; the legend says that it does.

Ids are ours (`s0`, `t0`); names stand in quotes, and all but letters, digits and a few signs are numbers (`#34;`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx

from viz import palette
from viz.lines import TIMES, has_topics, named, orders, styles
from viz.scene import Change, Style, signed, sureness

MOST_LINES = 400
MOST_LETTERS = 50_000

_PLAIN = frozenset(" -_./+()[],=…" + TIMES)
"""Signs that stand for themselves in a quoted label. A colon does not: Mermaid drops the `;` of a number on a line that
has `style`, a colon and a `#`."""

_KEPT_APART = re.compile("ﬂ(?=°)|¶(?=ß)")
"""Mermaid writes the signs of a number as these pairs for itself, and reads them as such wherever they stand."""

_CLASSES = {
    "service": f"fill:{palette.SERVICE_FILL.light},stroke:{palette.SERVICE_LINE.light},stroke-width:2px",
    "topic": f"fill:{palette.TOPIC_FILL.light},stroke:{palette.TOPIC_LINE.light},font-family:monospace",
    "note": f"fill:none,stroke:{palette.MUTED.light},text-align:left",
}
_TEXTS = {"service": palette.TEXT.light, "topic": palette.TEXT.light, "note": palette.MUTED.light}
_STROKES = {
    "publish": palette.PUBLISH.light,
    "subscribe": palette.RECEIVE.light,
    "deliver": palette.RECEIVE.light,
    "deny": palette.REFUSED.light,
}
_CHANGES: dict[Change, str] = {"added": palette.ADDED.light, "gone": palette.GONE.light}
_CHANGED = {
    "added": f"fill:{palette.ADDED_FILL.light},stroke:{palette.ADDED.light},color:{palette.ADDED.light}",
    "gone": f"fill:{palette.GONE_FILL.light},stroke:{palette.GONE.light},color:{palette.GONE.light}"
    ",stroke-dasharray:4 3",
}
_HEADS: dict[Style, str] = {"proven": "-->", "partly": "-->", "inferred": "-.->", "idle": "--o"}


@dataclass(frozen=True)
class _Line:
    source: str
    target: str
    kind: str
    style: Style = "proven"
    whole: bool = True
    text: str = ""
    change: Change = ""


def render(graph: nx.MultiDiGraph[str], said: tuple[str, ...] = ()) -> str:
    """Spell what is drawn of a graph in Mermaid's language.

    Args:
        graph: a view of it.
        said: what was done to it, sentences for the legend.
    """
    if graph.number_of_nodes() == 0:
        return _spelled(graph, [], [], (*said, "nothing was seen"))
    return _whole(graph, said) or _overview(graph, said)


def notes(graph: nx.MultiDiGraph[str]) -> tuple[str, ...]:
    """What goes otherwise than a reader expects: that the picture is an overview."""
    return () if _whole(graph, ()) else (_why(graph),)


def _whole(graph: nx.MultiDiGraph[str], said: tuple[str, ...]) -> str:
    """All of it; nothing where that is more than Mermaid draws."""
    lines = _lines(graph)
    text = _spelled(graph, sorted(graph), lines, said) if len(lines) <= MOST_LINES else ""
    return text if len(text) <= MOST_LETTERS else ""


def _why(graph: nx.MultiDiGraph[str]) -> str:
    lines = len(_lines(graph))
    return f"Mermaid can't draw all {lines:,} lines: drawn is only which services' messages reach which services."


def _lines(graph: nx.MultiDiGraph[str]) -> list[_Line]:
    """All lines through topics; where a view has no topics, those from service to service."""
    sure, order = styles(graph), orders(graph)
    if not has_topics(graph):
        return _delivered(graph)
    edges = sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3])
    return [
        _Line(
            source,
            target,
            key,
            sure[source, target, key],
            bool(edge.get("whole", True)),
            signed(order.get(target, "") if key == "publish" else "", edge.get("change", "")),
            edge.get("change", ""),
        )
        for source, target, key, edge in edges
        if key in _HEADED
    ]


_HEADED = frozenset({"publish", "subscribe", "deny"})


def _delivered(graph: nx.MultiDiGraph[str]) -> list[_Line]:
    """One line a pair of services, the busiest first."""
    pairs: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    changes: dict[tuple[str, str], set[Change]] = defaultdict(set)
    for source, target, edge in graph.edges(data=True):
        if "topic" in edge:
            pairs[source, target].append((edge["messages"], edge["seen"], edge["inferred"]))
            changes[source, target].add(edge.get("change", ""))
    found = []
    for (source, target), counts in pairs.items():
        messages, seen, inferred = map(sum, zip(*counts, strict=True))
        style = sureness(messages, seen, inferred)
        topics = f"{len(counts):,} topic{'' if len(counts) == 1 else 's'}"
        text = f"{topics}, {messages:,} message{'' if messages == 1 else 's'}"
        change: Change = changes[source, target].pop() if len(changes[source, target]) == 1 else ""
        line = _Line(source, target, "deliver", style, text=signed(text, change), change=change)
        found.append((-messages, source, target, line))
    return [line for *_, line in sorted(found, key=lambda each: each[:3])]


def _overview(graph: nx.MultiDiGraph[str], said: tuple[str, ...]) -> str:
    """Services only, and of their lines as many as can be drawn, the busiest first."""
    lines = _delivered(graph)
    drawn = min(len(lines), MOST_LINES)
    while True:
        nodes = {node for line in lines[:drawn] for node in (line.source, line.target)}
        more = [_why(graph)]
        if drawn < len(lines):
            more.append(f"+{len(lines) - drawn:,} more lines with less traffic")
        services = [node for node in graph if graph.nodes[node]["kind"] == "service"]
        if len(services) > len(nodes):
            more.append(f"{len(services) - len(nodes):,} more services without a line here")
        text = _spelled(graph, sorted(nodes), lines[:drawn], (*more, *said))
        if len(text) <= MOST_LETTERS or not drawn:
            return text
        drawn = drawn * 3 // 4


def _spelled(graph: nx.MultiDiGraph[str], nodes: Iterable[str], lines: list[_Line], said: tuple[str, ...]) -> str:
    ids: dict[str, str] = {}
    counts = {"service": 0, "topic": 0}
    written = ["flowchart LR", *(f"  %% {_quoted(each)}" for each in said)]
    for node in nodes:
        attributes = graph.nodes[node]
        kind = attributes["kind"]
        ids[node] = f"{kind[0]}{counts[kind]}"
        counts[kind] += 1
        change: Change = attributes.get("change", "")
        written.append(f"  {_shape(ids[node], kind, signed(named(attributes), change))}")
    written += [f"  {ids[line.source]} {_arrow(line)} {ids[line.target]}" for line in lines]
    written += [f"  {_legend(lines, said)}", *_classes(), *_colours(lines)]
    for changed, rule in _CHANGED.items():
        those = [name for node, name in ids.items() if graph.nodes[node].get("change") == changed]
        written += [f"  classDef {changed} {rule}", f"  class {','.join(those)} {changed}"] if those else []
    return "\n".join([*written, ""])


def _shape(name: str, kind: str, text: str) -> str:
    left, right = ("([", "])") if kind == "topic" else ("[", "]")
    return f"{name}{left}{_quoted(text)}{right}:::{kind}"


def _quoted(*lines: str) -> str:
    return '"' + "<br/>".join("".join(map(_spell, _KEPT_APART.sub(_apart, line))) for line in lines) + '"'


def _spell(letter: str) -> str:
    return letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};"


def _apart(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _arrow(line: _Line) -> str:
    head = "--x" if line.kind == "deny" else "-->" if line.change else _HEADS[line.style]
    return f"{head}|{_quoted(line.text)}|" if line.text else head


def _legend(lines: list[_Line], said: tuple[str, ...]) -> str:
    """One box of words: samples of lines would be lines, and those of the picture would run through them."""
    receiving = {line.style for line in lines if line.kind in {"subscribe", "deliver"}}
    words = ["box: service"]
    if {line.kind for line in lines} != {"deliver"}:
        words.append("round: topic, from its publishers to its receivers")
    words += [text for style, text in _MEANING.items() if style in receiving]
    words += ["dashed: only a part of them"] if any(not line.whole for line in lines) else []
    words += [text for change, text in _MEANING_OF_CHANGE.items() if any(line.change == change for line in lines)]
    words += ["number: order of the actions"] if any(line.text and line.kind == "publish" for line in lines) else []
    words += ["ends in a cross: refused by the broker"] if any(line.kind == "deny" for line in lines) else []
    return f"legend[{_quoted(*words, *said)}]:::note"


_MEANING: dict[Style, str] = {
    "proven": "solid: sender seen",
    "partly": "dash-dotted: some senders inferred or unknown",
    "inferred": "dotted: sender inferred or unknown",
    "idle": "pale, ends in a ring: subscribed, nothing came",
}


_MEANING_OF_CHANGE: dict[Change, str] = {
    "added": "green, with a plus: new",
    "gone": "red, dashed, with a minus: gone",
}


def _classes() -> list[str]:
    return [f"  classDef {name} {rule},color:{_TEXTS[name]}" for name, rule in _CLASSES.items()]


def _colours(lines: list[_Line]) -> list[str]:
    """How lines look, one rule for all that look alike; Mermaid knows lines by their number only."""
    numbers: dict[str, list[str]] = defaultdict(list)
    for number, line in enumerate(lines):
        rule = f"stroke:{_CHANGES[line.change] if line.change else _STROKES[line.kind]}"
        if line.change:
            rule += ",stroke-dasharray:4 3" if line.change == "gone" else ""
        elif line.style == "idle":
            rule += ",opacity:.4"
        elif not line.whole:
            rule += ",stroke-dasharray:6 3"
        elif line.style == "partly":
            rule += ",stroke-dasharray:7 3 1.5 3"
        numbers[rule].append(str(number))
    return [f"  linkStyle {','.join(those)} {rule}" for rule, those in sorted(numbers.items())]

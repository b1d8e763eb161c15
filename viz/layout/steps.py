"""The actions of a run in their order: a number on each request's line, and a list to read them from.

In: `actions` of a graph: dicts with `number`, `action` (the topic of the request), `outcome`, `seconds` where they are
known, and `node` where another node than the topic's own stands for it. A graph without them is drawn without numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx

from viz.layout import words
from viz.layout.parts import Parts
from viz.lines import orders
from viz.scene import Label
from viz.text import heading, label, sans_width

LINE = 18.0
_SIZE = 12.0
_WIDEST = 760.0
"""Of a line of the list, in points; the next one begins below."""
_MOST = 60
"""Actions in the list; the rest is counted."""
_BETWEEN = "  \N{MIDDLE DOT}  "
_FAILED = "\N{HEAVY BALLOT X}"


@dataclass(frozen=True)
class Steps:
    """What is to be said of a run.

    Attributes:
        orders: the node of an action's topic → its numbers, such as `1, 4`.
        lines: of the list, each as wide as may be.
    """

    orders: Mapping[str, str]
    lines: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Of the list, in points."""
        return len(self.lines) * LINE

    def labels(self, x: float, y: float) -> tuple[Label, ...]:
        """The list, its first line standing on y."""
        return tuple(Label("step", line, x, y + place * LINE) for place, line in enumerate(self.lines))

    def numbered(self, parts: Parts) -> Parts:
        """The same parts with the numbers on the lines of those who asked for the actions."""
        if not self.orders:
            return parts
        arrows = (
            replace(arrow, order=self.orders.get(arrow.target, "")) if arrow.kind == "publish" else arrow
            for arrow in parts.arrows
        )
        return replace(parts, arrows=tuple(arrows))


def steps_of(graph: nx.MultiDiGraph[str]) -> Steps:
    """Read the actions of a graph."""
    actions = sorted(graph.graph.get("actions") or (), key=lambda each: int(each["number"]))
    texts = [_text(each) for each in actions]
    if len(texts) > _MOST:
        texts[_MOST:] = [f"and {len(texts) - _MOST:,} more"]
    return Steps(orders(graph), tuple(_wrapped(texts)))


def _text(one: Mapping[str, Any]) -> str:
    """`2 markdown/build (231 ms, ✘ failed)`."""
    facts = [words.took(float(one["seconds"]))] if one.get("seconds") is not None else []
    outcome = heading(str(one.get("outcome") or "finished"), 20)
    facts += [] if outcome == "finished" else [f"{_FAILED} {outcome}"]
    text = f"{one['number']} {label(str(one['action']))}"
    return f"{text} ({', '.join(facts)})" if facts else text


def _wrapped(texts: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for text in texts:
        longer = f"{lines[-1]}{_BETWEEN}{text}" if lines else text
        if lines and sans_width(longer, _SIZE) <= _WIDEST:
            lines[-1] = longer
        else:
            lines.append(text)
    return lines

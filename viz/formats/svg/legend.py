"""The legend: a sample of everything that occurs, and what it means."""

from __future__ import annotations

from viz.formats.svg.lines import DASHES, disc
from viz.formats.svg.spelling import cross, head, length, rect, text
from viz.scene import LegendEntry


def entry(one: LegendEntry) -> str:
    """A sample of a line, a header or a mark, and its meaning."""
    return _sample(one) + text("muted", (one.x + one.width + 6, one.y + 4.2), one.text)


def _sample(one: LegendEntry) -> str:
    x, y = one.x, one.y
    if one.sample == "retained":
        return f'<circle class="kept" cx="{length(x + 4)}" cy="{length(y)}" r="2.4"/>'
    if one.sample == "order":
        return disc((x + 7.5, y), 7.5, "1")
    if one.sample == "group":
        return rect("service", (x + 3, y - 8), (19, 12), 2) + rect("service", (x, y - 5), (19, 12), 2)
    return _line(one)


def _line(one: LegendEntry) -> str:
    x, y, end = one.x, one.y, one.x + one.width
    kind = one.sample if one.sample in {"publish", "deny"} else "receive"
    broken = f' stroke-dasharray="{DASHES[one.sample]}"' if one.sample in DASHES else ""
    widths = ((-4, 1.2), (4, 4)) if one.sample == "width" else ((0, 1.8),)
    drawn = [
        f'<path class="line" d="M{length(x)},{length(y + off)}H{length(end - 7)}" stroke-width="{width}"{broken}/>'
        f'<path class="head" d="{head((end - 7, y + off), (end, y + off), width)}"/>'
        for off, width in widths
    ]
    if one.sample == "deny":
        drawn.append(cross((x + 15, y)))
    if one.sample == "header":
        drawn += [rect("top", (x, y - 5), (13, 10), 2), rect("frame", (x, y - 5), (13, 10), 2)]
    return f'<g class="{kind}{" idle" if one.sample == "idle" else ""}">{"".join(drawn)}</g>'

"""The legend: a sample of everything that occurs, and what it means."""

from __future__ import annotations

from viz.formats.svg.grid import sign
from viz.formats.svg.hooks import CLASSES
from viz.formats.svg.lines import DASHES, disc, signed
from viz.formats.svg.spelling import cross, head, length, rect, text
from viz.scene import Change, Kind, LegendEntry, Sample, Style


def entry(one: LegendEntry, *, marks: bool) -> str:
    """A sample of a line (or of the mark of a cell), a header or a sign, and its meaning."""
    if marks and one.sample in _SIGNS:
        drawn = signed((one.x + one.width / 2, one.y), _SIGNS[one.sample])
    else:
        drawn = _cell(one) if marks and one.sample in _MARKS else _sample(one)
    return drawn + text("muted", (one.x + one.width + 6, one.y + 4.2), one.text)


_MARKS: dict[Sample, tuple[Kind, Style, bool]] = {
    "publish": ("publish", "proven", True),
    "receive": ("receive", "proven", True),
    "partly": ("receive", "partly", True),
    "inferred": ("receive", "inferred", True),
    "part": ("receive", "proven", False),
    "idle": ("receive", "idle", True),
    "deny": ("deny", "proven", True),
}
_SIGNS: dict[Sample, Change] = {"added": "added", "gone": "gone"}


def _cell(one: LegendEntry) -> str:
    kind, style, whole = _MARKS[one.sample]
    idle = " idle" if style == "idle" else ""
    return f'<g class="{kind}{idle}">{sign(kind, style, one.x + one.width / 2, one.y, whole=whole)}</g>'


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
    kind = one.sample if one.sample in {"publish", "deny", "deliver"} else "receive"
    broken = f' stroke-dasharray="{DASHES[one.sample]}"' if one.sample in DASHES else ""
    widths = ((-4, 1.2), (4, 4)) if one.sample == "width" else ((0, 1.8),)
    drawn = [
        f'<path class="line" d="M{length(x)},{length(y + off)}H{length(end - 7)}" stroke-width="{width}"{broken}/>'
        f'<path class="head" d="{head((end - 7, y + off), (end, y + off), width)}"/>'
        for off, width in widths
    ]
    if one.sample in _SIGNS:
        return f'<g class="{CLASSES[_SIGNS[one.sample]]}">{drawn[0]}{signed((x + 13, y), _SIGNS[one.sample])}</g>'
    if one.sample == "deny":
        drawn.append(cross((x + 15, y)))
    if one.sample == "header":
        drawn += [rect("top", (x, y - 5), (13, 10), 2), rect("frame", (x, y - 5), (13, 10), 2)]
    return f'<g class="{kind}{" idle" if one.sample == "idle" else ""}">{"".join(drawn)}</g>'

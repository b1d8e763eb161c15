"""The rules of a picture: two plain blocks of colours, fonts, and what happens under the mouse.

CSS variables come out black in resvg and CairoSVG, so there are none. Every rule begins with the picture's
own id, so that two pictures can stand in one page. Nothing moves, so nothing needs to be stilled for those
who want less motion.
"""

from __future__ import annotations

from collections.abc import Iterable

from viz import palette
from viz.palette import Colour

MOST_HOVERED = 400
"""Nodes that get a rule of their own for hovering; a browser checks each of them whenever the mouse moves."""

_COLOURS: tuple[tuple[str, str, Colour], ...] = (
    (".page", "fill", palette.PAGE),
    ("text", "fill", palette.TEXT),
    ("text.muted,.muted,.times", "fill", palette.MUTED),
    (".service", "fill", palette.SERVICE_FILL),
    ("rect.service", "stroke", palette.SERVICE_LINE),
    (".topics", "fill", palette.TOPIC_FILL),
    (".top", "fill", palette.HEADER_FILL),
    (".frame", "stroke", palette.TOPIC_LINE),
    (".kept", "fill", palette.RETAINED),
    (".publish .line,.publish .near,.publish .ring", "stroke", palette.PUBLISH),
    (".publish .head,.disc", "fill", palette.PUBLISH),
    (".receive .line,.receive .near,.receive .ring", "stroke", palette.RECEIVE),
    (".receive .head", "fill", palette.RECEIVE),
    (".deliver .line,.deliver .near", "stroke", palette.RECEIVE),
    (".deliver .head", "fill", palette.RECEIVE),
    (".deny .line,.deny .near,.deny .ring", "stroke", palette.REFUSED),
    (".deny .head", "fill", palette.REFUSED),
    (".order", "fill", palette.PAGE),
    (".halo", "stroke", palette.PAGE),
    (".band", "fill", palette.SERVICE_LINE),
    (".rule", "stroke", palette.MUTED),
)
_CHANGED: tuple[tuple[str, str, Colour], ...] = (
    (".plus .line,.plus .near,.plus .ring,.plus .service,.plus .outline", "stroke", palette.ADDED),
    (".plus .head,.plus text,.plus text.muted,.plus .times,.plus .disc", "fill", palette.ADDED),
    (".plus .service,.plus .ground", "fill", palette.ADDED_FILL),
    (".minus .line,.minus .near,.minus .ring,.minus .service,.minus .outline", "stroke", palette.GONE),
    (".minus .head,.minus text,.minus text.muted,.minus .times,.minus .disc", "fill", palette.GONE),
    (".minus .service,.minus .ground", "fill", palette.GONE_FILL),
    (".sign", "stroke", palette.PAGE),
)
"""Of a comparison only."""

_RULES = """
text{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px;white-space:pre}
.name{font-weight:600;text-anchor:middle}
.mono{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:11px}
.small{font-size:10px}
.bold{font-weight:700}
.quiet{font-style:italic}
.title{font-size:15px;font-weight:700}
.heading{font-size:11px;font-weight:600;letter-spacing:.05em}
.times{font-weight:400}
.end{text-anchor:end}
.order{font-size:10px;font-weight:700;text-anchor:middle}
.on{font-size:11px;text-anchor:middle}
.halo{stroke-width:4;stroke-linejoin:round;paint-order:stroke}
.service{stroke-width:1.8}
.frame{fill:none;stroke-width:1.2}
.line,.near,.hit,.ring{fill:none}
.near{stroke-opacity:0;stroke-width:9}
.hit{pointer-events:all}
.idle path,.idle circle{opacity:.4}
.e:hover .near{stroke-opacity:.2}
a:hover text{text-decoration:underline}
"""


_CHANGED_RULES = """
.minus .service,.outline{stroke-dasharray:4 3}
.plus .outline{stroke-dasharray:none}
.outline{fill:none;stroke-width:1}
.sign{fill:none;stroke-width:1.8}
"""


def style(name: str, more: str, hovered: Iterable[str], *, compared: bool = False) -> str:
    """All rules, each of them only for the picture of this name.

    Args:
        name: the id of the picture.
        more: rules that only some pictures need, one a line.
        hovered: rules for what is under the mouse, whole.
        compared: some of it is new or gone.
    """
    colours = _COLOURS + (_CHANGED if compared else ())
    more += _CHANGED_RULES if compared else ""
    rules = [_rule(name, *line.split("{", 1)) for line in (_RULES + more).split("\n") if line]
    rules += _coloured(name, "light", colours)
    rules += ["@media screen and (prefers-color-scheme:dark){", *_coloured(name, "dark", colours), "}"]
    return "\n".join(["", *rules, *hovered, ""])


def dimmed(name: str, keys: Iterable[str]) -> list[str]:
    """Rules that leave the lines of what is under the mouse and dim all others; none in a picture of too many nodes.

    Args:
        name: the id of the picture.
        keys: classes of its nodes, as `hooks` gives them.
    """
    keys = list(keys)
    if len(keys) > MOST_HOVERED:
        return []
    pairs = [(key.split()[0], key.split()[0]) for key in keys]
    tables = [key for key in keys if key.startswith("t") and "r" not in key]
    pairs += [pair for key in tables for pair in ((key, f"{key}r"), (f"{key}r", key))]
    rules = [f"#{name}:has(.n.{over}:hover) .e.{line}{{opacity:1}}" for over, line in pairs]
    return [f"#{name}:has(.n:hover) .e{{opacity:.12}}", *rules]


def _rule(name: str, selectors: str, rest: str) -> str:
    return ",".join(f"#{name} {selector}" for selector in selectors.split(",")) + "{" + rest


def _coloured(name: str, theme: str, colours: Iterable[tuple[str, str, Colour]]) -> list[str]:
    return [_rule(name, selectors, f"{what}:{getattr(colour, theme)}}}") for selectors, what, colour in colours]

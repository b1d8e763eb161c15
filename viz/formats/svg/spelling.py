"""The smallest pieces of SVG: lengths, points, texts, rectangles. Knows no scene."""

from __future__ import annotations

import math
from html import escape

from viz.scene import Point


def length(value: float) -> str:
    """A length, to a tenth of a point."""
    return f"{value:.1f}".removesuffix(".0")


def point(at: Point) -> str:
    """`12.5,30`."""
    return f"{length(at[0])},{length(at[1])}"


def text(classes: str, at: Point, words: str, after: str = "", more: str = "") -> str:
    """A line of text that starts (or ends, or has its middle) at a point and stands on it.

    Args:
        classes: of the element.
        at: in points.
        words: safe to show, not yet escaped.
        after: what it counts, written after it in grey.
        more: attributes, spelled.
    """
    # The distance is `dx` and no space at the beginning: converters leave such a space out.
    counted = f'<tspan class="times" dx="5">{escape(after)}</tspan>' if after else ""
    return f'<text class="{classes}" x="{length(at[0])}" y="{length(at[1])}"{more}>{escape(words)}{counted}</text>'


def rect(classes: str, corner: Point, size: tuple[float, float], radius: float = 0) -> str:
    """A rectangle from its upper left corner on."""
    (x, y), (width, height) = corner, size
    rounded = f' rx="{length(radius)}"' if radius else ""
    return (
        f'<rect class="{classes}" x="{length(x)}" y="{length(y)}" width="{length(width)}" height="{length(height)}"'
        f"{rounded}/>"
    )


def title(words: str) -> str:
    """What a browser shows when the mouse rests on the element that this is the first child of."""
    return f"<title>{escape(words)}</title>" if words else ""


def head(foot: Point, tip: Point, width: float) -> str:
    """The path of an arrow's head, a triangle from foot to tip; wider for wider lines."""
    x, y = tip[0] - foot[0], tip[1] - foot[1]
    long = math.hypot(x, y) or 1.0
    half = 2.4 + width / 2
    side = (-y / long * half, x / long * half)
    ends = (foot[0] + side[0], foot[1] + side[1]), (foot[0] - side[0], foot[1] - side[1])
    return f"M{point(tip)}L{point(ends[0])} {point(ends[1])}Z"


def cross(middle: Point) -> str:
    """The sign of a refused message, on its line."""
    x, y = middle
    low, high = (x - 4.5, y - 4.5), (x + 4.5, y + 4.5)
    path = f"M{point(low)}L{point(high)}M{length(high[0])},{length(low[1])}L{length(low[0])},{length(high[1])}"
    return f'<path class="line" d="{path}" stroke-width="2.2"/>'


def minus(middle: Point, half: float) -> str:
    """The path of a minus sign."""
    return f"M{point((middle[0] - half, middle[1]))}H{length(middle[0] + half)}"


def plus(middle: Point, half: float) -> str:
    """The path of a plus sign."""
    return f"{minus(middle, half)}M{point((middle[0], middle[1] - half))}V{length(middle[1] + half)}"


def linked(address: str, content: str) -> str:
    """`content`, and where it leads to, if that is an address of the web."""
    if not address.lower().startswith(("http://", "https://")):
        return content
    return f'<a href="{escape(address)}" target="_top">{content}</a>'

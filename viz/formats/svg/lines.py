"""Arrows: a line whose dashes say how sure it is, a head, and what stands on it."""

from __future__ import annotations

import math
from html import escape

from viz.formats.svg.hooks import CLASSES, Hooks, changed
from viz.formats.svg.spelling import cross, head, length, minus, plus, point, title
from viz.scene import Arrow, Change, Point, curve

DASHES = {"partly": "7 3 1.5 3", "inferred": "1.5 4", "part": "6 3", "gone": "4 3"}
"""What a line is drawn with, where it is not solid; `part` where it is not the whole of a group or template."""

_RADIUS = 7.5
_LETTER = 5.6
"""Width of a digit in a disc, in points."""


def dash(one: Arrow) -> str:
    """How the line is broken: that it is gone weighs most, an inferred sender more than a part of a group."""
    if one.change == "gone":
        return DASHES["gone"]
    return DASHES.get(one.style) or ("" if one.whole else DASHES["part"])


def arrow(one: Arrow, hooks: Hooks, place: int, *, near: bool) -> str:
    """A line with its head; `place` is its own in the scene, and `near` lets the mouse find it without touching it."""
    start, *rest = one.points
    path = f"M{point(start)}C{' '.join(map(point, rest))}"
    broken = dash(one)
    line = f'<path class="line" d="{path}" stroke-width="{length(one.width)}"'
    line += f' stroke-dasharray="{broken}"/>' if broken else "/>"
    if one.kind == "deny":
        line += cross(curve(one.points, 0.5 if not one.change else 0.35))
    wider = f'<path class="near" d="{path}"/>' if near else ""
    classes = changed(one, f"e {one.kind} idle" if one.style == "idle" and not one.change else f"e {one.kind}")
    return (
        f"<g {hooks.joined(one, classes, 'e', place)}>{title(one.tooltip)}{wider}"
        f'{line}<path class="head" d="{head(rest[-1], one.tip, one.width)}"/></g>'
    )


def sign(one: Arrow, hooks: Hooks, place: int) -> str:
    """What says that a line is new or gone, in its middle; it dims with its line."""
    return f"<g {hooks.joined(one, 'e', 's', place)}>{signed(curve(one.points, 0.5), one.change)}</g>"


def signed(middle: Point, change: Change) -> str:
    """A plus or a minus in a disc."""
    x, y = middle
    mark = plus(middle, 3.2) if change == "added" else minus(middle, 3.2)
    drawn = f'<circle class="disc" cx="{length(x)}" cy="{length(y)}" r="5.5"/><path class="sign" d="{mark}"/>'
    return f'<g class="{CLASSES[change]}">{drawn}</g>'


def order(one: Arrow, hooks: Hooks, place: int) -> str:
    """When it was sent, in a disc just before the head: beside a row no two lines are close together."""
    half = max(_RADIUS, len(one.order) * _LETTER / 2 + 4.0)
    return f"<g {hooks.joined(one, 'when', 'o', place)}>{disc(_before(one, half + 2.0), half, one.order)}</g>"


def disc(middle: Point, half: float, words: str) -> str:
    """A number on a coloured ground, `half` points to either side of its middle."""
    x, y = middle
    return (
        f'<g class="step"><rect class="disc" x="{length(x - half)}" y="{length(y - _RADIUS)}" '
        f'width="{length(2 * half)}" height="{length(2 * _RADIUS)}" rx="{length(_RADIUS)}"/>'
        f'<text class="order" x="{length(x)}" y="{length(y + 3.6)}">{escape(words)}</text></g>'
    )


def _before(one: Arrow, distance: float) -> Point:
    """So far from the foot of the head, in the direction that it comes from."""
    foot, tip = one.points[-1], one.tip
    long = math.dist(foot, tip) or 1.0
    return (foot[0] + (foot[0] - tip[0]) / long * distance, foot[1] + (foot[1] - tip[1]) / long * distance)

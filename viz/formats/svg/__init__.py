"""SVG: one file that looks right in a browser, light or dark, and in converters.

In: a scene. Out: the text of the file. Hovering a service or a topic dims every line that is not its own, by
rules alone, without a script. Text stays text. All ids and rules carry a prefix made from the picture
itself, so that two pictures can stand in one page. Beside `render` there is `numbers`, for pages that act on
the picture.
"""

from __future__ import annotations

import hashlib
from html import escape

from viz.formats.svg.grid import RULES, grid, hovered
from viz.formats.svg.hooks import Hooks, hooks, is_changed, numbers
from viz.formats.svg.legend import entry
from viz.formats.svg.lines import arrow, order, sign
from viz.formats.svg.shapes import box, label, table
from viz.formats.svg.spelling import length
from viz.formats.svg.style import MOST_HOVERED, dimmed, style
from viz.scene import Scene

__all__ = ["numbers", "render"]


def render(scene: Scene) -> str:
    """Spell a scene as SVG; the same scene gives the same bytes."""
    held = hooks(scene)
    shapes = _shapes(scene, held)
    said = (scene.title, " ".join([scene.summary + ".", *scene.notes]))
    name = "c" + hashlib.blake2b("\n".join([*said, *shapes]).encode(), digest_size=4).hexdigest()
    begin = [
        *_begin(scene, name, *said),
        f"<style>{_style(scene, name, held)}</style>",
        f'<rect class="page" width="{length(scene.width)}" height="{length(scene.height)}"/>',
    ]
    return "\n".join([*begin, *shapes, "</svg>", ""])


def _shapes(scene: Scene, held: Hooks) -> list[str]:
    """What is drawn, from the back to the front."""
    is_matrix = scene.layout == "matrix"
    around = [label(one) for one in scene.labels] + [entry(one, marks=is_matrix) for one in scene.legend]
    if is_matrix:
        return [*grid(scene, held), *around]
    drawn = [(place, one) for place, one in enumerate(scene.arrows) if one.points]
    few = len(held.keys) <= MOST_HOVERED
    lines = [
        arrow(one, held, place, near=few)
        for place, one in sorted(drawn, key=lambda each: (bool(each[1].change), each[1].style != "idle"))
    ]
    lines += [table(one, held) for one in scene.tables]
    lines += [box(one, held) for one in scene.boxes]
    lines += [sign(one, held, place) for place, one in drawn if one.change]
    lines += [order(one, held, place) for place, one in drawn if one.order]
    return lines + around


def _style(scene: Scene, name: str, held: Hooks) -> str:
    compared = is_changed(scene)
    if scene.layout == "matrix":
        return style(name, RULES, hovered(name, held.keys.values()), compared=compared)
    return style(name, "", dimmed(name, held.keys.values()), compared=compared)


def _begin(scene: Scene, name: str, title: str, description: str) -> list[str]:
    """The element that holds all, and what it says to who can't see it."""
    width, height = length(scene.width), length(scene.height)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    # An image has nothing in it that could be reached; with links there is.
    rows = (row for table in scene.tables for row in table.rows)
    links = any(box.link for box in scene.boxes) or any(row.link for row in rows)
    role = "group" if links else "img"
    said = f'role="{role}" aria-labelledby="{name}-t {name}-d"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" {size} {said}>',
        f'<title id="{name}-t">{escape(title)}</title>',
        f'<desc id="{name}-d">{escape(description)}</desc>',
    ]

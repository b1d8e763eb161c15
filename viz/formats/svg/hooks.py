"""What a page, a style and a reader can hold on to: each node's classes and its number.

Classes make hovering work by rules alone; numbers are for pages that act on a picture (see `numbers`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from viz.scene import Arrow, Box, Change, Mark, Row, Scene

CLASSES: dict[Change, str] = {"": "", "added": "plus", "gone": "minus"}


def is_changed(scene: Scene) -> bool:
    """Whether something in it is new or gone."""
    rows = (row for table in scene.tables for row in table.rows)
    changeable: Iterable[Box | Row | Arrow | Mark] = chain(scene.boxes, rows, scene.arrows, scene.marks)
    return any(one.change for one in changeable)


def changed(one: Box | Row | Arrow | Mark, classes: str) -> str:
    """Classes of something, with that of what is new or gone."""
    return f"{classes} {CLASSES[one.change]}".rstrip()


def numbers(scene: Scene) -> dict[str, int]:
    """Node → its number in the picture, for pages that act on it.

    Services come first, then each table (the node of its header) with its rows. Whatever shows a node has the
    number as `data-n`; a service that is drawn twice has it twice. A line has its place in `scene.arrows` as
    `data-e`, what says when it was sent the same as `data-o`, the sign of one that is new or gone as `data-s`, the mark
    of a matrix its place in `scene.marks` as `data-m`, and all of these have the numbers of their ends as `data-from`
    and `data-to`.
    """
    nodes = dict.fromkeys(box.node for box in scene.boxes)
    for table in scene.tables:
        nodes.update(dict.fromkeys((table.node, *(row.node for row in table.rows))))
    return {node: number for number, node in enumerate(nodes)}


@dataclass(frozen=True)
class Hooks:
    """Node → its classes, and its number."""

    keys: dict[str, str]
    numbers: dict[str, int]

    def node(self, node: str, classes: str = "n") -> str:
        """The attributes of what shows a node."""
        return f'class="{classes} {self.keys[node]}" data-n="{self.numbers[node]}"'

    def joined(self, one: Arrow | Mark, classes: str, letter: str, place: int) -> str:
        """The attributes of what joins two nodes; `data-LETTER` is its place among its kind."""
        ends = f'data-from="{self.numbers[one.source]}" data-to="{self.numbers[one.target]}"'
        return f'class="{classes} {self.keys[one.source]} {self.keys[one.target]}" data-{letter}="{place}" {ends}'


def hooks(scene: Scene) -> Hooks:
    """A service's box and its lines share a class; a row has that of its table beside its own."""
    nodes = dict.fromkeys(box.node for box in scene.boxes)
    keys = {node: f"k{number}" for number, node in enumerate(nodes)}
    for number, table in enumerate(scene.tables):
        keys[table.node] = f"t{number}"
        keys.update({row.node: f"t{number}r{place} t{number}r" for place, row in enumerate(table.rows)})
    return Hooks(keys, numbers(scene))

"""A picture as plain values: what stands where, and what is written on it.

Made by a layout, spelled by a format. Positions, texts, widths and line styles are settled here once, so
that all formats agree. Lengths are points, x grows to the right and y downwards, from the top left corner.
Every text is already safe to show (see `viz.text`). Knows no Graphviz, no SVG and no graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]

Data = tuple[tuple[str, str], ...]
"""Facts for formats that carry data beside the drawing: names and values."""

Kind = Literal["publish", "receive", "deny", "deliver"]

Style = Literal["proven", "partly", "inferred", "idle"]
"""How sure a line is: solid, dash-dotted, dotted; idle (nothing came) is pale."""

Change = Literal["", "added", "gone"]
"""In a comparison: new, or there no more. Shown by sign and dashes too, never by colour alone."""

Role = Literal["title", "counts", "heading", "legend", "note", "step", "line"]
"""`step`: an action of a run, with its number. `line`: stands on a line, with its middle at x."""

Sample = Literal[
    "publish", "receive", "deliver", "part", "partly", "inferred", "idle", "deny", "header", "group", "retained",
    "order", "width", "added", "gone",
]  # fmt: skip

SIGNS: dict[Change, str] = {"": "", "added": "+", "gone": "\N{MINUS SIGN}"}


BEHIND = 4.0
"""How far to the right and up the second rectangle of a box stands that has a `count`, in points."""


TURNED = 55.0
"""Degrees by which the names above a matrix are turned, against the clock."""


@dataclass(frozen=True)
class Box:
    """A service. A layout may draw one service twice: as publisher and as subscriber.

    Attributes:
        node: the id of its node in the graph.
        label: its name, cut to fit.
        count: how many services it stands for, with a times sign; empty where it is one.
        tooltip: what is known of it, in lines.
        link: an http(s) address to open, or empty.
        data: the same as names and values.
    """

    node: str
    label: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    count: str = ""
    tooltip: str = ""
    link: str = ""
    data: Data = ()
    change: Change = ""


@dataclass(frozen=True)
class Row:
    """A topic, as a row of a table.

    Attributes:
        node: the id of its node in the graph.
        label: the levels below the table's header, or the whole topic where there is no header.
        times: how many topics it stands for, with a times sign; empty where it is one.
        count: how much was published on it, such as `12` or `0.6/min`.
        quiet: nothing was ever seen on it: it is only what somebody subscribed to.
        retained: the broker keeps a message of it.
        y: the top of the row, from the top of the table.
        link: an http(s) address to open, or empty.
    """

    node: str
    label: str
    y: float
    height: float
    times: str = ""
    count: str = ""
    quiet: bool = False
    retained: bool = False
    tooltip: str = ""
    link: str = ""
    data: Data = ()
    change: Change = ""


@dataclass(frozen=True)
class Table:
    """The topics that share their first level; a topic alone on its level is a table without a header.

    Attributes:
        node: `topics:LEVEL/`, the end of the lines that stand for all rows.
        header: the first level with its slash, or empty.
        header_height: in points; 0 without a header.
        indent: from the left side to the text of the rows, in points.
    """

    node: str
    header: str
    header_height: float
    indent: float
    rows: tuple[Row, ...]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    tooltip: str = ""


@dataclass(frozen=True)
class Arrow:
    """A line with a head: from a service to a topic, or from a topic (or a table's header) to a service.

    Attributes:
        source, target: `node` of the box, row or table where it starts and ends.
        width: of the line, in points.
        points: a start and any number of cubic Bézier curves, three points each; it ends at the foot of
            the head. Empty where the line is not drawn: `deliver` arrows are there for formats with layers.
        tip: the point of the head.
        label: a few words for formats that write on lines.
        whole: False where it holds for only a part of a template's topics or of a group's members: dashed.
        order: when it was sent in a run, such as `2` or `1, 4`: drawn on the line; empty elsewhere.
    """

    kind: Kind
    style: Style
    source: str
    target: str
    width: float
    points: tuple[Point, ...] = ()
    tip: Point = (0.0, 0.0)
    label: str = ""
    tooltip: str = ""
    whole: bool = True
    order: str = ""
    data: Data = ()
    change: Change = ""


@dataclass(frozen=True)
class Mark:
    """A cell of a matrix: a service publishes a topic (a triangle) or receives it (a dot); its middle is at x and y.

    Attributes:
        source, target: as an arrow has them.
    """

    kind: Kind
    style: Style
    source: str
    target: str
    x: float
    y: float
    tooltip: str = ""
    whole: bool = True
    data: Data = ()
    change: Change = ""


@dataclass(frozen=True)
class Label:
    """A line of text on the page, starting (or, with `end`, ending) at x, standing on y.

    Attributes:
        angle: degrees that it is turned by around its start, clockwise.
    """

    role: Role
    text: str
    x: float
    y: float
    end: bool = False
    angle: float = 0.0


@dataclass(frozen=True)
class LegendEntry:
    """A sample with what it means: drawn from x on, `width` points wide, its middle at y, then the text."""

    sample: Sample
    text: str
    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Scene:
    """The whole picture.

    Attributes:
        title: what it is a picture of.
        summary: one sentence of counts, for who can't see it.
        layout: the name of the layout that made it.
        notes: what a reader must know of how it was made; drawn, and worth saying elsewhere.
        marks: the cells of a matrix; other layouts have arrows. There a box is the place of its name above a
            column as wide as the box, and the one table has all topics, each with its whole name.
    """

    title: str
    summary: str
    layout: str
    width: float
    height: float
    boxes: tuple[Box, ...]
    tables: tuple[Table, ...]
    arrows: tuple[Arrow, ...]
    labels: tuple[Label, ...]
    legend: tuple[LegendEntry, ...]
    notes: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()


def signed(label: str, change: Change) -> str:
    """A label with the sign of what is new or gone before it."""
    return f"{SIGNS[change]} {label}".rstrip() if change else label


def curve(points: tuple[Point, ...], share: float) -> Point:
    """The point at `share` (0 to 1) of a line of Bézier curves, each taken as equally long."""
    curves = (len(points) - 1) // 3
    place = min(int(share * curves), curves - 1)
    t = share * curves - place
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points[3 * place : 3 * place + 4]
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return (a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3)


def sureness(messages: int, seen: int, inferred: int) -> Style:
    """How sure it is whose messages these are; a sender that the log does not tell is no surer than an inferred one.

    Args:
        messages: that came.
        seen: of them, those whose sender was seen.
        inferred: those whose sender is inferred.
    """
    if not messages:
        return "idle"
    if seen >= messages and not inferred:
        return "proven"
    return "partly" if seen else "inferred"

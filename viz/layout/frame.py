"""What stands around a drawing: title, sentence of counts, legend, notes. Makes the scene of it.

In: parts with their places, drawn from (LEFT, TOP) on. Out: the scene. A legend names what occurs and
nothing else.
"""

from __future__ import annotations

import itertools
import textwrap

from viz.layout import words
from viz.layout.matrix import reach
from viz.layout.parts import Parts
from viz.layout.steps import LINE, Steps
from viz.scene import SIGNS, Arrow, Box, Label, LegendEntry, Mark, Sample, Scene, Table
from viz.text import heading, sans_width

LEFT = 16.0
TOP = 66.0
TITLE_SIZE = 15.0
HEADING_SIZE = 11.0
HEADING_SPACING = 0.55
"""Between the letters of a column's name, in points."""

LEGEND_SIZE = 12.0
_SAMPLE_WIDTH = 38.0
_MARK_WIDTHS: dict[Sample, float] = {"retained": 8.0, "order": 15.0, "group": 23.0}
"""Of what a legend's entry shows, a line or a mark, in points."""

_LONGEST_TITLE = 200
"""Letters; that of a comparison says what is new and gone."""
_LEAST_WIDTH = 480.0
_LEAST_DIFFERENCE = 0.5
"""Of the widths of lines, in points, before anybody sees that one is wider."""

_LINE = 20.0

_MEANING: dict[Sample, str] = {
    "publish": "publishes",
    "receive": "receives",
    "deliver": "messages reach",
    "partly": "sender in part inferred or unknown",
    "inferred": "sender inferred or unknown",
    "part": "only part of its topics or group",
    "idle": "subscribed, nothing came",
    "deny": "refused by the broker",
    "header": "from a table's head: all its topics",
    "group": "\N{MULTIPLICATION SIGN} many that are alike",
    "order": "order of the actions",
    "retained": "retained message kept",
    "width": "wider: more messages",
    "added": "new",
    "gone": "gone",
}


def frame(
    parts: Parts,
    *,
    layout: str,
    title: str,
    said: tuple[str, ...],
    notes: tuple[str, ...],
    steps: Steps,
) -> Scene:
    """Put a title above and a legend below.

    Args:
        parts: with their places.
        layout: the name of the layout that placed them.
        title: as the user gave it.
        said: what was done to the graph before, safe to show.
        notes: what a reader must know of how the picture was made.
        steps: of a run; their list stands below the title, where the layout left it room.
    """
    title, summary, headings = heading(title, _LONGEST_TITLE), _summary(parts), parts.labels
    notes = (*said, *notes)
    right, bottom = _corner(parts)
    if not parts.boxes and not parts.tables:
        why = (
            "Nothing is left to draw; why is said below."
            if said
            else "Nothing to draw: no service and no topic was seen."
        )
        headings = (Label("note", why, LEFT, bottom + 14.0),)
        bottom += 20.0
    right = max([right, *(label.x + heading_width(label.text) for label in headings if label.role == "heading")])
    width = max(_LEAST_WIDTH, right + LEFT, *(LEFT * 2 + _wide(text) for text in (title, summary)))
    width = max([width, *(LEFT * 2 + sans_width(line, LEGEND_SIZE) for line in steps.lines)])
    legend, bottom = _legend(parts, width, bottom + 34.0)
    labels = [Label("title", title, LEFT, 26.0), Label("counts", summary, LEFT, 45.0)]
    labels += [*steps.labels(LEFT, 45.0 + LINE), *headings]
    for line in itertools.chain.from_iterable(textwrap.wrap(note, int(width / 6.6)) for note in notes):
        labels.append(Label("note", line, LEFT, bottom + 4.0))
        bottom += _LINE
    return Scene(
        title=title,
        summary=summary,
        layout=layout,
        width=round(width, 1),
        height=round(bottom, 1),
        boxes=parts.boxes,
        tables=parts.tables,
        arrows=parts.arrows,
        labels=tuple(labels),
        legend=legend,
        notes=notes,
        marks=parts.marks,
    )


def heading_width(text: str) -> float:
    """The room that the name of a column needs, in points."""
    return sans_width(text, HEADING_SIZE, bold=True) + HEADING_SPACING * len(text)


def _wide(text: str) -> float:
    return sans_width(text, TITLE_SIZE, bold=True)


def _corner(parts: Parts) -> tuple[float, float]:
    """The right and the lower end of what is drawn."""
    xs, ys = [LEFT], [TOP]
    shapes: list[Box | Table] = [*parts.boxes, *parts.tables]
    xs += [each.x + each.width for each in shapes]
    xs += [reach(parts.boxes)] if parts.marks else []
    ys += [each.y + each.height for each in shapes]
    for arrow in parts.arrows:
        xs += [x for x, _ in arrow.points]
        ys += [y for _, y in arrow.points]
    return max(xs), max(ys)


def _summary(parts: Parts) -> str:
    boxes, rows = len({box.node for box in parts.boxes}), sum(len(table.rows) for table in parts.tables)
    text = words.number(parts.services, "service") + (
        f" in {words.number(boxes, 'box')}" if boxes < parts.services else ""
    )
    if not rows and parts.lines:
        # Between services a message counts once for each whom it reaches, and topics are not to be seen.
        text += f", {words.number(parts.messages, 'delivery')}"
    else:
        text += f", {words.number(parts.topics, 'topic')}" + (
            f" in {words.number(rows, 'row')}" if rows < parts.topics else ""
        )
        text += f", {words.number(parts.messages, 'message')}"
    return text + (f" in {words.duration(parts.seconds)}" if parts.seconds else "")


def _samples(parts: Parts) -> list[Sample]:
    drawn = [arrow for arrow in parts.arrows if arrow.points]
    joined: list[Arrow | Mark] = [*drawn, *parts.marks]
    found: set[str] = {each.kind for each in joined} | {each.style for each in joined}
    found |= {"header" for arrow in drawn if arrow.source.startswith("topics:")}
    parts_only = (each for each in joined if not each.whole and each.change != "gone")
    found |= {"part" for each in parts_only if each.style not in {"inferred", "partly"}}
    found |= {"group" for box in parts.boxes if box.count}
    found |= {"order" for arrow in drawn if arrow.order}
    found |= {"retained" for table in parts.tables for row in table.rows if row.retained}
    rows = [row for table in parts.tables for row in table.rows]
    found |= {each.change for each in (*parts.boxes, *rows, *joined) if each.change}
    widths = [arrow.width for arrow in drawn] or [0.0]
    found |= {"width"} if max(widths) - min(widths) >= _LEAST_DIFFERENCE else set()
    return [sample for sample in _MEANING if sample in found]


def _has_changes(parts: Parts) -> bool:
    """Whether some, but not all, of those that a box or row stands for are new or gone."""
    times = [row.times for table in parts.tables for row in table.rows] + [box.count for box in parts.boxes]
    return any(sign in each for each in times for sign in (SIGNS["added"], SIGNS["gone"]))


def _legend(parts: Parts, width: float, y: float) -> tuple[tuple[LegendEntry, ...], float]:
    """The entries, in as many lines as they need, and where the next thing may stand."""
    entries, x = [], LEFT
    for sample in _samples(parts):
        text = _MEANING[sample]
        if sample == "width" and words.has_rates(parts.seconds):
            text += " a second"
        if sample == "group" and _has_changes(parts):
            text += f"; {SIGNS['added']} new, {SIGNS['gone']} gone of them"
        wide = _MARK_WIDTHS.get(sample, 12.0 if parts.marks else _SAMPLE_WIDTH)
        needs = wide + 6.0 + sans_width(text, LEGEND_SIZE)
        if x > LEFT and x + needs > width - LEFT:
            x, y = LEFT, y + _LINE
        entries.append(LegendEntry(sample, text, x, y, wide))
        x += needs + 16.0
    return tuple(entries), y + _LINE + 4.0

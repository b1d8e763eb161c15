"""One map over time: drawn, kept true by what pulses tell, drawn anew when that no longer does.

Comes in: a system and what is shown of it. Goes out: a `Sheet` (the picture, with a number of its own) and `Delta`s.
Knows no HTTP and no viewers. A map is no thread's own: `draw` may run in one while another calls the rest.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracer import garbage
from tracer.errors import CopperError
from tracer.pulses import EdgeKey, Pulse
from viz.layout.reader import line_width
from viz.live.drawing import Drawing, draw
from viz.live.graphs import Graph, Graphs, seconds_in
from viz.live.query import Shown
from viz.live.system import System

AGAIN = 1.0
"""Seconds between two drawings of a map, at least."""
SHARE = 5
"""A map is drawn again no earlier than so many times what drawing it took: at most a fifth of the time goes there."""
REFRESH = 10.0
"""Seconds after which counts that are written on a map are written anew, if there are others."""
NEW = 30.0
"""Seconds for which a node counts as new."""
_MEAN = 30.0
"""Seconds that a rate looks back on average, as one that is counted over a minute does."""
_NOTHING = 0.001
"""Messages a second that are none any more."""

# From the clock, so that no page takes the map of a server for the one of the server before.
_gens = itertools.count(int(time.time() * 1000))


@dataclass(frozen=True)
class Sheet:
    """A drawing of a map.

    Attributes:
        gen: its number; no other drawing has it.
        seq: of the last pulse in it.
        drawing: the picture.
        new: nodes that were not there before, by their number in it.
    """

    gen: int
    seq: int
    drawing: Drawing
    new: tuple[int, ...]


@dataclass
class Delta:
    """What has changed on a sheet since the delta before.

    Attributes:
        gen: of the sheet.
        seq: of the last pulse in it.
        arrows: arrow → messages that passed.
        widths: arrow → its width now, in points, where that is another one.
        states: node → `here` or `gone`, where it is another one.
        messages: how many were published in all.
        rate: how many a second.
        text: the same, spelled, once somebody has done so.
    """

    gen: int
    seq: int
    arrows: dict[int, int] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)
    messages: int = 0
    rate: float = 0.0
    text: str | None = field(default=None, repr=False, compare=False)

    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.arrows or self.widths or self.states)

    def and_then(self, later: Delta) -> Delta:
        """Both as one."""
        arrows = dict(self.arrows)
        for arrow, messages in later.arrows.items():
            arrows[arrow] = arrows.get(arrow, 0) + messages
        widths, states = {**self.widths, **later.widths}, {**self.states, **later.states}
        return Delta(later.gen, later.seq, arrows, widths, states, later.messages, later.rate)


class Map:
    """What is shown of a system, as it goes on.

    Args:
        system: the system.
        graphs: of it.
        shown: what of it.
        before: graphs of what it is compared with.

    Attributes:
        shown: the same.
        sheet: the newest drawing, None before the first.
        problem: why it could not be drawn the last time.
    """

    def __init__(self, system: System, graphs: Graphs, shown: Shown, before: Graphs | None = None) -> None:
        self.shown = shown
        self.sheet: Sheet | None = None
        self.problem: CopperError | None = None
        self._system = system
        self._graphs = graphs
        self._before = before
        self._compared = -1
        self._seq = 0
        self._least: int | None = None
        self._rated = 0
        self._is_stale = True
        self._stale_at = 0
        self._is_tidied = False
        self._earliest = 0.0
        self._refresh = 0.0
        self._at = self._all_at = time.monotonic()
        self._rates: dict[EdgeKey, float] = {}
        self._found: dict[EdgeKey, float] | None = None
        self._was_late = False
        self._widths: dict[int, float] = {}
        self._states: dict[str, bool] = {}
        self._born: dict[str, float] = {}
        self._messages = 0

    # -- drawing ----------------------------------------------------------------------------------------------

    def is_due(self, *, exact: bool = False) -> bool:
        """Whether it is to be drawn (anew).

        Args:
            exact: also where nothing but counts that are written on it has changed, a moment ago.
        """
        now = time.monotonic()
        if self.sheet is None or self._is_stale:
            return now >= self._earliest
        return self._seq > self.sheet.seq and now >= (self._earliest if exact else self._refresh)

    def tidy(self) -> None:
        """Leave nothing where it stood when it is drawn the next time."""
        self._is_tidied = True

    def draw(self) -> tuple[int, Drawing] | CopperError:
        """Draw it; takes its time. The number of the last pulse in the drawing, and the drawing; or why not."""
        before = self.sheet.drawing.scene if self.sheet and not self._is_tidied else None
        self._is_tidied = False
        began = time.monotonic()
        try:
            seq, graph = self._graphs.graph(self.shown.span, self._least)
            with garbage.kept():
                drawing = draw(graph, self.shown, before, self._other())
            _ = drawing.svg, drawing.numbers, drawing.arrows, drawing.members, drawing.published, drawing.idle
            if self.sheet is None or self._was_late:
                self._was_late, self._found = False, self._rates_before(drawing)
        except CopperError as error:
            return error
        finally:
            took = time.monotonic() - began
            self._earliest = began + took + max(AGAIN, (SHARE - 1) * took)
            self._refresh = began + took + max(REFRESH, 10 * (SHARE - 1) * took)
        return seq, drawing

    def _other(self) -> Graph | None:
        """The graph that it is compared with, which may still grow."""
        if self._before is None:
            return None
        self._compared, graph = self._before.graph("all", self._before.number())
        return graph

    def _rates_before(self, drawing: Drawing) -> dict[EdgeKey, float]:
        """What passed over each arrow in the last minute before anybody looked, a second."""
        rates: dict[EdgeKey, float] = {}
        _, graph = self._graphs.graph("minute")
        seconds = seconds_in(graph)
        for source, target, key, edge in graph.edges(keys=True, data=True):
            place, messages = drawing.arrow((source, target, key)), edge["messages"]
            if place is not None and messages:
                rates[drawing.keys[place]] = rates.get(drawing.keys[place], 0.0) + messages / seconds
        return rates

    def take(self, drawn: tuple[int, Drawing] | CopperError) -> bool:
        """Take over what `draw` has made; whether that is another picture than before."""
        # what could not be drawn is tried again
        self._is_stale = isinstance(drawn, CopperError)
        if isinstance(drawn, CopperError):
            was, self.problem = self.problem, drawn
            return str(was) != str(drawn)
        seq, drawing = drawn
        if self._found is not None:
            self._rates, self._found, self._at = self._found, None, time.monotonic()
        is_first, had_problem, self.problem = self.sheet is None, self.problem is not None, None
        if self.sheet is not None and self.sheet.drawing.svg == drawing.svg:
            self._seq = max(self._seq, seq)
            self._is_stale = self._stale_at > seq
            return had_problem
        self._seq = seq
        now = time.monotonic()
        known = self.sheet.drawing.numbers if self.sheet else {}
        self._born = {node: at for node, at in self._born.items() if now - at < NEW and node in drawing.numbers}
        if not is_first:
            self._born.update({node: now for node in drawing.numbers if node not in known})
        self._states = dict(drawing.connected)
        self._messages = sum(
            edge["messages"]
            for source, target, key, edge in drawing.drawn.edges(keys=True, data=True)
            if drawing.arrow((source, target, key)) in drawing.published
        )
        new = tuple(drawing.numbers[node] for node in self._born)
        self.sheet = Sheet(next(_gens), seq, drawing, new)
        self._widths = {place: self._width(drawing, place) for place in drawing.keys}
        self._rated = max(self._rated, seq)
        return True

    @property
    def seq(self) -> int:
        """Of the last pulse that was taken in."""
        return self._seq

    @property
    def messages(self) -> int:
        """How many were published, of what is drawn."""
        return self._messages

    @property
    def rate(self) -> float:
        """How many of them a second, of late."""
        if self.sheet is None:
            return 0.0
        drawing = self.sheet.drawing
        return sum(rate for key, rate in self._rates.items() if drawing.arrows.get(key) in drawing.published)

    def widths(self) -> dict[int, float]:
        """Arrow → its width now, of all that are drawn."""
        return dict(self._widths)

    def states(self) -> dict[int, str]:
        """Node → `gone`, of all services that are drawn and of which no client is there."""
        if self.sheet is None:
            return {}
        drawing = self.sheet.drawing
        return {
            drawing.numbers[node]: "gone"
            for node, members in drawing.members.items()
            if node in drawing.numbers and not any(self._states[member] for member in members)
        }

    # -- what pulses tell -------------------------------------------------------------------------------------

    def advance(self) -> Delta | None:
        """What has changed since the last time; None where there is no drawing yet, or a new one must be made."""
        if self.problem is not None:
            self._least = self._system.number()
        if self.sheet is None:
            return None
        pulses = self._system.pulses(self._seq)
        if pulses is None:
            self._is_stale, self._least = True, self._system.number()
            return None
        self._is_stale |= self._before is not None and self._before.number() != self._compared
        delta = self._told(self.sheet, pulses)
        self._least = self._seq
        return delta

    def since(self, gen: int, seq: int) -> Delta | None:
        """What a viewer has missed who had this drawing, up to this pulse; None where it needs a new one."""
        if self.sheet is None or self.sheet.gen != gen or not self.sheet.seq <= seq <= self._seq:
            return None
        pulses = self._system.pulses(seq)
        if pulses is None:
            return None
        delta = Delta(gen, self._seq, messages=self._messages, rate=self.rate, widths=self.widths())
        for pulse in pulses:
            if pulse.number <= self._seq:
                self._count(self.sheet.drawing, pulse.edges, delta.arrows)
        delta.states = {
            number: self._state(self.sheet.drawing, node) for node, number in self._services(self.sheet.drawing)
        }
        return delta

    def _told(self, sheet: Sheet, pulses: Iterable[Pulse]) -> Delta:
        drawing = sheet.drawing
        delta = Delta(sheet.gen, self._seq)
        rated: dict[int, int] = {}
        for pulse in pulses:
            self._seq = delta.seq = pulse.number
            if pulse.is_new:
                self._is_stale, self._stale_at = True, pulse.number
            self._count(drawing, pulse.edges, delta.arrows)
            if pulse.is_late:
                self._is_stale, self._stale_at, self._was_late = True, pulse.number, True
            elif pulse.number > self._rated:
                self._count(drawing, pulse.edges, rated)
            for name, is_here in (*((name, True) for name in pulse.here), *((name, False) for name in pulse.gone)):
                node = drawing.of.get(f"service:{name}", f"service:{name}")
                self._states[f"service:{name}"] = is_here
                if node in drawing.numbers:
                    delta.states[drawing.numbers[node]] = self._state(drawing, node)
        self._rated = max(self._rated, self._seq)
        if not drawing.idle.isdisjoint(delta.arrows):
            self._is_stale, self._stale_at = True, self._seq
        self._rate(drawing, rated)
        delta.widths = self._other_widths(drawing, delta.arrows)
        self._messages += sum(delta.arrows.get(place, 0) for place in drawing.published & delta.arrows.keys())
        delta.messages = self._messages
        delta.rate = self.rate
        return delta

    @staticmethod
    def _count(drawing: Drawing, edges: dict[EdgeKey, int], into: dict[int, int]) -> None:
        for edge, messages in edges.items():
            place = drawing.arrow(edge)
            if place is not None and messages:
                into[place] = into.get(place, 0) + messages

    def _services(self, drawing: Drawing) -> list[tuple[str, int]]:
        return [(node, drawing.numbers[node]) for node in drawing.members if node in drawing.numbers]

    def _state(self, drawing: Drawing, node: str) -> str:
        return "here" if any(self._states.get(one) for one in drawing.members.get(node, (node,))) else "gone"

    def _rate(self, drawing: Drawing, messages: dict[int, int]) -> None:
        """Let the rates sink with time, and rise with what came: a mean in which what is long ago weighs little."""
        now = time.monotonic()
        left, self._at = math.exp((self._at - now) / _MEAN), now
        rates = {key: rate * left for key, rate in self._rates.items() if rate * left > _NOTHING}
        for place, count in messages.items():
            key = drawing.keys[place]
            rates[key] = rates.get(key, 0.0) + count / _MEAN
        self._rates = rates

    def _other_widths(self, drawing: Drawing, touched: Iterable[int]) -> dict[int, float]:
        """The widths that are others than were told; of all lines once a second, else of those touched."""
        if self._at >= self._all_at + 1:
            self._all_at, touched = self._at, drawing.keys
        found = {place: self._width(drawing, place) for place in touched}
        changed = {place: width for place, width in found.items() if width != self._widths[place]}
        self._widths.update(changed)
        return changed

    def _width(self, drawing: Drawing, place: int) -> float:
        """To a tenth of a point: less can't be seen."""
        return round(line_width(self._rates.get(drawing.keys[place], 0.0)), 1)

"""The path on one page: line → time and text → record → events.

Each step is a module of its own: prefix.py, grammar.py, state.py. Here they are put in a row, and every line is
counted, exactly once, as what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tracer import grammar, prefix
from tracer import records as r
from tracer.connections import Moment
from tracer.events import Event, Unknown
from tracer.forms import text_of
from tracer.prefix import Prefix
from tracer.sources import Line
from tracer.state import State

FIRST_LINES = 50
"""How many lines may pass before one tells how lines begin; what comes before it is read then."""


@dataclass(slots=True)
class Counts:
    """What a log's lines were: `lines` = read_lines + unknown_lines + ambiguous_lines + cut_lines.

    Attributes:
        lines: all of them.
        events: what they say that happened, `unknown` events apart.
        read_lines: those that say one thing.
        unknown_lines: none of ours, or not to be believed where they stand.
        ambiguous_lines: read in one of several ways, none of which is sure.
        cut_lines: cut by Mosquitto; nothing is made of them.
        packet_lines: those of read_lines that only a log with log_type debug has.
        fallen_out: copies that were not kept waiting for their receiver, since too many were.
        broker_version: the last that the log said.
    """

    lines: int = 0
    events: int = 0
    read_lines: int = 0
    unknown_lines: int = 0
    ambiguous_lines: int = 0
    cut_lines: int = 0
    packet_lines: int = 0
    fallen_out: int = 0
    broker_version: str | None = None


class Pipeline:
    """One broker's log, from lines to events.

    Attributes:
        counts: how its lines counted so far.
        state: what they say of the broker.
        prefix: how they begin; None until one of them tells.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self.state = State()
        self.prefix: Prefix | None = None
        self._first: list[Line] = []
        self._stamp: bytes | None = None
        self._at: str | None = None

    def feed(self, line: Line) -> list[Event]:
        """The events that this line completes."""
        if self.prefix is not None:
            return self._count(self._read(line, self.prefix))
        self._first.append(line)
        self.prefix = prefix.find(line.data, _is_telling)
        if self.prefix is None and len(self._first) < FIRST_LINES:
            return []
        return self._count(self._read_first())

    def rest(self) -> list[Event]:
        """The events that were waiting for a next line, when none comes for now.

        Mosquitto prints the line that takes a delivery back right after the delivery's own, so a follower calls
        this when the log has not grown for a moment.
        """
        return self._count(self.state.rest())

    def skip_to(self, at: str | None) -> None:
        """Lines up to this time were read elsewhere: one without a time that follows has this one."""
        self._stamp, self._at = b"", at

    def settle(self) -> list[Event]:
        """The events that were waiting, before a line that ends what was being handed out."""
        return self._count(self.state.finish())

    def finish(self) -> list[Event]:
        """The events that were waiting, at the end of the log."""
        return self._count(self._read_first() + self.state.finish())

    def _count(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.counts.events += not isinstance(event, Unknown)
        self.counts.fallen_out = self.state.fallen_out
        self.counts.broker_version = self.state.version
        return events

    def _read_first(self) -> list[Event]:
        """The lines that had to wait until one told how lines begin."""
        first, self._first = self._first, []
        known = self.prefix or Prefix(None)
        return [event for line in first for event in self._read(line, known)]

    def _read(self, line: Line, known: Prefix) -> list[Event]:
        counts = self.counts
        position = counts.lines
        counts.lines += 1
        split = known.split(line.data)
        if split is None:
            return self._unprefixed(line)
        text, stamp = split
        if stamp != self._stamp:
            self._stamp, self._at = stamp, None if stamp is None else prefix.iso(stamp)
        moment = Moment(line.at or self._at, line.number, position)
        cut = grammar.is_cut(line.data, text, old=self.state.is_old)
        answer = self._answer(text, cut=cut)
        if answer is None:
            return self._unknown(text, line)
        if isinstance(answer, r.Readings):
            counts.ambiguous_lines += 1
            answer = self.state.choose(answer)
        elif self.state.doubts(answer):
            return self._unknown(text, line)
        elif cut:
            counts.cut_lines += 1
        else:
            counts.read_lines += 1
        counts.packet_lines += answer.packet
        return self.state.step(answer, moment)

    def _answer(self, text: bytes, *, cut: bool) -> grammar.Answer:
        echo = self.state.echo
        if echo is not None and echo.is_in(text, cut=cut):
            return r.Echo()
        return grammar.read_cut(text) if cut else grammar.read(text, self.state.sessions)

    def _unprefixed(self, line: Line) -> list[Event]:
        """A line without its time continues the one before it, if it is Mosquitto's own at all."""
        if isinstance(grammar.read(line.data, ()), r.Continuation):
            self.counts.read_lines += 1
            return self.state.pass_over()
        return self._unknown(line.data, line)

    def _unknown(self, text: bytes, line: Line) -> list[Event]:
        self.counts.unknown_lines += 1
        return [*self.state.pass_over(), Unknown(line.at or self._at, line.number, text_of(text))]


def trace(lines: Iterable[Line]) -> Iterator[Event]:
    """All events of a log."""
    pipeline = Pipeline()
    for line in lines:
        yield from pipeline.feed(line)
    yield from pipeline.finish()


def _is_telling(text: bytes) -> bool | None:
    """Whether a text can only be one of our lines; None for a note, which may begin with any word, or a tab."""
    answer = grammar.read(text, ())
    return None if isinstance(answer, r.Note | r.Indented) else answer is not None

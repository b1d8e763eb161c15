"""Bytes of a log → events, one by one, and sums of those that the fast lane counted: for graphs and stores.

Each line goes through the pipeline, or through the lane (lane.py) where that knows it beforehand. Nothing depends on
where the bytes are cut into chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracer import grammar, plans
from tracer.counting import Sums
from tracer.events import Event, Publish, Unknown
from tracer.lane import Lane
from tracer.pipeline import Pipeline
from tracer.prefix import Prefix
from tracer.records import Record
from tracer.sources.lines import LONGEST, Line, Splitter


class Reader:
    """One broker's log, which may be in several parts.

    Args:
        pipeline: reads the lines that the lane does not.
        take: is given their events, each with the line that completes it, or one shortly after that.
        sums: of all other lines.
    """

    def __init__(self, pipeline: Pipeline, take: Callable[[Event, Line], None], sums: Sums) -> None:
        self.pipeline = pipeline
        self._give = take
        self._sums = sums
        self._splitter = Splitter("")
        self._at: str | None = None
        self._rest = b""
        self._last: Line | None = None
        self._lane: Lane | None = None

    @property
    def offset(self) -> int:
        """Where in its part of the log the first line begins that was not read, in bytes."""
        return self._splitter.offset

    @property
    def number(self) -> int:
        """The lines before it."""
        return self._splitter.number

    @property
    def last(self) -> Line | None:
        """The last line that was read of this part of the log."""
        return self._last

    def read(self, chunks: Iterable[bytes], origin: str) -> None:
        """Another part of the log, to its end."""
        self.begin(origin)
        try:
            for chunk in chunks:
                self.feed(chunk)
        finally:
            self.end()

    def begin(self, origin: str, offset: int = 0, number: int = 0) -> None:
        """What follows is another part of the log, from this byte on, which this many lines are before."""
        self._splitter, self._last = Splitter(origin, offset, number), None

    def end(self) -> None:
        """There is no more of this part: what was left waiting, and the begun last line."""
        self.rest()
        for line in self._splitter.rest():
            self.take(line)
        self.fold()

    def feed(self, chunk: bytes) -> None:
        """Go on as far as lines are whole, and the lane knows whether they are as planned."""
        if not self._rest:
            self._splitter.refuse_binary(chunk)
        *lines, rest = (self._rest + chunk).split(b"\n")
        place = 0
        while place < len(lines):
            place, wants_more = self._run(lines, place)
            if wants_more:
                break
            if place < len(lines):
                self.take(self._splitter.whole(lines[place]))
                place += 1
        self._rest = b"\n".join([*lines[place:], rest])
        if len(self._rest) > LONGEST and place == len(lines):
            self._read(self._rest)
            self._rest = b""

    def rest(self) -> None:
        """No more comes for now: read what was left waiting, and hand on what was counted."""
        rest, self._rest = self._rest, b""
        self._read(rest)
        self.fold()

    def pause(self, following: bytes) -> bool:
        """Finish what is being handed out, if the line that follows ends it; else all is as before."""
        self.rest()
        known = self.pipeline.prefix
        if known is None or not self._may_run(following, known):
            return False
        self._settle()
        return True

    def fold(self) -> None:
        """Hand on what was counted so far."""
        if self._lane is not None:
            self._lane.fold()

    def _read(self, data: bytes) -> None:
        """Read lines one by one."""
        for line in self._splitter.feed(data):
            self.take(line)

    def take(self, line: Line) -> None:
        """One more line, of a source that has no more than lines."""
        self._hand_on(self.pipeline.feed(line), line)
        self._last = line

    def _hand_on(self, events: list[Event], line: Line) -> None:
        for event in events:
            if isinstance(event, Publish) and event.topic.startswith(plans.RUNS):
                self.fold()
            elif event.at != self._at and not isinstance(event, Unknown):
                self._at = event.at
                if self._sums.has_a_border(event.at):
                    self.fold()
            is_late = event.line != line.number and self._last is not None
            self._give(event, self._last if is_late and self._last is not None else line)

    def _run(self, lines: list[bytes], place: int) -> tuple[int, bool]:
        """Where the lane leads, and whether it needs more lines to go on."""
        known = self.pipeline.prefix
        if known is None or not self._may_run(lines[place], known):
            return place, False
        self._settle()
        if self._lane is None:
            self._lane = Lane(self.pipeline, known, self._sums)
        after = self._lane.run(lines, place)
        if after > place:
            self.pipeline.skip_to(self._lane.at)
            self._splitter.skip(sum(map(len, lines[place:after])) + after - place, after - place)
            end, data = self._splitter.offset, lines[after - 1]
            self._last = Line(data, self._splitter.number, end - len(data) - 1, self._splitter.origin)
        return after, self._lane.wants_more

    def _settle(self) -> None:
        """What was being handed out is over."""
        here = self._last or Line(b"", self.number, self.offset, self._splitter.origin)
        self._hand_on(self.pipeline.settle(), here)

    def _may_run(self, line: bytes, known: Prefix) -> bool:
        """Whether this line ends whatever was being handed out before it."""
        state = self.pipeline.state
        if not state.is_plain or self._splitter.has_begun or self._sums.is_exact():
            return False
        split = known.split(line)
        if split is None or not split[0].startswith(plans.NEXT) or len(line) >= grammar.CUT:
            return False
        record = grammar.read(split[0], state.sessions)
        return isinstance(record, Record) and not record.inside

"""A log in pieces, each read apart, and joined so that nothing differs from reading it as a whole.

What a piece brings hangs on all that was before: who is connected, what waits for whom, which identifiers come. So a
piece is read from a guess of that (outline.py), after some lines before it that are only read to get into step; and it
notes every now and then what state it is in (fingerprint.py). Who joins reads on from the lines before until its own
state is the same as one that was noted. From there on the piece is right, since the same state and the same lines give
the same. What stands before is what the piece could not settle: it is read again.

    lines before ─► outline ─► get into step ─► mark, stretch, mark, stretch … ─► Piece
    state before ─► read to the first mark whose state is the same ─► add the stretches behind it ─► state behind
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from tracer import snapshot
from tracer.copies import Message
from tracer.errors import CopperError
from tracer.events import Event
from tracer.fingerprint import fingerprint
from tracer.flows import Flow
from tracer.graph import Tally
from tracer.outline import Outline
from tracer.pipeline import Counts, Pipeline
from tracer.prefix import Prefix
from tracer.reader import Reader
from tracer.sources import Line, open_chunks
from tracer.sources.archive import DamagedError
from tracer.stretch import Stretch

STEP = 1_000_000
"""Bytes before a piece that are read to get into step."""
FIRST = 1_000_000
"""Bytes between the first two marks of a piece. The next ones are 4, 16 … times as far apart: as a rule it is the first
one that fits, and each of them costs."""
BEGINS = b"Received P"
"""How a line begins before which a mark can stand: as a rule, nothing is being handed out there."""


class Place(NamedTuple):
    """Where a line begins: in which part of the log, and at which byte of it."""

    part: int
    offset: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a piece before `line`, and what the state is there.

    `wills`: so many that may have been published before are known, the last ones.
    """

    place: Place
    line: bytes
    state: bytes
    wills: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What was read of a part of the log.

    Attributes:
        end: where it ends.
        number: the lines of that part of the log before its end.
        marks: places with known states, in order. Behind the first, nothing hung on what is not known.
        stretches: what stands behind each mark, up to the next one or the end.
        state: of the pipeline at the end.
    """

    end: Place
    number: int
    marks: tuple[Mark, ...]
    stretches: tuple[Stretch, ...]
    state: bytes


def read_piece(logs: tuple[str, ...], begin: Place, end: Place) -> Piece:
    """Read a piece apart from what is before it, of which no more than an outline is made.

    Args:
        logs: the parts of the log, all of them files.
        begin: where a line begins.
        end: where another one begins, or a part.

    Raises:
        CopperError: a part can't be read as far as that, or is no log.
    """
    taking = _Taking()
    position = _in_step(logs, begin, taking)
    reader = position.reader
    marks: list[Mark] = []
    stretches: list[Stretch] = []
    sessions, unsettled, due = reader.pipeline.state.sessions, 0, 0
    before = _counted(reader.pipeline)
    for part, chunk in _chunks(logs, begin, end):
        fed = 0
        for at in _places(chunk, reader.pipeline.prefix) if due <= 0 else ():
            position.feed(part, chunk[fed:at])
            fed = at
            line = chunk[at : chunk.index(b"\n", at)]
            if not reader.pause(line):
                continue
            if stretches:
                _close(stretches[-1], before, reader.pipeline)
            if sessions.unsettled > unsettled:
                unsettled = sessions.unsettled
                marks.clear()
                stretches.clear()
            before = _counted(reader.pipeline)
            wills = len(reader.pipeline.state.attribution.wills.perhaps)
            marks.append(Mark(Place(part, reader.offset), line, fingerprint(reader.pipeline, wills), wills))
            taking.stretch = Stretch()
            stretches.append(taking.stretch)
            due = FIRST * 4 ** (len(marks) - 1)
            break
        position.feed(part, chunk[fed:])
        due -= len(chunk)
    position.arrive(end)
    if stretches:
        _close(stretches[-1], before, reader.pipeline)
    if sessions.unsettled > unsettled:
        marks.clear()
        stretches.clear()
    return Piece(end, reader.number, tuple(marks), tuple(stretches), snapshot.save(reader.pipeline))


class Joining:
    """A log that is read piece by piece, in their order.

    Attributes:
        damages: of archives that are not whole; what stands before was read.
        adopted: lines that did not have to be read again.
    """

    def __init__(self, logs: tuple[str, ...], tally: Tally) -> None:
        self.damages: list[CopperError] = []
        self.adopted = 0
        self._tally = tally
        self._logs = logs
        self._place = Place(0, 0)
        self._position = _Position(logs, self._new(Pipeline()))

    @property
    def pipeline(self) -> Pipeline:
        """What has read, or would have read, all up to here."""
        return self._position.reader.pipeline

    def read(self, end: Place) -> None:
        """Go on to a place.

        Raises:
            CopperError: a part of the log can't be read, or is none.
        """
        while self._place < end:
            part = self._place.part
            until = Place(part + 1, 0) if part < end.part else end
            try:
                for _, chunk in _chunks(self._logs, self._place, until):
                    self._position.feed(part, chunk)
            except DamagedError as error:
                self.damages.append(error)
            self._position.arrive(until)
            self._place = until

    def join(self, piece: Piece) -> None:
        """Go on to the end of a piece: what it has settled is not read again.

        Raises:
            CopperError: as read().
        """
        for place, mark in enumerate(piece.marks):
            if mark.place < self._place:
                continue
            self.read(mark.place)
            if self._position.reader.pause(mark.line) and self._is_in(mark):
                self._adopt(piece, place)
                return
        self.read(piece.end)

    def finish(self) -> Pipeline:
        """The log is over."""
        for event in self.pipeline.finish():
            self._tally.add(event)
        return self.pipeline

    def _is_in(self, mark: Mark) -> bool:
        """Whether the state is the one that was noted there."""
        known = len(self.pipeline.state.attribution.wills.perhaps)
        return known >= mark.wills and fingerprint(self.pipeline, mark.wills) == mark.state

    def _adopt(self, piece: Piece, place: int) -> None:
        """From this mark on the piece is right."""
        before, after = self.pipeline, snapshot.load(piece.state)
        after.counts = before.counts
        for stretch in piece.stretches[place:]:
            stretch.add_to(self._tally, after.counts)
            self.adopted += stretch.counts.lines
        earlier, attribution = before.state.attribution, after.state.attribution
        attribution.routing.fallen_out = after.counts.fallen_out
        attribution.wills.recall(earlier.wills, piece.marks[place].wills, attribution.stored)
        after.state.sessions.recall(before.state.sessions)
        self._position = _Position(self._logs, self._new(after))
        self._position.begin(piece.end, piece.number)
        self._place = piece.end

    def _new(self, pipeline: Pipeline) -> Reader:
        return Reader(pipeline, lambda event, _: self._tally.add(event), self._tally)


class _Position:
    """A reader, and where in the log it is."""

    def __init__(self, logs: tuple[str, ...], reader: Reader) -> None:
        self.reader = reader
        self._logs = logs
        self._part: int | None = None

    def begin(self, place: Place, number: int) -> None:
        """What follows stands here, with so many lines before it in this part; at its very beginning there are none."""
        self._part = place.part if place.offset else None
        if place.offset:
            self.reader.begin(self._logs[place.part], place.offset, number)

    def feed(self, part: int, chunk: bytes) -> None:
        """Read on."""
        if part != self._part:
            self.arrive(Place(part, 0))
            self.reader.begin(self._logs[part])
            self._part = part
        self.reader.feed(chunk)

    def arrive(self, place: Place) -> None:
        """All before this place was fed."""
        if self._part is not None and place.part > self._part:
            self.reader.end()
            self._part = None
        else:
            self.reader.rest()


class _Taking:
    """Hands on what a reader counts to the stretch that is being read (`counting.Sums`)."""

    def __init__(self) -> None:
        self.stretch = Stretch()

    def add(self, event: Event, _: Line) -> None:
        self.stretch.add(event)

    def carry(self, flow: Flow) -> None:
        self.stretch.carry(flow)

    def introduce(self, flow: Flow) -> None:
        self.stretch.introduce(flow)

    def keep(self, message: Message) -> None:
        self.stretch.keep(message)

    def has_a_border(self, at: str | None) -> bool:
        return self.stretch.has_a_border(at)

    def is_exact(self) -> bool:
        return self.stretch.is_exact()


def _in_step(logs: tuple[str, ...], begin: Place, taking: _Taking) -> _Position:
    """A reader that stands where a piece begins, from a guess and the last STEP bytes before."""
    outline, kept = Outline(), 0
    last: deque[tuple[int, bytes]] = deque()
    for part, chunk in _chunks(logs, Place(0, 0), begin):
        last.append((part, chunk))
        kept += len(chunk)
        while kept > STEP or (last and outline.pipeline.prefix is None):
            kept -= len(last[0][1])
            outline.feed(*last.popleft())
    if last and last[0][0] == outline.part:
        part, chunk = last.popleft()
        at = next(_places(chunk, outline.pipeline.prefix), 0)
        outline.feed(part, chunk[:at])
        last.appendleft((part, chunk[at:]))
    position = _Position(logs, Reader(outline.close(), taking.add, taking))
    position.begin(Place(outline.part, outline.offset), outline.number)
    position.feed(outline.part, outline.rest)
    for part, chunk in last:
        position.feed(part, chunk)
    position.arrive(begin)
    return position


def _chunks(logs: tuple[str, ...], begin: Place, end: Place) -> Iterator[tuple[int, bytes]]:
    """The bytes between two places, with the part of the log where they stand."""
    for part in range(begin.part, end.part + (end.offset > 0)):
        offset = begin.offset if part == begin.part else 0
        for chunk in open_chunks(logs[part], offset) or ():
            if part == end.part and offset + len(chunk) >= end.offset:
                yield part, chunk[: end.offset - offset]
                return
            offset += len(chunk)
            yield part, chunk
        if part == end.part:
            raise CopperError("became shorter while it was read", where=logs[part], next_step="read it again")


def _places(chunk: bytes, known: Prefix | None) -> Iterator[int]:
    """Where in a chunk lines begin before which a mark can stand."""
    may = False
    begin = chunk.find(b"\n") + 1
    while known is not None and begin and (end := chunk.find(b"\n", begin)) >= 0:
        split = known.split(chunk[begin:end])
        text = split[0] if split is not None else b"\t"
        if may and text.startswith(BEGINS):
            yield begin
        may = not text.startswith(b"\t")
        begin = end + 1


def _counted(pipeline: Pipeline) -> Counts:
    """How the lines counted so far."""
    return replace(pipeline.counts, fallen_out=pipeline.state.fallen_out)


def _close(stretch: Stretch, before: Counts, pipeline: Pipeline) -> None:
    """The lines of a stretch are read."""
    stretch.close(before, _counted(pipeline))

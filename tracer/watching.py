"""A log → batches of what it tells, several a second, for as long as it grows: for whoever shows it as it happens.

Comes in: a log's name. Goes out: `Batch`es, in order, that say all that the log says and nothing twice; equal messages
come as flows (lane.py), so a batch is as large as what differs in it, not as what was sent. It sums nothing up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tracer.copies import Message
from tracer.events import Event
from tracer.flows import Flow
from tracer.pipeline import Counts, Pipeline
from tracer.reader import Reader
from tracer.sources import Line, follow_log, is_path, open_chunks
from tracer.sources.archive import DamagedError
from tracer.sources.file import follow_chunks

EVERY = 0.05
"""Seconds between two batches, at least."""
MOST = 20_000
"""Lines after which a batch is handed on whatever the clock says: it bounds how long the next step takes."""


@dataclass(frozen=True, slots=True)
class Introduced:
    """The first of messages whose flow comes later: who publishes, and who gets copies."""

    flow: Flow


@dataclass(frozen=True, slots=True)
class Kept:
    """The client's message of `size` bytes is the stored one of the topic now; an empty one deletes what was."""

    client: str
    topic: str
    size: int


Item = Event | Flow | Introduced | Kept


@dataclass(slots=True)
class Batch:
    """What a log told since the batch before.

    Attributes:
        items: in the order of the log, but for flows, which come at the end of what they sum up.
        counts: how all lines counted so far.
        behind: bytes of the log that are there and were not read yet; 0 where the source does not tell.
        words: what a person should know, such as that a rotation has lost something.
    """

    items: list[Item] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    behind: int = 0
    words: list[str] = field(default_factory=list)


def watch(log: str, take: Callable[[Batch], None], stop: threading.Event, *, parts: Sequence[str] = ()) -> None:
    """Follow a log, from its start, until `stop` is set; standard input until it ends.

    Args:
        log: a file's path, `-`, or `docker:CONTAINER`.
        take: is given each batch; the log is not read on before it returns.
        stop: set it to end.
        parts: files that hold what was written before the log began, the oldest first.

    Raises:
        CopperError: the log can't be read.
    """
    watching = _Watching(take)
    for part in parts:
        watching.read(part)
    if is_path(log):
        watching.path = Path(log)
        for chunk in follow_chunks(watching.path, stop, watching.at_rest, opened=watching.opened, lost=watching.tell):
            watching.reader.feed(chunk)
            watching.read_bytes += len(chunk)
            watching.hand_on_if_due()
        watching.reader.end()
    else:
        for line in follow_log(log, stop, watching.at_rest, watching.tell):
            watching.reader.take(line)
            watching.hand_on_if_due()
    for event in watching.reader.pipeline.finish():
        watching.take(event, None)
    watching.hand_on()


class _Watching:
    """One log that is read, and the batch that fills meanwhile. It is what the reader hands its sums to."""

    def __init__(self, give: Callable[[Batch], None]) -> None:
        self._give = give
        self.batch = Batch()
        self.reader = Reader(Pipeline(), self.take, self)
        self.path: Path | None = None
        self.read_bytes = 0
        self._tens = ""
        self._lines = 0
        self._due = 0.0

    # -- what the reader calls --------------------------------------------------------------------------------

    def take(self, event: Event, _: Line | None) -> None:
        """One event more."""
        self.batch.items.append(event)
        if event.at is not None:
            self._tens = event.at[:18]

    def carry(self, flow: Flow) -> None:
        """So many messages more."""
        self.batch.items.append(flow)

    def introduce(self, flow: Flow) -> None:
        """The first of messages that are carried later."""
        self.batch.items.append(Introduced(flow))

    def keep(self, message: Message) -> None:
        """The message is the stored one of its topic now."""
        self.batch.items.append(Kept(message.sender, message.topic, message.size))

    def has_a_border(self, at: str | None) -> bool:
        """Flows don't reach over ten seconds of the log, so that its last minute can be told from those before."""
        return at is not None and at[:18] != self._tens

    def is_exact(self) -> bool:
        """Sums are enough."""
        return False

    # -- what follows the log calls ---------------------------------------------------------------------------

    def read(self, part: str) -> None:
        """A file that does not grow any more, to its end."""
        self.reader.begin(part)
        try:
            for chunk in open_chunks(part) or ():
                self.reader.feed(chunk)
                self.hand_on_if_due()
        except DamagedError as error:
            self.tell(str(error))
        self.reader.end()

    def opened(self, _file: object, offset: int, number: int) -> None:
        """The bytes that follow are of another file."""
        self.reader.end()
        self.reader.begin(str(self.path), offset, number)
        self.read_bytes = offset

    def tell(self, words: str) -> None:
        """Something that a person should know."""
        self.batch.words.append(words)

    def at_rest(self) -> None:
        """Nothing came for a moment."""
        self.reader.rest()
        for event in self.reader.pipeline.rest():
            self.take(event, None)
        self.hand_on_if_due()

    def hand_on_if_due(self) -> None:
        """Hand the batch on, if it is time or it is large."""
        if time.monotonic() >= self._due or self.reader.pipeline.counts.lines - self._lines >= MOST:
            self.hand_on()

    def hand_on(self) -> None:
        """Hand the batch on, if there is anything in it."""
        self.reader.fold()
        counts = self.reader.pipeline.counts
        if not self.batch.items and counts.lines == self._lines and not self.batch.words:
            return
        batch, self.batch = self.batch, Batch()
        batch.counts, batch.behind = replace(counts), self._behind()
        self._lines = counts.lines
        self._give(batch)
        self._due = time.monotonic() + EVERY

    def _behind(self) -> int:
        if self.path is None:
            return 0
        try:
            return max(0, self.path.stat().st_size - self.read_bytes)
        except OSError:
            return 0

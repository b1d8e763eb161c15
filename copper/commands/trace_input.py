"""What every verb of `copper-trace` reads: the argument LOG, its events, and the judgement that a log is no use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copper.commands.trace_output import number, words
from tracer.errors import CopperError

if TYPE_CHECKING:
    from copper.commands.trace_options import Chosen
    from tracer.events import Event
    from tracer.graph import Tally
    from tracer.pipeline import Counts
    from tracer.sources import Line

    Events = Iterable[Event]

LOG_TYPES = "log_type error, warning, notice, information and debug"
WHAT_TO_WRITE = (
    f"write {LOG_TYPES}, each on a line of its own, into mosquitto.conf (only debug brings packet lines),"
    " restart Mosquitto, and let it run for a while"
)
NO_TIMES = "write log_timestamp true into mosquitto.conf, or leave --since, --until and --last out"


@dataclass(frozen=True)
class Read:
    """How the lines counted, and which archives were not whole."""

    counts: Counts
    damages: list[CopperError]


def read(chosen: Chosen, take: Callable[[Events], None], *, follow: bool = False) -> Read:
    """Read logs as the parts of one.

    Args:
        chosen: which.
        take: called with the events of each line, in order.
        follow: go on as the last of them grows, until Ctrl-C.

    Raises:
        CopperError: one is not there, or is no log, or has no times where times are asked for.
    """
    from tracer.pipeline import Pipeline  # noqa: PLC0415  `--help` must be quick

    pipeline, clock = Pipeline(), _Clock(chosen)
    damages: list[CopperError] = []

    def give(found: list[Event]) -> None:
        for event in found:
            clock.see(event)
        take(found)

    for line in _lines(chosen.logs, damages, (lambda: give(pipeline.rest())) if follow else None):
        give(pipeline.feed(line))
    give(pipeline.finish())
    clock.refuse_none(pipeline.counts)
    return Read(pipeline.counts, damages)


def sum_up(chosen: Chosen, tally: Tally) -> Read:
    """Read logs as the parts of one, for their sums alone: that is many times faster.

    Args:
        chosen: which.
        tally: where the sums go.

    Raises:
        CopperError: as read().
    """
    from tracer import cores  # noqa: PLC0415  `--help` must be quick
    from tracer.pipeline import Pipeline  # noqa: PLC0415
    from tracer.reader import Reader  # noqa: PLC0415
    from tracer.sources import is_file, open_chunks, open_log  # noqa: PLC0415
    from tracer.sources.archive import DamagedError  # noqa: PLC0415

    if chosen.window is None and all(is_file(log) for log in chosen.logs):
        done = cores.read(chosen.logs, tally, cores.cores())
        return Read(done.counts, done.damages)
    clock = _Clock(chosen)
    damages: list[CopperError] = []

    def take(event: Event, _: Line) -> None:
        clock.see(event)
        tally.add(event)

    reader = Reader(Pipeline(), take, tally)
    for log in chosen.logs:
        try:
            chunks = open_chunks(log)
            if chunks is not None:
                reader.read(chunks, log)
                continue
            for line in open_log(log):
                reader.take(line)
        except DamagedError as error:
            damages.append(error)
    for event in reader.pipeline.finish():
        clock.see(event)
        tally.add(event)
    clock.refuse_none(reader.pipeline.counts)
    return Read(reader.pipeline.counts, damages)


class _Clock:
    """Whether a log has times, where times are asked for."""

    def __init__(self, chosen: Chosen) -> None:
        from tracer.windows import Between  # noqa: PLC0415  `--help` must be quick

        self._names = chosen.names
        self._is_fine = not isinstance(chosen.window, Between)

    def see(self, event: Event) -> None:
        """One that may have a time."""
        self._is_fine = self._is_fine or event.at is not None

    def refuse_none(self, counts: Counts) -> None:
        """At the end."""
        if not self._is_fine and counts.events:
            raise CopperError("its lines have no times that could be looked for", where=self._names, next_step=NO_TIMES)


def _lines(logs: tuple[str, ...], damages: list[CopperError], at_rest: Callable[[], None] | None) -> Iterator[Line]:
    """The lines of all logs; with `at_rest` the last one is followed."""
    from tracer.sources import follow_log, open_log  # noqa: PLC0415
    from tracer.sources.archive import DamagedError  # noqa: PLC0415

    for log in logs:
        try:
            if at_rest is not None and log == logs[-1]:
                yield from follow_log(log, threading.Event(), at_rest, words)
            else:
                yield from open_log(log)
        except DamagedError as error:
            damages.append(error)


def refuse_useless(done: Read, chosen: Chosen) -> None:
    """A log without packet lines is empty, another program's, or tells too little: it is never fine.

    Raises:
        CopperError: which of them, and what to write into mosquitto.conf.
    """
    counts = done.counts
    if counts.packet_lines and counts.events:
        return
    refuse_damaged(done)
    if not counts.lines:
        what = "the log is empty"
    elif not counts.events:
        what = f"none of its {number(counts.lines, 'line')} tells what happened on a Mosquitto broker"
    else:
        what = f"it has no packet lines among its {number(counts.lines, 'line')}, only who came and went"
    raise CopperError(what, where=chosen.names, next_step=WHAT_TO_WRITE)


def refuse_damaged(done: Read) -> None:
    """Once all that could be read is written: what could not.

    Raises:
        CopperError: an archive is cut or damaged.
    """
    for one in done.damages[:-1]:
        words(str(one))
    for last in done.damages[-1:]:
        raise last

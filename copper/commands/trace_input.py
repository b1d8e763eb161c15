"""What every verb of `copper-trace` reads: the argument LOG, its events, and the judgement that a log is no use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copper.commands.trace_output import number
from tracer.errors import CopperError

if TYPE_CHECKING:
    from tracer.events import Event
    from tracer.pipeline import Counts
    from tracer.sources import Line

    Events = Iterable[Event]

LOGS = click.argument("logs", metavar="LOG...", nargs=-1, required=True)

LOG_TYPES = "log_type error, warning, notice, information and debug"
WHAT_TO_WRITE = (
    f"write {LOG_TYPES}, each on a line of its own, into mosquitto.conf (only debug brings packet lines),"
    " restart Mosquitto, and let it run for a while"
)


def read(logs: tuple[str, ...], take: Callable[[Events], None], *, follow: bool = False) -> Counts:
    """Read logs as the parts of one.

    Args:
        logs: as the user named them.
        take: called with the events of each line, in order.
        follow: go on as the last of them grows, until Ctrl-C.

    Raises:
        CopperError: one is not there, or is no log.
    """
    from tracer.pipeline import Pipeline  # noqa: PLC0415  `--help` must be quick

    pipeline = Pipeline()
    for line in _lines(logs, (lambda: take(pipeline.rest())) if follow else None):
        take(pipeline.feed(line))
    take(pipeline.finish())
    return pipeline.counts


def _lines(logs: tuple[str, ...], at_rest: Callable[[], None] | None) -> Iterator[Line]:
    """The lines of all logs; with `at_rest` the last one is followed."""
    from tracer.sources import open_log  # noqa: PLC0415
    from tracer.sources.file import follow  # noqa: PLC0415

    *done, last = logs
    for log in done:
        yield from open_log(log)
    if at_rest is None or last == "-":
        yield from open_log(last)
    else:
        yield from follow(Path(last), threading.Event(), at_rest)


def refuse_useless(counts: Counts, logs: tuple[str, ...]) -> None:
    """A log without packet lines is empty, another program's, or tells too little: it is never fine.

    Raises:
        CopperError: which of them, and what to write into mosquitto.conf.
    """
    if counts.packet_lines and counts.events:
        return
    if not counts.lines:
        what = "the log is empty"
    elif not counts.events:
        what = f"none of its {number(counts.lines, 'line')} tells what happened on a Mosquitto broker"
    else:
        what = f"it has no packet lines among its {number(counts.lines, 'line')}, only who came and went"
    raise CopperError(what, where=", ".join(logs), next_step=WHAT_TO_WRITE)

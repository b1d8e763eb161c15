"""`copper-trace events`: a log in, one JSON object a line out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copper.commands import trace_input, trace_output
from copper.commands.recording import stored_events
from copper.commands.trace_options import Chosen, choice, option
from tracer.errors import CopperError

if TYPE_CHECKING:
    from tracer.events import Event
    from tracer.windows import Place


@click.command()
@choice
@option("--unknown", is_flag=True, help="Also the lines that are none of Mosquitto's, as events.")
@option("-f", "--follow", is_flag=True, help="Go on as LOG, or the last of several, grows, until Ctrl-C.")
@option(
    "--store", metavar="DIR", type=click.Path(path_type=Path), help="Where run:ID is looked for, as record left it."
)
def events(chosen: Chosen, *, unknown: bool, follow: bool, store: Path | None) -> None:
    """Print what happened, one JSON object a line.

    Several LOGs are the parts of one; `line` counts in the LOG that it stands in. LOG may also be the folder that
    `record` writes to: its events are read back from the log.
    """
    from tracer.events import Unknown, as_dict  # noqa: PLC0415  `--help` must be quick

    if chosen.stored and follow:
        raise CopperError("a store is not followed", where=chosen.names, next_step="follow the log itself")
    trace_output.refuse_own_input(None, chosen.logs)
    wanted, printed = _Wanted(chosen), 0
    with trace_output.stdout() as stream:

        def show(found: trace_input.Events) -> None:
            nonlocal printed
            for event in found:
                if wanted.has(event) and (unknown or not isinstance(event, Unknown)):
                    printed += 1
                    stream.write(json.dumps(as_dict(event)) + "\n")
                    if follow:
                        stream.flush()

        if chosen.stored:
            show(stored_events(chosen.names, store, chosen.window))
            done = None
        else:
            done = trace_input.read(chosen, show, follow=follow)
    if done is not None and not follow:
        trace_input.refuse_useless(done, chosen)
    if not printed and not follow:
        trace_output.words(trace_output.NOTHING_LEFT)
    trace_output.words(trace_output.counted(done.counts) if done else trace_output.number(printed, "event"))
    if done:
        trace_input.refuse_damaged(done)


class _Wanted:
    """Which events are in the part of the log that was asked for; each must be shown to it, in order."""

    def __init__(self, chosen: Chosen) -> None:
        # the window of a store was looked through already
        self._window = None if chosen.stored else chosen.window
        self._topics = chosen.topics
        self._place: Place = "before"

    def has(self, event: Event) -> bool:
        if self._window is not None:
            self._place = self._window.place(event, self._place)
            if self._place not in {"inside", "closing"}:
                return False
        return self._topics.keeps(event)

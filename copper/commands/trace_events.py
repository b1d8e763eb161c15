"""`copper-trace events`: a log in, one JSON object a line out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from copper.commands import trace_input, trace_output
from copper.commands.trace_options import Chosen, choice, option
from tracer.errors import CopperError

if TYPE_CHECKING:
    from tracer.events import Event
    from tracer.windows import Place


@click.command()
@choice
@option("--unknown", is_flag=True, help="Also the lines that are none of Mosquitto's, as events.")
@option("-f", "--follow", is_flag=True, help="Go on as LOG, or the last of several, grows, until Ctrl-C.")
def events(chosen: Chosen, *, unknown: bool, follow: bool) -> None:
    """Print what happened, one JSON object a line.

    Several LOGs are the parts of one; `line` counts in the LOG that it stands in.
    """
    from tracer.events import Unknown, as_dict  # noqa: PLC0415  `--help` must be quick

    if chosen.stored:
        raise CopperError(
            "a store holds sums, not single events",
            where=chosen.names,
            next_step="give the log itself, or its rotated parts",
        )
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

        done = trace_input.read(chosen, show, follow=follow)
    if not follow:
        trace_input.refuse_useless(done, chosen)
        if not printed:
            trace_output.words(trace_output.NOTHING_LEFT)
    trace_output.words(trace_output.counted(done.counts))
    trace_input.refuse_damaged(done)


class _Wanted:
    """Which events are in the part of the log that was asked for; each must be shown to it, in order."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._place: Place = "before"

    def has(self, event: Event) -> bool:
        window = self._chosen.window
        if window is not None:
            self._place = window.place(event, self._place)
            if self._place not in {"inside", "closing"}:
                return False
        return self._chosen.topics.keeps(event)

"""`copper-trace graph`: a log in, a picture or the graph's data out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from copper.commands import trace_input, trace_output
from copper.commands.trace_options import Chosen, choice, option

if TYPE_CHECKING:
    from tracer.graph import By


@click.command()
@choice
@option("-o", "--out", metavar="FILE", help="Its suffix picks the format; - is stdout.")
@option("--format", "kind", metavar="FORMAT", help="json, svg, drawio or dot.")
@option(
    "--by",
    type=click.Choice(["service", "client"]),
    default="service",
    help="One box a service (the default), or one a client id.",
)
@option(
    "--layout",
    type=click.Choice(["auto", "flow", "columns"]),
    default="auto",
    help="flow: left to right along the messages. columns: publishers, topics, subscribers. auto: what fits.",
)
@option("--title", default="", help="Of the picture; by default the name of the log.")
def graph(chosen: Chosen, *, out: str | None, kind: str | None, by: By, layout: str, title: str) -> None:
    """Draw who publishes, who subscribes, and whose messages reached whom.

    Without --out and --format it is JSON on stdout. Several LOGs are the parts of one.
    """
    from copper.output import write_aside  # noqa: PLC0415  `--help` must be quick
    from tracer.graph import Tally  # noqa: PLC0415
    from tracer.windows import only  # noqa: PLC0415
    from viz import picture  # noqa: PLC0415

    file = None if out in {None, "-"} else out
    spelled = kind or (picture.format_for(file) if file else "json")
    trace_output.refuse_own_input(file, chosen.logs)
    tally = Tally(chosen.window)

    def take(found: trace_input.Events) -> None:
        for event in found:
            tally.add(event)

    done = trace_input.read(chosen, take)
    trace_input.refuse_useless(done, chosen)
    traced = tally.graph(done.counts, by=by, source=chosen.names)
    if chosen.topics:
        traced = only(traced, chosen.topics)
    if not traced and (chosen.topics or chosen.window):
        trace_output.words(trace_output.NOTHING_LEFT)
    drawn = picture.compose(traced, spelled, title=title, layout=layout)
    if file:
        write_aside(Path(file), drawn.data)
    else:
        with trace_output.stdout() as stream:
            stream.buffer.write(drawn.data)
    for note in drawn.notes:
        trace_output.words(note)
    trace_output.words(trace_output.counted(done.counts) + (f", wrote {file}" if file else ""))
    trace_input.refuse_damaged(done)

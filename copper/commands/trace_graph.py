"""`copper-trace graph`: a log in, a picture or the graph's data out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from copper.commands import trace_input, trace_output

if TYPE_CHECKING:
    from tracer.graph import By


@click.command()
@trace_input.LOGS
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    envvar="COPPER_TRACE_OUT",
    show_envvar=True,
    help="Its suffix picks the format; - is stdout.",
)
@click.option(
    "--format",
    "kind",
    metavar="FORMAT",
    envvar="COPPER_TRACE_FORMAT",
    show_envvar=True,
    help="json, svg, drawio or dot.",
)
@click.option(
    "--by",
    type=click.Choice(["service", "client"]),
    default="service",
    envvar="COPPER_TRACE_BY",
    show_envvar=True,
    help="One box a service (the default), or one a client id.",
)
@click.option(
    "--layout",
    type=click.Choice(["auto", "flow", "columns"]),
    default="auto",
    envvar="COPPER_TRACE_LAYOUT",
    show_envvar=True,
    help="flow: left to right along the messages. columns: publishers, topics, subscribers. auto: what fits.",
)
@click.option(
    "--title",
    default="",
    envvar="COPPER_TRACE_TITLE",
    show_envvar=True,
    help="Of the picture; by default the name of the log.",
)
def graph(logs: tuple[str, ...], *, out: str | None, kind: str | None, by: By, layout: str, title: str) -> None:
    """Draw who publishes, who subscribes, and whose messages reached whom.

    Without --out and --format it is JSON on stdout. Several LOGs are the parts of one, in their order.
    """
    from copper.output import write_aside  # noqa: PLC0415  `--help` must be quick
    from tracer.graph import Tally  # noqa: PLC0415
    from viz import picture  # noqa: PLC0415

    file = None if out in {None, "-"} else out
    chosen = kind or (picture.format_for(file) if file else "json")
    trace_output.refuse_own_input(file, logs)
    tally = Tally()

    def take(found: trace_input.Events) -> None:
        for event in found:
            tally.add(event)

    counts = trace_input.read(logs, take)
    trace_input.refuse_useless(counts, logs)
    drawn = picture.compose(tally.graph(counts, by=by, source=", ".join(logs)), chosen, title=title, layout=layout)
    if file:
        write_aside(Path(file), drawn.data)
    else:
        with trace_output.stdout() as stream:
            stream.buffer.write(drawn.data)
    for note in drawn.notes:
        trace_output.words(note)
    trace_output.words(trace_output.counted(counts) + (f", wrote {file}" if file else ""))

"""`copper-trace graph`: a log in, a picture or the graph's data out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from copper.commands import trace_input, trace_output
from copper.commands.recording import stored_graph
from copper.commands.trace_options import Chosen, choice, option

if TYPE_CHECKING:
    import networkx as nx

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
@option(
    "--store", metavar="DIR", type=click.Path(path_type=Path), help="Where run:ID is looked for, as record left it."
)
@option("--title", default="", help="Of the picture; by default the name of the log.")
def graph(  # one parameter an option
    chosen: Chosen, *, out: str | None, kind: str | None, by: By, layout: str, title: str, store: Path | None
) -> None:
    """Draw who publishes, who subscribes, and whose messages reached whom.

    Without --out and --format it is JSON on stdout. Several LOGs are the parts of one. LOG may also be the folder that
    `record` writes to, or a run: run:ID, run:last.
    """
    from copper.output import write_aside  # noqa: PLC0415  `--help` must be quick
    from tracer.windows import only  # noqa: PLC0415
    from viz import picture  # noqa: PLC0415

    file = None if out in {None, "-"} else out
    spelled = kind or (picture.format_for(file) if file else "json")
    trace_output.refuse_own_input(file, chosen.logs)
    traced, done = (
        (stored_graph(chosen.names, store, chosen.window, by=by), None) if chosen.stored else _read(chosen, by)
    )
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
    told = [trace_output.counted(done.counts)] if done else []
    trace_output.words(", ".join([*told, *([f"wrote {file}"] if file else [])]))
    if done:
        trace_input.refuse_damaged(done)


def _read(chosen: Chosen, by: By) -> tuple[nx.MultiDiGraph[str], trace_input.Read]:
    """The graph of logs."""
    from tracer.graph import Tally  # noqa: PLC0415  `--help` must be quick

    tally = Tally(chosen.window)
    done = trace_input.sum_up(chosen, tally)
    trace_input.refuse_useless(done, chosen)
    return tally.graph(done.counts, by=by, source=chosen.names), done

"""`copper-trace graph`: a log, or a graph that was saved, in; a picture or the graph's data out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from copper.commands import trace_input, trace_output
from copper.commands.picture_file import FormatName, there, write
from copper.commands.picture_options import Look, picture_options
from copper.commands.trace_options import Chosen, choice, option
from copper.commands.traced import traced
from tracer import garbage

if TYPE_CHECKING:
    from tracer.graph import By


@click.command()
@choice
@option("-o", "--out", metavar="FILE", help="Its suffix picks the format; - is stdout.")
@option("--format", "kind", type=FormatName(), help="Of the picture or data; by default the suffix of FILE, or json.")
@option(
    "--by",
    type=click.Choice(["service", "client"]),
    default="service",
    help="One box a service (the default), or one a client id.",
)
@picture_options
@option(
    "--store", metavar="DIR", type=click.Path(path_type=Path), help="Where run:ID is looked for, as record left it."
)
@option("--title", default="", help="Of the picture; by default the name of the log, or the run's.")
def graph(  # one parameter an option
    chosen: Chosen, *, look: Look, out: str | None, kind: str | None, by: By, title: str, store: Path | None
) -> None:
    """Draw who publishes, who subscribes, and whose messages reached whom.

    Without --out and --format it is JSON on stdout. Several LOGs are the parts of one. LOG may also be the folder that
    `record` writes to, a run (run:ID, run:last), or the JSON that this command has written.
    """
    from tracer.windows import only  # noqa: PLC0415  `--help` must be quick
    from viz import picture  # noqa: PLC0415

    file = None if out in {None, "-"} else out
    spelled = picture.format_named(kind or (picture.format_for(file) if file else "json"))
    trace_output.refuse_own_input(file, chosen.logs)
    found, done = traced(chosen, by, store)
    if chosen.topics:
        found = only(found, chosen.topics)
    if not found and (chosen.topics or chosen.window):
        trace_output.words(trace_output.NOTHING_LEFT)
    before = there(file, spelled)
    with garbage.kept():
        drawn = picture.compose(
            found,
            spelled.name,
            title=title or _called(chosen),
            layout=look.layout,
            choice=look.choice,
            before=before,
            file=file,
            links=look.links,
        )
    write(drawn, file)
    for note in drawn.notes:
        trace_output.words(note)
    told = [trace_output.counted(done.counts)] if done else []
    told += [f"wrote {file}"] if file else []
    if told:
        trace_output.words(", ".join(told))
    if done:
        trace_input.refuse_damaged(done)


def _called(chosen: Chosen) -> str:
    """What a picture without a title is called: a run by its id; nothing where the log's name will do."""
    from tracer.windows import Run  # noqa: PLC0415  `--help` must be quick

    return f"run {chosen.window.run}" if isinstance(chosen.window, Run) else ""

"""`copper-trace graph`: a log, or a graph that was saved, in; a picture or the graph's data out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from copper.commands import garbage, saved_graph, trace_input, trace_output, trace_runs
from copper.commands.picture_options import Look, picture_options
from copper.commands.recording import stored_graph
from copper.commands.trace_options import Chosen, choice, option
from tracer.errors import CopperError

if TYPE_CHECKING:
    import networkx as nx

    from tracer.graph import By
    from viz.formats import Format
    from viz.picture import Picture


class _FormatName(click.types.StringParamType):
    """A format; `--help` lists them all, and nothing that takes time is loaded before."""

    name = "format"

    def get_metavar(self, *_: Any, **__: Any) -> str:
        """What help shows; click hands over more from 8.2 on."""
        from viz.formats import FORMATS  # noqa: PLC0415  only for whom it is listed

        return f"[{'|'.join(FORMATS)}]"


@click.command()
@choice
@option("-o", "--out", metavar="FILE", help="Its suffix picks the format; - is stdout.")
@option("--format", "kind", type=_FormatName(), help="Of the picture or data; by default the suffix of FILE, or json.")
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
    traced, done = _traced(chosen, by, store)
    if chosen.topics:
        traced = only(traced, chosen.topics)
    if not traced and (chosen.topics or chosen.window):
        trace_output.words(trace_output.NOTHING_LEFT)
    before = _there(file, spelled)
    with garbage.kept():
        drawn = picture.compose(
            traced,
            spelled.name,
            title=title or _called(chosen),
            layout=look.layout,
            choice=look.choice,
            before=before,
            file=file,
            links=look.links,
        )
    _write(drawn, file)
    for note in drawn.notes:
        trace_output.words(note)
    told = [trace_output.counted(done.counts)] if done else []
    told += [f"wrote {file}"] if file else []
    if told:
        trace_output.words(", ".join(told))
    if done:
        trace_input.refuse_damaged(done)


def _traced(chosen: Chosen, by: By, store: Path | None) -> tuple[nx.MultiDiGraph[str], trace_input.Read | None]:
    """The graph of logs, of a store, or one that was saved; and how the lines of logs counted."""
    from tracer.graph import Tally  # noqa: PLC0415  `--help` must be quick
    from tracer.windows import Run  # noqa: PLC0415

    if chosen.stored:
        return stored_graph(chosen.names, store, chosen.window, by=by), None
    if any(map(saved_graph.is_one, chosen.logs)):
        with garbage.kept():
            return saved_graph.load(chosen, by), None
    tally = Tally(chosen.window)
    with garbage.kept():
        done = trace_input.sum_up(chosen, tally)
        trace_input.refuse_useless(done, chosen)
        graph = tally.graph(done.counts, by=by, source=chosen.names)
    if isinstance(chosen.window, Run):
        graph.graph["actions"] = trace_runs.actions_of(chosen.window.run)
    return graph, done


def _called(chosen: Chosen) -> str:
    """What a picture without a title is called: a run by its id; nothing where the log's name will do."""
    from tracer.windows import Run  # noqa: PLC0415  `--help` must be quick

    return f"run {chosen.window.run}" if isinstance(chosen.window, Run) else ""


def _there(file: str | None, spelled: Format) -> bytes | None:
    """What stands in the file that is to be written over, for a format that keeps what people did to it.

    Raises:
        CopperError: it can't be read.
    """
    if file is None or spelled.merge is None or not Path(file).is_file():
        return None
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CopperError(
            f"what was drawn by hand there can't be kept: {error.strerror}",
            where=file,
            next_step="make it readable, or write to another file",
        ) from error


def _write(drawn: Picture, file: str | None) -> None:
    """To its file, whole or not at all, or to stdout.

    Raises:
        CopperError: it can't be written, or stdout is a terminal and it is no text.
    """
    from copper.output import write_aside  # noqa: PLC0415  `--help` must be quick

    if file is not None:
        write_aside(Path(file), drawn.data)
        return
    if not drawn.is_text and sys.stdout is not None and sys.stdout.isatty():
        raise CopperError("a terminal can't show it", where="standard output", next_step="say --out FILE, or > FILE")
    with trace_output.stdout() as stream:
        stream.buffer.write(drawn.data)

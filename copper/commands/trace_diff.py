"""`copper-trace diff`: two logs in, what the later one has anew and has no more out.

Exit codes: 0 nothing differs, 1 something does, 2 one of them is no use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from copper.commands import trace_input, trace_output
from copper.commands.picture_file import FormatName, there, write
from copper.commands.picture_options import Look, picture_options
from copper.commands.trace_options import Chosen, Part, chosen_of, option, part_options
from copper.commands.trace_runs import RUN
from copper.commands.traced import traced
from tracer import garbage
from tracer.errors import CopperError

if TYPE_CHECKING:
    import networkx as nx

    from tracer.graph import By
    from viz import differences
    from viz.formats import Format

DIFFERENCES = 1


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@option("-o", "--out", metavar="FILE", help="Draw both as one picture; its suffix picks the format, - is stdout.")
@option("--format", "kind", type=FormatName(), help="Of the picture or data; by default the suffix of FILE.")
@option("--json", "as_json", is_flag=True, help="What differs as JSON, not as lines.")
@part_options
@option(
    "--by",
    type=click.Choice(["service", "client"]),
    default="service",
    help="Compare services (the default), or client ids.",
)
@picture_options
@option(
    "--store", metavar="DIR", type=click.Path(path_type=Path), help="Where run:ID is looked for, as record left it."
)
@option("--title", default="", help="Of the picture; by default the names of both.")
@click.pass_context
def diff(  # one parameter an option
    context: click.Context,
    before: str,
    after: str,
    *,
    part: Part,
    look: Look,
    out: str | None,
    kind: str | None,
    as_json: bool,
    by: By,
    title: str,
    store: Path | None,
) -> None:
    """Tell what has changed from A to B: which services, topics and edges are new, and which are gone.

    A and B are what `copper-trace graph` takes: a log (or a pattern for the parts of one), a run (run:ID, run:last), a
    recorder's store, a graph saved as JSON. Ids of runs in topics are no change. Lines name each by itself; --out draws
    a picture instead, in which what is alike is one.

    Exit code: 0 nothing has changed (and nothing is printed), 1 something has, 2 A or B is no use.
    """
    from tracer.views.comparing import compared  # noqa: PLC0415  `--help` must be quick
    from viz import differences, picture  # noqa: PLC0415
    from viz.layout import words  # noqa: PLC0415

    file = None if out in {None, "-"} else out
    draws = out is not None or kind is not None
    spelled = picture.format_named(kind or (picture.format_for(file) if file else "json")) if draws else None
    _refuse(before, after, is_twice=as_json and draws and file is None)
    sides = [chosen_of((name,), part, store) for name in (before, after)]
    for side in sides:
        trace_output.refuse_own_input(file, side.logs)
    read = [_graph(name, side, by, store) for name, side in zip((before, after), sides, strict=True)]
    if not any(graph for graph, _ in read):
        raise CopperError(trace_output.NOTHING_LEFT, where=f"{before} and {after}")
    with garbage.kept():
        both = compared(read[0][0], read[1][0]).graph
        found = differences.differences(both, look.choice)
    if spelled is not None:
        _draw(both, spelled, file, look, title)
    if as_json or spelled is None:
        _print(found, both.graph["compared"] if as_json else None)
    is_same = differences.is_none(found)
    if not is_same or file is not None:
        told = words.of_counts(words.pair(both.graph), differences.counts(found), title)
        trace_output.words(told + (f", wrote {file}" if file else ""))
    for _, done in read:
        if done is not None:
            trace_input.refuse_damaged(done)
    context.exit(0 if is_same else DIFFERENCES)


def _refuse(before: str, after: str, *, is_twice: bool) -> None:
    """What can't be read, or written, twice."""
    if before == after == "-":
        raise CopperError("can be read only once", where="standard input", next_step="name a file for A or B")
    if is_twice:
        raise CopperError("is for one thing only", where="standard output", next_step="say --out FILE, or no --json")


def _draw(both: nx.MultiDiGraph[str], spelled: Format, file: str | None, look: Look, title: str) -> None:
    """Both as one picture, to its file or to stdout."""
    from viz import picture  # noqa: PLC0415  `--help` must be quick

    before = there(file, spelled)
    with garbage.kept():
        drawn = picture.compose(
            both, spelled.name, title=title, layout=look.layout, choice=look.choice, before=before, links=look.links
        )
    write(drawn, file)
    for note in drawn.notes:
        trace_output.words(note)


def _graph(name: str, side: Chosen, by: By, store: Path | None) -> tuple[nx.MultiDiGraph[str], trace_input.Read | None]:
    """One of both; of an empty one nobody can say what has changed.

    Raises:
        CopperError: it is no use.
    """
    from tracer.windows import Run, only  # noqa: PLC0415  `--help` must be quick

    found, done = traced(side, by, store)
    if not found:
        raise CopperError(
            "nothing is in it" if side.window is None else "nothing of that part is in it",
            where=name,
            next_step="name a log, or a part of it, in which something happened",
        )
    if side.topics:
        found = only(found, side.topics)
    found.graph["source"] = f"{RUN}{side.window.run}" if isinstance(side.window, Run) else name
    return found, done


def _print(found: differences.Differences, names: Mapping[str, str] | None) -> None:
    """As lines, or, with the names of both, as JSON."""
    from viz import differences  # noqa: PLC0415  `--help` must be quick

    with trace_output.stdout() as stream:
        if names is not None:
            stream.write(json.dumps({**names, **found}) + "\n")
        else:
            stream.writelines(f"{line}\n" for line in differences.lines(found))

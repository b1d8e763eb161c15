"""`copper-trace`: from a Mosquitto log to a graph or its events. Arguments in, one call, text out, exit code.

Data goes to stdout, words to stderr. Exit codes: 0 fine, 2 the log or the usage is wrong (an empty log, or one
without packet lines, is never fine), 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracer.errors import CopperError

if TYPE_CHECKING:
    import networkx as nx

    from tracer.events import Event
    from tracer.graph import By
    from tracer.pipeline import Counts

EXIT_INTERRUPTED = 130

LOG_TYPES = "log_type error, warning, notice, information and debug"
WHAT_TO_WRITE = (
    f"write {LOG_TYPES}, each on a line of its own, into mosquitto.conf (only debug brings packet lines),"
    " restart Mosquitto, and let it run for a while"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "COPPER_TRACE"})
@click.version_option(package_name="copper-mqtt", message="%(version)s")
def copper_trace() -> None:
    """Show how the services of an MQTT broker hang together, from its log.

    LOG is the file that log_dest in mosquitto.conf names, or - for standard input.
    """


@copper_trace.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
@click.option("-o", "--out", metavar="FILE", show_envvar=True, help="Its suffix picks the format; - is stdout.")
@click.option(
    "--format",
    "kind",
    metavar="FORMAT",
    envvar="COPPER_TRACE_GRAPH_FORMAT",
    show_envvar=True,
    help="json, svg, drawio or dot.",
)
@click.option(
    "--by",
    type=click.Choice(["service", "client"]),
    default="service",
    show_envvar=True,
    help="One box a service (the default), or one a client id.",
)
@click.option(
    "--layout",
    type=click.Choice(["auto", "flow", "columns"]),
    default="auto",
    show_envvar=True,
    help="flow: left to right along the messages. columns: publishers, topics, subscribers. auto: what fits.",
)
@click.option("--title", default="", show_envvar=True, help="Of the picture; by default the name of the log.")
def graph(logs: tuple[str, ...], *, out: str | None, kind: str | None, by: By, layout: str, title: str) -> None:
    """Draw who publishes, who subscribes, and whose messages reached whom.

    Without --out and --format it is JSON on stdout. Several LOGs are the parts of one, in their order.
    """
    from copper.output import write_aside  # noqa: PLC0415  `--help` must be quick
    from viz import picture  # noqa: PLC0415

    file = None if out in {None, "-"} else out
    chosen = kind or (picture.format_for(file) if file else "json")
    traced, counts = _graph(logs, by)
    drawn = picture.compose(traced, chosen, title=title, layout=layout)
    if file:
        write_aside(Path(file), drawn.data)
    else:
        with _pipe():
            sys.stdout.buffer.write(drawn.data)
    for note in drawn.notes:
        click.echo(note, err=True)
    click.echo(_counted(counts) + (f", wrote {file}" if file else ""), err=True)


@copper_trace.command()
@click.argument("log", metavar="LOG")
@click.option(
    "--unknown", is_flag=True, show_envvar=True, help="Also the lines that are none of Mosquitto's, as events."
)
@click.option("-f", "--follow", is_flag=True, help="Go on as LOG grows, until Ctrl-C.")
def events(log: str, *, unknown: bool, follow: bool) -> None:
    """Print what happened, one JSON object a line."""
    from tracer.pipeline import Pipeline  # noqa: PLC0415  `--help` must be quick
    from tracer.sources import open_log  # noqa: PLC0415
    from tracer.sources.file import follow as follow_file  # noqa: PLC0415

    pipeline = Pipeline()

    def show(found: Iterable[Event]) -> None:
        _print(found, unknown=unknown, flush=follow)

    if follow and log != "-":
        lines = follow_file(Path(log), threading.Event(), lambda: show(pipeline.rest()))
    else:
        lines = open_log(log)
    with _pipe():
        for line in lines:
            show(pipeline.feed(line))
        show(pipeline.finish())
    if not pipeline.counts.events:
        raise _useless(pipeline.counts, (log,))
    click.echo(_counted(pipeline.counts), err=True)


@contextmanager
def _pipe() -> Iterator[None]:
    """Write to stdout; whoever reads it may stop at any time (`| head`), which is no error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # what is left in the buffer would raise again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _graph(logs: tuple[str, ...], by: By) -> tuple[nx.MultiDiGraph[str], Counts]:
    from tracer.graph import Tally  # noqa: PLC0415  `--help` must be quick
    from tracer.pipeline import Pipeline  # noqa: PLC0415
    from tracer.sources import open_log  # noqa: PLC0415

    pipeline, tally = Pipeline(), Tally()
    for log in logs:
        for line in open_log(log):
            for event in pipeline.feed(line):
                tally.add(event)
    for event in pipeline.finish():
        tally.add(event)
    if not pipeline.counts.packet_lines:
        raise _useless(pipeline.counts, logs)
    return tally.graph(pipeline.counts, by=by, source=", ".join(logs)), pipeline.counts


def _useless(counts: Counts, logs: tuple[str, ...]) -> CopperError:
    """There is nothing to draw, or to print: the log is empty, another program's, or tells too little."""
    if not counts.lines:
        what = "the log is empty"
    elif not counts.events:
        what = f"none of its {_number(counts.lines, 'line')} tells what happened on a Mosquitto broker"
    else:
        what = f"it has no packet lines among its {_number(counts.lines, 'line')}, only who came and went"
    return CopperError(what, where=", ".join(logs), next_step=WHAT_TO_WRITE)


def _print(found: Iterable[Event], *, unknown: bool, flush: bool) -> None:
    from tracer.events import Unknown, as_dict  # noqa: PLC0415  `--help` must be quick

    for event in found:
        if unknown or not isinstance(event, Unknown):
            sys.stdout.write(json.dumps(as_dict(event)) + "\n")
            if flush:
                sys.stdout.flush()


def _counted(counts: Counts) -> str:
    words = [_number(counts.lines, "line"), _number(counts.events, "event")]
    if counts.unknown_lines:
        words.append(f"{counts.unknown_lines:,} unknown")
    if counts.ambiguous_lines:
        words.append(f"{counts.ambiguous_lines:,} ambiguous")
    if counts.cut_lines:
        words.append(f"{counts.cut_lines:,} cut by Mosquitto")
    return ", ".join(words)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def main() -> None:
    """The entry point: our errors as sentences, a bug with its traceback."""
    try:
        copper_trace(standalone_mode=False)
    except CopperError as error:
        click.echo(f"copper-trace: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()

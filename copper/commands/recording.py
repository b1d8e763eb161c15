"""`copper-trace record`: follow a log into a store. And what a store has, for the verbs that show it.

Arguments in, one call, words to stderr, exit code: 0 after SIGTERM, 130 after Ctrl-C; both only when everything that
was read is written.
"""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from copper.commands.entry import EXIT_INTERRUPTED
from copper.commands.live_options import At, live_options
from copper.commands.trace_options import option
from copper.commands.trace_output import number as counted
from copper.commands.trace_output import words
from copper.commands.trace_runs import RUN
from tracer.errors import CopperError

if TYPE_CHECKING:
    import networkx as nx

    from tracer.events import Event
    from tracer.graph import By
    from tracer.windows import Between, Place, Run

FOREVER = "forever"


@click.command()
@click.argument("log", metavar="LOG", type=click.Path(path_type=Path))
@option("--store", metavar="DIR", required=True, type=click.Path(path_type=Path), help="The folder to write to.")
@option("--keep", metavar="SPAN", default="30d", show_default=True, help="How much of the log to keep: 12h, forever.")
@option("--events", is_flag=True, help="Keep every single event too, not only their sums.")
@option("--runs", metavar="DIR", type=click.Path(path_type=Path), help="Draw each run as it ends, into DIR/RUN/.")
@option("--live", is_flag=True, help="Serve the live map of LOG meanwhile, as copper-trace live does.")
@live_options
def record(
    log: Path, store: Path, *, keep: str, events: bool, runs: Path | None, live: bool, at: Callable[[], At]
) -> int:
    """Follow LOG into a store until it is stopped, through rotations; then go on where it stopped.

    copper-trace graph DIR draws what a store has, also meanwhile.
    """
    from tracer import recorder  # noqa: PLC0415  `--help` must be quick
    from tracer.sources.container import SCHEME  # noqa: PLC0415
    from tracer.windows import span  # noqa: PLC0415

    seconds = None if keep == FOREVER else int(span(keep).total_seconds())
    if str(log) == "-" or str(log).startswith(SCHEME):
        raise CopperError(
            "is no file, and only in a file is the place found again at which reading stopped",
            where=str(log),
            next_step="write log_dest file FILE into mosquitto.conf (FILE in a volume, if it runs in a container)",
        )
    stop = threading.Event()
    ended_by: list[int] = []

    ends: list[Callable[[], None]] = [stop.set]

    def end(number: int, _: FrameType | None) -> None:
        ended_by.append(number)
        for one in ends:
            one()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with _pictures(store, runs), _page(log, store, at() if live else None, ends):
        recorder.record(log, store, stop, say=words, keep=seconds, events=events)
    return EXIT_INTERRUPTED if ended_by[:1] == [signal.SIGINT] else 0


def _pictures(store: Path, runs: Path | None) -> AbstractContextManager[None]:
    if runs is None:
        return nullcontext()
    from copper.commands.run_pictures import drawing  # noqa: PLC0415  `--help` must be quick

    return drawing(store, runs, words)


@contextmanager
def _page(log: Path, store: Path, at: At | None, ends: list[Callable[[], None]]) -> Iterator[None]:
    """The live map, where it is asked for; it ends at the same time as the recorder, not after that."""
    if at is None:
        yield
        return
    from copper.following import Following  # noqa: PLC0415  only where it is asked for
    from copper.live import beside  # noqa: PLC0415
    from copper.showing import Showing  # noqa: PLC0415
    from tracer.watching import watch  # noqa: PLC0415

    following = Following(str(log), partial(watch, str(log)))
    showing = Showing(following, None, store)
    try:
        with beside(showing, at.host, at.port, at.token) as page:
            words(f"live map: {page.address}")
            following.start()
            ends.extend((page.end, following.end))
            yield
    finally:
        showing.stop()


def stored_graph(name: str, store: Path | None, window: Between | Run | None = None, *, by: By) -> nx.MultiDiGraph[str]:
    """The graph of a store, or of a run.

    Args:
        name: a folder, a database, `run:ID` or `run:last`.
        store: where runs are looked for.
        window: the part of the store; a run has its own.
        by: as `Tally.graph`.

    Raises:
        CopperError: there is no such store or run, or it can't be read.
    """
    from copper import sequence  # noqa: PLC0415  `--help` must be quick
    from tracer.store import graph_of, losses  # noqa: PLC0415

    with _opened(name, store) as (connection, run):
        if lost := losses(connection):
            words(f"{counted(lost, 'time')} the rest of a log was lost in a rotation: its messages are not counted")
        if run is None:
            return graph_of(connection, window, by=by)
        graph = graph_of(connection, run, by=by, source=name)
        graph.graph["actions"] = sequence.of_store(connection, run)
        return graph


def stored_events(name: str, store: Path | None, window: Between | Run | None) -> Iterator[Event]:
    """The single events of a store, or of a run in it.

    Args:
        name: as stored_graph() has it.
        store: the same.
        window: the same.

    Raises:
        CopperError: there is no such store or run, or the log of then is gone.
    """
    from tracer.store import events_of  # noqa: PLC0415

    with _opened(name, store) as (connection, run):
        part = run or window
        place: Place = "before"
        for event in events_of(connection, part):
            place = part.place(event, place) if part is not None else "inside"
            if place in {"inside", "closing"}:
                yield event


@contextmanager
def _opened(name: str, store: Path | None) -> Iterator[tuple[sqlite3.Connection, Run | None]]:
    """A store, and the run in it that is meant, if one is."""
    from tracer.store import newest_run, open_store  # noqa: PLC0415
    from tracer.windows import Run  # noqa: PLC0415

    where = store if name.startswith(RUN) else Path(name)
    if where is None:
        raise CopperError("in which store?", where=name, next_step="say --store DIR, or set COPPER_TRACE_STORE")
    with closing(open_store(where)) as connection:
        if not name.startswith(RUN):
            yield connection, None
            return
        run = name.removeprefix(RUN)
        yield connection, Run(newest_run(connection) if run == "last" else run)

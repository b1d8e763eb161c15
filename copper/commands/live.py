"""`copper-trace live`: a page that shows the system of a log as it works, served until Ctrl-C.

Arguments in, one call, words to stderr, exit code: 130 after Ctrl-C, 0 after SIGTERM.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import click

from copper.commands.live_options import At, live_options
from copper.commands.picture_options import Look, view_options
from copper.commands.trace_options import option
from copper.commands.trace_output import words
from copper.commands.trace_runs import RUN, RUNS
from tracer.errors import CopperError

if TYPE_CHECKING:
    from copper.following import Following
    from copper.showing import Showing


@click.command()
@click.argument("logs", metavar="[LOG]...", nargs=-1)
@live_options
@option("--open", "opens", is_flag=True, help="Open the page in the browser, if there is one.")
@option(
    "--runs",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=RUNS,
    help=f"Where the runs lie that can be shown again ({RUNS}).",
)
@option("--store", metavar="DIR", type=click.Path(path_type=Path), help="Also the runs in there, as record left them.")
@option("--span", type=click.Choice(["minute", "hour", "all"]), default="all", help="Of how much of the past.")
@option("--include", metavar="FILTER", multiple=True, help="Only topics of these MQTT filters, or re:REGEX.")
@option("--exclude", metavar="FILTER", multiple=True, help="Not these topics; repeatable.")
@view_options
def live(  # one parameter an option
    logs: tuple[str, ...],
    *,
    at: Callable[[], At],
    look: Look,
    opens: bool,
    folder: Path,
    store: Path | None,
    span: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
) -> int:
    """Show LOG as a map in the browser, as it grows, until Ctrl-C.

    LOG need not be there yet. Several are the parts of one, of which the last one grows. LOG may also be run:ID, a run
    that copper has left. Without LOG it is the log of the broker that Copper ran last in this folder. The options from
    --span on say what the page shows first.
    """
    from copper.live import serve  # noqa: PLC0415  `--help` must be quick
    from copper.serving import need_web  # noqa: PLC0415

    need_web("the live map")
    from viz.live.query import Shown, parse, text  # noqa: PLC0415  it comes with the server

    where = at()
    run, showing = _showing(logs, folder, store)
    shown = Shown(look.choice, look.layout, span, include, exclude, run)  # type: ignore[arg-type]
    query = text(shown)
    parse(parse_qsl(query))  # what the page would not understand is told now

    def started(address: str) -> None:
        whole = address + ("&" if "?" in address else "?") + query if query else address
        words(f"live map: {whole}")
        if opens:
            _open(whole)

    signal.signal(signal.SIGTERM, _terminate)
    try:
        serve(showing, where.host, where.port, where.token, started)
    except _Terminated:
        return 0
    finally:
        showing.stop()
    return 0


class _Terminated(KeyboardInterrupt):
    """SIGTERM, as opposed to Ctrl-C."""


def _terminate(_: int, __: FrameType | None) -> None:
    raise _Terminated


def _showing(logs: tuple[str, ...], folder: Path, store: Path | None) -> tuple[str, Showing]:
    """The run to begin with, if it is one, and all that can be shown; what goes on is followed from now on.

    Raises:
        CopperError: it is nothing that can be shown.
    """
    from copper.showing import Showing  # noqa: PLC0415  `--help` must be quick

    if len(logs) == 1 and logs[0].startswith(RUN):
        showing = Showing(None, folder, store)
        run = logs[0].removeprefix(RUN)
        if run == "last":
            run = next((one.run for one in showing.runs()), run)
        showing.system(run, 0)
        return run, showing
    following = _following(logs, folder)
    following.start()
    return "", Showing(following, folder, store)


def _following(logs: tuple[str, ...], folder: Path) -> Following:
    from copper.following import Following  # noqa: PLC0415  `--help` must be quick
    from copper.showing import follow_newest, newest  # noqa: PLC0415
    from tracer.sources import is_path  # noqa: PLC0415
    from tracer.sources.order import parts  # noqa: PLC0415
    from tracer.watching import watch  # noqa: PLC0415

    if not logs:
        if newest(folder) is None:
            raise CopperError(
                "which log? Copper has run no broker in this folder",
                where=str(folder),
                next_step="copper-trace live LOG, with the file that log_dest in mosquitto.conf names",
            )
        return Following("the newest run here", partial(follow_newest, folder))
    *before, log = parts(logs)
    _refuse_others((*before, log))
    if not is_path(log):
        return Following(log, partial(watch, log))
    file = Path(log)
    if not file.exists():
        words(f"{log}: there is no such file yet; it is read once it is there")

    def gone() -> str:
        return "" if file.exists() else f"{log} is gone; reading goes on once it is there again"

    return Following(", ".join((*before, log)), partial(watch, log, parts=before), gone)


def _refuse_others(logs: tuple[str, ...]) -> None:
    """What can't be followed, or not together with others."""
    from copper.commands.saved_graph import is_one  # noqa: PLC0415  `--help` must be quick
    from tracer.sources import is_path  # noqa: PLC0415
    from tracer.store import is_store  # noqa: PLC0415

    for log in logs:
        if len(logs) > 1 and not is_path(log):
            raise CopperError("is a log of its own", where=log, next_step="name it alone, or files only")
        if is_path(log) and is_store(Path(log)):
            raise CopperError(
                "a store is not followed", where=log, next_step=f"name the log itself, and --store {log} for its runs"
            )
        if is_path(log) and Path(log).is_dir():
            raise CopperError("is a directory, not a log of Mosquitto", where=log)
        if is_one(log):
            raise CopperError(
                "is a graph that was saved, and does not go on", where=log, next_step="copper-trace graph draws it"
            )


def _open(address: str) -> None:
    """In the browser that people see; one that runs in the terminal would take that."""
    import os  # noqa: PLC0415  `--help` must be quick
    import threading  # noqa: PLC0415
    import webbrowser  # noqa: PLC0415

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        words("there is no browser here to open it in")
        return
    if type(browser) is webbrowser.GenericBrowser and not os.environ.get("BROWSER"):
        words("there is no browser here but in the terminal")
        return
    threading.Thread(target=browser.open, args=(address,), daemon=True).start()

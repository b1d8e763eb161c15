"""`copper run`: from what was asked for to a run, its report, and the words about it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import click

from copper import env_file, reports, runs, wire, workflow
from copper.commands import planning, run_live, show
from copper.commands.entry import EXIT_INTERRUPTED
from copper.launch import How, Place, launch
from copper.output import write_aside
from copper.schedule import JOBS
from copper.workflow import Workflow
from tracer.errors import CopperError

FOLDER = Path(".copper")
PORT = 8123
"""Of the live map, unless another is asked for."""


@dataclass(frozen=True)
class Asked:
    """What was asked for: options of `copper run`; `run` names the run that is gone on with, `live` the map's port."""

    workflow: Path | None
    broker: str | None = None
    log: Path | None = None
    env_files: tuple[Path, ...] = ()
    jobs: int | None = None
    run: str | None = None
    since: str | None = None
    live: int | None = None


def run(asked: Asked, report: Path | None, *, as_json: bool = False) -> int:
    """Run it; the exit code.

    Raises:
        CopperError: as `launch`, or what was asked for is not there.
    """
    if report is not None:
        reports.check(report)
    checked, how = prepared(asked)
    place = Place(asked.broker, asked.log, FOLDER)
    if asked.live is None:
        return _launched(checked, place, how, report, as_json=as_json)
    with run_live.served(asked.live, place) as page:
        code = _launched(checked, place, replace(how, opened=page.follow), report, as_json=as_json)
        if code != EXIT_INTERRUPTED:
            page.stay()
    return code


def _launched(checked: Workflow, place: Place, how: How, report: Path | None, *, as_json: bool) -> int:
    with show.reporter(sys.stderr, json_to=sys.stdout if as_json else None) as told:
        launched = launch(checked, place, told, show.words, how)
    if report is not None:
        data = reports.report(report, launched.result, checked.file, launched.started)
        write_aside(report, data)
    with suppress(BrokenPipeError):  # who reads no further still gets the exit code
        if as_json:
            click.echo(wire.encode({"event": "end", **show.ended(launched)}).decode())
        else:
            click.echo(show.summary(checked, launched.result, launched.files, launched.no_graph))
    return launched.result.exit_code


def plan(asked: Asked) -> int:
    """Say what would run, and who listens.

    Raises:
        CopperError: as `run`.
    """
    checked, how = prepared(asked)
    click.echo(planning.plan(checked, Place(asked.broker, asked.log, FOLDER), how))
    return 0


def prepared(asked: Asked) -> tuple[Workflow, How]:
    """The workflow, checked, and how it is to be run.

    Raises:
        CopperError: the file is wrong, or what was asked for is not there.
    """
    found: dict[str, str] = {}
    for one in asked.env_files:
        found |= env_file.read(one)
    environment = {**found, **os.environ}
    earlier = None
    if asked.run is not None:
        earlier = runs.find(FOLDER / "runs", asked.run, asked.workflow)
        if earlier.outcome == runs.RUNNING:
            raise CopperError(f"the run {earlier.run} still runs", next_step="wait for its end, or stop it")
    file = asked.workflow or (Path(earlier.workflow) if earlier else None)
    if file is None:
        raise CopperError("which workflow?", next_step="copper run WORKFLOW.yaml, or copper run --resume")
    checked = workflow.load(file)
    if asked.since is not None and asked.since not in {action.name for action in checked.actions}:
        names = ", ".join(action.name for action in checked.actions)
        raise CopperError(
            f"there is no entry with the id {asked.since}", where=str(file), next_step=f"there are {names}"
        )
    return checked, How(asked.jobs or JOBS, environment, tuple(found), earlier, asked.since)

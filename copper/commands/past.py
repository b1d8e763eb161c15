"""`copper runs`: the runs that lie in .copper/runs, and one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from copper import runs, wire
from copper.commands import show
from copper.commands.running import FOLDER
from copper.runs import Kept


def list_runs(*, as_json: bool) -> None:
    """A line a run, the latest first."""
    every = runs.kept(FOLDER / "runs")
    if as_json:
        for one in every:
            click.echo(wire.encode(_plain(one)).decode())
        return
    if not every:
        show.words(f"no run lies in {FOLDER / 'runs'} yet")
        return
    rows = [("RUN", "STARTED", "WORKFLOW", "OUTCOME", "TOOK", "ACTIONS")]
    rows += [
        (
            one.run,
            one.started.replace("T", " ").removesuffix("Z"),
            _near(one.workflow),
            one.outcome,
            "" if one.seconds is None else show.seconds(one.seconds),
            _counts(one),
        )
        for one in every
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def show_run(run: str, *, as_json: bool) -> None:
    """How one ended, and what it left.

    Raises:
        CopperError: there is none of this name.
    """
    one = runs.find(FOLDER / "runs", run)
    if as_json:
        click.echo(wire.encode({**_plain(one), "actions": [vars(action) for action in one.actions.values()]}).decode())
        return
    took = "" if one.seconds is None else f" in {show.seconds(one.seconds)}"
    click.echo(f"{one.run}  {_near(one.workflow)}  started {one.started}  {one.outcome}{took}")
    if one.actions:
        click.echo(show.actions(list(one.actions.values()), {}))
    for file in sorted(one.folder.iterdir()):
        click.echo(f"{show.near(file)}{'/' if file.is_dir() else ''}")


def _plain(one: Kept) -> dict[str, Any]:
    return {
        "run": one.run,
        "workflow": one.workflow,
        "started": one.started,
        "outcome": one.outcome,
        "exit_code": one.exit_code,
        "seconds": one.seconds,
        "folder": str(one.folder),
    }


def _counts(one: Kept) -> str:
    """How many actions ended how."""
    found: dict[str, int] = {}
    for action in one.actions.values():
        found[action.outcome] = found.get(action.outcome, 0) + 1
    return ", ".join(f"{count} {outcome}" for outcome, count in found.items())


def _near(workflow: str) -> str:
    return show.near(Path(workflow)) if workflow else ""

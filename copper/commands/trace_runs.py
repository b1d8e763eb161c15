"""`run:ID` and `run:last` as a LOG: a run that `copper` left under .copper/runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from copper.result import ActionResult
from tracer.errors import CopperError

RUN = "run:"
RUNS = Path(".copper") / "runs"


def run_of_copper(name: str) -> tuple[str, str]:
    """The log of a run whose broker Copper had started, and the run's id.

    Args:
        name: `run:ID`, or `run:last` for the newest.

    Raises:
        CopperError: there is no such run here, or its log is somewhere else.
    """
    run = name.removeprefix(RUN)
    known = sorted(path.name for path in RUNS.iterdir()) if RUNS.is_dir() else []
    if run == "last" and known:
        run = known[-1]
    if run not in known:
        what = f"there is no run {run} under {RUNS}" if known else f"there is no run under {RUNS}"
        told = f"the last are {', '.join(known[-3:])}" if known else "copper run leaves one in the folder where it ran"
        raise CopperError(what, where=name, next_step=f"{told}; or name a recorder's store with --store")
    log = RUNS / run / "mosquitto.log"
    if not log.is_file():
        raise CopperError(
            "its broker was not started by Copper, so its log is not here",
            where=name,
            next_step=f"{RUNS / run}/graph.json is its graph",
        )
    return str(log), run


def actions_of(run: str) -> list[dict[str, Any]]:
    """The actions of such a run in their order (`copper.sequence`); none where its result can't be read."""
    from copper import sequence  # noqa: PLC0415  `--help` must be quick

    try:
        result = json.loads((RUNS / run / "result.json").read_text(encoding="utf-8"))
        return sequence.of_actions(ActionResult(**one) for one in result["actions"])
    except (OSError, ValueError, KeyError, TypeError):
        return []

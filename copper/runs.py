"""Runs as they are kept: a folder each, written while they go on, so that one that was killed can be gone on with.

    .copper/runs/RUN/run.json        what runs, and since when
    .copper/runs/RUN/actions.jsonl   how each action ended, a line each, in the order of their ends
    .copper/runs/RUN/result.json     how the run ended; not there as long as it has not

What comes in: folders, results. What goes out: files, and `Kept` runs. It runs nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from copper import masking, references, wire
from copper.action import State
from copper.output import write_aside
from copper.result import NOT_RUN, SKIPPED, ActionResult
from copper.workflow import Action, Workflow, comes_after
from tracer.errors import CopperError

ACTIONS = "actions.jsonl"
RUNNING, BROKEN_OFF = "running", "broken off"


@dataclass(frozen=True)
class Kept:
    """A run that lies in a folder.

    Attributes:
        run: its id.
        folder: where it lies.
        workflow: the file that was run, as an absolute path.
        started: when (ISO 8601, UTC).
        outcome: `done`, `failed` …, `running`, or `broken off` where it has no end and no process.
        exit_code: None where it has no end.
        part: how often it was begun.
        seconds: how long it took, None likewise.
        actions: how they ended, the last time for each, by their names.
        entries: a digest of each entry as it was written then, by its name.
    """

    run: str
    folder: Path
    workflow: str
    started: str
    outcome: str
    exit_code: int | None
    part: int
    seconds: float | None
    actions: Mapping[str, ActionResult]
    entries: Mapping[str, str]


class Keeper:
    """Writes down a run while it goes on, and holds a lock meanwhile, which goes with the process, however it ends.

    Args:
        folder: the run's.
        workflow: what runs.
        is_new: it is the first part of the run.

    Raises:
        CopperError: the run goes on elsewhere.
    """

    def __init__(self, folder: Path, workflow: Workflow, *, is_new: bool) -> None:
        self._folder = folder
        self._file = (folder / ACTIONS).open("ab+", buffering=0)
        self._digests = {action.name: digest(action) for action in workflow.actions}
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise CopperError("the run still goes on", where=str(folder), next_step="wait for its end") from error
        self._is_unused = is_new
        if self._file.seek(0, os.SEEK_END):
            self._file.seek(-1, os.SEEK_END)
            if self._file.read(1) != b"\n":
                self._file.write(b"\n")  # its writer was killed inside a line, which is lost; the next must not be

    def close(self) -> None:
        """The run is over. One that came to no action, as there was no broker, was none: `last` is the one before."""
        if self._is_unused:
            (self._folder / "run.json").unlink(missing_ok=True)
            (self._folder / ACTIONS).unlink(missing_ok=True)
            with suppress(OSError):  # the log of a broker that did not start may lie there
                self._folder.rmdir()
        self._file.close()

    def began(self) -> None:
        """Something is asked for, or has ended."""
        self._is_unused = False

    def add(self, result: ActionResult) -> None:
        """An action has ended."""
        line = wire.encode({**vars(result), "entry": self._digests.get(result.name, "")})
        self._file.write(line + b"\n")


def begin(folder: Path, run: str, workflow: Workflow, started: str, part: int = 1) -> Keeper:
    """A run begins in its folder, or (from the second part on) goes on.

    Raises:
        CopperError: the folder can't be written to.
    """
    said = {"run": run, "workflow": str(Path(workflow.file).absolute()), "started": started, "part": part}
    keeper = Keeper(folder, workflow, is_new=part == 1)
    write_aside(folder / "run.json", wire.encode(said, indent=2) + b"\n")
    (folder / "result.json").unlink(missing_ok=True)
    return keeper


def digest(action: Action) -> str:
    """The same for entries that ask for the same."""
    return hashlib.sha256(json.dumps(action.entry, sort_keys=True, default=str).encode()).hexdigest()[:16]


def kept(folder: Path) -> list[Kept]:
    """All runs below a folder (`.copper/runs`), the latest first; what is no run is passed over."""
    if not folder.is_dir():
        return []
    return [run for one in sorted(folder.iterdir(), reverse=True) if (run := _read(one)) is not None]


def find(folder: Path, run: str, workflow: Path | None = None) -> Kept:
    """One of them, by its id or the beginning of that, or `last`: of a workflow, if one is named.

    Raises:
        CopperError: there is none, or there are several.
    """
    every = kept(folder)
    if workflow is not None:
        every = [one for one in every if one.workflow == str(workflow.absolute())]
    if run == "last":
        found = every[:1]
    else:
        found = [one for one in every if one.run == run] or [one for one in every if one.run.startswith(run)]
    if len(found) == 1:
        return found[0]
    of = f" of {workflow}" if workflow is not None else ""
    if found:
        raise CopperError(f"there are several runs {run}…", where=str(folder), next_step="say more of its id")
    what = f"there is no run{of} yet" if run == "last" else f"there is no run {run}{of}"
    raise CopperError(what, where=str(folder), next_step="copper runs lists them")


def usable(earlier: Kept, workflow: Workflow, since: str | None = None) -> dict[str, ActionResult]:
    """The results of an earlier run that still hold, by the names of their actions.

    One holds if the action finished, its entry is the same, and all that it needs holds, too; what was skipped is no
    result, but what came after it holds. An answer that held a secret was kept without it, so where it is referred to
    it has to be asked for again.

    Args:
        earlier: the run.
        workflow: as its file is now.
        since: an action's name: it and all that come after it in the file are run again.
    """
    found: dict[str, ActionResult] = {}
    holds: set[str] = set()
    is_before = True
    for action in workflow.actions:
        is_before = is_before and action.name != since
        result = earlier.actions.get(action.name)
        same = earlier.entries.get(action.name) == digest(action)
        if not is_before or result is None or not same or not comes_after(action) <= holds:
            continue
        if result.outcome == SKIPPED:
            holds.add(action.name)
        elif result.outcome == State.FINISHED.value and not _is_masked(result, workflow):
            holds.add(action.name)
            found[action.name] = result
    return found


def _is_masked(result: ActionResult, workflow: Workflow) -> bool:
    """Whether something that is referred to of an answer was kept without its secrets."""
    for action in workflow.actions:
        for text, reference in references.find([action.entry, action.condition]):
            if reference and reference.action == result.name:
                with suppress(references.BrokenReferenceError):  # it will be told when it is used
                    if masking.hides(references.resolve(f"${{{text}}}", {result.name: result.answer}, {})):
                        return True
    return False


def earlier(kept_run: Kept, workflow: Workflow, since: str | None = None) -> dict[str, ActionResult]:
    """What a runner has to know of earlier parts of a run: results that hold, and how often the others were asked.

    Where nobody knows how the last request ended, it is not counted: asked by the same id, a service that has done it
    already says so.
    """
    found = dict(usable(kept_run, workflow, since))
    for name, one in kept_run.actions.items():
        if name not in found:
            is_open = one.outcome == State.GONE.value and one.attempts > 0
            found[name] = replace(one, outcome=NOT_RUN, attempts=one.attempts - is_open)
    return found


def _read(folder: Path) -> Kept | None:
    said, result = _json(folder / "run.json"), _json(folder / "result.json")
    if said is None:
        return None
    actions: dict[str, ActionResult] = {}
    entries: dict[str, str] = {}
    for line in _lines(folder / ACTIONS):
        entries[line["name"]] = str(line.pop("entry", ""))
        actions[line["name"]] = ActionResult(**line)
    code = result.get("exit_code") if result else None
    return Kept(
        run=str(said.get("run", folder.name)),
        folder=folder,
        workflow=str(said.get("workflow", "")),
        started=str(said.get("started", "")),
        outcome=_OUTCOMES.get(code, "failed") if result else (RUNNING if _goes_on(folder) else BROKEN_OFF),
        exit_code=code,
        part=said["part"] if isinstance(said.get("part"), int) else 1,
        seconds=result.get("seconds") if result else None,
        actions=actions,
        entries=entries,
    )


_OUTCOMES: dict[Any, str] = {0: "done", 3: "gone", 124: "timed out", 130: "interrupted"}


def _goes_on(folder: Path) -> bool:
    """Whether somebody holds the lock of a run."""
    try:
        with (folder / ACTIONS).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _json(file: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """What is whole of a file of JSON lines: its writer may have been killed in the middle of one."""
    try:
        data = file.read_bytes()
    except OSError:
        return
    names = {"name", "action", "outcome", "seconds", "attempts", "answer", "error", "entry", "reused"}
    for line in data.split(b"\n")[:-1]:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and {"name", "action", "outcome"} <= set(value) <= names:
            yield value

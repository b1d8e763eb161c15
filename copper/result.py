"""What comes out of a run: plain values, what happened to each action and what is shown while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from copper.action import Progress, State
from copper.workflow import Action

EXIT_OK = 0
EXIT_FAILED = 1
"""An action failed."""
EXIT_ABSENT = 3
"""There is no broker, or a service is not there or went away."""
EXIT_TIMEOUT = 124
"""An action gave no answer in time."""
EXIT_INTERRUPTED = 130
"""Ctrl-C."""

SKIPPED = "skipped"
NOT_RUN = "not run"
INTERRUPTED = "interrupted"

_EXIT_CODES = {
    State.FAILED.value: EXIT_FAILED,
    State.GONE.value: EXIT_ABSENT,
    State.NOBODY.value: EXIT_ABSENT,
    State.TIMED_OUT.value: EXIT_TIMEOUT,
    INTERRUPTED: EXIT_INTERRUPTED,
}


@dataclass(frozen=True)
class ActionResult:
    """How one action ended.

    Attributes:
        name: its id, or its number in the file.
        action: its topic.
        outcome: `finished`, `failed`, `gone`, `nobody there`, `timed out`, `skipped`, `not run` or `interrupted`.
        seconds: from the first request to the end.
        attempts: how often it was tried.
        answer: what the service finished with.
        error: what went wrong, in plain words.
        reused: it is of an earlier part of the run.
    """

    name: str
    action: str
    outcome: str
    seconds: float = 0.0
    attempts: int = 0
    answer: Any = None
    error: str = ""
    reused: bool = False


@dataclass(frozen=True)
class Result:
    """How a run ended: its id, the exit code, each action's result in the order of running, and how long (seconds)."""

    run: str
    exit_code: int
    actions: tuple[ActionResult, ...]
    seconds: float


@dataclass(frozen=True)
class Report:
    """Something to show while a run goes on: `what` is `started`, `progress` or `ended`; action `number` `of` all."""

    what: str
    action: Action
    number: int
    of: int
    progress: Progress | None = None
    result: ActionResult | None = None


def exit_code_of(result: ActionResult) -> int:
    """The exit code of a run that ends with this action."""
    return _EXIT_CODES.get(result.outcome, EXIT_OK)


def brief(result: ActionResult) -> dict[str, Any]:
    """A result for `runs/RUN/finish`: without what the service answered, which can be long."""
    return {key: value for key, value in vars(result).items() if key != "answer"}


def whole(result: Result) -> dict[str, Any]:
    """A result as `result.json` holds it."""
    return {**vars(result), "actions": [vars(one) for one in result.actions]}

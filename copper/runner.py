"""Runs a workflow's actions, each after what it needs: a checked `Workflow` → a `Result`.

What comes in: a workflow, a broker's URL. What goes out: the `Result`, and while it runs a `Report` for whoever wants
to show it. Which action may start is `schedule.py`'s to say, how one comes to its end `attempts.py`'s, what is said on
the broker `exchange.py`'s, how a request lives and ends `action.py`'s.

    connect ─► runs/RUN/start ─► subscribe, await SUBACK ─► for each action that may start: runner/start, publish at
    QoS 1, its end, runner/finish ─► runs/RUN/finish

One thread: all that wait are asked in turn after each thing that was heard. Nothing waits without a bound: for an
answer the action's timeout, for a service what `attempts.py` says, for a lost broker what `exchange.py` says.

When an action fails for good (`on_error: stop`), nothing new starts but what says `if: always` or `failure`; what runs
beside it comes to its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from copper import offers, references, wire
from copper.action import State
from copper.attempts import Attempts, Services, WrongRequestError
from copper.document import Problem
from copper.exchange import Exchange
from copper.mqtt import NoBrokerError, TooLargeError
from copper.result import (
    EXIT_ABSENT,
    EXIT_INTERRUPTED,
    EXIT_OK,
    INTERRUPTED,
    NOT_RUN,
    SKIPPED,
    ActionResult,
    Report,
    Result,
    brief,
    exit_code_of,
)
from copper.schedule import JOBS, Schedule
from copper.workflow import Action, Workflow

LISTEN_SECONDS = 0.1
"""How long is heard what the broker has kept of services, before the first of them is asked."""

CANCEL_SECONDS = 2.0
"""How long services may take to answer the requests that Ctrl-C has called off."""


@dataclass
class _Running:
    """An action that has been started: its attempts, its steps, when they were begun, when to look at it again."""

    attempts: Attempts
    steps: Generator[float, None, ActionResult]
    entry: dict[str, Any]
    began: float
    until: float = float("-inf")


@dataclass
class Runner:
    """One run of one workflow.

    Args:
        workflow: what to run.
        url: the broker's.
        run: the run's id, `[0-9A-Za-z_-]+`, sorting by time.
        environment: what `${env.…}` stands for, and how to get in at the broker.
        report: called with each `Report`.
        services: who starts services, and knows how those that it started are.
        jobs: how many actions may run at a time, at least 1.
        earlier: results of an earlier part of this run, by the actions' names. What `finished` or was `skipped` then
            stands; of others the attempts count, so that a new one has an id that no service has seen.
        part: which part of the run this is; from the second on its brackets say so.
    """

    workflow: Workflow
    url: str
    run: str
    environment: Mapping[str, str]
    report: Callable[[Report], None] = lambda _report: None
    services: Services | None = None
    jobs: int = JOBS
    earlier: Mapping[str, ActionResult] = field(default_factory=dict)
    part: int = 1
    _answers: dict[str, Any] = field(default_factory=dict)
    _running: dict[int, _Running] = field(default_factory=dict)
    _results: dict[int, ActionResult] = field(default_factory=dict)
    _exit_code: int = EXIT_OK
    _exchange: Exchange = field(init=False)
    _schedule: Schedule = field(init=False)

    def __post_init__(self) -> None:
        topics = [action.topic for action in self.workflow.actions]
        self._exchange = Exchange(self.url, topics, self.environment)
        self._schedule = Schedule(self.workflow.actions, self.jobs)

    def open(self) -> None:
        """Connect, open the run's bracket in the broker's log, and subscribe to what the services will say.

        Raises:
            NoBrokerError: there is no broker, or it denies what we need.
        """
        start = {"run": self.run, "workflow": self.workflow.file, "at": _utc_now()}
        self._exchange.open(wire.run_start(wire.part_of(self.run, self.part)), start)

    def wrong_requests(self) -> list[Problem]:
        """What the actions ask for and the services that are there don't take, as they say on `SERVICE/info`.

        Raises:
            NoBrokerError: the broker went away and did not come back.
        """
        until = time.monotonic() + LISTEN_SECONDS
        while time.monotonic() < until:
            self._exchange.step(until)
        to_run = [action for action in self.workflow.actions if not self._stands(action)]
        return offers.problems(to_run, self._exchange.infos)

    def run_all(self) -> Result:
        """Run the actions; every one has a result afterwards, in the workflow's order, also those that were not run.

        Ctrl-C calls off what runs, and the rest is not run; nor is it when the broker went away and does not come
        back. A second Ctrl-C goes through at once, as KeyboardInterrupt.
        """
        began = time.monotonic()
        try:
            self._run()
        except KeyboardInterrupt:
            self._call_off()
            self._break_off(INTERRUPTED, EXIT_INTERRUPTED)
        except NoBrokerError as error:
            self._break_off(State.GONE.value, EXIT_ABSENT, str(error))
        results = tuple(result for _, result in sorted(self._results.items()))
        return Result(self.run, self._exit_code, results, time.monotonic() - began)

    def close(self, result: Result | None) -> None:
        """Close the run's bracket with its outcome, and leave the broker in order."""
        try:
            if result is not None:
                outcome = {"run": self.run, "at": _utc_now(), "exit_code": result.exit_code}
                actions = [brief(one) for one in result.actions]
                bracket = wire.part_of(self.run, self.part)
                self._exchange.say(wire.run_finish(bracket), {**outcome, "actions": actions})
        finally:
            self._exchange.close()

    def _run(self) -> None:
        """Start what may start, hear what is said, and let each action that runs take its next step."""
        while True:
            while (place := self._schedule.next()) is not None:
                self._begin(place)
            if not self._running:
                return
            self._exchange.step(min(one.until for one in self._running.values()))
            for place in list(self._running):
                self._resume(place)

    def _begin(self, place: int) -> None:
        """An action's needs have ended: does it run at all, and what is published?"""
        action = self.workflow.actions[place]
        earlier = self.earlier.get(action.name)
        try:
            if earlier is not None and self._stands(action):
                self._end(place, replace(earlier, reused=True))
            elif why := self._skipped(action):
                self._end(place, ActionResult(action.name, action.topic, why))
            else:
                entry = self._entry(action)
                self.report(self._report(place, "started"))
                self._exchange.say(wire.RUNNER_START, entry)
                attempts = Attempts(
                    action,
                    entry,
                    self.run,
                    earlier.attempts if earlier is not None else 0,
                    self._exchange,
                    self.services,
                    lambda progress: self.report(replace(self._report(place, "progress"), progress=progress)),
                )
                self._running[place] = _Running(attempts, attempts.steps(), entry, time.monotonic())
                self._resume(place)
        except references.BrokenReferenceError as error:
            self._fail(place, f"{action.where}: {error}")
        except TooLargeError as error:
            self._fail(place, str(error))

    def _stands(self, action: Action) -> bool:
        """Whether the result of an earlier part stands."""
        earlier = self.earlier.get(action.name)
        return earlier is not None and earlier.outcome in {State.FINISHED.value, SKIPPED}

    def _resume(self, place: int) -> None:
        """Let an action take its next step."""
        one = self._running[place]
        try:
            one.until = next(one.steps)
        except StopIteration as stop:
            self._exchange.say(wire.RUNNER_FINISH, one.entry)
            self._end(place, stop.value)
        except (TooLargeError, WrongRequestError) as error:
            self._fail(place, str(error))

    def _fail(self, place: int, error: str) -> None:
        action = self.workflow.actions[place]
        self._end(place, ActionResult(action.name, action.topic, State.FAILED.value, error=error))

    def _end(self, place: int, result: ActionResult) -> None:
        """An action has its result."""
        action = self.workflow.actions[place]
        self._results[place] = result
        self._running.pop(place, None)
        self._schedule.ended(place)
        if result.outcome == State.FINISHED.value:
            self._answers[action.name] = result.answer
        if self._exit_code == EXIT_OK and action.on_error == "stop":
            self._exit_code = exit_code_of(result)
        self.report(replace(self._report(place, "ended"), result=result))

    def _break_off(self, outcome: str, exit_code: int, error: str = "") -> None:
        """Nothing goes on: a result for each action that has none."""
        if outcome == INTERRUPTED or self._exit_code == EXIT_OK:
            self._exit_code = exit_code
        for place, action in enumerate(self.workflow.actions):
            if place in self._results:
                continue
            result = ActionResult(action.name, action.topic, NOT_RUN)
            if one := self._running.pop(place, None):
                seconds, made = time.monotonic() - one.began, one.attempts.made
                result = ActionResult(action.name, action.topic, outcome, seconds, made, error=error)
            self._results[place] = result
            self.report(replace(self._report(place, "ended"), result=result))

    def _call_off(self) -> None:
        """Call off what runs, and wait shortly for its end, so that the services are free for others."""
        try:
            for request in self._exchange.requests():
                self._exchange.call_off(request)
            until = time.monotonic() + CANCEL_SECONDS
            while self._exchange.requests() and time.monotonic() < until:
                self._exchange.step(until)
        except NoBrokerError:
            return

    def _report(self, place: int, what: str) -> Report:
        return Report(what, self.workflow.actions[place], place + 1, len(self.workflow.actions))

    def _entry(self, action: Action) -> dict[str, Any]:
        """What is published; the condition stands there as it is written, it has been asked already."""
        said = {key: value for key, value in action.entry.items() if key != "if" or value != action.condition}
        return {**action.entry, **references.resolve(said, self._answers, self.environment)}

    def _skipped(self, action: Action) -> str:
        """Why an action is not run, or an empty text."""
        condition = action.condition
        if condition == "always" or (condition == "failure" and self._exit_code != EXIT_OK):
            return ""
        if self._exit_code != EXIT_OK:
            return NOT_RUN
        if isinstance(condition, str) and condition != "failure":
            try:
                value = references.resolve(condition.lstrip("!"), self._answers, self.environment)
            except references.NoAnswerError:
                value = None
            condition = bool(value) is not condition.startswith("!")
        return "" if condition is True else SKIPPED


def _utc_now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

"""Runs a workflow's actions in order: a checked `Workflow` → a `Result`.

What comes in: a workflow, a broker's URL. What goes out: the `Result`, and while it runs a `Report` for whoever wants
to show it. What is said on the broker is `exchange.py`'s, how a request lives and ends is `action.py`'s.

    connect ─► runs/RUN/start ─► subscribe, await SUBACK ─► for each action: runner/start, publish at QoS 1,
    wait for its end, runner/finish ─► runs/RUN/finish

Nothing waits without a bound: for an answer the action's timeout, for a service that is not there `READY_SECONDS`, for
a lost broker what `exchange.py` says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from copper import references, wire
from copper.action import Request, State
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
from copper.workflow import Action, Workflow

READY_SECONDS = 5.0
"""How long a service that is not there is waited for, before the action that needs it fails."""

START_SECONDS = 15.0
"""How long a service that was started for the run may take to come up."""

STATUS_SECONDS = 3.0
"""How long a service that was started for the run may take to say that it is there, before it is asked all the same."""

LOOK_SECONDS = 0.1
"""How often we look whether a service that was started for the run still lives."""

AGAIN_SECONDS = 1.0
"""How often a request that nobody took is published again meanwhile."""

CANCEL_SECONDS = 2.0
"""How long a service may take to answer a request that Ctrl-C has called off."""

LONGEST_DELAY = 3600.0
"""Seconds between two attempts, at most, however often `backoff` has multiplied them."""


class Services(Protocol):
    """Who starts services (`lifecycle`)."""

    def start(self, service: str) -> bool:
        """Start a service unless it runs; False where nobody knows where it comes from."""

    def ended(self, service: str) -> str | None:
        """Why a service that was started here has ended; an empty text while it runs, None where it was not."""


@dataclass
class Runner:
    """One run of one workflow.

    Args:
        workflow: what to run.
        url: the broker's.
        run: the run's id, `[0-9A-Za-z_-]+`, sorting by time.
        environment: what `${env.…}` stands for.
        report: called with each `Report`.
        services: who starts services, and knows how those that it started are.
    """

    workflow: Workflow
    url: str
    run: str
    environment: Mapping[str, str]
    report: Callable[[Report], None] = lambda _report: None
    services: Services | None = None
    _answers: dict[str, Any] = field(default_factory=dict)
    _exchange: Exchange = field(init=False)

    def __post_init__(self) -> None:
        self._exchange = Exchange(self.url, [action.topic for action in self.workflow.actions])

    def open(self) -> None:
        """Connect, open the run's bracket in the broker's log, and subscribe to what the services will say.

        Raises:
            NoBrokerError: there is no broker, or it denies what we need.
        """
        start = {"run": self.run, "workflow": self.workflow.file, "at": _utc_now()}
        self._exchange.open(wire.run_start(self.run), start)

    def run_all(self) -> Result:
        """Run the actions in order; every one has a result afterwards, also those that were not run.

        Ctrl-C calls off what runs, and the rest is not run; nor is it when the broker went away and does not come
        back. A second Ctrl-C goes through at once, as KeyboardInterrupt.
        """
        began = time.monotonic()
        results: list[ActionResult] = []
        exit_code, over = EXIT_OK, False
        for number, action in enumerate(self.workflow.actions, 1):
            asked = time.monotonic()
            try:
                result = self._one(action, number, exit_code, over=over)
            except KeyboardInterrupt:
                self._call_off()
                result = self._broken_off(action, number, INTERRUPTED, asked)
                exit_code, over = EXIT_INTERRUPTED, True
            except NoBrokerError as error:
                result = self._broken_off(action, number, State.GONE.value, asked, str(error))
                exit_code, over = exit_code or EXIT_ABSENT, True
            results.append(result)
            if exit_code == EXIT_OK and action.on_error == "stop":
                exit_code = exit_code_of(result)
        return Result(self.run, exit_code, tuple(results), time.monotonic() - began)

    def close(self, result: Result | None) -> None:
        """Close the run's bracket with its outcome, and leave the broker in order."""
        try:
            if result is not None:
                outcome = {"run": self.run, "at": _utc_now(), "exit_code": result.exit_code}
                actions = [brief(one) for one in result.actions]
                self._exchange.say(wire.run_finish(self.run), {**outcome, "actions": actions})
        finally:
            self._exchange.close()

    def _broken_off(self, action: Action, number: int, outcome: str, asked: float, error: str = "") -> ActionResult:
        result = ActionResult(action.name, action.topic, outcome, time.monotonic() - asked, error=error)
        self.report(Report("ended", action, number, len(self.workflow.actions), result=result))
        return result

    def _call_off(self) -> None:
        """Call off what runs, and wait shortly for its end, so that the service is free for others."""
        request = self._exchange.request
        if request is None or request.ended:
            return
        try:
            self._exchange.call_off()
            self._exchange.wait_end(until=time.monotonic() + CANCEL_SECONDS)
        except NoBrokerError:
            return

    def _one(self, action: Action, number: int, exit_code: int, *, over: bool) -> ActionResult:
        """From an action to its result: whether it runs at all, its attempts, and the words around them."""
        report = Report("started", action, number, len(self.workflow.actions))
        try:
            if why := NOT_RUN if over else self._skipped(action, exit_code):
                result = ActionResult(action.name, action.topic, why)
            else:
                entry = self._entry(action)
                self.report(report)
                self._exchange.say(wire.RUNNER_START, entry)
                result = self._attempts(action, entry, report)
                self._exchange.say(wire.RUNNER_FINISH, entry)
        except references.BrokenReferenceError as error:
            result = ActionResult(action.name, action.topic, State.FAILED.value, error=f"{action.where}: {error}")
        except TooLargeError as error:
            result = ActionResult(action.name, action.topic, State.FAILED.value, error=str(error))
        if result.outcome == State.FINISHED.value:
            self._answers[action.name] = result.answer
        self.report(replace(report, what="ended", result=result))
        return result

    def _entry(self, action: Action) -> dict[str, Any]:
        """What is published; the condition stands there as it is written, it has been asked already."""
        said = {key: value for key, value in action.entry.items() if key != "if" or value != action.condition}
        return {**action.entry, **references.resolve(said, self._answers, self.environment)}

    def _skipped(self, action: Action, exit_code: int) -> str:
        """Why an action is not run, or an empty text."""
        condition = action.condition
        if condition == "always" or (condition == "failure" and exit_code != EXIT_OK):
            return ""
        if exit_code != EXIT_OK:
            return NOT_RUN
        if isinstance(condition, str) and condition != "failure":
            try:
                value = references.resolve(condition.lstrip("!"), self._answers, self.environment)
            except references.NoAnswerError:
                value = None
            condition = bool(value) is not condition.startswith("!")
        return "" if condition is True else SKIPPED

    def _attempts(self, action: Action, entry: dict[str, Any], report: Report) -> ActionResult:
        began = time.monotonic()
        delay = action.retry.delay
        for attempt in range(1, action.retry.times + 2):
            request = self._until_taken(action, entry, attempt, report)
            if request.state is State.TIMED_OUT:
                self._exchange.call_off()
            if request.state is State.FINISHED or not request.retryable or attempt > action.retry.times:
                break
            self._exchange.pause(min(delay, LONGEST_DELAY))
            delay *= action.retry.backoff
        return ActionResult(
            action.name,
            action.topic,
            request.state.value,
            time.monotonic() - began,
            attempt,
            request.answer,
            _explained(request),
        )

    def _until_taken(self, action: Action, entry: dict[str, Any], attempt: int, report: Report) -> Request:
        """One attempt; where nobody is there, the service is started if we can, and given time to come up."""
        service = wire.service_of(action.topic)
        if attempt > 1 and self.services is not None and self._ended(service):
            self.services.start(service)
        ours = self._ended(service) is not None
        patience = START_SECONDS if ours else READY_SECONDS
        since = time.monotonic()
        self._wait_ready(service, since + patience, unknown_too=ours)
        while True:
            request = self._ask(action, entry, attempt)
            self._exchange.wait_end(lambda progress: self.report(replace(report, what="progress", progress=progress)))
            # services need time to come back to a broker that was away, too
            since = max(since, self._exchange.back_since)
            if request.state is not State.NOBODY or time.monotonic() > since + patience:
                return request
            if why := self._ended(service):
                request.state, request.error, request.retryable = State.GONE, why, True
                return request
            if not ours and self.services is not None and self.services.start(service):
                ours, patience, since = True, START_SECONDS, time.monotonic()
                self._wait_ready(service, since + patience, unknown_too=True)
            else:
                self._exchange.pause(AGAIN_SECONDS)

    def _ended(self, service: str) -> str | None:
        return self.services.ended(service) if self.services is not None else None

    def _ask(self, action: Action, entry: dict[str, Any], attempt: int) -> Request:
        own = entry.get("id")
        key = f"{self.run}.{action.name}.{attempt}" if own is None else f"{own}.{self.run}.{attempt}"
        known = self._exchange.statuses.get(wire.service_of(action.topic)) in wire.READY
        request = Request(action.topic, key, key.encode(), time.monotonic(), action.timeout, known=known)
        self._exchange.send(request, entry)
        return request

    def _wait_ready(self, service: str, until: float, *, unknown_too: bool) -> None:
        """While the service's status says that it is not there, wait.

        Where there is no status, go on at once; with `unknown_too` wait for one, but not long: a service need not
        have any. A service of ours that has ended is not waited for.
        """
        silent = min(until, time.monotonic() + STATUS_SECONDS)
        while (now := time.monotonic()) < until and not self._ended(service):
            status = self._exchange.statuses.get(service)
            if status in wire.READY or status == "sleeping" or (status is None and not (unknown_too and now < silent)):
                return
            self._exchange.step(min(until, now + LOOK_SECONDS))


def _explained(request: Request) -> str:
    if request.state is not State.NOBODY:
        return request.error
    service = wire.service_of(request.topic)
    return f"{request.error}: is the service {service} running, and connected to this broker?"


def _utc_now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

"""Runs a workflow's actions: a checked `Workflow` → a `Result`.

What comes in: a workflow, a broker's URL. What goes out: the `Result`, and while it runs a `Report` for whoever wants
to show it. Which action may start, schedule.py knows; what is said on the broker is `exchange.py`'s, how a request
lives and ends is `action.py`'s.

    connect ─► runs/RUN/start ─► subscribe, await SUBACK ─► for each action: runner/start, publish at QoS 1,
    wait for its end, runner/finish ─► runs/RUN/finish

Several actions run at once: each is a generator that says until when it has nothing to do, and goes on when that time
or a message has come. Nothing waits without a bound: for an answer the action's timeout, for a service that is not
there `READY_SECONDS`, for a lost broker what `exchange.py` says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from copper import offers, references, wire
from copper.action import Request, State
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
from copper.schedule import Schedule
from copper.workflow import Action, Workflow
from tracer.errors import CopperError

JOBS = 8
"""How many actions run at once, at most, where nobody says otherwise."""

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

ECHO_SECONDS = 1.0
"""How long our own claim may take to come back from the broker; where its rules forbid that, nobody is waited for."""

LONGEST_DELAY = 3600.0
"""Seconds between two attempts, at most, however often `backoff` has multiplied them."""


Steps = Generator[float, None, Any]
"""Goes on whenever a message has come, or at the time that it gave out last, in seconds of the monotonic clock."""


class WrongRequestError(CopperError):
    """An action asks for what its service does not take."""


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
        jobs: how many actions run at once, at most.
        part: how often the run was begun; from the second time on its brackets say so.
        finished: results of earlier parts, by the names of their actions, which are not run again.
        attempts: how often the others were asked in earlier parts, by their names.
    """

    workflow: Workflow
    url: str
    run: str
    environment: Mapping[str, str]
    report: Callable[[Report], None] = lambda _report: None
    services: Services | None = None
    jobs: int = JOBS
    part: int = 1
    finished: Mapping[str, ActionResult] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)
    _answers: dict[str, Any] = field(default_factory=dict)
    _running: dict[str, _Running] = field(default_factory=dict)
    _results: dict[str, ActionResult] = field(default_factory=dict)
    _exit_code: int = EXIT_OK
    _exchange: Exchange = field(init=False)

    def __post_init__(self) -> None:
        self._exchange = Exchange(self.url, [action.topic for action in self.workflow.actions], self.run)

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
        until = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < until:
            self._exchange.step(until)
        return offers.problems(self._to_run(), self._exchange.infos)

    def _to_run(self) -> list[Action]:
        return [action for action in self.workflow.actions if action.name not in self.finished]

    def run_all(self) -> Result:
        """Run the actions; every one has a result afterwards, also those that were not run.

        After a failure nothing new starts, and what runs goes on to its end. Ctrl-C calls off what runs, and the rest
        is not run; nor is it when the broker went away and does not come back. A second Ctrl-C goes through at once,
        as KeyboardInterrupt.
        """
        began = time.monotonic()
        schedule = Schedule(self.workflow.actions, self.jobs)
        try:
            while self._start_more(schedule) or self._running:
                self._exchange.step(min((one.wake for one in self._running.values()), default=0.0))
                self._go_on(schedule)
        except KeyboardInterrupt:
            self._call_off()
            self._break_off(INTERRUPTED)
            self._exit_code = EXIT_INTERRUPTED
        except NoBrokerError as error:
            self._break_off(State.GONE.value, str(error))
            self._exit_code = self._exit_code or EXIT_ABSENT
        for action in self.workflow.actions:
            if action.name not in self._results:
                self._end(action, ActionResult(action.name, action.topic, NOT_RUN))
        results = tuple(self._results[action.name] for action in self.workflow.actions)
        return Result(self.run, self._exit_code, results, time.monotonic() - began)

    def close(self, result: Result | None) -> None:
        """Close the run's bracket with its outcome, and leave the broker in order."""
        try:
            if result is not None:
                outcome = {"run": self.run, "at": _utc_now(), "exit_code": result.exit_code}
                actions = [brief(one) for one in result.actions]
                self._exchange.say(wire.run_finish(wire.part_of(self.run, self.part)), {**outcome, "actions": actions})
        finally:
            self._exchange.close()

    def _start_more(self, schedule: Schedule) -> bool:
        """Let all begin that may; whether any did, or ended at once."""
        any_began = False
        while action := schedule.start():
            any_began = True
            self._running[action.name] = _Running(action, self._one(action), time.monotonic())
            self._advance(self._running[action.name], schedule)
        return any_began

    def _go_on(self, schedule: Schedule) -> None:
        for one in list(self._running.values()):
            self._advance(one, schedule)

    def _advance(self, one: _Running, schedule: Schedule) -> None:
        try:
            one.wake = next(one.steps)
        except StopIteration as ended:
            self._end(one.action, ended.value)
            schedule.end(one.action)

    def _end(self, action: Action, result: ActionResult) -> None:
        """An action has its result."""
        self._running.pop(action.name, None)
        self._results[action.name] = result
        if result.outcome == State.FINISHED.value:
            self._answers[action.name] = result.answer
        if self._exit_code == EXIT_OK and action.on_error == "stop":
            self._exit_code = exit_code_of(result)
        self.report(replace(self._report("ended", action), result=result))

    def _report(self, what: str, action: Action) -> Report:
        actions = self.workflow.actions
        return Report(what, action, actions.index(action) + 1, len(actions))

    def _break_off(self, outcome: str, error: str = "") -> None:
        """What runs is not waited for any more."""
        now = time.monotonic()
        for one in list(self._running.values()):
            action = one.action
            asked = self._asked.get(action.name, 0)
            self._end(action, ActionResult(action.name, action.topic, outcome, now - one.began, asked, error=error))

    def _call_off(self) -> None:
        """Call off what runs, and wait shortly for its end, so that the services are free for others."""
        try:
            for request in self._exchange.open_requests:
                self._exchange.call_off(request)
            until = time.monotonic() + CANCEL_SECONDS
            while self._exchange.open_requests and time.monotonic() < until:
                self._exchange.step(until)
        except NoBrokerError:
            return

    def _one(self, action: Action) -> Steps:
        """From an action to its result: whether it runs at all, its attempts, and the words around them."""
        try:
            if action.name in self.finished:
                return replace(self.finished[action.name], reused=True)
            if why := self._skipped(action):
                return ActionResult(action.name, action.topic, why)
            entry = self._entry(action)
            self.report(self._report("started", action))
            step = f"{self.run}.{action.name}"
            self._exchange.say(wire.RUNNER_START, entry, correlation=step.encode())
            try:
                result = yield from self._attempts(action, entry, step)
            finally:
                self._exchange.release(wire.service_of(action.topic), step)
            self._exchange.say(wire.RUNNER_FINISH, entry, correlation=step.encode())
        except references.BrokenReferenceError as error:
            return ActionResult(action.name, action.topic, State.FAILED.value, error=f"{action.where}: {error}")
        except (TooLargeError, WrongRequestError) as error:
            return ActionResult(action.name, action.topic, State.FAILED.value, error=str(error))
        return result

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

    def _attempts(self, action: Action, entry: dict[str, Any], step: str) -> Steps:
        began = time.monotonic()
        delay = action.retry.delay
        first = self.attempts.get(action.name, 0) + 1
        for attempt in range(first, first + action.retry.times + 1):
            request = yield from self._until_taken(action, entry, attempt, step)
            if request.state is State.TIMED_OUT:
                self._exchange.call_off(request)
            if request.state is State.FINISHED or not request.retryable or attempt >= first + action.retry.times:
                break
            yield from _pause(min(delay, LONGEST_DELAY))
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

    def _turn(self, action: Action, ticket: str) -> Steps:
        """Wait until nobody else has asked a service that knows one request at a time."""
        service, turns, until = wire.service_of(action.topic), self._exchange.turns, time.monotonic() + ECHO_SECONDS
        if service not in self._exchange.infos and not turns.is_known(service, ticket):
            self._exchange.claim(service, ticket)
        while service not in self._exchange.infos:
            now = time.monotonic()
            is_known = turns.is_known(service, ticket)
            if (is_known and turns.is_first(service, ticket, now)) or (not is_known and now >= until):
                return
            yield now + LOOK_SECONDS
        self._exchange.release(service, ticket)

    def _until_taken(self, action: Action, entry: dict[str, Any], attempt: int, step: str) -> Steps:
        """One attempt, when it is our turn.

        Where nobody is there, the service is started if we can, and given time to come up.
        """
        service = wire.service_of(action.topic)
        if self.services is not None and self._ended(service):
            self.services.start(service)
        ours = self._ended(service) is not None
        patience = START_SECONDS if ours else READY_SECONDS
        since = time.monotonic()
        yield from self._wait_ready(service, since + patience, unknown_too=ours)
        if wrong := offers.problems([replace(action, entry=entry)], self._exchange.infos):
            raise WrongRequestError("; ".join(f"{one.file}:{one.line}:{one.column}: {one.what}" for one in wrong))
        while True:
            yield from self._turn(action, step)
            request = self._ask(action, entry, attempt)
            yield from self._wait_end(action, request)
            # services need time to come back to a broker that was away, too
            since = max(since, self._exchange.back_since)
            if request.state is not State.NOBODY or time.monotonic() > since + patience:
                return request
            if why := self._ended(service):
                request.state, request.error, request.retryable = State.GONE, why, True
                return request
            if not ours and self.services is not None and self.services.start(service):
                ours, patience, since = True, START_SECONDS, time.monotonic()
                yield from self._wait_ready(service, since + patience, unknown_too=True)
            else:
                yield from _pause(AGAIN_SECONDS)

    def _ended(self, service: str) -> str | None:
        return self.services.ended(service) if self.services is not None else None

    def _ask(self, action: Action, entry: dict[str, Any], attempt: int) -> Request:
        own = entry.get("id")
        key = f"{self.run}.{action.name}.{attempt}" if own is None else f"{own}.{self.run}.{attempt}"
        self._asked[action.name] = attempt
        known = self._exchange.statuses.get(wire.service_of(action.topic)) in wire.READY
        request = Request(action.topic, key, key.encode(), time.monotonic(), action.timeout, known=known)
        self._exchange.send(request, entry)
        return request

    def _wait_end(self, action: Action, request: Request) -> Steps:
        shown = None
        while not request.ended:
            yield request.deadline()
            request.at(time.monotonic())
            if request.progress is not None and request.progress != shown:
                shown = request.progress
                self.report(replace(self._report("progress", action), progress=shown))
        self._exchange.end(request)

    def _wait_ready(self, service: str, until: float, *, unknown_too: bool) -> Steps:
        """While the service's status says that it is not there, wait.

        Where there is no status, go on at once; with `unknown_too` wait for one, but not long: a service need not
        have any. A service of ours that has ended is not waited for.
        """
        silent = min(until, time.monotonic() + STATUS_SECONDS)
        while (now := time.monotonic()) < until and not self._ended(service):
            status = self._exchange.statuses.get(service)
            if status in wire.READY or status == "sleeping" or (status is None and not (unknown_too and now < silent)):
                return
            yield min(until, now + LOOK_SECONDS)


@dataclass
class _Running:
    """An action that runs: since when, and until when it has nothing to do, in seconds of the monotonic clock."""

    action: Action
    steps: Steps
    began: float
    wake: float = 0.0


def _pause(seconds: float) -> Steps:
    """Let time pass."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield until


def _explained(request: Request) -> str:
    if request.state is not State.NOBODY:
        return request.error
    service = wire.service_of(request.topic)
    return f"{request.error}: is the service {service} running, and connected to this broker?"


def _utc_now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

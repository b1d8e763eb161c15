"""Carries messages between a workflow's actions and the broker: a checked `Workflow` → a `Result`.

What comes in: a workflow, a broker's URL. What goes out: the `Result`, and while it runs a `Report` for whoever wants
to show it. How a request lives and ends is `action.py`'s; what a topic is called is `wire.py`'s.

    connect ─► runs/RUN/start ─► subscribe, await SUBACK ─► for each action: runner/start, publish at QoS 1,
    wait for its end, runner/finish ─► runs/RUN/finish

Nothing waits without a bound: for an answer the action's timeout, for a lost broker `BROKER_SECONDS`, for a service
that is not there `READY_SECONDS`.
"""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from copper import references, wire
from copper.action import Request, State
from copper.client import (
    NO_MATCHING_SUBSCRIBERS,
    Answered,
    Client,
    Connected,
    Event,
    Lost,
    Message,
    NoBrokerError,
    Will,
)
from copper.result import (
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

BROKER_SECONDS = 15.0
"""How long a lost broker may stay away."""


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
    _events: queue.Queue[Event] = field(default_factory=queue.Queue)
    _status: dict[str, str] = field(default_factory=dict)
    _answers: dict[str, Any] = field(default_factory=dict)
    _client: Client = field(init=False)
    _request: Request | None = None
    _mid: int = 0
    _lost_since: float | None = None

    def __post_init__(self) -> None:
        will = Will(wire.RUNNER_STATUS, wire.DISCONNECTED.encode())
        self._client = Client(self.url, f"runner-{secrets.token_hex(4)}", self._events.put, will=will)

    def open(self) -> None:
        """Connect, open the run's bracket in the broker's log, and subscribe to what the services will say.

        Raises:
            NoBrokerError: there is no broker, or it denies what we need.
        """
        self._client.connect()
        self._say(wire.run_start(self.run), {"run": self.run, "workflow": self.workflow.file, "at": _utc_now()})
        self._client.publish_and_wait(wire.RUNNER_STATUS, wire.CONNECTED.encode(), retain=True)
        self._client.subscribe(sorted(_filters(self.workflow.actions)))

    def run_all(self) -> Result:
        """Run the actions in order; every one has a result afterwards, also those that were not run.

        Ctrl-C calls off what runs, and the rest is not run.

        Raises:
            NoBrokerError: the broker went away and did not come back.
        """
        began = time.monotonic()
        results: list[ActionResult] = []
        exit_code = EXIT_OK
        for number, action in enumerate(self.workflow.actions, 1):
            try:
                result = self._one(action, number, exit_code)
            except KeyboardInterrupt:
                self._call_off(self._request)
                result = ActionResult(action.name, action.topic, INTERRUPTED, time.monotonic() - began)
                exit_code = EXIT_INTERRUPTED
            results.append(result)
            if exit_code == EXIT_OK and action.on_error == "stop":
                exit_code = exit_code_of(result)
        return Result(self.run, exit_code, tuple(results), time.monotonic() - began)

    def close(self, result: Result | None) -> None:
        """Close the run's bracket with its outcome, and leave the broker in order."""
        if result is not None:
            outcome = {"run": self.run, "at": _utc_now(), "exit_code": result.exit_code}
            self._say(wire.run_finish(self.run), {**outcome, "actions": [brief(one) for one in result.actions]})
            self._client.publish_and_wait(wire.RUNNER_STATUS, wire.DISCONNECTED.encode(), retain=True)
        self._client.close()

    def _call_off(self, request: Request | None) -> None:
        """Tell the service that nobody waits for this any more."""
        if request is not None and request.state in {State.SENT, State.ACCEPTED, State.TIMED_OUT}:
            self._say(wire.cancel(request.topic), {"id": request.id})

    def _say(self, topic: str, value: Any) -> None:
        self._client.publish_and_wait(topic, wire.encode(value))

    def _one(self, action: Action, number: int, exit_code: int) -> ActionResult:
        """From an action to its result: whether it runs at all, its attempts, and the words around them."""
        report = Report("started", action, number, len(self.workflow.actions))
        try:
            if why := self._skipped(action, exit_code):
                result = ActionResult(action.name, action.topic, why)
            else:
                entry = references.resolve(action.entry, self._answers, self.environment)
                self.report(report)
                self._say(wire.RUNNER_START, entry)
                result = self._attempts(action, entry, report)
                self._say(wire.RUNNER_FINISH, entry)
        except references.BrokenReferenceError as error:
            result = ActionResult(action.name, action.topic, State.FAILED.value, error=f"{action.where}: {error}")
        self._answers[action.name] = result.answer
        self.report(replace(report, what="ended", result=result))
        return result

    def _skipped(self, action: Action, exit_code: int) -> str:
        """Why an action is not run, or an empty text."""
        condition = action.condition
        if exit_code == EXIT_INTERRUPTED:
            return NOT_RUN
        if condition == "always" or (condition == "failure" and exit_code != EXIT_OK):
            return ""
        if exit_code != EXIT_OK:
            return NOT_RUN
        if isinstance(condition, str) and condition != "failure":
            value = references.resolve(condition.lstrip("!"), self._answers, self.environment)
            condition = bool(value) is not condition.startswith("!")
        return "" if condition is True else SKIPPED

    def _attempts(self, action: Action, entry: dict[str, Any], report: Report) -> ActionResult:
        began = time.monotonic()
        delay = action.retry.delay
        for attempt in range(1, action.retry.times + 2):
            request = self._until_taken(action, entry, attempt, report)
            if request.state is State.TIMED_OUT:
                self._call_off(request)
            if request.state is State.FINISHED or not request.retryable or attempt > action.retry.times:
                break
            self._pause(delay)
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
        ours = self._ended(service) is not None
        give_up = time.monotonic() + (START_SECONDS if ours else READY_SECONDS)
        self._wait_ready(service, give_up, unknown_too=ours)
        while True:
            request = self._send(action, entry, attempt)
            self._wait_end(request, report)
            if request.state is not State.NOBODY or time.monotonic() > give_up:
                return request
            if why := self._ended(service):
                request.state, request.error = State.GONE, why
                return request
            if not ours and self.services is not None and self.services.start(service):
                ours = True
                give_up = time.monotonic() + START_SECONDS
                self._wait_ready(service, give_up, unknown_too=True)
            else:
                self._pause(AGAIN_SECONDS)

    def _ended(self, service: str) -> str | None:
        return self.services.ended(service) if self.services is not None else None

    def _send(self, action: Action, entry: dict[str, Any], attempt: int) -> Request:
        own = entry.get("id")
        key = f"{self.run}.{action.name}.{attempt}" if own is None else f"{own}.{self.run}.{attempt}"
        known = self._status.get(wire.service_of(action.topic)) in wire.READY
        correlation = key.encode()
        request = Request(action.topic, key, correlation, time.monotonic(), action.timeout, known=known)
        self._request = request
        payload = wire.encode({**entry, "id": key})
        answer_to = wire.finish(action.topic)
        self._mid = self._client.publish(action.topic, payload, answer_to=answer_to, correlation=correlation)
        return request

    def _wait_ready(self, service: str, until: float, *, unknown_too: bool = False) -> None:
        """While the service's status says that it is not there, wait.

        Where there is no status, go on at once; with `unknown_too` wait for one, but not long: a service need not
        have any. A service of ours that has ended is not waited for.
        """
        silent = min(until, time.monotonic() + STATUS_SECONDS)
        while (now := time.monotonic()) < until and not self._ended(service):
            status = self._status.get(service)
            if status in wire.READY or status == "sleeping" or (status is None and not (unknown_too and now < silent)):
                return
            self._step(min(until, now + LOOK_SECONDS))

    def _wait_end(self, request: Request, report: Report) -> None:
        shown = None
        while not request.ended:
            self._step(request.deadline())
            request.at(time.monotonic())
            if request.progress is not None and request.progress != shown:
                shown = request.progress
                self.report(replace(report, what="progress", progress=shown))

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._step(until)

    def _step(self, until: float) -> None:
        """Take one event, if one comes before `until`."""
        if self._lost_since is not None:
            until = min(until, self._lost_since + BROKER_SECONDS)
            if time.monotonic() >= self._lost_since + BROKER_SECONDS:
                raise NoBrokerError(
                    f"the broker went away and did not come back within {BROKER_SECONDS:g} s", where=self.url
                )
        try:
            event = self._events.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return
        self._take(event)

    def _take(self, event: Event) -> None:
        request = self._request
        if isinstance(event, Lost):
            self._lost_since = time.monotonic()
        elif isinstance(event, Connected):
            self._lost_since = None
        elif isinstance(event, Answered):
            if request and event.mid == self._mid and event.code == NO_MATCHING_SUBSCRIBERS:
                request.nobody()
        elif event.topic.endswith("/status"):
            self._take_status(event)
        elif request and not event.retain:
            request.message(event.topic, wire.decode(event.payload), event.correlation)

    def _take_status(self, event: Message) -> None:
        service = event.topic.removesuffix("/status")
        payload = event.payload.decode("utf-8", errors="replace").strip('"')
        self._status[service] = payload
        if self._request and wire.service_of(self._request.topic) == service and not event.retain:
            self._request.status(payload)


def _explained(request: Request) -> str:
    if request.state is not State.NOBODY:
        return request.error
    service = wire.service_of(request.topic)
    return f"{request.error}: is the service {service} running, and connected to this broker?"


def _filters(actions: Iterable[Action]) -> set[str]:
    """What the services of these actions may say."""
    found = set()
    for action in actions:
        topic, service = action.topic, wire.service_of(action.topic)
        found |= {wire.start(topic), wire.progress(topic), wire.finish(topic), wire.error(topic)}
        found |= {wire.status(service), wire.service_error(service)}
    return found


def _utc_now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

"""One action from its first attempt to its result, as steps between which others take theirs.

    is the service there? ─► is it our turn? ─► publish ─► wait for the end ─┬─► result
      ▲                                             nobody there: start it,  │
      └──────────────── later, as `retry` says ◄──── or wait for it ◄────────┘

What comes in: an action, the entry to publish, the exchange. What goes out: an `ActionResult`. Each function is a
generator: it yields the time (monotonic, seconds) until which it has nothing to do unless something is heard; whoever
runs it resumes it after each event. So one thread runs any number of actions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from copper import offers, wire
from copper.action import Progress, Request, State
from copper.exchange import Exchange
from copper.result import ActionResult
from copper.workflow import Action
from tracer.errors import CopperError

READY_SECONDS = 5.0
"""How long a service that is not there is waited for, before the action that needs it fails."""

START_SECONDS = 15.0
"""How long a service that was started for the run may take to come up."""

STATUS_SECONDS = 3.0
"""How long a service that was started for the run may take to say that it is there, before it is asked all the same."""

LOOK_SECONDS = 0.1
"""How often we look whether a service that was started for the run still lives."""

LAST_WORDS_SECONDS = 0.5
"""How long the answer of a service of ours may be under way when its process has ended."""

AGAIN_SECONDS = 1.0
"""How often a request that nobody took is published again meanwhile."""

LONGEST_DELAY = 3600.0
"""Seconds between two attempts, at most, however often `backoff` has multiplied them."""

Steps = Generator[float, None, Any]


class WrongRequestError(CopperError):
    """An action asks for what its service does not take."""


class Services(Protocol):
    """Who starts services (`lifecycle`)."""

    def start(self, service: str) -> bool:
        """Start a service unless it runs; False where nobody knows where it comes from."""

    def ended(self, service: str) -> str | None:
        """Why a service that was started here has ended; an empty text while it runs, None where it was not."""


@dataclass
class Attempts:
    """An action while it runs.

    Args:
        action: which.
        entry: what is published, without the request's id.
        run: the run's id.
        before: how many attempts an earlier part of the run has made.
        exchange: the connection.
        services: who starts services, if anybody.
        show: called with the progress that the service reports.
    """

    action: Action
    entry: dict[str, Any]
    run: str
    before: int
    exchange: Exchange
    services: Services | None
    show: Callable[[Progress], None]
    made: int = 0

    def steps(self) -> Generator[float, None, ActionResult]:
        """All attempts.

        Raises:
            TooLargeError: the broker does not take so large a request.
            WrongRequestError: the service does not take it.
        """
        action, began, delay = self.action, time.monotonic(), self.action.retry.delay
        for number in range(action.retry.times + 1):
            self.made = self.before + number + 1
            request: Request = yield from self._until_taken()
            if request.state is State.TIMED_OUT:
                self.exchange.call_off(request)
            if request.state is State.FINISHED or not request.retryable or number == action.retry.times:
                break
            yield from _pause(min(delay, LONGEST_DELAY))
            delay *= action.retry.backoff
        seconds = time.monotonic() - began
        outcome, answer = request.state.value, request.answer
        return ActionResult(action.name, action.topic, outcome, seconds, self.made, answer, _explained(request))

    def _until_taken(self) -> Steps:
        """One attempt; where nobody is there, the service is started if we can, and given time to come up."""
        service = wire.service_of(self.action.topic)
        if self.made > 1 and self.services is not None and self._ended(service):
            self.services.start(service)
        ours = self._ended(service) is not None
        patience = START_SECONDS if ours else READY_SECONDS
        since = time.monotonic()
        yield from self._until_ready(service, since + patience, unknown_too=ours)
        while True:
            request: Request = yield from self._ask(service)
            # services need time to come back to a broker that was away, too
            since = max(since, self.exchange.back_since)
            if request.state is not State.NOBODY or time.monotonic() > since + patience:
                return request
            if why := self._ended(service):
                request.state, request.error, request.retryable = State.GONE, why, True
                return request
            if not ours and self.services is not None and self.services.start(service):
                ours, patience, since = True, START_SECONDS, time.monotonic()
                yield from self._until_ready(service, since + patience, unknown_too=True)
            else:
                yield from _pause(AGAIN_SECONDS)

    def _ask(self, service: str) -> Steps:
        """Publish the request when it is its turn, and wait for its end."""
        if wrong := offers.problems([replace(self.action, entry=self.entry)], self.exchange.infos):
            raise WrongRequestError("; ".join(f"{one.file}:{one.line}:{one.column}: {one.what}" for one in wrong))
        request = self._request()
        try:
            if not self.exchange.knows_ids(service):
                yield from self._until_turn(service, request)
            if not request.ended:
                request.sent = time.monotonic()
                request.known = self.exchange.statuses.get(service) in wire.READY
                self.exchange.send(request, self.entry)
            yield from self._until_end(service, request)
        finally:
            self.exchange.leave(request.id)
        return request

    def _until_end(self, service: str, request: Request) -> Steps:
        """Until the request has ended, or the service has, if it is one of ours."""
        shown, believed = None, float("inf")
        while not request.ended:
            now, why = time.monotonic(), self._ended(service)
            believed = min(believed, now + LAST_WORDS_SECONDS) if why else float("inf")
            if why and now >= believed:
                request.gone("went away")
                request.error = f"{request.error}: {why}"
                return
            yield request.deadline() if why is None else min(request.deadline(), now + LOOK_SECONDS)
            if request.progress is not shown and request.progress is not None:
                shown = request.progress
                self.show(shown)

    def _until_turn(self, service: str, request: Request) -> Steps:
        self.exchange.queue_up(service, request.id)
        until = time.monotonic() + self.action.timeout
        while not self.exchange.may_go(service, request.id):
            if time.monotonic() > until:
                request.state, request.retryable = State.TIMED_OUT, True
                request.error = f"{service} worked for others for {self.action.timeout:g} s, and takes one at a time"
                return
            yield min(until, time.monotonic() + LOOK_SECONDS)

    def _request(self) -> Request:
        """The id is the run's, the action's and the attempt's; the user's own stands before it."""
        own, name = self.entry.get("id"), self.action.name
        unique = f"{self.run}.{name}.{self.made}"
        if own is not None:
            key = f"{own}.{self.run}.{self.made}" if str(own) == name else f"{own}.{unique}"
        else:
            key = unique
        return Request(self.action.topic, key, key.encode(), time.monotonic(), self.action.timeout)

    def _until_ready(self, service: str, until: float, *, unknown_too: bool) -> Steps:
        """While the service's status says that it is not there, wait.

        Where there is no status, go on at once; with `unknown_too` wait for one, but not long: a service need not
        have any. A service of ours that has ended is not waited for.
        """
        silent = min(until, time.monotonic() + STATUS_SECONDS)
        while (now := time.monotonic()) < until and not self._ended(service):
            status = self.exchange.statuses.get(service)
            if status in wire.READY or status == "sleeping" or (status is None and not (unknown_too and now < silent)):
                return
            yield min(until, now + LOOK_SECONDS)

    def _ended(self, service: str) -> str | None:
        return self.services.ended(service) if self.services is not None else None


def _pause(seconds: float) -> Steps:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield until


def _explained(request: Request) -> str:
    if request.state is not State.NOBODY:
        return request.error
    service = wire.service_of(request.topic)
    return f"{request.error}: is the service {service} running, and connected to this broker?"

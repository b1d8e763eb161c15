"""Requests of a service: each is worked on once, and gets exactly one terminal answer.

What comes in: messages on the topics of actions, and on `ACTION/cancel`. What goes out: start, and exactly one of
finish or error for every request, also when the handler raises or never returns, the JSON is broken, a parameter is
missing, the service stops, or the same request comes twice (QoS 1: the second gets the first's answer, and the work is
not done again). It knows no broker: it is given a way to send.

The network thread takes requests in and sorts them, workers call the handlers, so many for each action. Whoever answers
a request, its worker or the one who gives up waiting for it, asks `answers` whether it is the first.
"""

from __future__ import annotations

import asyncio
import inspect
import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from copper import failures, policy, wire
from copper.answers import Answer, Answers
from copper.job import CancelledError, Job, Publisher
from copper.mqtt import Message
from copper.parameters import Handler, Parameters

WORKERS = 4
"""How many requests of an action are worked on at a time, where nobody says otherwise."""

STOP_SECONDS = 3.0
"""How long a handler may go on after its request was called off or the service was told to stop; then the request is
answered without it."""


class Sender(Publisher, Protocol):
    """Who sends answers (`service`)."""

    def send(self, topic: str, payload: bytes, *, qos: int, correlation: bytes | None = None) -> None:
        """Publish bytes."""

    def check_size(self, topic: str, payload: bytes) -> None:
        """End here if the broker does not take so large a message."""


@dataclass(eq=False)
class Action:
    """One action of a service, and the requests that wait for it."""

    topic: str
    handler: Handler
    parameters: Parameters
    concurrency: int
    waiting: queue.SimpleQueue[_Request | None] = field(default_factory=queue.SimpleQueue)


@dataclass(frozen=True, eq=False)
class _Request:
    """A request that waits for its answer: the key by which it is known, its message, and its job."""

    key: str
    message: Message
    job: Job
    id: Any


class Intake:
    """All requests of one service.

    Args:
        name: the service's.
        sender: who sends answers.
    """

    def __init__(self, name: str, sender: Sender) -> None:
        self.actions: dict[str, Action] = {}
        self.answered = 0
        self.idle_since = time.monotonic()
        self._name = name
        self._sender = sender
        self._answers = Answers()
        self._open: dict[str, _Request] = {}
        self._stopping = False
        self.on_answer: Callable[[], None] = lambda: None

    @property
    def is_idle(self) -> bool:
        """Whether no request is open."""
        return not self._open

    def start(self) -> None:
        """Have workers for all actions."""
        for action in self.actions.values():
            for _ in range(action.concurrency):
                self._add_worker(action)

    def stop(self) -> None:
        """Every open request gets its answer, and the workers end."""
        self._stopping = True
        for request in list(self._open.values()):
            request.job.cancel(_stopping(self._name))
        deadline = time.monotonic() + STOP_SECONDS
        while self._open and time.monotonic() < deadline:
            time.sleep(0.01)
        for request in list(self._open.values()):
            self._give_up(request, _stopping(self._name))
        for action in self.actions.values():
            action.waiting.put(None)

    def take(self, message: Message) -> None:
        """A request has come: it is new and waits for a worker, or it was here before and gets the same answer."""
        entry = wire.decode(message.payload)
        action = self.actions[message.topic]
        job = Job(self._sender, message.topic, entry, _seconds(entry, action.parameters))
        request = _Request(f"{message.topic} {_key(entry, message)}", message, job, _id(entry))
        if self._answers.begin(request.key):
            self._open[request.key] = request
            if self._stopping:
                request.job.cancel(_stopping(self._name))
            action.waiting.put(request)
        elif answer := self._answers.given(request.key):  # while it is worked on, its answer serves both
            self._sender.send(answer.topic, answer.payload, qos=1, correlation=message.correlation)

    def call_off(self, message: Message) -> None:
        """Let the handler end; one that does not listen is not waited for."""
        entry = wire.decode(message.payload)
        request = self._open.get(f"{message.topic.removesuffix('/cancel')} {_key(entry, message)}")
        if request:
            request.job.cancel()
            timer = threading.Timer(STOP_SECONDS, self._give_up, [request, CancelledError()])
            timer.daemon = True
            timer.start()

    def _give_up(self, request: _Request, why: CancelledError) -> None:
        """Answer in place of a handler that does not return; another worker takes the place of its own."""
        if self._answer(request, self._failed(request, why)):
            self._add_worker(self.actions[request.message.topic])

    def _add_worker(self, action: Action) -> None:
        threading.Thread(target=self._work, args=[action], name=self._name, daemon=True).start()

    def _work(self, action: Action) -> None:
        """One worker: takes requests until it is told to end, or until somebody gave up waiting for it."""
        while (request := action.waiting.get()) is not None:
            if not self._answer(request, self._answer_of(action, request)):
                return
        action.waiting.put(None)

    def _answer_of(self, action: Action, request: _Request) -> Answer:
        topic = action.topic
        try:
            request.job.check()
            given = action.parameters.arguments(request.job)
            self._sender.publish(wire.start(topic), request.job.entry)
            value = called(action.handler, given, request.job)
            if isinstance(value, dict) and request.id is not None:
                value = {"id": request.id, **value} | {"id": request.id}
            answer = Answer(wire.finish(topic), wire.encode(value))
            self._sender.check_size(answer.topic, answer.payload)
        except BaseException as error:  # noqa: BLE001  whatever a handler raises, also by sys.exit, is answered
            return self._failed(request, error)
        return answer

    def _failed(self, request: _Request, error: BaseException) -> Answer:
        """An exception as the request's answer."""
        topic = wire.error(request.message.topic)
        try:
            return Answer(topic, wire.encode(_named(failures.said(error), request.id)))
        except Exception as unsayable:  # noqa: BLE001  what the error carries along can't be said
            return Answer(topic, wire.encode(_named(failures.said(unsayable), request.id)))

    def _answer(self, request: _Request, answer: Answer) -> bool:
        """Send the answer if it is the first; whether it was."""
        keep = request.id is not None or request.message.correlation is not None
        first = self._answers.give(request.key, answer, keep=keep)
        if first:
            self._sender.send(answer.topic, answer.payload, qos=1, correlation=request.message.correlation)
            self.idle_since = time.monotonic()
            self._open.pop(request.key, None)
            self.answered += 1
            self.on_answer()
        return first


def called(handler: Handler, given: dict[str, Any], job: Job) -> Any:
    """What a handler returns; one that is `async` runs in a loop of its own, and is cancelled where its job is.

    Raises:
        BaseException: whatever it raises.
    """
    if not inspect.iscoroutinefunction(handler):
        return handler(**given)

    async def run() -> Any:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        job.on_cancel(lambda: loop.call_soon_threadsafe(task.cancel) if task is not None else None)
        return await handler(**given)

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        job.check()
        raise
    finally:
        job.on_cancel(None)


def _seconds(entry: Any, parameters: Parameters) -> float | None:
    """How long whoever asks waits for the answer, as far as the entry says so."""
    if not isinstance(entry, dict) or "timeout" in parameters.names:
        return None
    return policy.seconds(entry.get("timeout"))


def _id(entry: Any) -> Any:
    return entry.get("id") if isinstance(entry, dict) else None


def _key(entry: Any, message: Message) -> str:
    """What a request is known by when it comes twice: its id, else its correlation data, else nothing but itself."""
    request = _id(entry)
    if request is not None:
        return wire.encode(request).decode()
    return f"by {message.correlation.hex()}" if message.correlation else f"alone {secrets.token_hex(16)}"


def _stopping(service: str) -> CancelledError:
    return CancelledError(f"{service} stops", kind="stopping", retryable=True)


def _named(said: dict[str, Any], request: Any) -> dict[str, Any]:
    return said if request is None else {"id": request, **said} | {"id": request}

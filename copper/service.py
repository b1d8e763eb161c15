"""The SDK: a function becomes an action that a workflow can call.

    from copper import Job, Service

    service = Service("greeter")

    @service.action                     # answers requests on greeter/hello
    def hello(name: str, *, job: Job) -> dict:
        job.progress(1, 2, "looking up the name")
        return {"text": f"hello {name}"}

    service.run()

What comes in: requests on `SERVICE/ACTION`. What goes out: start, progress, and exactly one of finish or error for
every request, also when the handler raises or never returns, the JSON is broken, a parameter is missing, the service
stops, or the same request comes twice (QoS 1: the second gets the first's answer, and the work is not done again).

The network thread takes requests in and sorts them, workers call the handlers. Whoever answers a request, its worker
or the one who gives up waiting for it, asks `answers` whether it is the first.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import queue
import secrets
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from typing import Any

from copper import wire
from copper.answers import Answer, Answers
from copper.client import Client
from copper.job import ActionError, CancelledError, Job
from copper.mqtt import Connected, Event, Message, NoBrokerError, Will
from copper.parameters import Handler, arguments, described
from tracer.errors import CopperError

__all__ = ["ActionError", "CancelledError", "Job", "Service"]

WORKERS = 4
"""How many requests a service works on at a time."""

STOP_SECONDS = 3.0
"""How long a handler may go on after its request was called off or the service was told to stop; then the request is
answered without it."""

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"


@dataclass(frozen=True, eq=False)
class _Request:
    """A request that waits for its answer: the key by which it is known, its message, and its job."""

    key: str
    message: Message
    job: Job
    id: Any


class Service:
    """An MQTT client that answers the requests of its actions.

    Args:
        name: the first level of its topics.
        broker: its URL; where it is left out, the environment variable COPPER_BROKER, else this machine's port 1883.
    """

    def __init__(self, name: str, *, broker: str | None = None) -> None:
        self.name = name
        self.actions: dict[str, Handler] = {}
        self._broker = broker
        self._answers = Answers()
        self._open: dict[str, _Request] = {}
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._stop: queue.SimpleQueue[None] = queue.SimpleQueue()  # unlike an Event, to be used in a signal's handler
        self._stopping = False
        self._client: Client | None = None
        self._instance = secrets.token_hex(4)  # says to runners whether we, who know what was asked, are still the same

    def action(self, handler: Handler) -> Handler:
        """Answer requests on `SERVICE/HANDLER_NAME` with what `handler` returns.

        The handler is called with those keys of the request that its parameters name, and `job` if it names that. It
        may be `async`.
        """
        self.actions[f"{self.name}/{handler.__name__}"] = handler
        return handler

    def run(self) -> None:
        """Serve until SIGTERM, Ctrl-C or `stop`; ends the program with a plain sentence if there is no broker."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        try:
            self.serve()
        except NoBrokerError as error:
            sys.exit(f"{self.name}: {error}")

    def stop(self) -> None:
        """Let `serve` return; safe from any thread, and from a signal's handler."""
        self._stop.put(None)

    def serve(self) -> None:
        """Serve until `stop` is called.

        Raises:
            NoBrokerError: there is no broker.
        """
        url = self._broker or os.environ.get("COPPER_BROKER") or DEFAULT_BROKER
        status = wire.status(self.name)
        will = Will(status, wire.DISCONNECTED.encode())
        client = Client(url, f"{self.name}-{self._instance}", self._on_event, will=will)
        client.connect()
        self._client = client
        try:
            for _ in range(WORKERS):
                self._add_worker()
            client.subscribe([*self.actions, *map(wire.cancel, self.actions)])
            self._announce()
            self._stop.get()
            self._end_all()
            client.publish_and_wait(status, wire.DISCONNECTED.encode(), retain=True)
        finally:
            self._waiting.put(None)
            client.close()

    def publish(self, topic: str, value: Any, *, qos: int = 1, retain: bool = False) -> None:
        """Publish `value` as JSON.

        Raises:
            CopperError: it is larger than the broker takes.
        """
        self._send(topic, wire.encode(value), qos=qos, retain=retain)

    def _send(self, topic: str, payload: bytes, *, qos: int, retain: bool = False, **more: Any) -> None:
        if self._client is not None:
            self._client.publish(topic, payload, qos=qos, retain=retain, **more)

    def _announce(self) -> None:
        """Say what we offer, then that we are there: whoever waits for the status may ask at once."""
        offered = {topic.split("/", 1)[1]: described(handler) for topic, handler in self.actions.items()}
        said = {"service": self.name, "instance": self._instance, "actions": offered}
        self.publish(wire.info(self.name), said, retain=True)
        self._send(wire.status(self.name), wire.CONNECTED.encode(), qos=1, retain=True)

    def _on_event(self, event: Event) -> None:
        """Runs in the network thread, so it only sorts: handlers run in the workers."""
        if isinstance(event, Connected) and event.again and not self._stopping:
            self._announce()
        elif isinstance(event, Message) and not event.retain:
            if event.topic in self.actions:
                self._take(event)
            else:
                self._call_off(event)

    def _take(self, message: Message) -> None:
        """A request has come: it is new and waits for a worker, or it was here before and gets the same answer."""
        entry = wire.decode(message.payload)
        request = _Request(
            f"{message.topic} {_key(entry, message)}", message, Job(self, message.topic, entry), _id(entry)
        )
        if self._answers.begin(request.key):
            self._open[request.key] = request
            if self._stopping:
                request.job.cancel(_stopping(self.name))
            self._waiting.put(request)
        elif answer := self._answers.given(request.key):  # while it is worked on, its answer serves both
            self._send(answer.topic, answer.payload, qos=1, correlation=message.correlation)

    def _call_off(self, message: Message) -> None:
        """Let the handler end; one that does not listen is not waited for."""
        entry = wire.decode(message.payload)
        request = self._open.get(f"{message.topic.removesuffix('/cancel')} {_key(entry, message)}")
        if request:
            request.job.cancel()
            timer = threading.Timer(STOP_SECONDS, self._give_up, [request, CancelledError()])
            timer.daemon = True
            timer.start()

    def _end_all(self) -> None:
        """Every open request gets its answer before we go."""
        self._stopping = True
        for request in list(self._open.values()):
            request.job.cancel(_stopping(self.name))
        deadline = time.monotonic() + STOP_SECONDS
        while self._open and time.monotonic() < deadline:
            time.sleep(0.01)
        for request in list(self._open.values()):
            self._give_up(request, _stopping(self.name))

    def _give_up(self, request: _Request, why: CancelledError) -> None:
        """Answer in place of a handler that does not return; another worker takes the place of its own."""
        if self._answer(request, self._failed(request, why)):
            self._add_worker()

    def _add_worker(self) -> None:
        threading.Thread(target=self._work, name=self.name, daemon=True).start()

    def _work(self) -> None:
        """One worker: takes requests until it is told to end, or until somebody gave up waiting for it."""
        while (request := self._waiting.get()) is not None:
            if not self._answer(request, self._answer_of(request)):
                return
        self._waiting.put(None)

    def _answer_of(self, request: _Request) -> Answer:
        topic = request.message.topic
        try:
            request.job.check()
            handler = self.actions[topic]
            given = arguments(handler, request.job)
            self.publish(wire.start(topic), request.job.entry)
            value = asyncio.run(handler(**given)) if inspect.iscoroutinefunction(handler) else handler(**given)
            if isinstance(value, dict) and request.id is not None:
                value = {"id": request.id, **value} | {"id": request.id}
            answer = Answer(wire.finish(topic), wire.encode(value))
            if self._client is not None:
                self._client.check_size(answer.topic, answer.payload)
        except BaseException as error:  # noqa: BLE001  whatever a handler raises, also by sys.exit, is answered
            return self._failed(request, error)
        return answer

    def _failed(self, request: _Request, error: BaseException) -> Answer:
        """An exception as the request's answer."""
        topic = wire.error(request.message.topic)
        try:
            return Answer(topic, wire.encode(_said(error, request.id)))
        except Exception as unsayable:  # noqa: BLE001  what the error carries along can't be said
            return Answer(topic, wire.encode(_said(unsayable, request.id)))

    def _answer(self, request: _Request, answer: Answer) -> bool:
        """Send the answer if it is the first; whether it was."""
        keep = request.id is not None or request.message.correlation is not None
        first = self._answers.give(request.key, answer, keep=keep)
        if first:
            self._send(answer.topic, answer.payload, qos=1, correlation=request.message.correlation)
            self._open.pop(request.key, None)
        return first


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


def _said(error: BaseException, request: Any) -> dict[str, Any]:
    """An exception as the payload of an error topic."""
    if isinstance(error, ActionError):
        said = {"error": str(error), "kind": error.kind, "retryable": error.retryable, **error.more}
    elif isinstance(error, CopperError):
        said = {"error": str(error), "kind": "failed", "retryable": False}
    else:
        traceback.print_exception(type(error), error, error.__traceback__)
        said = {"error": f"{type(error).__name__}: {error}", "kind": "bug", "retryable": False}
    return said if request is None else {"id": request, **said} | {"id": request}

"""The SDK: a function becomes an action that a workflow can call.

    from copper import Job, Service

    service = Service("greeter")

    @service.action                     # answers requests on greeter/hello
    def hello(name: str, *, job: Job) -> dict:
        job.progress(1, 2, "looking up the name")
        return {"text": f"hello {name}"}

    service.run()

What comes in: requests on `SERVICE/ACTION`. What goes out: start, progress, and exactly one of finish or error for
every request, also when the handler raises, the JSON is broken, a parameter is missing, or the same request comes
twice (QoS 1: the second gets the first's answer, and the work is not done again).
"""

from __future__ import annotations

import inspect
import os
import queue
import secrets
import signal
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from copper import wire
from copper.client import Client, Connected, Event, Message, NoBrokerError, Will
from tracer.errors import CopperError

Handler = Callable[..., Any]

REMEMBERED = 256
"""How many answers a service keeps for requests that come twice."""

WORKERS = 4
"""How many requests a service works on at a time."""

STOP_SECONDS = 3.0
"""How long a service that is told to stop waits for what it works on."""

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"


class ActionError(CopperError):
    """What a handler raises to say that its request can't be done.

    Args:
        what: what went wrong, in plain words.
        kind: one word for programs ("not_found", "bad_request", …).
        retryable: whether trying again may help.
        more: further keys of the answer.
    """

    exit_code = 1

    def __init__(self, what: str, *, kind: str = "failed", retryable: bool = False, **more: Any) -> None:
        self.kind = kind
        self.retryable = retryable
        self.more = more
        super().__init__(what)


class CancelledError(ActionError):
    """The one who asked has called the request off."""

    def __init__(self) -> None:
        super().__init__("cancelled", kind="cancelled")


class Job:
    """One request while it is worked on; a handler that names a parameter `job` gets it."""

    def __init__(self, service: Service, topic: str, entry: dict[str, Any]) -> None:
        self.entry = entry
        self._service = service
        self._topic = topic
        self._cancelled = threading.Event()

    def progress(self, done: float, total: float, message: str = "", unit: str = "") -> None:
        """Say how far the work is: `done` of `total` (in `unit`)."""
        value = {"id": self.entry.get("id"), "done": done, "total": total, "unit": unit, "message": message}
        self._service.publish(wire.progress(self._topic), value, qos=0)

    def publish(self, topic: str, value: Any, *, retain: bool = False) -> None:
        """Publish `value` as JSON at QoS 1, for example a resource that was produced."""
        self._service.publish(topic, value, retain=retain)

    def check(self) -> None:
        """End here if the request was called off.

        Raises:
            CancelledError: it was; the SDK turns it into the request's answer.
        """
        if self._cancelled.is_set():
            raise CancelledError

    def cancel(self) -> None:
        """Call the request off; the handler learns it at its next `check`."""
        self._cancelled.set()


@dataclass(frozen=True)
class _Answer:
    topic: str
    value: Any


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
        self._answers: OrderedDict[str, _Answer | None] = OrderedDict()
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._requests: queue.Queue[Message | None] = queue.Queue()
        self._stop = threading.Event()
        self._client: Client | None = None

    def action(self, handler: Handler) -> Handler:
        """Answer requests on `SERVICE/HANDLER_NAME` with what `handler` returns.

        The handler is called with those keys of the request that its parameters name, and `job` if it names that.
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
        """Let `serve` return; safe from any thread."""
        self._stop.set()

    def serve(self) -> None:
        """Serve until `stop` is called.

        Raises:
            NoBrokerError: there is no broker.
        """
        url = self._broker or os.environ.get("COPPER_BROKER") or DEFAULT_BROKER
        status = wire.status(self.name)
        will = Will(status, wire.DISCONNECTED.encode())
        client = Client(url, f"{self.name}-{secrets.token_hex(4)}", self._on_event, will=will)
        client.connect()
        self._client = client
        client.subscribe([*self.actions, *map(wire.cancel, self.actions)])
        for number in range(WORKERS):
            threading.Thread(target=self._work_on, name=f"{self.name}-{number}", daemon=True).start()
        self._announce()
        self._stop.wait()
        self._call_off_all()
        client.publish_and_wait(status, wire.DISCONNECTED.encode(), retain=True)
        client.close()

    def publish(self, topic: str, value: Any, *, qos: int = 1, retain: bool = False) -> None:
        """Publish `value` as JSON."""
        self._send(topic, wire.encode(value), qos=qos, retain=retain)

    def _send(self, topic: str, payload: bytes, *, qos: int, retain: bool = False, **more: Any) -> None:
        if self._client is not None:
            self._client.publish(topic, payload, qos=qos, retain=retain, **more)

    def _announce(self) -> None:
        """Say what we offer, then that we are there: whoever waits for the status may ask at once."""
        offered = {topic.split("/", 1)[1]: _parameters(handler) for topic, handler in self.actions.items()}
        self.publish(wire.info(self.name), {"service": self.name, "actions": offered}, retain=True)
        self._send(wire.status(self.name), wire.CONNECTED.encode(), qos=1, retain=True)

    def _on_event(self, event: Event) -> None:
        """Runs in the network thread, so it only sorts: handlers run in the workers."""
        if isinstance(event, Connected) and event.again:
            self._announce()
        elif isinstance(event, Message) and not event.retain:
            if event.topic in self.actions:
                self._requests.put(event)
            else:
                self._call_off(event)

    def _call_off(self, event: Message) -> None:
        value = wire.decode(event.payload)
        request = value.get("id") if isinstance(value, dict) else None
        job = self._jobs.get(f"{event.topic.removesuffix('/cancel')} {request}")
        if job:
            job.cancel()

    def _call_off_all(self) -> None:
        """Let what is worked on end; a handler that does not is left behind: our status says that we are gone."""
        for job in list(self._jobs.values()):
            job.cancel()
        deadline = time.monotonic() + STOP_SECONDS
        while self._jobs and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(WORKERS):
            self._requests.put(None)

    def _work_on(self) -> None:
        """One worker: takes requests until it is told to end."""
        while (message := self._requests.get()) is not None:
            try:
                self._request(message)
            except Exception:  # noqa: BLE001  a bug of ours must be seen, and must not end the worker
                traceback.print_exc()

    def _request(self, message: Message) -> None:
        """From one request to its one answer."""
        entry = wire.decode(message.payload)
        request = entry.get("id") if isinstance(entry, dict) else None
        job = Job(self, message.topic, entry)
        key = f"{message.topic} {id(job) if request is None else request}"
        if self._seen(key):
            self._repeat(key, message)
            return
        self._jobs[key] = job
        answer = self._work(job, message.topic, request)
        if request is not None:
            self._answers[key] = answer
        self._answer(answer, message)
        del self._jobs[key]

    def _seen(self, key: str) -> bool:
        """Whether this request was here before; from now on it was."""
        with self._lock:
            if key in self._answers:
                return True
            self._answers[key] = None
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
            return False

    def _repeat(self, key: str, message: Message) -> None:
        """The first's answer again; while the first is still worked on, its answer serves both."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answer(answer, message)

    def _work(self, job: Job, topic: str, request: Any) -> _Answer:
        try:
            handler = self.actions[topic]
            arguments = _arguments(handler, job)
            self.publish(wire.start(topic), job.entry)
            value = handler(**arguments)
            if isinstance(value, dict) and request is not None:
                value = {"id": request, **value}
            return _Answer(wire.finish(topic), value)
        except Exception as error:  # noqa: BLE001  whatever a handler raises, the request gets its answer
            return _Answer(wire.error(topic), _said(error, request))

    def _answer(self, answer: _Answer, message: Message) -> None:
        self._send(answer.topic, wire.encode(answer.value), qos=1, correlation=message.correlation)


def _arguments(handler: Handler, job: Job) -> dict[str, Any]:
    """The keys of the request that the handler's parameters name.

    Raises:
        ActionError: the request is no JSON object, or a parameter without a default is missing.
    """
    entry = job.entry
    if not isinstance(entry, dict):
        raise ActionError("the request is no JSON object", kind="bad_request")
    parameters = inspect.signature(handler).parameters.values()
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters):
        arguments = dict(entry)
    else:
        arguments = {one.name: entry[one.name] for one in parameters if one.name in entry}
    missing = [
        one.name
        for one in parameters
        if one.default is inspect.Parameter.empty
        and one.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        and one.name not in arguments
        and one.name != "job"
    ]
    if missing:
        raise ActionError(f"the request lacks {', '.join(missing)}", kind="bad_request")
    if any(one.name == "job" for one in parameters):
        arguments["job"] = job
    return arguments


def _parameters(handler: Handler) -> dict[str, Any]:
    """What an action takes, for `SERVICE/info`: its parameters, and which of them must be there."""
    parameters = [
        one
        for one in inspect.signature(handler).parameters.values()
        if one.name != "job" and one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    return {
        "parameters": [one.name for one in parameters],
        "required": [one.name for one in parameters if one.default is inspect.Parameter.empty],
        "text": inspect.getdoc(handler) or "",
    }


def _said(error: Exception, request: Any) -> dict[str, Any]:
    """An exception as the payload of an error topic."""
    if isinstance(error, ActionError):
        said = {"error": str(error), "kind": error.kind, "retryable": error.retryable, **error.more}
    else:
        traceback.print_exc()
        said = {"error": f"{type(error).__name__}: {error}", "kind": "bug", "retryable": False}
    return said if request is None else {"id": request, **said}

"""The SDK: a function becomes an action that a workflow can call.

    from copper import Job, Service

    service = Service("greeter")

    @service.action                     # answers requests on greeter/hello
    def hello(name: str, *, job: Job) -> dict:
        job.progress(1, 2, "looking up the name")
        return {"text": f"hello {name}"}

    service.run()

What comes in: requests on `SERVICE/ACTION`, resources of other services, and requests over HTTP. What goes out: one
answer for each (intake.py, web.py), `SERVICE/status` and `SERVICE/info`.

The environment says where the broker is (COPPER_BROKER), whether the service ends after one request (COPPER_ONCE=1) or
goes to sleep when nobody asks (COPPER_IDLE=60s), what it does at once (MANIFEST), and where it listens for HTTP
(COPPER_HTTP_HOST, COPPER_HTTP_PORT).
"""

from __future__ import annotations

import os
import queue
import secrets
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

from copper import manifest, policy, wire
from copper.client import Client
from copper.intake import WORKERS, Action, Intake, called
from copper.job import ActionError, CancelledError, Job
from copper.mqtt import Connected, Event, Message, Will
from copper.parameters import Handler, Parameters
from copper.resources import Resources
from tracer.errors import CopperError

if TYPE_CHECKING:
    from copper.web import Endpoint, Face

__all__ = ["ActionError", "CancelledError", "Job", "Service"]

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
HTTP_PORT = 8000
QUEUE = 32
"""How many requests over HTTP may wait, where nobody says otherwise."""
LASTING_SECONDS = 30 * 86400
"""How long the broker keeps requests for a service that sleeps."""


class Service:
    """An MQTT client that answers the requests of its actions.

    Args:
        name: the first level of its topics.
        broker: its URL; where it is left out, the environment variable COPPER_BROKER, else this machine's port 1883.
        version: of the service, for `SERVICE/info`.
        produces: topics on which it publishes resources, for `SERVICE/info`.
        http_port: where it listens for HTTP, if it has requests, and COPPER_HTTP_PORT says nothing else; where that is
            empty, it does not.
        needs_http: where that can't be, it does not serve; else it says so, and answers over MQTT alone.
    """

    def __init__(
        self,
        name: str,
        *,
        broker: str | None = None,
        version: str = "",
        produces: Iterable[str] = (),
        http_port: int = HTTP_PORT,
        needs_http: bool = True,
    ) -> None:
        self.name = name
        self.http_port = http_port
        self._needs_http = needs_http
        self._broker = broker
        self._version = version
        self._produces = list(produces)
        self._intake = Intake(name, self)
        self._resources = Resources()
        self._endpoints: list[Endpoint] = []
        self._news: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._stop: queue.SimpleQueue[None] = queue.SimpleQueue()  # unlike an Event, to be used in a signal's handler
        self._stopping = False
        self._client: Client | None = None
        self._instance = secrets.token_hex(4)  # says to runners whether we, who know what was asked, are still the same
        self._face: Face | None = None

    @property
    def actions(self) -> dict[str, Handler]:
        """The handlers by their topics."""
        return {topic: action.handler for topic, action in self._intake.actions.items()}

    @overload
    def action(self, handler: Handler) -> Handler: ...

    @overload
    def action(self, *, concurrency: int = WORKERS) -> Callable[[Handler], Handler]: ...

    def action(
        self, handler: Handler | None = None, *, concurrency: int = WORKERS
    ) -> Handler | Callable[[Handler], Handler]:
        """Answer requests on `SERVICE/HANDLER_NAME` with what `handler` returns.

        The handler is called with those keys of the request that its parameters name, and `job` if it names that. It
        may be `async`. `concurrency`: so many requests are worked on at a time, the others wait.
        """
        if handler is None:
            return lambda given: self._add_action(given, concurrency)
        return self._add_action(handler, concurrency)

    def resource(self, filter_: str) -> Callable[[Handler], Handler]:
        """Call a function with each resource that another service produces, those that are there already too.

        Args:
            filter_: `SERVICE/ID`, either may be `+`: what is published on `SERVICE/resources/ID`. The function gets
                the ID as `name`, and the keys of what was published.

        Raises:
            CopperError: the filter is another.
        """

        def add(handler: Handler) -> Handler:
            self._resources.add(filter_, handler)
            return handler

        return add

    @overload
    def request(self, handler: Handler) -> Handler: ...

    @overload
    def request(
        self, *, path: str | None = None, concurrency: int = WORKERS, queue: int = QUEUE
    ) -> Callable[[Handler], Handler]: ...

    def request(
        self, handler: Handler | None = None, *, path: str | None = None, concurrency: int = WORKERS, queue: int = QUEUE
    ) -> Handler | Callable[[Handler], Handler]:
        """Answer `POST /SERVICE/HANDLER_NAME` over HTTP, for many clients at once; it needs the extra `web`.

        Args:
            handler: as for an action.
            path: another path.
            concurrency: how many requests are worked on at a time.
            queue: how many more may wait; past that they are answered with 503 at once.
        """

        def add(given: Handler) -> Handler:
            from copper.web import Endpoint  # noqa: PLC0415  an extra, which few need

            where = path or f"/{self.name}/{given.__name__}"
            self._endpoints.append(Endpoint(where, given, Parameters(given), concurrency, queue))
            return given

        return add if handler is None else add(handler)

    def _add_action(self, handler: Handler, concurrency: int) -> Handler:
        topic = f"{self.name}/{handler.__name__}"
        self._intake.actions[topic] = Action(topic, handler, Parameters(handler), concurrency)
        return handler

    def info(self) -> dict[str, Any]:
        """What it offers, as `SERVICE/info` says it."""
        offered = {
            topic.split("/", 1)[1]: {"parameters": action.parameters.schema, "text": action.parameters.text}
            for topic, action in self._intake.actions.items()
        }
        said = {"service": self.name, "version": self._version, "instance": self._instance, "actions": offered}
        return {**said, "produces": self._produces, "consumes": self._resources.filters}

    def run(self) -> None:
        """Serve until SIGTERM, Ctrl-C or `stop`; ends the program with a plain sentence if there is no broker."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        try:
            self.serve()
        except CopperError as error:
            sys.exit(f"{self.name}: {error}")

    def stop(self) -> None:
        """Let `serve` return; safe from any thread, and from a signal's handler."""
        self._stop.put(None)

    def serve(self) -> None:
        """Serve until `stop` is called.

        Raises:
            NoBrokerError: there is no broker.
            CopperError: what the environment says can't be.
        """
        idle = _duration("COPPER_IDLE")
        at_once = self._at_once()
        client = self._client = self._connection(lasting=idle is not None)
        self._intake.start()
        threading.Thread(target=self._consume, name=self.name, daemon=True).start()
        said = wire.DISCONNECTED
        try:
            client.connect()
            client.subscribe([*self.actions, *map(wire.cancel, self.actions), *self._resources.filters])
            self._open_face()
            self._announce()
            for message in at_once:
                self._intake.take(message)
            if self._wait(idle):
                said = "sleeping"
            self._stopping = True
            self._close_face()
            self._intake.stop()
            client.publish_and_wait(wire.status(self.name), said.encode(), retain=True)
        finally:
            self._close_face()
            self._news.put(None)
            client.close(keep=said == "sleeping")

    def publish(self, topic: str, value: Any, *, qos: int = 1, retain: bool = False) -> None:
        """Publish `value` as JSON.

        Raises:
            CopperError: it is larger than the broker takes.
        """
        if self._client is not None:
            self._client.publish(topic, wire.encode(value), qos=qos, retain=retain)

    def produce(self, name: str, value: Any) -> None:
        """Say on `SERVICE/resources/NAME` what was produced; whoever comes later hears it too.

        Raises:
            CopperError: it is larger than the broker takes.
        """
        self.publish(wire.resource(self.name, name), value, retain=True)

    def send(self, topic: str, payload: bytes, *, qos: int, correlation: bytes | None = None) -> None:
        """Publish bytes, as an answer to a request with this Correlation Data."""
        if self._client is not None:
            self._client.publish(topic, payload, qos=qos, correlation=correlation)

    def check_size(self, topic: str, payload: bytes) -> None:
        """End here if the broker does not take so large a message.

        Raises:
            TooLargeError: it doesn't.
        """
        if self._client is not None:
            self._client.check_size(topic, payload)

    def _connection(self, *, lasting: bool) -> Client:
        """A client; one that goes to sleep has always the same id, and the broker keeps requests for it meanwhile."""
        url = self._broker or os.environ.get("COPPER_BROKER") or DEFAULT_BROKER
        will = Will(wire.status(self.name), wire.DISCONNECTED.encode())
        client_id = self.name if lasting else f"{self.name}-{self._instance}"
        session = LASTING_SECONDS if lasting else None
        return Client(url, client_id, self._on_event, will=will, session_seconds=session)

    def _at_once(self) -> list[Message]:
        """The requests of the manifest."""
        path = os.environ.get(manifest.VARIABLE)
        entries = manifest.entries(path, self.name) if path else []
        topics = list(self.actions)
        found = []
        for number, entry in enumerate(entries, 1):
            topic = manifest.topic_of(entry, self.name, topics)
            payload = {"id": f"manifest.{number}.{secrets.token_hex(4)}", **entry, "action": topic}
            found.append(Message(topic, wire.encode(payload), retain=False))
        return found

    def _wait(self, idle: float | None) -> bool:
        """Until it is time to stop; whether that is for nobody asks any more."""
        if os.environ.get("COPPER_ONCE", "0") not in {"", "0"}:
            self._intake.on_answer = self.stop
        while True:
            left = None if idle is None else self._intake.idle_since + idle - time.monotonic()
            try:
                self._stop.get(timeout=None if left is None else max(left, 0.01))
            except queue.Empty:
                if self._intake.is_idle and left is not None and left <= 0:
                    return True
                continue
            return False

    def _open_face(self) -> None:
        said = os.environ.get("COPPER_HTTP_PORT")
        if not self._endpoints or said == "":
            return
        from copper.web import Face  # noqa: PLC0415  an extra, which few need

        host = os.environ.get("COPPER_HTTP_HOST") or "127.0.0.1"
        port = _port("COPPER_HTTP_PORT", self.http_port)
        try:
            face = Face(self.name, self._endpoints, self, host, port)
            self.http_port = face.start()
        except CopperError as error:
            if self._needs_http or said is not None:
                raise
            print(f"{error}; it goes on without", file=sys.stderr)  # noqa: T201  it is a program's own word
        else:
            self._face = face

    def _close_face(self) -> None:
        face, self._face = self._face, None
        if face is not None:
            face.stop()

    def _announce(self) -> None:
        """Say what we offer, then that we are there: whoever waits for the status may ask at once."""
        self.publish(wire.info(self.name), self.info(), retain=True)
        if self._client is not None:
            self._client.publish(wire.status(self.name), wire.CONNECTED.encode(), retain=True)

    def _on_event(self, event: Event) -> None:
        """Runs in the network thread, so it only sorts: handlers run in the workers."""
        if isinstance(event, Connected):
            if event.again and not self._stopping:
                self._announce()
        elif isinstance(event, Message):
            if event.topic in self._intake.actions:
                if not event.retain:
                    self._intake.take(event)
            elif event.topic.removesuffix("/cancel") in self._intake.actions:
                self._intake.call_off(event)
            elif self._resources.is_news(event.topic, event.payload, retained=event.retain):
                self._news.put(event)

    def _consume(self) -> None:
        """Resources of others, one after the other; what goes wrong is said on standard error."""
        while (message := self._news.get()) is not None:
            for handler, parameters, keys in self._resources.calls(message.topic, message.payload):
                job = Job(self, message.topic, keys)
                try:
                    called(handler, parameters.arguments(job), job)
                except BaseException:  # noqa: BLE001  the next resource has nothing to do with it
                    traceback.print_exc()


def _duration(variable: str) -> float | None:
    """Seconds that an environment variable says, as workflows write them.

    Raises:
        CopperError: it says something else.
    """
    text = os.environ.get(variable)
    if not text:
        return None
    seconds = policy.seconds(text)
    if seconds is None:
        raise CopperError("this is no time such as 90s or 5m", where=f"{variable}={text}")
    return seconds


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or int(text) > 65535:
        raise CopperError("this is no port", where=f"{variable}={text}", next_step="a port is a number up to 65535")
    return int(text)

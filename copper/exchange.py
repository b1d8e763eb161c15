"""One request at a time between us and the services: carries messages from the broker to the open `Request` and back.

What comes in: a broker's URL, the topics of actions, requests. What goes out: requests that have ended. Which action
comes when, and what its end means, is the runner's; how a request lives and ends is `action.py`'s.

Nothing waits without a bound: for an answer the request's timeout, for a lost broker `BROKER_SECONDS`. A broker that
was away may have lost the request or its answer. What it had not acknowledged paho sends again; and a service that
says `SERVICE/info` knows its requests by their ids (the SDK does), so it is asked again as soon as it is back, and
answers again what it has done already. Others are never asked twice: they would do the work twice.
"""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from copper import wire
from copper.action import Progress, Request
from copper.client import Client
from copper.mqtt import NO_MATCHING_SUBSCRIBERS, Answered, Connected, Event, Lost, Message, NoBrokerError, Will
from copper.mqtt import shown as without_password

BROKER_SECONDS = 15.0
"""How long a lost broker may stay away."""

WILL_SECONDS = 0.3
"""How long a service's `disconnected` is not believed: a broker that is stopped sends the wills of all its clients
before it closes our connection too."""

REFUSED = 0x80
"""MQTT 5, 2.4: reason codes from here on are failures."""


class Exchange:
    """A connection to a broker, and the request that is open on it.

    Args:
        url: the broker's.
        actions: the topics of all actions that will be asked for.
    """

    def __init__(self, url: str, actions: Iterable[str]) -> None:
        self.statuses: dict[str, str] = {}
        self.back_since = float("-inf")
        self.request: Request | None = None
        self._url = url
        self._filters = _filters(actions)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._payload = b""
        self._mid = 0
        self._was_lost = False
        self._lost_since: float | None = None
        self._gone_since: float | None = None
        self._owed: set[str] = set()
        self._starts: set[str] = set()
        will = Will(wire.RUNNER_STATUS, wire.DISCONNECTED.encode())
        self._client = Client(url, f"runner-{secrets.token_hex(4)}", self._events.put, will=will)

    def open(self, topic: str, value: Any) -> None:
        """Connect, say `value` before anything else, and subscribe to what the services will say.

        Raises:
            NoBrokerError: there is no broker, or it denies what we need.
        """
        self._client.connect()
        self.say(topic, value)
        self._client.publish_and_wait(wire.RUNNER_STATUS, wire.CONNECTED.encode(), retain=True)
        self._client.subscribe(sorted(self._filters))

    def close(self) -> None:
        """Leave the broker in order."""
        try:
            self._client.publish_and_wait(wire.RUNNER_STATUS, wire.DISCONNECTED.encode(), retain=True)
        finally:
            self._client.close()

    def say(self, topic: str, value: Any) -> None:
        """Publish `value` as JSON, and wait for the broker's acknowledgement; not when it is away."""
        self._client.publish_and_wait(topic, wire.encode(value))

    def send(self, request: Request, entry: dict[str, Any]) -> None:
        """Publish a request, which is the open one from now on.

        Raises:
            TooLargeError: the broker does not take so large a message.
        """
        request.owed, request.starts = request.topic in self._owed, request.topic in self._starts
        self.request, self._was_lost, self._gone_since = request, False, None
        self._payload = wire.encode({**entry, "id": request.id})
        self._publish(request)

    def _publish(self, request: Request) -> None:
        answer_to = wire.finish(request.topic)
        self._mid = self._client.publish(
            request.topic, self._payload, answer_to=answer_to, correlation=request.correlation
        )

    def call_off(self) -> None:
        """Tell the service that nobody waits for the open request any more."""
        if self.request is not None:
            self.say(wire.cancel(self.request.topic), {"id": self.request.id})

    def wait_end(self, progress: Callable[[Progress], None] = lambda _: None, until: float = float("inf")) -> None:
        """Wait until the open request has ended, at most until a time of the monotonic clock.

        Raises:
            NoBrokerError: the broker went away and did not come back.
        """
        request, shown = self.request, None
        while request is not None and not request.ended and time.monotonic() < until:
            self.step(min(until, request.deadline()))
            request.at(time.monotonic())
            if request.progress is not None and request.progress != shown:
                shown = request.progress
                progress(shown)
        if request is not None and request.ended:
            (self._owed.add if request.leaves_finish() else self._owed.discard)(request.topic)
            if request.starts:
                self._starts.add(request.topic)

    def pause(self, seconds: float) -> None:
        """Let time pass, and hear what is said meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.step(until)

    def step(self, until: float) -> None:
        """Take one event, if one comes before `until`.

        Raises:
            NoBrokerError: the broker went away and did not come back.
        """
        if self._lost_since is not None:
            until = min(until, self._lost_since + BROKER_SECONDS)
            if time.monotonic() >= self._lost_since + BROKER_SECONDS:
                what = f"the broker went away and did not come back within {BROKER_SECONDS:g} s"
                raise NoBrokerError(what, where=without_password(self._url))
        if self._gone_since is not None:
            until = min(until, self._gone_since + WILL_SECONDS)
            if self.request and time.monotonic() >= self._gone_since + WILL_SECONDS:
                self._gone_since = None
                self.request.status(wire.DISCONNECTED)
                return
        try:
            event = self._events.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return
        self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, Lost):
            self._lost()
        elif isinstance(event, Connected):
            self._back(again=event.again)
        elif isinstance(event, Answered):
            self._answered(event)
        elif event.topic.endswith("/status"):
            self._take_status(event)
        elif self.request and event.topic == wire.info(wire.service_of(self.request.topic)):
            if self._was_lost and not self.request.ended:
                self._publish(self.request)
        elif self.request and not event.retain:
            self.request.message(event.topic, wire.decode(event.payload), event.correlation)

    def _lost(self) -> None:
        if self._lost_since is None:
            self._lost_since = time.monotonic()
        self._gone_since = None
        self.statuses.clear()

    def _back(self, *, again: bool) -> None:
        self._lost_since = None
        if not again:
            return
        self.back_since = time.monotonic()
        self._client.publish(wire.RUNNER_STATUS, wire.CONNECTED.encode(), retain=True)
        if self.request and not self.request.ended:
            self._was_lost = True
            self._client.subscribe_soon([wire.info(wire.service_of(self.request.topic))])

    def _answered(self, event: Answered) -> None:
        if self.request and event.mid == self._mid:
            if event.code == NO_MATCHING_SUBSCRIBERS:
                self.request.nobody()
            elif event.code >= REFUSED:
                self.request.refused(event.words)

    def _take_status(self, event: Message) -> None:
        service = event.topic.removesuffix("/status")
        payload = event.payload.decode("utf-8", errors="replace").strip('"')
        self.statuses[service] = payload
        if self.request and wire.service_of(self.request.topic) == service and not event.retain:
            if payload == wire.DISCONNECTED:
                self._gone_since = self._gone_since or time.monotonic()
            else:
                self.request.status(payload)


def _filters(actions: Iterable[str]) -> set[str]:
    """What the services of these actions may say."""
    found = set()
    for topic in actions:
        service = wire.service_of(topic)
        found |= {wire.start(topic), wire.progress(topic), wire.finish(topic), wire.error(topic)}
        found |= {wire.status(service), wire.service_error(service)}
    return found

"""Requests between us and the services: carries messages from the broker to the open `Request`s and back.

What comes in: a broker's URL, the topics of actions, requests. What goes out: requests that have ended. Which action
comes when, and what its end means, is the runner's; how a request lives and ends is `action.py`'s.

Nothing waits without a bound: for an answer the request's timeout, for a lost broker `BROKER_SECONDS`. A broker that
was away may have lost the request or its answer. What it had not acknowledged paho sends again; and a service that
says `SERVICE/info` knows its requests by their ids (the SDK does), so it is asked again as soon as it is back, and
answers again what it has done already. Others are never asked twice: they would do the work twice.

A service that says no `SERVICE/info` knows one request at a time, whoever asks: runners take turns there (`turns.py`).
"""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Iterable
from typing import Any

from copper import wire
from copper.action import Request, is_named
from copper.client import Client
from copper.mqtt import NO_MATCHING_SUBSCRIBERS, Answered, Connected, Event, Lost, Message, NoBrokerError, Will
from copper.mqtt import shown as without_password
from copper.policy import DEFAULT_TIMEOUT
from copper.turns import REFRESH_SECONDS, Turns

BROKER_SECONDS = 15.0
"""How long a lost broker may stay away."""

WILL_SECONDS = 0.3
"""How long a service's `disconnected` is not believed: a broker that is stopped sends the wills of all its clients
before it closes our connection too."""

REFUSED = 0x80
"""MQTT 5, 2.4: reason codes from here on are failures."""


class Exchange:
    """A connection to a broker, and the requests that are open on it.

    Args:
        url: the broker's.
        actions: the topics of all actions that will be asked for.
        run: the run's id.

    Attributes:
        statuses: what each service says of itself, as far as it says anything.
        infos: what each service says that it offers.
        turns: whose turn it is at services that know one request at a time.
        back_since: when the broker came back last, in seconds of the monotonic clock.
    """

    def __init__(self, url: str, actions: Iterable[str], run: str) -> None:
        self.statuses: dict[str, str] = {}
        self.infos: dict[str, Any] = {}
        self.turns = Turns(run)
        self.back_since = float("-inf")
        self._url = url
        actions = tuple(actions)
        self._services = sorted({wire.service_of(topic) for topic in actions})
        self._filters = _filters(actions)
        self._statuses = {wire.status(service) for service in self._services}
        self._infos = {wire.info(service) for service in self._services}
        self._claims: dict[tuple[str, str], float] = {}
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._open: dict[str, tuple[Request, bytes]] = {}
        self._mids: dict[int, Request] = {}
        self._to_ask_again: set[str] = set()
        self._lost_since: float | None = None
        self._gone_since: dict[str, float] = {}
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
        self._client.subscribe_soon([wire.RUNNER_STATUS], to_others=True)

    def close(self) -> None:
        """Leave the broker in order."""
        try:
            self._client.publish_and_wait(wire.RUNNER_STATUS, wire.DISCONNECTED.encode(), retain=True)
        finally:
            self._client.close()

    def say(self, topic: str, value: Any, *, correlation: bytes | None = None) -> None:
        """Publish `value` as JSON, and wait for the broker's acknowledgement; not when it is away."""
        self._client.publish_and_wait(topic, wire.encode(value), correlation=correlation)

    def claim(self, service: str, ticket: str) -> None:
        """Claim a turn at a service, until `release`."""
        self._client.subscribe_soon([wire.turn(service)])
        self._client.subscribe_soon([wire.RUNNER_START, wire.RUNNER_FINISH], to_others=True)
        self._claims[service, ticket] = time.monotonic()
        self._client.publish(wire.turn(service), wire.encode({"claim": ticket}), retain=True)

    def release(self, service: str, ticket: str) -> None:
        """We need no turn any more; the word is retained, unless another's claim is."""
        if self._claims.pop((service, ticket), None) is not None:
            is_last = self.turns.is_last(service, ticket)
            self._client.publish(wire.turn(service), wire.encode({"done": ticket}), retain=is_last)

    def send(self, request: Request, entry: dict[str, Any]) -> None:
        """Publish a request, which is open from now on.

        Raises:
            TooLargeError: the broker does not take so large a message.
        """
        request.owed, request.starts = request.topic in self._owed, request.topic in self._starts
        self._gone_since.pop(wire.service_of(request.topic), None)
        payload = wire.encode({**entry, "id": request.id})
        self._publish(request, payload)
        self._open[request.id] = request, payload

    def _publish(self, request: Request, payload: bytes) -> None:
        answer_to = wire.finish(request.topic)
        mid = self._client.publish(request.topic, payload, answer_to=answer_to, correlation=request.correlation)
        self._mids[mid] = request

    def end(self, request: Request) -> None:
        """The request is not open any more: it has ended, or nobody waits for it."""
        self._open.pop(request.id, None)
        self._to_ask_again.discard(request.id)
        self._mids = {mid: one for mid, one in self._mids.items() if one is not request}
        (self._owed.add if request.leaves_finish() else self._owed.discard)(request.topic)
        if request.starts:
            self._starts.add(request.topic)

    def call_off(self, request: Request) -> None:
        """Tell the service that nobody waits for the request any more."""
        self.say(wire.cancel(request.topic), {"id": request.id})

    @property
    def open_requests(self) -> list[Request]:
        """Those that have no end yet."""
        return [request for request, _ in self._open.values() if not request.ended]

    def step(self, until: float) -> None:
        """Take what has come; where there is nothing, wait for it until a time of the monotonic clock.

        Raises:
            NoBrokerError: the broker went away and did not come back.
        """
        now = time.monotonic()
        for (service, ticket), said in list(self._claims.items()):
            if now >= said + REFRESH_SECONDS:
                self.claim(service, ticket)
            until = min(until, self._claims[service, ticket] + REFRESH_SECONDS)
        if self._lost_since is not None:
            if now >= self._lost_since + BROKER_SECONDS:
                what = f"the broker went away and did not come back within {BROKER_SECONDS:g} s"
                raise NoBrokerError(what, where=without_password(self._url))
            until = min(until, self._lost_since + BROKER_SECONDS)
        for service, since in list(self._gone_since.items()):
            if now >= since + WILL_SECONDS:
                del self._gone_since[service]
                self._tell_status(service, wire.DISCONNECTED)
                return
            until = min(until, since + WILL_SECONDS)
        try:
            self._take(self._events.get(timeout=max(0.0, until - now)))
            while True:
                self._take(self._events.get_nowait())
        except queue.Empty:
            return

    def _take(self, event: Event) -> None:
        if isinstance(event, Lost):
            self._lost()
        elif isinstance(event, Connected):
            self._back(again=event.again)
        elif isinstance(event, Answered):
            self._answered(event)
        elif event.topic.startswith("runner/"):
            self._hear_runner(event)
        elif event.topic in self._statuses:
            self._take_status(event)
        elif event.topic in self._infos:
            self._take_info(event)
        elif not event.retain:
            self._hear(event)

    def _hear_runner(self, event: Message) -> None:
        """A runner says something: another one, or we ourselves."""
        if event.topic.startswith(wire.turn("")):
            self._take_turn(event)
        elif event.topic == wire.RUNNER_STATUS:
            if event.payload == wire.DISCONNECTED.encode():
                # another one has ended, and we go on
                self._client.publish(wire.RUNNER_STATUS, wire.CONNECTED.encode(), retain=True)
        elif not event.retain and event.correlation is None:
            entry = wire.decode(event.payload)
            self.turns.hear_first_copper(event.topic, entry, time.monotonic(), DEFAULT_TIMEOUT)

    def _hear(self, event: Message) -> None:
        """A service says something; without id and correlation data it says it to the one who is open."""
        value = wire.decode(event.payload)
        meant = [request for request in self.open_requests if request.listens_to(event.topic)]
        if len(meant) > 1 and event.correlation is None and not is_named(value):
            return
        for request in meant:
            request.message(event.topic, value, event.correlation)

    def _lost(self) -> None:
        if self._lost_since is None:
            self._lost_since = time.monotonic()
        self._gone_since.clear()
        self.statuses.clear()
        self.infos.clear()

    def _back(self, *, again: bool) -> None:
        self._lost_since = None
        if not again:
            return
        self.back_since = time.monotonic()
        self._client.publish(wire.RUNNER_STATUS, wire.CONNECTED.encode(), retain=True)
        self._to_ask_again = {request.id for request in self.open_requests}
        for service in self.infos:
            self._ask_again(service)

    def _answered(self, event: Answered) -> None:
        request = self._mids.get(event.mid)
        if request is not None and event.code == NO_MATCHING_SUBSCRIBERS:
            request.nobody()
        elif request is not None and event.code >= REFUSED:
            request.refused(event.words)

    def _take_turn(self, event: Message) -> None:
        service, value = event.topic.removeprefix(wire.turn("")), wire.decode(event.payload)
        self.turns.hear(service, value, time.monotonic(), retained=event.retain)
        for of, ticket in self._claims:
            if of == service and isinstance(value, dict) and value.get("done") not in {None, ticket}:
                # that word may be retained now instead of ours
                self.claim(service, ticket)

    def _take_status(self, event: Message) -> None:
        service = event.topic.removesuffix("/status")
        payload = event.payload.decode("utf-8", errors="replace").strip('"')
        self.statuses[service] = payload
        if event.retain:
            return
        if payload == wire.DISCONNECTED:
            self._gone_since.setdefault(service, time.monotonic())
        else:
            self._tell_status(service, payload)

    def _tell_status(self, service: str, payload: str) -> None:
        for request in self.open_requests:
            if wire.service_of(request.topic) == service:
                request.status(payload)

    def _take_info(self, event: Message) -> None:
        service = event.topic.removesuffix("/info")
        if not event.payload:
            self.infos.pop(service, None)
            return
        self.infos[service] = wire.decode(event.payload)
        self._ask_again(service)

    def _ask_again(self, service: str) -> None:
        for request, payload in list(self._open.values()):
            if request.id in self._to_ask_again and wire.service_of(request.topic) == service and not request.ended:
                self._to_ask_again.discard(request.id)
                self._publish(request, payload)


def _filters(actions: Iterable[str]) -> set[str]:
    """What the services of these actions may say."""
    found = set()
    for topic in actions:
        service = wire.service_of(topic)
        found |= {wire.start(topic), wire.progress(topic), wire.finish(topic), wire.error(topic)}
        found |= {wire.status(service), wire.service_error(service), wire.info(service)}
    return found

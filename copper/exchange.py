"""Many requests at a time between us and the services: carries messages from the broker to the open ones and back.

What comes in: a broker's URL, the topics of actions, requests. What goes out: requests that have ended. Which action
comes when, and what its end means, is the runner's; how a request lives and ends is `action.py`'s.

Nothing waits without a bound: for an answer the request's timeout, for a lost broker `BROKER_SECONDS`. A broker that
was away may have lost the request or its answer. What it had not acknowledged paho sends again; and a service that
says `SERVICE/info` knows its requests by their ids (the SDK does), so it is asked again as soon as it is back, and
answers again what it has done already. One that has started anew meanwhile (`instance` in its info) has forgotten
them, and others never knew: those are never asked twice, they would do the work twice.

Whose answer is it? With correlation data or an id, the request's that has it. With neither it is the one that the
service said `start` to last, else the oldest: such a service gets one request at a time (`turns.py`).
"""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from copper import turns, wire
from copper.action import Request, State, id_in
from copper.client import Client
from copper.mqtt import NO_MATCHING_SUBSCRIBERS, Answered, Connected, Event, Lost, Message, NoBrokerError, Will
from copper.mqtt import shown as without_password
from copper.queueing import Queueing

BROKER_SECONDS = 15.0
"""How long a lost broker may stay away."""

WILL_SECONDS = 0.3
"""How long a service's `disconnected` is not believed: a broker that is stopped sends the wills of all its clients
before it closes our connection too."""

BACK_SECONDS = 5.0
"""How long a service that knows its requests by their ids may be cut off, before it counts as gone."""

REFUSED = 0x80
"""MQTT 5, 2.4: reason codes from here on are failures."""


@dataclass
class _Open:
    """A request that has not ended.

    Attributes:
        request: how far it is.
        payload: what was published.
        mid: the broker's number for that.
        was_lost: the broker or the service was away meanwhile.
        accepted: when the service said that it works on it.
    """

    request: Request
    payload: bytes
    mid: int = 0
    was_lost: bool = False
    accepted: float = 0.0


class Exchange:
    """A connection to a broker, and the requests that are open on it.

    Args:
        url: the broker's.
        actions: the topics of all actions that will be asked for.
        environment: how to get in at the broker, see `access.py`.
    """

    def __init__(self, url: str, actions: Iterable[str], environment: Mapping[str, str] | None = None) -> None:
        self.statuses: dict[str, str] = {}
        self.infos: dict[str, Any] = {}
        self.back_since = float("-inf")
        self._url = url
        self._filters = _filters(actions)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._open: dict[str, _Open] = {}
        self._mids: dict[int, str] = {}
        self._lost_since: float | None = None
        self._gone_at: dict[str, float] = {}
        self._by_id: set[str] = set()
        self._owed: set[str] = set()
        self._starts: set[str] = set()
        self._queueing = Queueing(lambda word: self.say(wire.RUNNER_TURNS, vars(word)))
        will = Will(wire.RUNNER_STATUS, wire.DISCONNECTED.encode())
        name = f"runner-{secrets.token_hex(4)}"
        self._client = Client(url, name, self._events.put, will=will, environment=environment)

    # ---- the connection

    def open(self, topic: str, value: Any) -> None:
        """Connect, say `value` before anything else, and subscribe to what the services and other runners will say.

        Raises:
            NoBrokerError: there is no broker, or it denies what we need.
        """
        self._client.connect()
        self._client.publish_and_wait(topic, wire.encode(value))
        self._client.subscribe([wire.RUNNER_STATUS], of_others=True)
        self._client.publish_and_wait(wire.RUNNER_STATUS, wire.CONNECTED.encode(), retain=True)
        self._client.subscribe(sorted(self._filters))

    def close(self) -> None:
        """Leave the broker in order, when it has all that was said."""
        try:
            self._client.publish_and_wait(wire.RUNNER_STATUS, wire.DISCONNECTED.encode(), retain=True)
        finally:
            self._client.close()

    def say(self, topic: str, value: Any) -> None:
        """Publish `value` as JSON.

        Raises:
            TooLargeError: the broker does not take so large a message.
        """
        self._client.publish(topic, wire.encode(value))

    def step(self, until: float) -> None:
        """Take one event, if one comes before `until`, and tell the open requests what time it is.

        Raises:
            NoBrokerError: the broker went away and did not come back.
        """
        if self._lost_since is not None:
            until = min(until, self._lost_since + BROKER_SECONDS)
            if time.monotonic() >= self._lost_since + BROKER_SECONDS:
                what = f"the broker went away and did not come back within {BROKER_SECONDS:g} s"
                raise NoBrokerError(what, where=without_password(self._url))
        until = min([until, *self._gone_at.values()])
        with suppress(queue.Empty):
            self._take(self._events.get(timeout=max(0.0, until - time.monotonic())))
        now = time.monotonic()
        for service in [one for one, when in self._gone_at.items() if now >= when]:
            del self._gone_at[service]
            for one in self._of_service(service):
                one.request.status(wire.DISCONNECTED)
        for one in list(self._open.values()):
            one.request.at(now)
            if one.request.ended:
                self._end(one)

    # ---- requests

    def requests(self) -> list[Request]:
        """Those that have not ended."""
        return [one.request for one in self._open.values()]

    def send(self, request: Request, entry: dict[str, Any]) -> None:
        """Publish a request, which is open from now on.

        Raises:
            TooLargeError: the broker does not take so large a message.
        """
        request.owed, request.starts = request.topic in self._owed, request.topic in self._starts
        one = _Open(request, wire.encode({**entry, "id": request.id}))
        self._publish(one)
        self._open[request.id] = one
        service = wire.service_of(request.topic)
        if self.knows_ids(service):
            self.leave(request.id)
        else:
            self._queueing.hold(service, request.id)

    def call_off(self, request: Request) -> None:
        """Tell the service that nobody waits for a request any more."""
        self.say(wire.cancel(request.topic), {"id": request.id})

    def _publish(self, one: _Open) -> None:
        request = one.request
        self._mids.pop(one.mid, None)
        one.mid = self._client.publish(
            request.topic, one.payload, answer_to=wire.finish(request.topic), correlation=request.correlation
        )
        self._mids[one.mid] = request.id

    def _end(self, one: _Open) -> None:
        request = one.request
        del self._open[request.id]
        self._mids.pop(one.mid, None)
        (self._owed.add if request.leaves_finish() else self._owed.discard)(request.topic)
        if request.starts:
            self._starts.add(request.topic)
        self.leave(request.id)

    def _of_service(self, service: str) -> list[_Open]:
        return [one for one in self._open.values() if wire.service_of(one.request.topic) == service]

    # ---- turns, at services that know one request at a time

    def knows_ids(self, service: str) -> bool:
        """Whether a service tells its requests apart: it says `info`, or has answered with id or correlation data."""
        return service in self.infos or service in self._by_id

    def queue_up(self, service: str, request: str) -> None:
        """A request that is not sent yet wants to be the service's next."""
        self._client.subscribe_soon([wire.RUNNER_TURNS])
        self._queueing.want(service, request)

    def may_go(self, service: str, request: str) -> bool:
        """Whether it is the request's turn."""
        connected = self._lost_since is None
        return self.knows_ids(service) or self._queueing.may_go(service, request, connected=connected)

    def leave(self, request: str) -> None:
        """A request is not waiting for its turn any more, or has had it."""
        self._queueing.leave(request)

    # ---- what is heard

    def _take(self, event: Event) -> None:
        if isinstance(event, Lost):
            self._lost()
        elif isinstance(event, Connected):
            self._back(again=event.again)
        elif isinstance(event, Answered):
            self._answered(event)
        elif event.topic == wire.RUNNER_STATUS:
            self._take_runner(event)
        elif event.topic == wire.RUNNER_TURNS:
            word = turns.read(wire.decode(event.payload))
            if word is not None and not event.retain:
                self._queueing.hear(word)
        elif event.topic.endswith("/status"):
            self._take_status(event)
        elif event.topic.endswith("/info"):
            self._take_info(event)
        elif not event.retain:
            self._take_word(event)

    def _lost(self) -> None:
        if self._lost_since is None:
            self._lost_since = time.monotonic()
        self._gone_at.clear()
        self.statuses.clear()

    def _back(self, *, again: bool) -> None:
        self._lost_since = None
        if not again:
            return
        self.back_since = now = time.monotonic()
        self._client.publish(wire.RUNNER_STATUS, wire.CONNECTED.encode(), retain=True)
        for one in self._open.values():
            one.was_lost = True
            service = wire.service_of(one.request.topic)
            if service in self.infos:
                self._gone_at[service] = now + BROKER_SECONDS
        self._queueing.start_over()

    def _answered(self, event: Answered) -> None:
        one = self._open.get(self._mids.pop(event.mid, ""))
        if one is not None:
            if event.code == NO_MATCHING_SUBSCRIBERS:
                one.request.nobody()
            elif event.code >= REFUSED:
                one.request.refused(event.words)

    def _take_runner(self, event: Message) -> None:
        """Another runner came or went. The status is everybody's: while one is there, it says so."""
        self._queueing.has_others |= event.payload == wire.CONNECTED.encode()
        if event.payload == wire.DISCONNECTED.encode() and not event.retain:
            self._client.publish(wire.RUNNER_STATUS, wire.CONNECTED.encode(), retain=True)
            self._queueing.somebody_died()

    def _take_status(self, event: Message) -> None:
        service = event.topic.removesuffix("/status")
        payload = event.payload.decode("utf-8", errors="replace").strip('"')
        self.statuses[service] = payload
        concerned = self._of_service(service)
        if event.retain:
            concerned = [one for one in concerned if one.was_lost]
        if payload == wire.DISCONNECTED and concerned:
            patience = BACK_SECONDS if service in self.infos else WILL_SECONDS
            self._gone_at.setdefault(service, time.monotonic() + patience)
            for one in concerned:
                one.was_lost = True
        elif not event.retain:
            for one in concerned:
                one.request.status(payload)

    def _take_info(self, event: Message) -> None:
        """The service is there (again): what it may have missed is asked again, if it can tell that."""
        service, info = event.topic.removesuffix("/info"), wire.decode(event.payload)
        before, self.infos[service] = _instance(self.infos.get(service)), info
        same = before is None or before == _instance(info)
        for one in self._of_service(service):
            early = one.request.state is State.SENT and not one.request.known and not event.retain
            if one.request.ended or not (one.was_lost or early):
                continue
            self._gone_at.pop(service, None)
            one.was_lost = False
            if same or early:
                self._publish(one)
            else:
                one.request.gone("was started anew")

    def _take_word(self, event: Message) -> None:
        value, topic, correlation = wire.decode(event.payload), event.topic, event.correlation
        concerned = [one for one in self._open.values() if _is_about(topic, one.request.topic)]
        named = id_in(value) is not None
        if correlation is None and not named and len(concerned) > 1:
            concerned = [max(concerned, key=lambda one: one.accepted)]
        for one in concerned:
            before = one.request.state
            one.request.message(topic, value, correlation)
            if one.request.state is State.ACCEPTED and before is State.SENT:
                one.accepted = time.monotonic()
            if one.request.ended:
                knows = correlation is not None or (named and isinstance(value, dict))
                (self._by_id.add if knows else self._by_id.discard)(wire.service_of(one.request.topic))


def _filters(actions: Iterable[str]) -> set[str]:
    """What the services of these actions may say."""
    found = set()
    for topic in actions:
        service = wire.service_of(topic)
        found |= {wire.start(topic), wire.progress(topic), wire.finish(topic), wire.error(topic)}
        found |= {wire.status(service), wire.info(service), wire.service_error(service)}
    return found


def _is_about(topic: str, action: str) -> bool:
    """Whether what is said on a topic can be about requests of an action."""
    return topic.rpartition("/")[0] == action or topic == wire.service_error(wire.service_of(action))


def _instance(info: Any) -> Any:
    return info.get("instance") if isinstance(info, dict) else None

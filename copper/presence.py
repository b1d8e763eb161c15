"""Who is on a broker, by what services say of themselves: looked at without asking any of them for anything.

Comes in: a broker's URL, names of services. Goes out: their statuses and infos, which the broker has kept.
"""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from copper import offers, wire
from copper.client import Client
from copper.document import Problem
from copper.mqtt import Event, Message
from copper.workflow import Action

QUIET_SECONDS = 0.3
"""When nothing has come for so long, all that the broker has kept has come."""


@dataclass
class Presence:
    """What services say of themselves, by their names."""

    statuses: dict[str, str] = field(default_factory=dict)
    infos: dict[str, Any] = field(default_factory=dict)

    def wrong(self, actions: Iterable[Action]) -> list[Problem]:
        """What these actions ask for and the services don't take."""
        return offers.problems(actions, self.infos)


def look(url: str, services: Iterable[str]) -> Presence:
    """See who is there.

    Raises:
        NoBrokerError: there is no broker, or it lets nobody look.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    client = Client(url, f"copper-{secrets.token_hex(4)}", events.put)
    client.connect()
    found = Presence()
    try:
        client.subscribe([topic for name in services for topic in (wire.status(name), wire.info(name))])
        until = time.monotonic() + QUIET_SECONDS
        while (left := until - time.monotonic()) > 0:
            try:
                event = events.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(event, Message):
                until = time.monotonic() + QUIET_SECONDS
                _take(event, found)
    finally:
        client.close()
    return found


def _take(event: Message, found: Presence) -> None:
    service, _, what = event.topic.rpartition("/")
    if what == "status":
        found.statuses[service] = event.payload.decode("utf-8", errors="replace").strip('"')
    elif event.payload:
        found.infos[service] = wire.decode(event.payload)

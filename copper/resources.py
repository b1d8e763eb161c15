"""Which functions of a service want to know of which resources (`SERVICE/resources/ID`), and what they are called with.

What comes in: functions with what they ask for, then topics and payloads. What goes out: whether a message is news, and
the calls that it causes. It calls nothing and knows no client.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from copper import wire
from copper.parameters import Handler, Parameters
from tracer.errors import CopperError
from tracer.topics import matches


class Resources:
    """The consumers of one service, and the last state of each resource that they were told."""

    def __init__(self) -> None:
        self._consumers: list[tuple[str, Handler, Parameters]] = []
        self._told: dict[str, bytes] = {}

    @property
    def filters(self) -> list[str]:
        """What to subscribe to, each once."""
        return list(dict.fromkeys(filter_ for filter_, _, _ in self._consumers))

    def add(self, which: str, handler: Handler) -> None:
        """Another function, for `SERVICE/ID`, either of which may be `+`.

        Raises:
            CopperError: it is something else.
        """
        levels = which.split("/")
        if len(levels) != 2 or not all(one == "+" or (one and not set(one) & set("+#")) for one in levels):
            raise CopperError(
                f'"{which}" is no resource', next_step="write SERVICE/ID, or SERVICE/+ for all of a service"
            )
        self._consumers.append((wire.resource(*levels), handler, Parameters(handler)))

    def is_news(self, topic: str, payload: bytes, *, retained: bool) -> bool:
        """Whether somebody has to be told; after a reconnect the broker repeats what is retained, which is no news."""
        if not payload:
            self._told.pop(topic, None)
            return False
        if retained and self._told.get(topic) == payload:
            return False
        self._told[topic] = payload
        return True

    def calls(self, topic: str, payload: bytes) -> Iterator[tuple[Handler, Parameters, dict[str, Any]]]:
        """The functions to call, and the resource's keys; the first Copper's list of one counts as that one."""
        value = wire.decode(payload)
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        keys = one if isinstance(one, dict) else {"value": one}
        for filter_, handler, parameters in self._consumers:
            if matches(filter_, topic):
                yield handler, parameters, {**keys, "name": topic.partition("/resources/")[2]}

"""Whose turn it is at services that know one request at a time: a line for each of them, in the broker's order.

Comes in: what runners say on `runner/start` and `runner/finish`, our own words among it: every runner hears the same,
in the same order. Goes out: whether it is our turn. It knows no MQTT and reads no clock.

A runner that was killed never says `runner/finish`: whoever is behind it in the line goes on when it has waited as
long as it would wait for an answer.
"""

from __future__ import annotations

from typing import Any

from copper import wire


class Turns:
    """The lines before all services."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[bytes, float]] = {}
        self._nameless = 0

    def hear(self, topic: str, entry: Any, ticket: bytes | None, now: float) -> None:
        """A runner is about to ask, or has its answer.

        Args:
            topic: `runner/start` or `runner/finish`.
            entry: the workflow's entry.
            ticket: what it is known by; None from a runner of the first Copper.
            now: seconds of some clock.
        """
        action = entry.get("action") if isinstance(entry, dict) else None
        if not isinstance(action, str):
            return
        line = self._lines.setdefault(wire.service_of(action), {})
        nameless = b"\0" + action.encode("utf-8", "replace") + b"\0"
        if topic == wire.RUNNER_START:
            if ticket is None:
                self._nameless += 1
            line.setdefault(ticket if ticket is not None else nameless + b"%d" % self._nameless, now)
        elif ticket is not None:
            line.pop(ticket, None)
        else:
            line.pop(next((one for one in line if one.startswith(nameless)), b""), None)

    def is_known(self, service: str, ticket: bytes) -> bool:
        """Whether our own word has come back, so that our place in the line is known."""
        return ticket in self._lines.get(service, {})

    def is_first(self, service: str, ticket: bytes, now: float, patience: float) -> bool:
        """Whether nobody stands before us who came less than `patience` seconds ago."""
        for other, since in self._lines.get(service, {}).items():
            if other == ticket:
                break
            if now < since + patience:
                return False
        return True

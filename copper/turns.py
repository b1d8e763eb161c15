"""Whose turn it is at services that know one request at a time: a line for each of them, in the broker's order.

Comes in: what runners say on `runner/turns/SERVICE`, our own words among it: every runner hears the same, in the same
order. Goes out: whether it is our turn. It knows no MQTT and reads no clock.

    {"claim": TICKET}   I come next, and go on coming next or being served (said again every REFRESH_SECONDS)
    {"done": TICKET}    I don't, any more

The last word is retained, so whoever comes later knows whom to wait for: the last in the line, who waits for the one
before it, and so on. One of whom nothing is heard for LOST_SECONDS was killed. Runners of the first Copper claim
nothing: they say `runner/start` before they ask, and `runner/finish` afterwards.
"""

from __future__ import annotations

from typing import Any

from copper import wire

REFRESH_SECONDS = 5.0
LOST_SECONDS = 20.0


class Turns:
    """The lines before all services.

    Args:
        run: ours; what was claimed for it before we were there is void.
    """

    def __init__(self, run: str = "") -> None:
        self._lines: dict[str, dict[str, float]] = {}
        self._run = run
        self._nameless = 0

    def hear(self, service: str, value: Any, now: float, *, retained: bool = False) -> None:
        """A runner claims its turn, or is done.

        Args:
            service: which line it is.
            value: the payload.
            now: seconds of some clock.
            retained: it was said before we came.
        """
        if not isinstance(value, dict):
            return
        claim, done = value.get("claim"), value.get("done")
        line = self._lines.setdefault(service, {})
        if isinstance(claim, str) and not (retained and self._run and claim.startswith(f"{self._run}.")):
            line[claim] = now
        if isinstance(done, str):
            line.pop(done, None)

    def hear_first_copper(self, topic: str, entry: Any, now: float, patience: float) -> None:
        """A runner of the first Copper is about to ask, or has its answer.

        Args:
            topic: `runner/start` or `runner/finish`.
            entry: the workflow's entry.
            now: seconds of some clock.
            patience: seconds that it may take; it says nothing meanwhile.
        """
        action = entry.get("action") if isinstance(entry, dict) else None
        if not isinstance(action, str):
            return
        line = self._lines.setdefault(wire.service_of(action), {})
        nameless = f" {action} "
        if topic == wire.RUNNER_START:
            self._nameless += 1
            line[f"{nameless}{self._nameless}"] = now + patience - LOST_SECONDS
        else:
            line.pop(next((one for one in line if one.startswith(nameless)), ""), None)

    def is_known(self, service: str, ticket: str) -> bool:
        """Whether our own claim has come back, so that our place in the line is known."""
        return ticket in self._lines.get(service, {})

    def is_first(self, service: str, ticket: str, now: float) -> bool:
        """Whether nobody stands before us of whom something was heard lately."""
        for other, heard in self._lines.get(service, {}).items():
            if other == ticket:
                break
            if now < heard + LOST_SECONDS:
                return False
        return True

    def is_last(self, service: str, ticket: str) -> bool:
        """Whether nobody came after us."""
        return next(reversed(self._lines.get(service, {})), ticket) == ticket

"""Whose turn is it? A service that knows neither ids nor correlation data gets one request at a time, of all runners.

There is no lock service: the runners on a broker hear each other on `runner/turns`. The broker passes the messages of
a topic on to everybody in one order, and that order is the queue:

    wants ──► (heard by all, in the broker's order) ──► first in the row: holds ──► leaves
      └─ another that stands before it says `has`, for whoever has come too late to hear its own `wants`

What comes in: what was said on the topic, and which requests are ours. What goes out: what we have to say, and whether
a request of ours is first. No MQTT, no clock.

The limits: who is no Copper (or the first one) does not queue up; a runner that can't be heard for as long as we listen
(`queueing.QUIET_SECONDS`) is not waited for; and where the runners' connections are cut apart, each goes on alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WANTS = "wants"
HAS = "has"
LEAVES = "leaves"


@dataclass(frozen=True)
class Word:
    """What a runner says of one of its requests: `wants`, `has` (it stands before yours) or `leaves`."""

    service: str
    id: str
    says: str


@dataclass
class Turns:
    """The rows before the services, as this runner has heard of them.

    Attributes:
        rows: for each service the ids of requests, the one that is or may be worked on first.
        waiting: our requests that wait, and their service.
        holding: our requests that are under way, and their service.
        doubtful: others' requests that stand in a row, and may be those of a runner that died.
    """

    rows: dict[str, list[str]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    holding: dict[str, str] = field(default_factory=dict)
    doubtful: set[tuple[str, str]] = field(default_factory=set)

    def want(self, service: str, request: str) -> Word:
        """A request of ours wants to be next; it stands in the row when we hear our own word."""
        self.waiting[request] = service
        return Word(service, request, WANTS)

    def is_first(self, service: str, request: str) -> bool:
        """Whether all that came before it have left."""
        return self.rows.get(service, [])[:1] == [request]

    def stands(self, service: str, request: str) -> bool:
        """Whether it has its place in the row, first or not."""
        return request in self.rows.get(service, ())

    def hold(self, service: str, request: str) -> None:
        """A request of ours is under way."""
        self.waiting.pop(request, None)
        self.holding[request] = service
        row = self.rows.setdefault(service, [])
        if request not in row:
            row.insert(0, request)

    def leave(self, request: str) -> Word | None:
        """A request of ours has ended, or waits no longer; None where it never stood in a row."""
        service = self.holding.pop(request, None) or self.waiting.pop(request, None)
        if service is None:
            return None
        self._remove(service, request)
        return Word(service, request, LEAVES)

    def heard(self, word: Word) -> list[Word]:
        """Somebody said something, perhaps we ourselves; returns what we have to say to it."""
        ours = word.id in self.waiting or word.id in self.holding
        self.doubtful.discard((word.service, word.id))
        row = self.rows.setdefault(word.service, [])
        if word.says == LEAVES:
            self._remove(word.service, word.id)
        elif word.says == HAS and word.id not in row:
            # our own too: whoever queues up anew must come to the same order as the others
            row.insert(sum(one in self.holding for one in row), word.id)
        elif word.says == WANTS:
            if word.id not in row:
                row.append(word.id)
            if not ours:
                before = row[: row.index(word.id)]
                return [Word(word.service, one, HAS) for one in before if one in self.waiting or one in self.holding]
        return []

    def somebody_died(self) -> list[Word]:
        """Nobody says whose the requests of the dead were: all who live say again what is theirs, in its place."""
        rows = [(service, one) for service, row in self.rows.items() for one in row]
        ours = {**self.waiting, **self.holding}
        self.doubtful |= {(service, one) for service, one in rows if one not in ours}
        return [Word(service, one, HAS) for service, one in rows if one in ours]

    def forget_doubtful(self) -> None:
        """Whoever lives has had time to say so."""
        doubtful, self.doubtful = self.doubtful, set()
        for service, one in doubtful:
            self._remove(service, one)

    def ask_again(self) -> list[Word]:
        """The rows may be wrong, as the broker was away: keep what is under way, and queue up anew."""
        self.rows, self.doubtful = {}, set()
        for request, service in self.holding.items():
            self.rows.setdefault(service, []).append(request)
        held = [Word(service, request, HAS) for request, service in self.holding.items()]
        return held + [Word(service, request, WANTS) for request, service in self.waiting.items()]

    def _remove(self, service: str, request: str) -> None:
        row = self.rows.get(service, [])
        if request in row:
            row.remove(request)
        if not row:
            self.rows.pop(service, None)


def read(value: Any) -> Word | None:
    """A payload of `runner/turns`; None where it is none of ours."""
    if not isinstance(value, dict):
        return None
    service, request, says = (value.get(key) for key in ("service", "id", "says"))
    if isinstance(service, str) and isinstance(request, str) and says in (WANTS, HAS, LEAVES):
        return Word(service, request, str(says))
    return None

"""What a log that grows is shown by, several times a second: plain values, which present.py makes and pages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tracer import events as e

Span = Literal["minute", "hour", "all"]
SPANS: dict[Span, int | None] = {"minute": 60, "hour": 3600, "all": None}
"""How many seconds of the log each is; None: all of it."""

EdgeKey = tuple[str, str, str]
"""Source node, target node and key of an edge of the graph."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What happened since the pulse before.

    Attributes:
        number: from 1.
        edges: messages that went over each edge, by its ends and key in the whole graph.
        is_new: there is a client, topic or edge that no graph before had, or one is gone.
        here: services of which a client came, and `gone`, of which the last went.
        is_late: it was read later than it happened, from what was there before, and says nothing of a rate.
    """

    number: int
    edges: dict[EdgeKey, int]
    is_new: bool
    here: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an entry of the tail is chosen by: its kind of event, its topic or filter, and the clients it is about."""

    event: str
    topic: str | None
    clients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the tail: an event, or so many equal messages.

    Attributes:
        number: in the order of telling, from 1.
        values: as `copper-trace events` has them; for several equal messages `times` and `receivers`, and no `line`.
    """

    number: int
    values: dict[str, Any]


@dataclass(slots=True)
class Session:
    """What is known of a client's connection beyond the graph: how it came last, and how it went."""

    came: e.Connect | None = None
    went: e.Disconnect | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """The last message of a topic; `bytes` is the mean where several came at once."""

    at: str | None
    client: str
    qos: int
    retain: bool
    bytes: int

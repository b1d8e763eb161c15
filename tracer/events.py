"""What happened: one dataclass for each kind of event of the contract, and how it is spelled as a dict.

Nobody changes one; they are not frozen, since that triples the time to make one. Everything downstream (graph, output,
store) knows these and nothing of the log. Each event has `at` (ISO 8601, UTC, as fine as the log's clock; None where
the log has no time) and `line` (the 1-based number of the log line that completes it). Names are client ids; services
come in when a graph is built.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

DISCONNECT_REASONS = {
    "disconnect": "the client said goodbye (DISCONNECT)",
    "closed": "the client, or the network, closed the connection",
    "timeout": "nothing came for one and a half keepalive times",
    "takeover": "another connection came with the same client id",
    "expired": "the session of an absent client was thrown away",
    "malformed": "a packet that is none",
    "protocol": "a packet that MQTT forbids at that place",
    "oversize": "a packet or payload above the limit",
    "unauthorised": "refused, or no longer allowed",
    "administrative": "thrown out by an administrator or a plugin",
    "quota": "more than the broker grants",
    "unsupported": "a QoS, retain or other feature that the broker does not offer",
    "memory": "the broker was out of memory",
    "socket": "reading or writing the socket failed",
    "other": "a reason that this list does not have",
}
"""Every word that `disconnect.reason` can be."""


@dataclass(slots=True)
class Event:
    """The two fields that all events have."""

    event: ClassVar[str]
    at: str | None
    line: int


@dataclass(slots=True)
class Broker(Event):
    """The broker said its version and its state: starting, running or terminating."""

    event: ClassVar[str] = "broker"
    version: str
    state: str


@dataclass(slots=True)
class WillFacts:
    """A client's will as it was told at connect; `bytes` of payload."""

    topic: str
    qos: int
    retain: bool
    bytes: int


@dataclass(slots=True)
class Connect(Event):
    """A client is connected; whatever the log does not say is None. `keepalive` in seconds."""

    event: ClassVar[str] = "connect"
    client: str
    address: str | None
    port: int | None
    user: str | None
    protocol: str | None
    clean: bool | None
    keepalive: int | None
    session_present: bool | None
    will: WillFacts | None


@dataclass(slots=True)
class Refused(Event):
    """A connection was turned away; `client` is the id it claimed, None where none is known."""

    event: ClassVar[str] = "refused"
    client: str | None
    address: str | None
    reason: str


@dataclass(slots=True)
class Disconnect(Event):
    """A client is gone; `reason` is a key of DISCONNECT_REASONS."""

    event: ClassVar[str] = "disconnect"
    client: str
    reason: str


@dataclass(slots=True)
class Subscribe(Event):
    """A client subscribed; `filter` as it was logged, `$share/GROUP/` included. `qos` is None for a bridge."""

    event: ClassVar[str] = "subscribe"
    client: str
    filter: str
    qos: int | None
    granted: bool
    group: str | None


@dataclass(slots=True)
class Unsubscribe(Event):
    """A client gave a filter up, which it may never have had."""

    event: ClassVar[str] = "unsubscribe"
    client: str
    filter: str


@dataclass(slots=True)
class Publish(Event):
    """The broker took a message of `bytes` payload from `client`, or published it for it; once a message."""

    event: ClassVar[str] = "publish"
    client: str
    topic: str
    qos: int
    retain: bool
    bytes: int


@dataclass(slots=True)
class Will(Publish):
    """The broker published the client's will."""

    event: ClassVar[str] = "will"


@dataclass(slots=True)
class Deliver(Event):
    """A copy was sent to `client`.

    `sender` is the publisher's id or None. `via`: live, queued, retained, will or broker. `proof`: seen,
    inferred or none.
    """

    event: ClassVar[str] = "deliver"
    client: str
    topic: str
    qos: int
    retain: bool
    bytes: int
    sender: str | None
    via: str
    proof: str


@dataclass(slots=True)
class Deny(Event):
    """Somebody was refused what should have been an edge; direction in: to publish, out: to receive."""

    event: ClassVar[str] = "deny"
    client: str
    topic: str | None
    bytes: int | None
    direction: str
    reason: str


@dataclass(slots=True)
class Drop(Deny):
    """A message, or a copy, was thrown away; direction in: on its way to the broker, out: to the client."""

    event: ClassVar[str] = "drop"


@dataclass(slots=True)
class Unknown(Event):
    """A line that is none of ours, without its time."""

    event: ClassVar[str] = "unknown"
    text: str


def as_dict(event: Event) -> dict[str, Any]:
    """The event as plain JSON values: `at`, `line`, `event`, then its own fields in their documented order."""
    values = {field.name: _plain(getattr(event, field.name)) for field in fields(event)}
    return {"at": values.pop("at"), "line": values.pop("line"), "event": event.event, **values}


def of_dict(values: dict[str, Any]) -> Event:
    """The event of which `as_dict` made these values."""
    given = dict(values)
    kind = KINDS[given.pop("event")]
    if kind is Connect and given["will"] is not None:
        given["will"] = WillFacts(**given["will"])
    return kind(**given)


KINDS: dict[str, type[Event]] = {
    kind.event: kind
    for kind in (
        Broker, Connect, Refused, Disconnect, Subscribe, Unsubscribe, Publish, Will, Deliver, Deny, Drop, Unknown,
    )
}  # fmt: skip
"""Every kind, by the word that `event` has for it."""


def _plain(value: Any) -> Any:
    return asdict(value) if isinstance(value, WillFacts) else value

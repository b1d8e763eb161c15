"""What one line of the log says: plain values, made by the grammar, read by the state machine.

No record says what happened; that takes more than one line, and is an event (events.py). Three facts about
the line itself stand on each class: `packet` (it tells of an MQTT packet, so the log is good for tracing),
`inside` (Mosquitto may print it while it hands out one message, so it doesn't end the message's block) and
`joining` (Mosquitto may print it between `New client connected` and that client's CONNACK).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(slots=True)
class Record:
    """One line that was understood."""

    packet: ClassVar[bool] = False
    inside: ClassVar[bool] = False
    joining: ClassVar[bool] = False


@dataclass(slots=True)
class PacketRecord(Record):
    """A line about an MQTT packet: printed with log_type debug only."""

    packet: ClassVar[bool] = True


@dataclass(slots=True)
class Note(Record):
    """A line that is Mosquitto's own and tells us nothing."""

    joining: ClassVar[bool] = True


@dataclass(slots=True)
class Reloading(Note):
    """SIGHUP: the configuration is read again, after which log_type may be another."""


@dataclass(slots=True)
class NoteInside(Note):
    """A note that may stand among the deliveries of one message: a reused message id, a plugin's text, a cut line."""

    inside: ClassVar[bool] = True


@dataclass(slots=True)
class Continuation(NoteInside):
    """A line that only continues the one before it, or a blank one."""


@dataclass(slots=True)
class Echo(Record):
    """What log_type subscribe and unsubscribe print after a filter. It begins with an id: it can look like any line."""


@dataclass(slots=True)
class Cut(Record):
    """A line that Mosquitto cut: its end was chosen by whoever chose its topic or id, so nothing is made of it."""


@dataclass(slots=True)
class CutInside(Cut):
    """A cut `Sending PUBLISH`."""

    inside: ClassVar[bool] = True


@dataclass(slots=True)
class CutBegin(Cut):
    """A cut `Received SUBSCRIBE` or `UNSUBSCRIBE`: filters follow, of a client whose id begins with these bytes."""

    client: bytes


@dataclass(slots=True)
class BrokerState(Record):
    """`mosquitto version V starting`, `running` or `terminating`."""

    version: str
    state: str


@dataclass(slots=True)
class NewConnection(Record):
    """A socket was accepted. `port` is the peer's, None in 1.6, which does not print it."""

    address: str
    port: int | None


@dataclass(slots=True)
class ConnectionRefused(Record):
    """A socket was turned away before it said who it is."""

    address: str
    reason: str


@dataclass(slots=True)
class Introduction:
    """One reading of what follows ` as ` in a New client line; `keepalive` in seconds."""

    client: str
    protocol: str | None
    clean: bool
    keepalive: int
    user: str | None


@dataclass(slots=True)
class NewClient(Record):
    """A client was let in. Its id and user are both free text: the CONNACK that follows says which reading is right."""

    address: str
    port: int | None
    bridge: bool
    introductions: tuple[Introduction, ...]


@dataclass(slots=True)
class NoWill(PacketRecord):
    """The client that is being let in has no will."""

    joining: ClassVar[bool] = True


@dataclass(slots=True)
class WillSpecified(PacketRecord):
    """The client that is being let in has a will of `size` bytes; its topic is the next line."""

    joining: ClassVar[bool] = True
    size: int
    qos: int
    retain: bool


@dataclass(slots=True)
class Indented(PacketRecord):
    """A line that begins with a tab: a will's topic, a filter to unsubscribe (`text`), or a filter with its QoS.

    `filter` and `qos` are what stands before ` (QoS n)`, both None where there is no such end; `denied`
    where 2.1 prints ` (denied)`.
    """

    joining: ClassVar[bool] = True
    text: str
    filter: str | None
    qos: int | None
    denied: bool


@dataclass(slots=True)
class ConnAck(PacketRecord):
    """Sent to a client, or (code != 0, up to 2.0.12) to an address that has no id yet."""

    joining: ClassVar[bool] = True
    client: str
    session_present: bool
    code: int


@dataclass(slots=True)
class AlreadyConnected(Record):
    """1.6 and 2.0: a client with this id is being let in, and the old one is thrown out."""

    client: str


@dataclass(slots=True)
class DisconnectIn(PacketRecord):
    """The client said goodbye."""

    client: str


@dataclass(slots=True)
class Disconnected(Record):
    """A connection ended; `client` may be a nameless connection's address or `<unknown>`.

    `reason` is one of events.DISCONNECT_REASONS; `address` and `port` from 2.1.1 on.
    """

    client: str
    reason: str
    address: str | None
    port: int | None


@dataclass(slots=True)
class Expired(Record):
    """The session of an absent client was thrown away."""

    client: str


@dataclass(slots=True)
class Publish(PacketRecord):
    """The tail of all PUBLISH lines: `mid` is the packet identifier (0 at QoS 0), `size` the payload in bytes."""

    client: str
    dup: bool
    qos: int
    retain: bool
    mid: int
    topic: str
    size: int


@dataclass(slots=True)
class PublishIn(Publish):
    """The broker took a PUBLISH from `client`."""


@dataclass(slots=True)
class PublishDenied(Publish):
    """The broker refused a PUBLISH from `client`."""

    inside: ClassVar[bool] = True


@dataclass(slots=True)
class PublishTooLarge(Publish):
    """The broker threw away a PUBLISH from `client` that is above message_size_limit."""


@dataclass(slots=True)
class PublishRejected(PacketRecord):
    """2.1: a plugin's quota is used up for what `client` publishes."""

    inside: ClassVar[bool] = True
    client: str


@dataclass(slots=True)
class PublishOut(Publish):
    """The broker is about to send a copy to `client`."""

    inside: ClassVar[bool] = True


@dataclass(slots=True)
class OutTooLarge(Record):
    """The copy of the line before is larger than `client` takes, and was not sent."""

    inside: ClassVar[bool] = True
    client: str
    size: int


@dataclass(slots=True)
class OutDropped(Record):
    """The queue to `client` is full; printed once a connection, at the first copy that was dropped."""

    inside: ClassVar[bool] = True
    client: str


@dataclass(slots=True)
class OutDenied(PacketRecord):
    """2.1: a plugin refused a copy to `client`; topic and size are None where it was its quota."""

    inside: ClassVar[bool] = True
    client: str
    topic: str | None
    size: int | None


@dataclass(slots=True)
class AckIn(PacketRecord):
    """PUBACK, PUBREC, PUBREL or PUBCOMP from a client; `code` is None where the line has none."""

    kind: str
    client: str
    mid: int
    code: int | None


@dataclass(slots=True)
class AckOut(PacketRecord):
    """PUBACK, PUBREC, PUBREL or PUBCOMP to a client."""

    kind: str
    client: str
    mid: int
    code: int | None


@dataclass(slots=True)
class SubscribeIn(PacketRecord):
    """A SUBSCRIBE begins; its filters are the indented lines that follow."""

    client: str


@dataclass(slots=True)
class UnsubscribeIn(PacketRecord):
    """An UNSUBSCRIBE begins; its filters are the indented lines that follow."""

    client: str


@dataclass(slots=True)
class SubAck(PacketRecord):
    """The end of a SUBSCRIBE or UNSUBSCRIBE; the stored messages for it follow."""

    client: str


@dataclass(slots=True)
class Sign(PacketRecord):
    """A line that proves no more than that a client of this id is connected."""

    client: str


@dataclass(slots=True)
class BridgeSubscribe(PacketRecord):
    """Our broker's own bridge takes local messages of this filter, to carry them to the other broker."""

    client: str
    filter: str


@dataclass(slots=True)
class BridgeConnected(PacketRecord):
    """Our broker's own bridge reached the other broker."""

    client: str


@dataclass(slots=True)
class Readings:
    """Several records that one line could be: more than one id fits. Not a record; the state machine settles it."""

    records: tuple[Record, ...]

"""MQTT 3.1.1 and 5 packets: bytes to packets, packets to bytes. Knows no client and no socket.

In which order the parts of a packet are checked, and with which words it is refused, is Mosquitto 2.0.11's
(`src/handle_connect.c`, `src/handle_publish.c`, `lib/packet_mosq.c`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from copper.broker.builtin import log
from copper.broker.builtin.endings import Ending, Refused
from copper.broker.builtin.properties import (
    MESSAGE_EXPIRY,
    WILL_DELAY,
    Properties,
    Reader,
    block,
    of_message,
    string,
    varint,
)
from copper.broker.builtin.topics import valid_topic

T = TypeVar("T")

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)
ACKS = {PUBACK: "PUBACK", PUBREC: "PUBREC", PUBREL: "PUBREL", PUBCOMP: "PUBCOMP"}


class Frame(NamedTuple):
    """A packet as it comes: its kind (1 CONNECT … 15 AUTH), the four flags beside it, and its body."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True)
class Message:
    """What a client publishes, or leaves as its will.

    Attributes:
        topic: where to.
        payload: what.
        qos: 0, 1 or 2, as it was published.
        retain: whether the broker keeps it for later subscribers.
        properties: those that travel with it.
        source: the id of the client whose it is.
        expires: when it is too old to be delivered, in seconds of the broker's clock, or None.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties = ()
    source: str = ""
    expires: float | None = None


@dataclass(frozen=True)
class Will:
    """What is published when a client vanishes, `delay` seconds later; it is then good for `expiry` seconds."""

    message: Message
    delay: int = 0
    expiry: int = 0


@dataclass(frozen=True)
class Connect:
    """A CONNECT; `client_id` is "" where the client leaves it to the broker to find one."""

    version: int
    clean: bool
    keepalive: int
    properties: Properties
    client_id: str
    will: Will | None
    username: str | None


@dataclass(frozen=True)
class Publish:
    """A PUBLISH; `packet_id` is 0 at QoS 0."""

    dup: bool
    qos: int
    retain: bool
    topic: str
    packet_id: int
    properties: Properties
    payload: bytes = field(repr=False)


class Framer:
    """Bytes in any pieces to frames."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Give back the packets that are complete now.

        Raises:
            Refused: a packet is larger than the limit (in bytes), or does not say how large it is.
        """
        self._buffer += data
        while (head := self._head()) is not None:
            start, length = head
            if length + 1 > self._limit:
                raise Refused(Ending.OVERSIZE)
            if len(self._buffer) < start + length:
                return
            first = self._buffer[0]
            body = bytes(self._buffer[start : start + length])
            del self._buffer[: start + length]
            yield Frame(first >> 4, first & 0x0F, body)

    def _head(self) -> tuple[int, int] | None:
        """Where the body of the next packet starts and how long it is; None while that has not come."""
        length = 0
        for at, byte in enumerate(self._buffer[1:6]):
            if at == 4:
                raise Refused(Ending.PROTOCOL)
            length |= (byte & 0x7F) << 7 * at
            if byte < 0x80:
                return at + 2, length
        return None


def read_connect(frame: Frame, peer: str) -> Connect:
    """A CONNECT from its frame; `peer` is the client's address, for the log.

    Raises:
        Refused: it is none that we speak.
    """
    reader = Reader(frame.body)
    version = _version(reader, peer)
    flags = reader.number(1)
    qos = flags >> 3 & 3
    if frame.flags or flags & 1:
        raise Refused(Ending.PROTOCOL)
    if qos == 3:
        raise Refused(Ending.PROTOCOL, log.invalid_connect("Will QoS", peer))
    keepalive = reader.number(2)
    properties = reader.properties("CONNECT") if version == 5 else ()
    client_id = _client_id(reader, clean=bool(flags & 2) or version == 5)
    will = None
    if flags & 4:
        will = _will(reader, version, qos, retain=bool(flags & 0x20))
    elif qos or flags & 0x20:
        raise Refused(Ending.PROTOCOL)
    username = _account(reader, flags, version, client_id)
    return Connect(version, bool(flags & 2), keepalive, properties, client_id, will, username)


def _version(reader: Reader, peer: str) -> int:
    """4 for MQTT 3.1.1, or 5."""
    length = reader.number(2)
    if length not in (4, 6):
        raise Refused(Ending.PROTOCOL)
    name = reader.take(length)
    version = reader.number(1)
    if name not in (b"MQTT", b"MQIsdp"):
        shown = re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", name.decode(errors="replace"))
        raise Refused(Ending.PROTOCOL, log.invalid_connect(f'protocol "{shown}"', peer))
    if name != b"MQTT" or version not in (4, 5):
        raise Refused(Ending.PROTOCOL, log.invalid_connect(f"protocol version {version}", peer), connack=1)
    return version


def _client_id(reader: Reader, *, clean: bool) -> str:
    try:
        client_id = reader.string()
    except Refused as refused:
        raise Refused(Ending.PROTOCOL) from refused
    if not client_id and not clean:
        raise Refused(Ending.PROTOCOL, connack=2)
    return client_id


def _will(reader: Reader, version: int, qos: int, *, retain: bool) -> Will:
    properties = reader.properties("WILL") if version == 5 else ()
    topic = reader.string()
    if not topic:
        raise Refused(Ending.PROTOCOL)
    if not valid_topic(topic):
        raise Refused(Ending.BAD_TOPIC)
    message = Message(topic, reader.binary(), qos, retain, of_message(properties))
    given = dict(properties)
    return Will(message, given.get(WILL_DELAY, 0), given.get(MESSAGE_EXPIRY, 0))


def _account(reader: Reader, flags: int, version: int, client_id: str) -> str | None:
    """The user's name. The password is read over: everybody is let in."""
    username = None
    if flags & 0x80:
        try:
            username = reader.string()
        except Refused as refused:
            raise Refused(Ending.PROTOCOL) from refused
    elif flags & 0x40 and version == 4:
        raise Refused(Ending.PROTOCOL, log.no_username(client_id))
    if flags & 0x40:
        reader.binary()
    if reader.more():
        raise Refused(Ending.PROTOCOL)
    return username


def read_publish(frame: Frame, version: int) -> Publish:
    """A PUBLISH from its frame; the topic is "" where an alias stands for it.

    Raises:
        Refused: it is not well-formed.
    """
    reader = Reader(frame.body)
    qos = frame.flags >> 1 & 3
    packet_id = 0
    topic = malformed(reader.string)
    if not topic and version != 5:
        raise Refused(Ending.MALFORMED)
    if qos:
        packet_id = malformed(reader.number, 2)
        if not packet_id:
            raise Refused(Ending.PROTOCOL)
    properties = read_properties(reader, "PUBLISH", version)
    dup, retain = bool(frame.flags & 8), bool(frame.flags & 1)
    return Publish(dup, qos, retain, topic, packet_id, properties, reader.rest())


def read_packet_id(reader: Reader) -> int:
    """The packet id of a SUBSCRIBE or UNSUBSCRIBE."""
    packet_id = malformed(reader.number, 2)
    if not packet_id:
        raise Refused(Ending.MALFORMED)
    return packet_id


def read_properties(reader: Reader, packet: str, version: int) -> Properties:
    """The properties of a PUBLISH, SUBSCRIBE or UNSUBSCRIBE; none in MQTT 3.1.1."""
    if version != 5:
        return ()
    try:
        return reader.properties(packet)
    except Refused as refused:
        if refused.ending is Ending.PROTOCOL:
            raise Refused(Ending.MALFORMED) from refused
        raise


def read_ack(frame: Frame, version: int) -> tuple[int, int]:
    """The packet id and the reason code of a PUBACK, PUBREC, PUBREL or PUBCOMP."""
    reader = Reader(frame.body)
    packet_id = reader.number(2)
    if not packet_id:
        raise Refused(Ending.PROTOCOL)
    code = reader.number(1) if version == 5 and reader.more() else 0
    if version == 5 and reader.more():
        reader.properties("ACK")
    return packet_id, code


def read_disconnect(frame: Frame, version: int) -> tuple[int, Properties]:
    """The reason code and the properties of a DISCONNECT."""
    reader = Reader(frame.body)
    code = reader.number(1) if version == 5 and reader.more() else 0
    properties = reader.properties("DISCONNECT") if version == 5 and reader.more() else ()
    if reader.more():
        raise Refused(Ending.PROTOCOL)
    return code, properties


def malformed(read: Callable[..., T], *args: int) -> T:
    """Read a value; what is wrong with it makes the packet malformed, whatever it is."""
    try:
        return read(*args)
    except Refused as refused:
        raise Refused(Ending.MALFORMED) from refused


def packet(kind: int, flags: int, body: bytes) -> bytes:
    """A packet as it goes over the wire."""
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def connack(version: int, code: int, *, present: bool, properties: Properties = ()) -> bytes:
    """The answer to CONNECT."""
    return packet(CONNACK, 0, bytes([present, code]) + (block(properties) if version == 5 else b""))


def publish_body(version: int, message: Message, qos: int, packet_id: int, properties: Properties) -> bytes:
    """The body of a PUBLISH: the part whose length a client may bound."""
    head = string(message.topic) + (packet_id.to_bytes(2, "big") if qos else b"")
    return head + (block(properties) if version == 5 else b"") + message.payload


def publish(body: bytes, qos: int, *, retain: bool, dup: bool) -> bytes:
    """A PUBLISH around its body."""
    return packet(PUBLISH, dup << 3 | qos << 1 | retain, body)


def ack(version: int, kind: int, packet_id: int, code: int = 0) -> bytes:
    """A PUBACK, PUBREC, PUBREL or PUBCOMP. MQTT 3.1.1 has no reason codes, and 0 is not spelled out."""
    tail = bytes([code]) if version == 5 and code else b""
    return packet(kind, 2 if kind == PUBREL else 0, packet_id.to_bytes(2, "big") + tail)


def suback(version: int, packet_id: int, codes: Iterable[int]) -> bytes:
    """The answer to SUBSCRIBE: what was granted, filter by filter."""
    properties = block(()) if version == 5 else b""
    return packet(SUBACK, 0, packet_id.to_bytes(2, "big") + properties + bytes(codes))


def unsuback(version: int, packet_id: int, codes: Iterable[int]) -> bytes:
    """The answer to UNSUBSCRIBE; only MQTT 5 says how each filter fared."""
    tail = block(()) + bytes(codes) if version == 5 else b""
    return packet(UNSUBACK, 0, packet_id.to_bytes(2, "big") + tail)


def disconnect(code: int) -> bytes:
    """Why the broker closes an MQTT 5 connection."""
    return packet(DISCONNECT, 0, bytes([code]))

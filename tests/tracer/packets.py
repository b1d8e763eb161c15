"""MQTT packets, to and from bytes: as much of 3.1.1 and 5 as a client needs that plays against a real broker.

Written out by hand, so that a test can send what no client library would: twice, late, or in a chosen order.
"""

from __future__ import annotations

from dataclasses import dataclass

CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 2, 3, 4, 5, 6, 7
SUBACK, UNSUBACK, PINGRESP, DISCONNECT = 9, 11, 13, 14


@dataclass(frozen=True)
class Will:
    """What the broker publishes when the client is lost; `delay` in seconds (MQTT 5)."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    delay: int = 0


@dataclass(frozen=True)
class Published:
    """A PUBLISH that a client received."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    mid: int


def number(value: int) -> bytes:
    return value.to_bytes(2, "big")


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, byte = divmod(value, 128)
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def packet(kind: int, flags: int, body: bytes) -> bytes:
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def connect(
    client: str,
    *,
    five: bool = False,
    clean: bool = True,
    keepalive: int = 600,
    will: Will | None = None,
    user: str | None = None,
    password: str | None = None,
    expiry: int | None = None,
    receive_maximum: int | None = None,
    aliases: int | None = None,
    maximum: int | None = None,
    bridge: bool = False,
) -> bytes:
    """CONNECT. MQTT 5: the session's `expiry` in seconds, `receive_maximum`, topic `aliases`, `maximum` packet size."""
    flags = clean << 1 | (will is not None) << 2 | (password is not None) << 6 | (user is not None) << 7
    if will is not None:
        flags |= will.qos << 3 | will.retain << 5
    head = text("MQTT") + bytes([5 if five else 4 | bridge << 7, flags]) + number(keepalive)
    if five:
        properties = b"" if expiry is None else b"\x11" + expiry.to_bytes(4, "big")
        properties += b"" if receive_maximum is None else b"\x21" + number(receive_maximum)
        properties += b"" if maximum is None else b"\x27" + maximum.to_bytes(4, "big")
        properties += b"" if aliases is None else b"\x22" + number(aliases)
        head += varint(len(properties)) + properties
    body = text(client)
    if will is not None:
        if five:
            delay = b"\x18" + will.delay.to_bytes(4, "big") if will.delay else b""
            body += varint(len(delay)) + delay
        body += text(will.topic) + text(will.payload)
    account = b"".join(text(one) for one in (user, password) if one is not None)
    return packet(1, 0, head + body + account)


def publish(
    topic: str, payload: bytes, *, five: bool, qos: int = 0, retain: bool = False, mid: int = 0, dup: bool = False
) -> bytes:
    head = text(topic) + (number(mid) if qos else b"") + (b"\0" if five else b"")
    return packet(PUBLISH, dup << 3 | qos << 1 | retain, head + payload)


def ack(kind: int, mid: int) -> bytes:
    return packet(kind, 2 if kind == PUBREL else 0, number(mid))


def subscribe(mid: int, filters: list[tuple[str, int]], *, five: bool) -> bytes:
    """Filters with their options: QoS, and in MQTT 5 + 4 no local, + 8 retain as published, + 16 or 32 handling."""
    body = b"".join(text(one) + bytes([options]) for one, options in filters)
    return packet(8, 2, number(mid) + (b"\0" if five else b"") + body)


def unsubscribe(mid: int, filters: list[str], *, five: bool) -> bytes:
    return packet(10, 2, number(mid) + (b"\0" if five else b"") + b"".join(text(one) for one in filters))


PING = packet(12, 0, b"")


def disconnect(reason: int | None = None) -> bytes:
    """DISCONNECT; reason 4 (MQTT 5) asks for the will."""
    return packet(DISCONNECT, 0, b"" if reason is None else bytes([reason, 0]))


def take(buffer: bytearray) -> tuple[int, int, bytes] | None:
    """Kind, flags and body of the first packet, which leaves the buffer; None where it is not all there yet."""
    length = 0
    for place in range(1, 5):
        if place >= len(buffer):
            return None
        length |= (buffer[place] & 127) << 7 * (place - 1)
        if buffer[place] < 128:
            break
    end = place + 1 + length
    if len(buffer) < end:
        return None
    kind, flags, body = buffer[0] >> 4, buffer[0] & 15, bytes(buffer[place + 1 : end])
    del buffer[:end]
    return kind, flags, body


def published(flags: int, body: bytes, *, five: bool, aliases: dict[int, str]) -> Published:
    """A PUBLISH; `aliases` are the topics that the broker has numbered on this connection (MQTT 5)."""
    end = 2 + int.from_bytes(body[:2], "big")
    topic, qos = body[2:end].decode(), flags >> 1 & 3
    mid = int.from_bytes(body[end : end + 2], "big") if qos else 0
    end += 2 if qos else 0
    if five:
        length = body[end]  # the broker's properties are shorter than 128 bytes here
        properties, end = body[end + 1 : end + 1 + length], end + 1 + length
        place = properties.find(b"\x23")
        if place >= 0:
            alias = int.from_bytes(properties[place + 1 : place + 3], "big")
            topic = topic or aliases.setdefault(alias, topic)
            aliases[alias] = topic
    return Published(topic, body[end:], qos, bool(flags & 1), bool(flags & 8), mid)

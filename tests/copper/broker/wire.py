"""A small MQTT client over a plain socket, for tests: it sends what it is told to, right or wrong.

It shares no code with the built-in broker: a mistake in one of them does not hide in the other.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

SECONDS = 10.0


def number(value: int) -> bytes:
    """An MQTT variable byte integer."""
    out = b""
    while True:
        value, digit = divmod(value, 128)
        out += bytes([digit | (128 if value else 0)])
        if not value:
            return out


def text(value: str | bytes) -> bytes:
    """A string, or bytes, behind their length."""
    raw = value if isinstance(value, bytes) else value.encode()
    return len(raw).to_bytes(2, "big") + raw


def packet(first: int, *parts: bytes) -> bytes:
    """A packet: its first byte, then its body."""
    body = b"".join(parts)
    return bytes([first]) + number(len(body)) + body


def props(v: int, *properties: bytes) -> bytes:
    """The property block of a packet, nothing at all in MQTT 3.1.1."""
    body = b"".join(properties)
    return number(len(body)) + body if v == 5 else b""


def connect(
    client_id: str | bytes,
    *,
    v: int = 4,
    clean: bool = True,
    keepalive: int = 60,
    will: tuple[str, bytes, int, bool] | None = None,
    user: str | None = None,
    properties: tuple[bytes, ...] = (),
    will_properties: tuple[bytes, ...] = (),
) -> bytes:
    """A CONNECT; a will is (topic, payload, qos, retain)."""
    flags = 2 * clean + 0x80 * (user is not None)
    tail = b""
    if will is not None:
        topic, payload, qos, retain = will
        flags |= 4 | qos << 3 | 0x20 * retain
        tail += props(v, *will_properties) + text(topic) + text(payload)
    if user is not None:
        tail += text(user)
    head = text("MQTT") + bytes([v, flags]) + keepalive.to_bytes(2, "big")
    return packet(0x10, head, props(v, *properties), text(client_id), tail)


def publish(
    topic: str | bytes,
    payload: bytes = b"",
    *,
    qos: int = 0,
    mid: int = 0,
    retain: bool = False,
    dup: bool = False,
    v: int = 4,
    properties: tuple[bytes, ...] = (),
) -> bytes:
    """A PUBLISH."""
    first = 0x30 | dup << 3 | qos << 1 | retain
    return packet(first, text(topic), mid.to_bytes(2, "big") if qos else b"", props(v, *properties), payload)


def subscribe(mid: int, *filters: tuple[str | bytes, int], v: int = 4, properties: tuple[bytes, ...] = ()) -> bytes:
    """A SUBSCRIBE; each filter with its options byte."""
    body = b"".join(text(name) + bytes([options]) for name, options in filters)
    return packet(0x82, mid.to_bytes(2, "big"), props(v, *properties), body)


def unsubscribe(mid: int, *filters: str | bytes, v: int = 4) -> bytes:
    """An UNSUBSCRIBE."""
    return packet(0xA2, mid.to_bytes(2, "big"), props(v), *map(text, filters))


def ack(first: int, mid: int, *more: int) -> bytes:
    """A PUBACK (0x40), PUBREC (0x50), PUBREL (0x62) or PUBCOMP (0x70)."""
    return packet(first, mid.to_bytes(2, "big"), bytes(more))


PINGREQ, PINGRESP, DISCONNECT = b"\xc0\x00", b"\xd0\x00", b"\xe0\x00"


def wait_for(what: str, ready: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + SECONDS
    while not ready():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)


class Socket:
    """A socket to a broker, and all the packets that came over it."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._answered = 0
        self.over = False
        self.got: list[bytes] = []

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def receive(self) -> bytes | None:
        """The next packet; None at the end of the connection."""
        while not self.over:
            end = self._end()
            if end is not None:
                found, self._buffer = self._buffer[:end], self._buffer[end:]
                self.got.append(found)
                return found
            try:
                piece = self._socket.recv(65536)
            except ConnectionError:
                piece = b""
            self._buffer += piece
            if not piece:
                self.close()
        return None

    def settle(self) -> None:
        """Receive all that the broker has for this client by now."""
        self.send(PINGREQ)
        while self.receive() not in (PINGRESP, None):
            pass

    def do(self, data: bytes) -> None:
        """Send bytes, and wait until the broker has done what they ask for."""
        self.send(data)
        self.settle()

    def until_closed(self) -> None:
        """Receive until the broker closes the connection."""
        while self.receive() is not None:
            pass

    def answer(self) -> bool:
        """Acknowledge what came since the last time; whether there was anything."""
        fresh, self._answered = self.got[self._answered :], len(self.got)
        replies = [reply for found in fresh if (reply := _reply(found))]
        if replies:
            self.do(b"".join(replies))
        return bool(replies)

    def close(self) -> None:
        """Close the socket without a word."""
        self.over = True
        self._socket.close()

    def _end(self) -> int | None:
        length = 0
        for at in range(1, min(5, len(self._buffer))):
            length |= (self._buffer[at] & 127) << 7 * (at - 1)
            if self._buffer[at] < 128:
                end = at + 1 + length
                return end if len(self._buffer) >= end else None
        return None


def _reply(found: bytes) -> bytes:
    """The packet that acknowledges a packet, or nothing."""
    kind, start = found[0] >> 4, 2
    while found[start - 1] & 128:
        start += 1
    if kind == 3 and found[0] & 6:
        start += 2 + int.from_bytes(found[start : start + 2], "big")
        return ack(0x40 if found[0] & 2 else 0x50, int.from_bytes(found[start : start + 2], "big"))
    mid = int.from_bytes(found[start : start + 2], "big")
    return {5: ack(0x62, mid), 6: ack(0x70, mid)}.get(kind, b"")

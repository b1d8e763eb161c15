"""MQTT 5 properties and the pieces that all packets are made of: bytes to values and back.

A property is a pair of its number and its value; a user property's value is a pair of strings. Their order
is kept. What a packet may not hold is refused with the words that Mosquitto 2.0.11 has for it
(`lib/packet_datatypes.c`, `lib/property_mosq.c`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from copper.broker.builtin.endings import Ending, Refused

Properties = tuple[tuple[int, Any], ...]

MESSAGE_EXPIRY = 0x02
SUBSCRIPTION_ID = 0x0B
SESSION_EXPIRY = 0x11
ASSIGNED_ID = 0x12
AUTH_METHOD = 0x15
WILL_DELAY = 0x18
RECEIVE_MAXIMUM = 0x21
ALIAS_MAXIMUM = 0x22
ALIAS = 0x23
MAXIMUM_PACKET = 0x27
BYTE = {0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A}
UINT16 = {0x13, 0x21, 0x22, 0x23}
UINT32 = {0x02, 0x11, 0x18, 0x27}
STRING = {0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F}
BINARY = {0x09, 0x16}
USER = 0x26
OF_MESSAGE = {0x01, 0x03, 0x08, 0x09, USER}
"""Payload format, content type, response topic, correlation data, user properties."""

FLAGS = BYTE - {0x01}
NEVER_ZERO = {RECEIVE_MAXIMUM, ALIAS, MAXIMUM_PACKET}

ALLOWED = {
    "CONNECT": {SESSION_EXPIRY, AUTH_METHOD, 0x16, 0x17, 0x19, RECEIVE_MAXIMUM, ALIAS_MAXIMUM, USER, MAXIMUM_PACKET},
    "WILL": {MESSAGE_EXPIRY, WILL_DELAY, *OF_MESSAGE},
    "PUBLISH": {MESSAGE_EXPIRY, SUBSCRIPTION_ID, ALIAS, *OF_MESSAGE},
    "ACK": {0x1F, USER},
    "SUBSCRIBE": {SUBSCRIPTION_ID, USER},
    "UNSUBSCRIBE": {USER},
    "DISCONNECT": {SESSION_EXPIRY, 0x1C, 0x1F, USER},
}
"""Which properties a packet that a client sends may have (MQTT 5, 2.2.2.2)."""

# Refused in every MQTT string: control characters, and the code points that are no characters. Surrogates
# and bad UTF-8 are refused by Python's own decoder.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)


class Reader:
    """The values in the body of a packet, one after the other.

    Every method raises Refused when the body ends too early.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def more(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._body)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._at + count
        if end > len(self._body):
            raise Refused(Ending.PROTOCOL)
        piece = self._body[self._at : end]
        self._at = end
        return piece

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._body) - self._at)

    def number(self, count: int) -> int:
        """A number of `count` bytes."""
        return int.from_bytes(self.take(count), "big")

    def varint(self) -> int:
        """A number of one to four bytes of seven bits each."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Refused(Ending.PROTOCOL)

    def binary(self) -> bytes:
        """Bytes behind their number."""
        return self.take(self.number(2))

    def string(self) -> str:
        """A string, as clean as MQTT wants it."""
        try:
            text = self.binary().decode()
        except UnicodeDecodeError as error:
            raise Refused(Ending.BAD_UTF8) from error
        if _FORBIDDEN.search(text):
            raise Refused(Ending.BAD_UTF8)
        return text

    def properties(self, packet: str) -> Properties:
        """The properties of a packet (a key of ALLOWED), checked."""
        length = self.varint()
        end = self._at + length
        found = []
        while self._at < end:
            found.append(self.property())
        if self._at > end:
            raise Refused(Ending.PROTOCOL)
        for at, (number, value) in enumerate(found):
            if (number in FLAGS and value > 1) or (number in NEVER_ZERO and value == 0):
                raise Refused(Ending.PROTOCOL)
            if number not in ALLOWED[packet]:
                raise Refused(Ending.PROTOCOL)
            if number != USER and any(number == other for other, _ in found[at + 1 :]):
                raise Refused(Ending.TWICE)
        return tuple(found)

    def property(self) -> tuple[int, Any]:
        """The next property."""
        number = self.varint()
        if number in BYTE:
            return number, self.number(1)
        if number in UINT16:
            return number, self.number(2)
        if number in UINT32:
            return number, self.number(4)
        if number == SUBSCRIPTION_ID:
            return number, self.varint()
        if number in STRING:
            return number, self.string()
        if number in BINARY:
            return number, self.binary()
        if number == USER:
            return number, (self.string(), self.string())
        raise Refused(Ending.MALFORMED, f"Unsupported property type: {number}")


def of_message(properties: Properties) -> Properties:
    """Those properties that belong to a message and travel with it to its receivers."""
    return tuple(pair for pair in properties if pair[0] in OF_MESSAGE)


def varint(value: int) -> bytes:
    """A number in groups of seven bits."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def binary(value: bytes) -> bytes:
    """Bytes behind their number."""
    return len(value).to_bytes(2, "big") + value


def string(value: str) -> bytes:
    """A string behind its length in bytes."""
    return binary(value.encode())


def block(properties: Iterable[tuple[int, Any]]) -> bytes:
    """Properties behind the length of them all."""
    body = b"".join(bytes([number]) + _value(number, value) for number, value in properties)
    return varint(len(body)) + body


def _value(number: int, value: Any) -> bytes:
    if number in BYTE:
        return bytes([value])
    if number in UINT16 | UINT32:
        return int(value).to_bytes(2 if number in UINT16 else 4, "big")
    if number == SUBSCRIPTION_ID:
        return varint(value)
    if number in BINARY:
        return binary(value)
    if number == USER:
        return string(value[0]) + string(value[1])
    return string(value)

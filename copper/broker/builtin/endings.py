"""Why a connection ends: Mosquitto's words for it, and MQTT 5's.

Of the words, `do_disconnect` in Mosquitto 2.0.11 `src/loop.c`; of the numbers, MQTT 5 section 3.14.2.1.
"""

from __future__ import annotations

from enum import Enum


class Ending(Enum):
    """A reason; its value is the line in the log, with the client's id to be filled in."""

    DISCONNECT = "Client {} disconnected."
    CLOSED = "Client {} closed its connection."
    TIMEOUT = "Client {} has exceeded timeout, disconnecting."
    MALFORMED = "Client {} disconnected due to malformed packet."
    PROTOCOL = "Client {} disconnected due to protocol error."
    OVERSIZE = "Client {} disconnected due to oversize packet."
    NOT_SUPPORTED = "Client {} disconnected due to QoS too high or retain not supported."
    BAD_UTF8 = "Bad socket read/write on client {}: Malformed UTF-8"
    TWICE = "Bad socket read/write on client {}: Duplicate property in property list"
    BAD_TOPIC = "Bad socket read/write on client {}: Invalid function arguments provided."
    BAD_ALIAS = "Bad socket read/write on client {}: Unknown error."


CODES = {Ending.MALFORMED: 0x81, Ending.PROTOCOL: 0x82, Ending.BAD_ALIAS: 0x94, Ending.OVERSIZE: 0x95}
"""What an MQTT 5 client is told, in a DISCONNECT."""


class Refused(Exception):  # noqa: N818 (it is no error of ours)
    """A client sent what ends its connection.

    Attributes:
        ending: why.
        line: a line of the log that comes before the one about the end, or "".
        connack: the reason code of a CONNACK that comes before that, or None.
    """

    def __init__(self, ending: Ending, line: str = "", connack: int | None = None) -> None:
        super().__init__(ending)
        self.ending = ending
        self.line = line
        self.connack = connack

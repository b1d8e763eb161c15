"""What is heard from a broker, as plain values, and how it can refuse: for everybody who uses `client`.

No paho, no socket, no decision.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracer.errors import CopperError

NO_MATCHING_SUBSCRIBERS = 0x10
"""MQTT 5, 3.4.2.1: the broker took the message, and nobody subscribes to its topic."""


class NoBrokerError(CopperError):
    """There is no broker, or it went away."""

    exit_code = 3


class TooLargeError(CopperError):
    """The broker does not take so large a message."""

    exit_code = 1


@dataclass(frozen=True)
class Connected:
    """The connection stands and what was subscribed before is subscribed; `again` after a loss."""

    again: bool


@dataclass(frozen=True)
class Lost:
    """The connection is gone; paho tries to bring it back."""

    reason: str


@dataclass(frozen=True)
class Message:
    """A message that reached us.

    Attributes:
        topic: where it was published.
        payload: its bytes.
        retain: the broker replayed it, it is not new.
        correlation: MQTT 5 Correlation Data, or None.
    """

    topic: str
    payload: bytes
    retain: bool
    correlation: bytes | None = None


@dataclass(frozen=True)
class Answered:
    """The broker acknowledged a message of ours.

    Attributes:
        mid: as `publish` returned it.
        code: the MQTT 5 reason code; 0x80 and above: it refuses the message.
        words: the reason code's name in MQTT 5.
    """

    mid: int
    code: int
    words: str = ""


Event = Connected | Lost | Message | Answered


@dataclass(frozen=True)
class Will:
    """What the broker publishes (QoS 1, retained) when this client dies."""

    topic: str
    payload: bytes


def shown(url: str) -> str:
    """A broker's URL, also a malformed one, without its password, for people's eyes."""
    return re.sub(r"://([^:]*):.*@", r"://\1:…@", url, flags=re.DOTALL)

"""What the broker knows of a client, also while it is away: its subscriptions, its messages on the way.

Plain state and the rules that need nothing else: which message may go now, which waits, which is dropped.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from copper.broker.builtin.packets import Message, Will

FOREVER = 0xFFFFFFFF
"""The expiry of a session that never ends."""


@dataclass(frozen=True)
class Limits:
    """The bounds; the same as in our mosquitto.conf.

    Attributes:
        packet: bytes of a packet from a client.
        inflight: messages to a client that it has not acknowledged yet.
        queued: messages that wait for that.
        aliases: topic aliases of a client.
    """

    packet: int = 16 * 1024 * 1024
    inflight: int = 20
    queued: int = 1000
    aliases: int = 10


class Stage(Enum):
    """What an outgoing message in flight is waiting for."""

    SEND = "to be sent"
    PUBACK = "its PUBACK"
    PUBREC = "its PUBREC"
    RELEASE = "its PUBREL to be sent again"
    PUBCOMP = "its PUBCOMP"


@dataclass(eq=False)
class Outgoing:
    """A message on its way to one client."""

    message: Message
    packet_id: int
    qos: int
    retain: bool
    identifier: int
    stage: Stage = Stage.SEND
    dup: bool = False


@dataclass(eq=False)
class Session:
    """A client, connected or not.

    Attributes:
        client_id: its name.
        version: 4 for MQTT 3.1.1, or 5.
        clean: whether it asked for a clean start.
        expiry: seconds that the session outlives its connection; FOREVER has no end.
        window: how many unacknowledged messages it takes.
        will: what is published should it vanish.
        online: whether it is connected.
        congested: whether its socket takes no more at the moment.
        dropping: whether it was said that messages for it are being dropped.
        ends_at: when the session ends, or None.
        will_at: when the will is due, or None.
    """

    client_id: str
    version: int
    clean: bool = True
    expiry: int = 0
    window: int = 20
    will: Will | None = None
    online: bool = True
    congested: bool = False
    dropping: bool = False
    ends_at: float | None = None
    will_at: float | None = None
    filters: dict[str, None] = field(default_factory=dict)
    inflight: list[Outgoing] = field(default_factory=list)
    queued: deque[Outgoing] = field(default_factory=deque)
    incoming: dict[int, Message] = field(default_factory=dict)
    last_packet_id: int = 0

    def next_packet_id(self) -> int:
        """The packet id of the next message: 1 to 65535, and again."""
        self.last_packet_id = self.last_packet_id % 0xFFFF + 1
        return self.last_packet_id

    def admit(self, item: Outgoing, limit: int) -> Literal["taken", "dropped", "ignored"]:
        """Take a message into flight or into the queue, which holds at most `limit`."""
        if not self.online and item.qos == 0:
            return "ignored"
        if self.online and (self._open() if item.qos else not self.congested):
            self.inflight.append(item)
            return "taken"
        waiting = len(self.queued) if self.online else len(self.queued) + len(self.inflight)
        if item.qos and waiting < limit:
            self.queued.append(item)
            return "taken"
        return "dropped"

    def refill(self) -> None:
        """Move messages from the queue into flight, as many as may go."""
        while self.queued and self._open():
            self.inflight.append(self.queued.popleft())

    def resume(self) -> None:
        """The client came back: what it has not acknowledged goes out again."""
        for item in self.inflight:
            item.stage = Stage.RELEASE if item.stage in (Stage.PUBCOMP, Stage.RELEASE) else Stage.SEND
        self.refill()

    def find(self, packet_id: int) -> Outgoing | None:
        """The message in flight with a packet id."""
        return next((item for item in self.inflight if item.packet_id == packet_id and item.qos), None)

    def _open(self) -> bool:
        return sum(item.qos > 0 for item in self.inflight) < self.window

"""All that the broker knows at a moment, and what it wants done: lines to be logged, bytes to be sent.

Every function of the broker's middle takes the state, changes it, and leaves its wishes in `wishes`; the
rim carries them out in their order. Knows no socket, no file and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from copper.broker.builtin.packets import Framer, Message
from copper.broker.builtin.session import Limits, Session
from copper.broker.builtin.topics import Retained, Subscriptions


@dataclass(eq=False)
class Connection:
    """One socket.

    Attributes:
        peer: the client's address.
        peer_port: the client's port.
        framer: what has come of the next packet.
        heard: when the last packet came, in seconds.
        keepalive: seconds; one and a half times that without a packet ends it; 0 for never.
        session: whose it is; None until a CONNECT was accepted.
        maximum_packet: bytes of a packet that the client takes; 0 for any.
        aliases: what the client's topic aliases stand for.
        open: False once it has ended.
    """

    peer: str
    peer_port: int
    framer: Framer
    heard: float
    keepalive: int = 60
    session: Session | None = None
    maximum_packet: int = 0
    aliases: dict[int, str] = field(default_factory=dict)
    open: bool = True


@dataclass(frozen=True)
class Line:
    """Wish: write a line to the log."""

    text: str


@dataclass(frozen=True)
class Send:
    """Wish: send bytes."""

    connection: Connection
    data: bytes


@dataclass(frozen=True)
class Close:
    """Wish: close a connection, after what was sent."""

    connection: Connection


Wish = Line | Send | Close


@dataclass(eq=False)
class State:
    """The broker at a moment; `now` is in seconds of any clock that does not step back."""

    limits: Limits = field(default_factory=Limits)
    now: float = 0.0
    sessions: dict[str, Session] = field(default_factory=dict)
    online: dict[str, Connection] = field(default_factory=dict)
    sockets: dict[Connection, None] = field(default_factory=dict)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    retained: Retained[Message] = field(default_factory=Retained)
    wishes: list[Wish] = field(default_factory=list)

    def say(self, *lines: str) -> None:
        """Have lines logged."""
        self.wishes.extend(Line(line) for line in lines)

    def send(self, session: Session, data: bytes) -> None:
        """Have bytes sent to a client that is connected."""
        self.wishes.append(Send(self.online[session.client_id], data))

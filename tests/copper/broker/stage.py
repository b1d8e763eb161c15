"""Where a story is played: one broker, the clients of the story, and what can be seen afterwards.

What can be seen are the packets that each client got, byte by byte, and the lines that the broker logged
meanwhile, without what is another each time: seconds, ports, invented client ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.copper.broker import wire
from tests.copper.broker.wire import Socket

INVENTED = re.compile(rb"auto-[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


@dataclass(frozen=True)
class Seen:
    """What came of a story."""

    packets: dict[str, list[bytes]]
    lines: list[bytes]


class Stage:
    """A broker that a story is played on."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log
        self._start = log.stat().st_size
        self._sockets: dict[str, Socket] = {}

    def socket(self, name: str) -> Socket:
        """Connect a socket. `name` is how the story calls it, and may be the same again later."""
        socket = Socket(self.port)
        label = name
        while label in self._sockets:
            label += "'"
        self._sockets[label] = socket
        return socket

    def client(self, name: str, **how) -> Socket:
        """Connect a client whose id is `name`, and wait for its CONNACK."""
        socket = self.socket(name)
        socket.send(wire.connect(name, **how))
        socket.receive()
        return socket

    def subscriber(self, name: str, *filters: tuple[str, int], v: int = 4, **how) -> Socket:
        """Connect a client with subscriptions."""
        socket = self.client(name, v=v, **how)
        socket.send(wire.subscribe(1, *filters, v=v))
        socket.settle()
        return socket

    def settle(self) -> None:
        """Wait until every client has what the broker has for it."""
        for socket in self._sockets.values():
            if not socket.over:
                socket.settle()

    def answer(self) -> None:
        """Let every client acknowledge all that it gets, until there is nothing left to be acknowledged."""
        answered = 1
        while answered:
            self.settle()
            answered = sum(socket.answer() for socket in self._sockets.values() if not socket.over)

    def logged(self, line: str) -> None:
        """Wait for a line."""
        wire.wait_for(line, lambda: any(found == line.encode() for found in self._lines()))

    def leave(self, socket: Socket) -> None:
        """Close a socket without a word, and wait until the broker has noticed."""
        before = len(self._lines())
        socket.close()
        wire.wait_for(
            "the end of a connection",
            lambda: any(line.endswith(b"closed its connection.") for line in self._lines()[before:]),
        )
        self._barrier()

    def seen(self) -> Seen:
        """What came of the story so far."""
        lines = [line for line in self._lines() if b"barrier" not in line and b"New connection" not in line]
        packets = {name: [_same(found) for found in socket.got] for name, socket in self._sockets.items()}
        return Seen(packets, lines)

    def close(self) -> None:
        """Close what is still open, also after a story that failed."""
        for socket in self._sockets.values():
            if not socket.over:
                socket.settle()
            if not socket.over:
                self.leave(socket)

    def _barrier(self) -> None:
        """Come back when the broker has done all that it had to do so far."""
        socket = Socket(self.port)
        socket.send(wire.connect("barrier") + wire.DISCONNECT)
        socket.until_closed()
        wire.wait_for("the barrier", lambda: self._lines()[-1] == b"Client barrier disconnected.")

    def _lines(self) -> list[bytes]:
        with self._log.open("rb") as file:
            file.seek(self._start)
            text = file.read()
        return [_same(line.partition(b": ")[2]) for line in text.split(b"\n")[:-1]]


def _same(data: bytes) -> bytes:
    """Bytes without what is another each time."""
    data = INVENTED.sub(b"auto-ID", data)
    return re.sub(rb"127\.0\.0\.1:\d+", b"127.0.0.1:PORT", data)

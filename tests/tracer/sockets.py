"""Clients on bare sockets: what each of them received is the truth that a log is held against.

One thread, no sleep: whoever waits says for what, and `Net.wait` reads all sockets until it is there.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Callable

from tests.tracer import packets
from tests.tracer.packets import Published

DEADLINE = 15.0
"""Seconds until a wait fails."""


class Client:
    """One connection.

    Attributes:
        received: every PUBLISH that came, in order, of `net.truth` too.
        acks: while `holding`, acknowledgements that are not sent yet.
        open_mids: packet identifiers of own packets that the broker still has to answer.
        releasing: own messages of QoS 2 that the broker has, and may hand out at their PUBREL.
    """

    def __init__(self, net: Net, name: str, connect: bytes, *, five: bool) -> None:
        self.net, self.name, self.five = net, name, five
        self.holding, self.hold_release = False, False
        self.connack: bytes | None = None
        self.refused, self.closed = False, False
        self.received: list[Published] = []
        self.acks: list[bytes] = []
        self.open_mids: set[int] = set()
        self.releasing: list[int] = []
        self.pongs, self.mid = 0, 0
        self._aliases: dict[int, str] = {}
        self._buffer = bytearray()
        self.socket = socket.create_connection(("127.0.0.1", net.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        net.selector.register(self.socket, selectors.EVENT_READ, self)
        self.send(connect)

    def send(self, data: bytes) -> None:
        # where the broker has closed the connection, what it sent before is still to be read, and then its end
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def next_mid(self) -> int:
        self.mid = self.mid % 65535 + 1
        self.open_mids.add(self.mid)
        return self.mid

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False, mid: int | None = None,
        dup: bool = False,
    ) -> int:  # fmt: skip
        """Send a PUBLISH; its packet identifier, 0 at QoS 0."""
        if qos:
            mid = self.next_mid() if mid is None else mid
            self.open_mids.add(mid)
        self.send(packets.publish(topic, payload, five=self.five, qos=qos, retain=retain, mid=mid or 0, dup=dup))
        return mid or 0

    def subscribe(self, *filters: tuple[str, int]) -> None:
        self.send(packets.subscribe(self.next_mid(), list(filters), five=self.five))

    def unsubscribe(self, *filters: str) -> None:
        self.send(packets.unsubscribe(self.next_mid(), list(filters), five=self.five))

    def release(self) -> None:
        """Send the PUBRELs that were held back."""
        for mid in self.releasing:
            self.send(packets.ack(packets.PUBREL, mid))
        self.releasing.clear()

    def acknowledge(self, count: int | None = None) -> None:
        """Send acknowledgements that were held back."""
        for ack in self.acks[:count]:
            self.send(ack)
        del self.acks[:count]

    def close(self, goodbye: bytes = b"") -> None:
        """End the connection, with a DISCONNECT or without."""
        if not self.closed:
            if goodbye:
                self.send(goodbye)
            self.drop()

    def drop(self) -> None:
        self.closed = True
        self.net.selector.unregister(self.socket)
        self.socket.close()

    def read(self) -> None:
        """Take in what came."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.drop()
            return
        self._buffer += data
        while (one := packets.take(self._buffer)) is not None:
            self._take(*one)

    def _take(self, kind: int, flags: int, body: bytes) -> None:
        mid = int.from_bytes(body[:2], "big")
        if kind == packets.PUBLISH:
            self._published(packets.published(flags, body, five=self.five, aliases=self._aliases))
        elif kind == packets.CONNACK:
            self.connack, self.refused = body, body[1] != 0
        elif kind == packets.PUBREC and (len(body) < 3 or body[2] < 128):
            self.releasing.append(mid)
            if not self.hold_release:
                self.release()
        elif kind == packets.PUBREL:
            self._answer(packets.ack(packets.PUBCOMP, mid))
        elif kind == packets.PINGRESP:
            self.pongs += 1
        elif kind != packets.DISCONNECT:
            self.open_mids.discard(mid)

    def _published(self, one: Published) -> None:
        self.received.append(one)
        self.net.truth.append((self.name, one))
        if one.qos:
            self._answer(packets.ack(packets.PUBACK if one.qos == 1 else packets.PUBREC, one.mid))

    def _answer(self, ack: bytes) -> None:
        if self.holding:
            self.acks.append(ack)
        else:
            self.send(ack)


class Net:
    """All connections to one broker; `truth` is (client, PUBLISH received), in the order of their coming."""

    def __init__(self, port: int, truth: list[tuple[str, Published]] | None = None) -> None:
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.truth = [] if truth is None else truth

    @property
    def clients(self) -> list[Client]:
        return [key.data for key in self.selector.get_map().values()]

    def start(self, name: str, *, five: bool = False, **options: object) -> Client:
        """Send a CONNECT, and don't wait for the answer."""
        return Client(self, name, packets.connect(name, five=five, **options), five=five)

    def connect(self, name: str, *, five: bool = False, **options: object) -> Client:
        """Connect a client."""
        client = self.start(name, five=five, **options)
        self.wait(lambda: client.connack is not None or client.closed)
        assert client.connack is not None, name
        assert not client.refused, (name, client.connack)
        return client

    def poll(self, seconds: float = 0) -> None:
        """Read what is there."""
        for key, _ in self.selector.select(seconds):
            if not key.data.closed:
                key.data.read()

    def wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not ready():
            assert time.monotonic() < deadline, "what was waited for did not come"
            self.poll(0.05)

    def settle(self) -> None:
        """Wait until the broker has handled all that was sent, and all that it sent is here.

        The broker handles the packets of a socket in their order, and whatever was ready before a ping was, at
        the latest, in the same turn of its loop as the ping. An acknowledgement may bring the next copy, so it
        is over when two rounds of pings brought nothing new.
        """
        quiet = 0
        while quiet < 2:
            before = len(self.truth)
            self._ping()
            self.wait(lambda: all(one.hold_release or not one.open_mids for one in self.clients))
            quiet = quiet + 1 if len(self.truth) == before else 0

    def _ping(self) -> None:
        alive = [(one, one.pongs + 1) for one in self.clients if one.connack is not None and not one.refused]
        for client, _ in alive:
            client.send(packets.PING)
        self.wait(lambda: all(client.closed or client.pongs >= count for client, count in alive))

    def close(self) -> None:
        for client in self.clients:
            client.drop()
        self.selector.close()

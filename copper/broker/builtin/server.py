"""The rim of the built-in broker: sockets, the clock, the log file. It decides nothing.

In come bytes from sockets on 127.0.0.1; out go the wishes of the core, in their order. Each log line is one
write(2), so that whoever follows the file sees it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable

from copper.broker.builtin import log
from copper.broker.builtin.core import Core
from copper.broker.builtin.state import Close, Connection, Line, Send, Wish

HOST = "127.0.0.1"
FULL = 16 * 1024 * 1024
"""Bytes waiting for a slow client from which on it gets no QoS 0 messages (Mosquitto counts 1,000 packets)."""
ENOUGH = 4 * FULL
"""Bytes waiting for a client from which on it is taken for dead."""
FAREWELL = 1.0
"""Seconds that clients have for reading what was sent before the broker stopped."""


async def serve(port: int, log_file: int, listening: Callable[[int], None], stop: asyncio.Event) -> None:
    """Be a broker until `stop` is set.

    Args:
        port: a port of 127.0.0.1; 0 for a free one.
        log_file: the file descriptor of the log.
        listening: called with the port once connections are accepted.
        stop: set when the broker is to end.

    Raises:
        OSError: the port can't be had.
    """
    loop = asyncio.get_running_loop()
    rim = Rim(Core(), log_file)
    server = await loop.create_server(lambda: Client(rim), HOST, port)
    port = server.sockets[0].getsockname()[1]
    rim.carry_out(rim.core.started(port))
    listening(port)
    while not stop.is_set():
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), 1.0)
        rim.carry_out(rim.core.tick(time.monotonic()))
    rim.carry_out(rim.core.stopped(time.monotonic()))
    server.close()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(rim.empty.wait(), FAREWELL)


class Rim:
    """Carries out what the core wishes."""

    def __init__(self, core: Core, log_file: int) -> None:
        self.core = core
        self.transports: dict[Connection, asyncio.Transport] = {}
        self.empty = asyncio.Event()
        self.empty.set()
        self._log_file = log_file

    def carry_out(self, wishes: list[Wish]) -> None:
        """Write, send and close, in order."""
        for wish in wishes:
            if isinstance(wish, Line):
                with contextlib.suppress(OSError):
                    os.write(self._log_file, log.record(wish.text, time.time()))
            elif isinstance(wish, Send):
                self._send(wish)
            elif wish.connection in self.transports:
                self._close(wish)

    def _send(self, wish: Send) -> None:
        transport = self.transports.get(wish.connection)
        if transport is not None and not transport.is_closing():
            transport.write(wish.data)
            if transport.get_write_buffer_size() > ENOUGH:
                transport.abort()

    def _close(self, wish: Close) -> None:
        transport = self.transports[wish.connection]
        if transport.get_write_buffer_size() > FULL:
            transport.abort()
        else:
            transport.close()


class Client(asyncio.Protocol):
    """One socket."""

    def __init__(self, rim: Rim) -> None:
        self._rim = rim
        self._connection: Connection | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connects."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (asyncio's types don't say so)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(high=FULL)
        peer, peer_port = transport.get_extra_info("peername")[:2]
        port = transport.get_extra_info("sockname")[1]
        now = time.monotonic()
        self._connection, wishes = self._rim.core.opened(peer, peer_port, port, now)
        self._rim.transports[self._connection] = transport
        self._rim.empty.clear()
        self._rim.carry_out(wishes)

    def data_received(self, data: bytes) -> None:
        """Bytes come."""
        if self._connection is not None:
            self._rim.carry_out(self._rim.core.received(self._connection, data, time.monotonic()))

    def pause_writing(self) -> None:
        """The socket takes no more."""
        if self._connection is not None:
            self._rim.core.congested(self._connection, full=True)

    def resume_writing(self) -> None:
        """The socket takes something again."""
        if self._connection is not None:
            self._rim.core.congested(self._connection, full=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone, whoever closed it."""
        del exc
        if self._connection is not None:
            del self._rim.transports[self._connection]
            if not self._rim.transports:
                self._rim.empty.set()
            self._rim.carry_out(self._rim.core.closed(self._connection, time.monotonic()))

"""One publisher of QoS 0 at full blast, subscribers that take everything: `flood.py PORT SUBSCRIBERS SECONDS`."""

from __future__ import annotations

import socket
import sys
import threading
import time

from tests.tracer import packets

TOPICS = 100
SIZES = (4, 8, 60, 200)
SENT_AT_ONCE = 5
"""How often all topics are in one piece that is sent."""
AHEAD = 4
"""Pieces that the broker may have before it, so that it always has work and ends in time: left alone, sockets swallow
8 MB at once, which a busy broker works on long after."""


def _connected(port: int, name: str) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.sendall(packets.connect(name))
    one.recv(4)
    return one


def _take_all(one: socket.socket) -> None:
    space = bytearray(1 << 20)
    while one.recv_into(space):
        pass


def main(port: int, subscribers: int, seconds: float) -> None:
    """Publish for so long, wait until the broker has read it all, and print the seconds that both took."""
    for number in range(subscribers):
        one = _connected(port, f"subscriber-{number}")
        one.sendall(packets.subscribe(1, [("plant/#", 0)], five=False))
        one.recv(5)
        threading.Thread(target=_take_all, args=(one,), daemon=True).start()
    publisher = _connected(port, "publisher")
    piece = SENT_AT_ONCE * b"".join(
        packets.publish(f"plant/line-{number % 7}/sensor-{number}", b"x" * SIZES[number % len(SIZES)], five=False)
        for number in range(TOPICS)
    )
    began = time.monotonic()
    awaited = 0
    while time.monotonic() < began + seconds:
        publisher.sendall(piece + packets.PING)
        awaited += 2
        while awaited > 2 * AHEAD:
            awaited -= len(publisher.recv(awaited))
    while awaited:
        awaited -= len(publisher.recv(awaited))
    print(time.monotonic() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))

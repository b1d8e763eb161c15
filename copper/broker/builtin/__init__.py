"""The built-in broker: small, for a machine without Mosquitto, for development only.

MQTT 3.1.1 and 5 on one loopback port, writing the log of Mosquitto 2.0.11 line by line. The path of a byte:
server (sockets) → core (what a packet does) → packets, topics, session, delivery, lifetime → server. All
but the server is plain values: bytes, packets and the time in, bytes and log lines out. Mosquitto is the
judge of what is right; the conformance tests name each place where this broker differs on purpose.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from copper.broker.process import BrokerError, started, wait_for


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[int, Path]]:
    """Run the built-in broker, in a process of its own, as long as the block lasts.

    Args:
        folder: an absolute path; `mosquitto.log` is written there.

    Yields:
        Its port on 127.0.0.1, where it accepts connections, and its log.

    Raises:
        BrokerError: it does not start.
    """
    log = folder / "mosquitto.log"
    command = [sys.executable, "-m", "copper.broker.builtin", "--port", "0", "--log", str(log)]
    with started(command, folder, stdout=subprocess.PIPE, stderr=None) as process:
        assert process.stdout is not None  # noqa: S101 (says to mypy what `stdout=PIPE` means)
        said = b""
        if wait_for(process, lambda: b"running" in log.read_bytes()):
            said = process.stdout.readline()
        if not said.strip().isdigit():
            raise BrokerError("the built-in broker does not start", where=str(folder))
        yield int(said), log

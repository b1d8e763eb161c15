"""A real Mosquitto with settings of a test's own: the one that is installed, or one of a Docker image.

Unlike `copper.broker` it can be stopped and started again with what it keeps, and halted, so that several
packets are ready in one turn of its main loop.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.needs import need

SETTINGS = (
    "allow_anonymous true",
    "log_type error",
    "log_type warning",
    "log_type notice",
    "log_type information",
    "log_type debug",
    "set_tcp_nodelay true",
    "user root",
)
DEADLINE = 15.0


class Mosquitto:
    """One broker, its configuration and its log in `folder`; `image` names the Docker image to run it from."""

    def __init__(self, folder: Path, settings: Sequence[str] = (), *, image: str | None = None) -> None:
        self.folder, self.image = folder, image
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port: int = server.getsockname()[1]
        self.log = folder / "mosquitto.log"
        self.log.touch()
        self._name = f"copper-test-{os.getpid()}-{self.port}"
        self._conf = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", *SETTINGS, f"log_dest file {self.log}", *settings]
        self._conf.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        before = self.log.stat().st_size
        self._process = subprocess.Popen(self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + DEADLINE
        while b" running\n" not in self.log.read_bytes()[before:]:
            assert self._process.poll() is None, self.log.read_text(errors="replace")
            assert time.monotonic() < deadline, "Mosquitto does not start"
            time.sleep(0.005)

    def _command(self) -> list[str]:
        if self.image is None:
            # a program of another version can stand in for the one that is installed
            return [os.environ.get("COPPER_TEST_MOSQUITTO") or need("mosquitto"), "-c", str(self._conf)]
        mount = f"{self.folder}:{self.folder}"
        return [
            need("docker"), "run", "--rm", "--name", self._name, "--network", "host", "-v", mount, self.image,
            "/usr/sbin/mosquitto", "-c", str(self._conf),
        ]  # fmt: skip

    def signal(self, name: str) -> None:
        """SIGTERM, SIGSTOP (halt), SIGCONT (go on), SIGUSR1 (save)."""
        assert self._process is not None
        if self.image is None:
            self._process.send_signal(signal.Signals[name])
        else:
            subprocess.run([need("docker"), "kill", "--signal", name, self._name], check=True, capture_output=True)

    def stop(self) -> None:
        """Ask it to end; its last messages to its clients are still to be read from their sockets."""
        if self._process is not None and self._process.poll() is None:
            self.signal("SIGTERM")

    def wait(self) -> None:
        """Wait until it has ended."""
        if self._process is not None:
            self._process.wait(DEADLINE)
            self._process = None

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            if self.image is not None:
                subprocess.run([need("docker"), "rm", "-f", self._name], check=False, capture_output=True)
            self._process.kill()
            self._process.wait(DEADLINE)


@contextlib.contextmanager
def mosquitto(folder: Path, settings: Sequence[str] = (), *, image: str | None = None) -> Iterator[Mosquitto]:
    """A Mosquitto that runs as long as the block lasts."""
    broker = Mosquitto(folder, settings, image=image)
    try:
        broker.start()
        yield broker
        broker.stop()
        broker.wait()
    finally:
        broker.kill()

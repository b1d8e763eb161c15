"""Mosquitto: found, started with our own settings on a free loopback port, stopped.

Knows the command line and the configuration file of Mosquitto 2 (tried with 2.0.11, 2.0.22 and 2.1.2).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import IO

from copper.broker.process import BrokerError, started, wait_for

PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where packages put Mosquitto and where an ordinary user's PATH often does not look."""

TRIES = 5
"""How many ports are tried: between finding a free one and Mosquitto's use of it, another may take it."""

# Mosquitto ends on a signal, not when its standard input closes; this shell sends it that signal then, so
# that it does not outlive us even when we are killed. `wait` gives back Mosquitto's own exit code.
LEASH = """
exec 3<&0
"$@" </dev/null &
broker=$!
{ read -r _ <&3; kill "$broker"; } 2>/dev/null &
wait "$broker"
code=$?
kill $! 2>/dev/null
exit "$code"
"""


def installed() -> str | None:
    """The path of the Mosquitto program, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(PLACES))


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[int, Path]]:
    """Run Mosquitto as long as the block lasts.

    Args:
        folder: an absolute path; `mosquitto.conf` and `mosquitto.log` are written there.

    Yields:
        Its port on 127.0.0.1, where it accepts connections, and its log.

    Raises:
        BrokerError: Mosquitto is not installed, or does not start.
    """
    program = installed()
    if program is None:
        raise BrokerError("Mosquitto is not installed", next_step="install mosquitto, or use --broker builtin")
    log = folder / "mosquitto.log"
    complaint = ""
    for _ in range(TRIES):
        with contextlib.ExitStack() as stack:
            port = _free_port()
            stderr = stack.enter_context(tempfile.TemporaryFile())
            command = ["sh", "-c", LEASH, "mosquitto", program, "-c", str(_configured(folder, port))]
            process = stack.enter_context(started(command, folder, stdout=subprocess.DEVNULL, stderr=stderr))
            if wait_for(process, lambda: _accepts(log)):
                yield port, log
                return
            complaint = _complaint(log, stderr)
        if "Address already in use" not in complaint:
            break
    raise BrokerError(f"Mosquitto does not start: {complaint}", where=program)


def _configured(folder: Path, port: int) -> Path:
    """Write Mosquitto's configuration, and an empty log; give back the configuration's path.

    Raises:
        BrokerError: the folder's name can't stand in a configuration.
    """
    if "\n" in str(folder) or "\r" in str(folder):
        raise BrokerError(
            "Mosquitto can't log into a folder whose name holds a line break",
            where=repr(str(folder)),
            next_step="use --broker builtin, or another folder",
        )
    settings = resources.files("copper.broker").joinpath("mosquitto.conf").read_text(encoding="utf-8")
    (folder / "mosquitto.log").write_bytes(b"")
    conf = folder / "mosquitto.conf"
    lines = [f"listener {port} 127.0.0.1", f"log_dest file {folder / 'mosquitto.log'}"]
    if os.geteuid() == 0:
        # Else Mosquitto becomes the user "mosquitto", who can't write into a folder of root's.
        lines.append("user root")
    conf.write_text(settings + "\n" + "\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
    return conf


def _free_port() -> int:
    """A loopback port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _accepts(log: Path) -> bool:
    """Whether the log says that Mosquitto runs: asking the port would leave two lines in the traced log."""
    return any(b"mosquitto version " in line and line.endswith(b" running") for line in log.read_bytes().split(b"\n"))


def _complaint(log: Path, stderr: IO[bytes]) -> str:
    """What Mosquitto said last, on its standard error (before it has a log) or in its log."""
    stderr.seek(0)
    said = [line for line in (stderr.read() + log.read_bytes()).split(b"\n") if b"Error" in line]
    return said[-1].partition(b": ")[2].decode(errors="replace") if said else "it says nothing"

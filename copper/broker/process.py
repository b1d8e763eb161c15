"""Starting and stopping a broker's process: it lives exactly as long as the block that needs it.

In comes a command, out comes a process that a Ctrl-C in the terminal does not reach before us, and that
ends when this process ends in whatever way: its standard input closes then.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from copper.interrupts import held
from tracer.errors import CopperError

STOP_SECONDS = 5.0
"""How long a broker may take to end after it was asked to."""

START_SECONDS = 10.0
"""How long a broker may take until it accepts connections."""


class BrokerError(CopperError):
    """There is no broker where one is needed."""

    exit_code = 3


@contextlib.contextmanager
def started(
    command: list[str], folder: Path, *, stdout: int, stderr: IO[bytes] | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that ends when its standard input closes, and stop it at the end of the block.

    Args:
        command: the program and its arguments.
        folder: its working folder.
        stdout: as for `subprocess.Popen`.
        stderr: as for `subprocess.Popen`.

    Raises:
        BrokerError: the program can't be started.
    """
    process = None
    try:
        with held():
            process = _start(command, folder, stdout, stderr)
        yield process
    finally:
        if process is not None:
            with process:
                _stop(process)


def _start(command: list[str], folder: Path, stdout: int, stderr: IO[bytes] | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, start_new_session=True
        )
    except OSError as error:
        raise BrokerError(f"can't be started: {error.strerror}", where=command[0]) from error


def wait_for(process: subprocess.Popen[bytes], ready: Callable[[], Any]) -> bool:
    """Wait until `ready` says yes; False when the process ended first or took too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, then make it."""
    assert process.stdin is not None  # noqa: S101 (says to mypy what `stdin=PIPE` means)
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

"""Services as plain processes of this machine: start, stop, wait.

Whatever was started is stopped, also when starting failed half way: SIGTERM, a deadline, SIGKILL. A process gets its
own session, so that Ctrl-C in the terminal reaches the runner, which then stops the services in order.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from copper.workflow import CORE, ServiceSource
from tracer.errors import CopperError

STOP_SECONDS = 5.0
"""How long a service may take to end after SIGTERM."""


class Processes:
    """The services that a run has started.

    Args:
        sources: where a service comes from, by its name; a core service needs none.
        environment: what the services get beside our own environment.
        folder: where each one's output goes, as `SERVICE.log`.
    """

    def __init__(self, sources: Mapping[str, ServiceSource], environment: Mapping[str, str], folder: Path) -> None:
        self._sources = sources
        self._environment = environment
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, service: str) -> bool:
        """Start a service unless it runs; False where we don't know where it comes from.

        Raises:
            CopperError: its command can't be started.
        """
        if service not in self._sources and service not in CORE:
            return False
        if service in self._running and self._running[service].poll() is None:
            return True
        command = _command(self._sources.get(service) or ServiceSource(service, core=service))
        try:
            with (self._folder / f"{service}.log").open("ab") as log:
                self._running[service] = subprocess.Popen(
                    command,
                    env={**os.environ, **self._environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise CopperError(f"can't be started: {error.strerror}", where=f"service {service}") from error
        return True

    def ended(self, service: str) -> str | None:
        """Why a service that was started here has ended; an empty text while it runs, None where it was not started."""
        process = self._running.get(service)
        if process is None:
            return None
        code = process.poll()
        if code is None:
            return ""
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{service} {how}{_last_words(self._folder / f'{service}.log')}"

    def stop(self) -> None:
        """End all of them, the last one started first."""
        running = [process for process in reversed(self._running.values()) if process.poll() is None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def _last_words(log: Path) -> str:
    lines = log.read_bytes().decode("utf-8", errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f", it said: {said}" if said else ""


def _command(source: ServiceSource) -> list[str]:
    if source.command is not None:
        return shlex.split(source.command)
    return [sys.executable, "-m", f"copper.services.{source.core}"]

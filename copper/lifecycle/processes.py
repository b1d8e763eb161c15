"""Services as plain processes of this machine: start, stop, wait.

Whatever was started is stopped, also when starting failed half way: SIGTERM, a deadline, SIGKILL. A process gets its
own session, so that Ctrl-C in the terminal reaches the runner, which then stops the services in order. And it is on a
leash: when we end in whatever way, killed too, it is stopped.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from copper.interrupts import held
from copper.workflow import CORE, ServiceSource
from tracer.errors import CopperError

STOP_SECONDS = 5.0
"""How long a service may take to end after SIGTERM."""

LAST_BYTES = 4096
"""How much of the end of a service's log is searched for its last words."""

# This shell runs the service, and ends it when the shell's standard input closes: that is when we say so, or are no
# more. `wait` gives back the service's own exit code; the shell's own words about it go nowhere.
LEASH = """
exec 3<&0
"$@" </dev/null 3<&- &
service=$!
exec 2>/dev/null
{ read -r _ <&3; kill "$service"; for _ in 1 2 3 4 5; do sleep 1; done; kill -9 0; } >/dev/null &
wait "$service"
code=$?
kill $!
exit "$code"
"""


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
            CopperError: there is no such program, or its log can't be written.
        """
        if service not in self._sources and service not in CORE:
            return False
        if service in self._running and self._running[service].poll() is None:
            return True
        command = _command(self._sources.get(service) or ServiceSource(service, core=service))
        if shutil.which(command[0]) is None:
            raise CopperError(f"can't be started: there is no program {command[0]}", where=f"service {service}")
        try:
            with (self._folder / f"{service}.log").open("ab") as log, held():
                self._running[service] = subprocess.Popen(
                    ["sh", "-c", LEASH, service, *command],
                    env={**self._own(service), **os.environ, **self._environment},
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise CopperError(f"can't be started: {error.strerror}", where=f"service {service}") from error
        return True

    def _own(self, service: str) -> dict[str, str]:
        """Of our own services one runs for each run: two would quarrel about the port for HTTP."""
        source = self._sources.get(service)
        return {"COPPER_HTTP_PORT": ""} if source is None or source.core is not None else {}

    def ended(self, service: str) -> str | None:
        """Why a service that was started here has ended; an empty text while it runs, None where it was not started."""
        process = self._running.get(service)
        if process is None:
            return None
        code = process.poll()
        if code is None:
            return ""
        return f"{service} {_how(code)}{_last_words(self._folder / f'{service}.log')}"

    def stop(self) -> None:
        """End all of them, the last one started first; what does not end in time, or a Ctrl-C meanwhile, kills."""
        running = [process for process in reversed(self._running.values()) if process.poll() is None]
        try:
            for process in running:
                _let_go(process)
            deadline = time.monotonic() + STOP_SECONDS
            for process in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline - time.monotonic()))
        finally:
            for process in running:
                _let_go(process)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)  # also what the service itself has started
                process.wait()
            self._running.clear()


def _let_go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 (says to mypy what `stdin=PIPE` means)
    with contextlib.suppress(OSError):
        process.stdin.close()


def _how(code: int) -> str:
    """How a process ended; a shell says 128 and the signal's number for one that was killed."""
    number = -code if code < 0 else code - 128
    if number in {one.value for one in signal.Signals}:
        return f"was killed by {signal.Signals(number).name}"
    return f"ended with exit code {code}"


def _last_words(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LAST_BYTES))
            lines = file.read().decode("utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f", it said: {said}" if said else ""


def _command(source: ServiceSource) -> list[str]:
    if source.command is not None:
        return shlex.split(source.command)
    return [sys.executable, "-m", f"copper.services.{source.core}"]

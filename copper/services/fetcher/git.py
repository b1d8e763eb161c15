"""git as a child that can be trusted with a stranger's address: no prompt, no hook, no settings but ours, an end.

Comes in: arguments of git, and a folder for a bare repository of its own. Goes out: its output, or an ActionError.
Nothing that others wrote is in its arguments: addresses and tokens go by the environment, names of objects by stdin.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from copper.service import ActionError
from copper.services.fetcher.tree import refused

PAUSE = 0.05
"""Seconds between two looks at a git that works."""

SETTINGS = {
    "core.askPass": "",
    "core.bigFileThreshold": "1m",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "fetch.negotiationAlgorithm": "noop",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
}


class Git:
    """A bare repository in `folder`, and git in it.

    Args:
        folder: an empty folder.
        settings: further settings of git, which may hold a token: they are nowhere but in its environment.
        secret: a text that no error may repeat.
        most: bytes that the folder may grow to.
        deadline: when it must be done, by the monotonic clock.
        check: called while git works; what it raises ends it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str],
        secret: str | None,
        most: int,
        deadline: float,
        check: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._environment = _environment(folder, {**SETTINGS, **settings})
        self._secret = secret
        self._most = most
        self._deadline = deadline
        self._check = check

    def run(self, *arguments: str, stdin: IO[bytes] | None = None) -> None:
        """Let git do something that says nothing.

        Raises:
            ActionError: it failed, became too much, or took too long.
        """
        with self.open(*arguments, stdin=stdin) as process:
            process.wait()

    @contextmanager
    def open(self, *arguments: str, stdin: IO[bytes] | int | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """A git that works; it ends with the block.

        Raises:
            ActionError: it failed, became too much, or took too long.
        """
        with (self._folder / "said").open("w+b") as said:
            process = self._start(arguments, stdin, said)
            watch = _Watch(process, self._folder, self._most, self._deadline, self._check)
            try:
                yield process
                for end in (process.stdin, process.stdout):
                    if end is not None:
                        end.close()
                process.wait()
            except BrokenPipeError:
                process.wait()
            finally:
                watch.end()
                for end in (process.stdin, process.stdout):
                    if end is not None:
                        with contextlib.suppress(OSError):
                            end.close()
            if process.returncode:
                said.seek(0)
                raise self._failed(said.read(100_000).decode("utf-8", "replace"))

    def _start(
        self, arguments: tuple[str, ...], stdin: IO[bytes] | int | None, said: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                ["git", *arguments],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise ActionError("type git needs git, which is not installed where the fetcher runs") from None
        if hasattr(resource, "prlimit"):
            # A pack can hold an object that unfolds to any size; the watch sees the disk, this the memory.
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_AS, (2 * self._most + 2**32,) * 2)
        return process

    def _failed(self, said: str) -> ActionError:
        """What git said, without what the server said, which may repeat what it was sent."""
        if "not our ref" in said:
            return ActionError("git: the server does not have what was asked for", kind="not_found")
        lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:")) and "remote" not in line]
        reason = lines[-1].partition(":")[2].strip() if lines else "git failed"
        if self._secret:
            reason = reason.replace(self._secret, "***")
        if "not found" in reason or "could not read Username" in reason:
            return ActionError(f"git: {reason}", kind="not_found")
        return ActionError(f"git: {reason}", kind="network", retryable=True)


class _Watch:
    """A thread that ends a git which is too much, too long, or not wanted any more."""

    def __init__(
        self, process: subprocess.Popen[bytes], folder: Path, most: int, deadline: float, check: Callable[[], None]
    ) -> None:
        self._process = process
        self._why: BaseException | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(folder, most, deadline, check), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the process, if it still lives, and say why it was ended if it was the watch."""
        self._done.set()
        self._thread.join()
        _kill(self._process)
        if self._why is not None:
            raise self._why

    def _work(self, folder: Path, most: int, deadline: float, check: Callable[[], None]) -> None:
        while not self._done.wait(PAUSE):
            try:
                check()
                if time.monotonic() > deadline:
                    said = "git took longer than COPPER_FETCH_MAX_SECONDS allows"
                    raise ActionError(said, kind="timeout", retryable=True)  # noqa: TRY301
                if _size(folder) > most:
                    raise refused(f"it has more than {most} bytes (COPPER_FETCH_MAX_BYTES)")  # noqa: TRY301
            except BaseException as why:  # noqa: BLE001  it is raised in the thread that waits
                self._why = why
                _kill(self._process)
                return


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End git and its helpers."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


def _environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Nothing of ours but PATH: no GIT_*, no proxy (it would be asked for addresses that we can't check)."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LC_ALL": "C",
        "GIT_DIR": str(folder),
        "GIT_ALLOW_PROTOCOL": "http:https",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(settings.values())},
    }

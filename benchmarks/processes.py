"""Whole processes, as a user starts them: what one takes from its start to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COPPER_TRACE = str(Path(sys.executable).with_name("copper-trace"))
LOOK_EVERY = 0.2
"""Seconds between two looks at the memory of a process and its children."""


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds on the wall; and bytes of memory, at most, with that of its children."""

    seconds: float
    memory: int


def cost(command: Sequence[str], *, one_core: bool) -> Cost:
    """Run a command to its end, its output to nowhere."""
    with _cores(one=one_core):
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    ended, most = threading.Event(), [0]
    looking = threading.Thread(target=_look, args=(process.pid, ended, most))
    if not one_core:
        looking.start()
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if not one_core:
        ended.set()
        looking.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed: {said.decode(errors='replace')}")
    return Cost(seconds, max(used.ru_maxrss * 1024, most[0]))


@contextmanager
def _cores(*, one: bool) -> Iterator[None]:
    """What is started meanwhile may use one core alone, the last."""
    mine = os.sched_getaffinity(0)
    if one:
        os.sched_setaffinity(0, {max(mine)})
    yield
    os.sched_setaffinity(0, mine)


def _look(leader: int, ended: threading.Event, most: list[int]) -> None:
    while not ended.wait(LOOK_EVERY):
        most[0] = max(most[0], sum(_share_of_memory(one) for one in _session(leader)))


def _session(leader: int) -> list[int]:
    """The process and those that it started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader:
                found.append(int(folder.name))
    return found


def _share_of_memory(process: int) -> int:
    """Bytes; what several processes have in common counts once."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def memory(process: int) -> int:
    """Bytes of memory that a process has now."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def busy(process: int) -> float:
    """Seconds that a process has had a core so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""Mosquitto at its full rate: does the recorder keep pace?"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.followers import await_position, position, recorder
from benchmarks.processes import busy
from benchmarks.table import show
from tests.tracer.mosquittos import Mosquitto, mosquitto

SECONDS = 10
PATIENCE = 300.0


@dataclass(frozen=True)
class Followed:
    """What the broker wrote, and what the recorder had of it at that time.

    Attributes:
        lines: that the broker wrote.
        seconds: that it took for them.
        read: the lines of them that were in the store then.
        behind: the seconds until the rest was there too; None if that took longer than PATIENCE.
        busy: the seconds that the recorder had a core while the broker wrote.
    """

    lines: int
    seconds: float
    read: int
    behind: float | None
    busy: float


def rate() -> None:
    """One publisher of QoS 0 and 0, 1 and 5 subscribers; the recorder shares the machine with all of them."""
    rows = []
    for subscribers in (0, 1, 5):
        alone = _alone(subscribers)
        followed = _followed(subscribers)
        behind = f"> {PATIENCE:.0f}" if followed.behind is None else f"{followed.behind:.1f}"
        rows.append(
            (
                f"{subscribers} subscribers",
                f"{alone:,.0f}",
                f"{followed.lines / followed.seconds:,.0f}",
                f"{followed.lines:,}",
                f"{followed.read / followed.lines:.0%}",
                behind,
                f"{followed.busy / followed.seconds:.0%}",
            )
        )
    head = (
        "lines/s, nobody follows",
        "lines/s, followed",
        "lines",
        "read when it ends",
        "then s behind",
        "recorder's CPU",
    )
    show((f"Mosquitto at its full rate for {SECONDS} s", *head), rows)


def _alone(subscribers: int) -> float:
    """Lines a second."""
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder)) as broker:
        seconds = _flood(broker, subscribers)
        return _lines(broker.log) / seconds


def _followed(subscribers: int) -> Followed:
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder)) as broker:
        store = Path(folder) / "store"
        with recorder(broker.log, store) as process:
            before = busy(process.pid)
            seconds = _flood(broker, subscribers)
            ended, read = time.monotonic(), position(store)[1]
            used = busy(process.pid) - before
            caught_up = await_position(store, broker.log.stat().st_size, PATIENCE)
            behind = time.monotonic() - ended
        return Followed(_lines(broker.log), seconds, read, behind if caught_up else None, used)


def _flood(broker: Mosquitto, subscribers: int) -> float:
    """Seconds that the broker had to do."""
    command = [sys.executable, "-m", "benchmarks.flood", str(broker.port), str(subscribers), str(SECONDS)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def _lines(log: Path) -> int:
    with log.open("rb") as file:
        return sum(1 for _ in file)

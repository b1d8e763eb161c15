"""What following costs while nothing is written."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks import logs
from benchmarks.followers import following, printer, recorder
from benchmarks.processes import busy, memory
from benchmarks.table import show
from benchmarks.writer import begin

LINES = 50_000
SECONDS = 20
SETTLED = 0.1
"""Share of a core, at most, of a program that has read all that there is."""


def idle() -> None:
    """A log that does not grow, at the end of which both followers wait."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mosquitto.log"
        begin(logs.real(), log, LINES)
        with recorder(log, Path(folder) / "store") as process:
            recording = _share(process.pid)
        with following(printer(log), to_nowhere=True) as process:
            printing = _share(process.pid)
    rows = [
        (name, f"{share:.2%}", f"{used / 1e6:.0f}")
        for name, (share, used) in (("copper-trace record", recording), ("copper-trace events --follow", printing))
    ]
    show((f"idle for {SECONDS} s, after {LINES:,} lines", "CPU", "memory, MB"), rows)


def _share(process: int) -> tuple[float, int]:
    """The share of a core that it takes, and its memory, once it has read everything."""
    while _busy_in(process, 1.0) > SETTLED:
        pass
    return _busy_in(process, SECONDS) / SECONDS, memory(process)


def _busy_in(process: int, seconds: float) -> float:
    before = busy(process)
    time.sleep(seconds)
    return busy(process) - before

"""A recorder for minutes or hours: is its memory flat?"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

from benchmarks import logs
from benchmarks.followers import position, recorder
from benchmarks.processes import busy, memory
from benchmarks.table import show
from benchmarks.writer import begin, write

BEGUN = 10_000
RATE = 5_000
MINUTES = int(os.environ.get("SOAK", "3"))


def soak() -> None:
    """SOAK minutes, 3 if it isn't set, at 5,000 lines/s."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        log, store = Path(folder) / "mosquitto.log", Path(folder) / "store"
        begin(logs.real(), log, BEGUN)
        with recorder(log, store) as process:
            writing = threading.Thread(
                target=write, args=(logs.real(), log, RATE, 60 * MINUTES, Path(folder) / "times")
            )
            writing.start()
            before = 0.0
            for minute in range(1, MINUTES + 1):
                time.sleep(60)
                used = busy(process.pid)
                size, (read, lines) = log.stat().st_size, position(store)
                stored = sum(one.stat().st_size for one in store.iterdir())
                cells = (memory(process.pid) / 1e6, (size - read) / 1e6, stored / 1e6)
                rows.append(
                    (str(minute), f"{lines:,}", *(f"{one:,.1f}" for one in cells), f"{(used - before) / 60:.0%}")
                )
                before = used
            writing.join()
    show(
        (f"minute at {RATE:,} lines/s", "lines recorded", "memory, MB", "MB not read yet", "store, MB", "CPU"),
        rows,
    )

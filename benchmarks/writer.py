"""A log written on, as Mosquitto writes: one write a line, at an even rate, with the time of now.

`writer.py SOURCE LOG RATE SECONDS TIMES`: the lines of SOURCE that come after those that LOG has, and then again from
its first, are appended to LOG; TIMES gets, for each, when it was written (nanoseconds of the monotonic clock, 8 bytes).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

TICK = 0.001
"""Seconds between two bunches of lines: some are due at once, as when Mosquitto handles a message."""


def texts(source: Path) -> Iterator[bytes]:
    """The lines, without their times; at its end the broker starts again."""
    while True:
        with source.open("rb") as file:
            for line in file:
                yield line[line.index(b":") :]


def begin(source: Path, log: Path, lines: int) -> None:
    """Write the first lines at once, as a broker has written them long ago."""
    with source.open("rb") as file, log.open("wb") as out:
        out.writelines(islice(file, lines))


def write(source: Path, log: Path, rate: int, seconds: float, times: Path) -> None:
    """Run this as a process of its own, to its end."""
    arguments = [str(one) for one in (source, log, rate, seconds, times)]
    subprocess.run([sys.executable, "-m", "benchmarks.writer", *arguments], check=True)


def main(source: Path, log: Path, rate: int, seconds: float, times: Path) -> None:
    """Write."""
    written = array("q")
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    with log.open("rb") as begun:
        lines = islice(texts(source), sum(1 for _ in begun), None)
    began = time.monotonic()
    while (gone := time.monotonic() - began) < seconds:
        now = b"%d" % time.time()
        for text in islice(lines, int(gone * rate) - len(written)):
            written.append(time.monotonic_ns())
            os.write(file, now + text)
        time.sleep(TICK)
    os.close(file)
    times.write_bytes(written.tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]))

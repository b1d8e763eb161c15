"""Line written → event printed: how long that takes while a log grows by 5,000 lines/s."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from benchmarks import logs
from benchmarks.followers import following, printer
from benchmarks.processes import busy
from benchmarks.table import show
from benchmarks.writer import begin, write

BEGUN = 10_000
"""Lines that are there before: until then everybody has connected."""
RATE = 5_000
SECONDS = 20
QUIET = 3.0
"""Seconds without output after which no more will come."""

Contestant = tuple[str, Callable[[Path], list[str]], Callable[[bytes, int], int]]


def delay() -> None:
    """The lines of the ordinary log; `tail -F` says what the measuring itself takes."""
    contestants: tuple[Contestant, ...] = (
        ("copper-trace events --follow", printer, lambda text, _: json.loads(text)["line"]),
        ("tail -F", lambda log: ["tail", "-n", "+1", "-F", str(log)], lambda _, number: number),
    )
    rows = []
    for name, command, line_of in contestants:
        delays, share = _delays(command, line_of)
        cuts = statistics.quantiles(delays, n=100)
        cells = (f"{cuts[49]:.1f}", f"{cuts[98]:.1f}", f"{max(delays):.1f}", f"{share:.1%}")
        rows.append((name, f"{len(delays):,}", *cells))
    show(
        (
            f"line written → printed, {RATE:,} lines/s for {SECONDS} s",
            "printed",
            "p50, ms",
            "p99, ms",
            "most, ms",
            "CPU",
        ),
        rows,
    )


def _delays(command: Callable[[Path], list[str]], line_of: Callable[[bytes, int], int]) -> tuple[list[float], float]:
    """Milliseconds from the writing of a line to what is printed for it, and the share of a core that it took."""
    with tempfile.TemporaryDirectory() as folder:
        log, times = Path(folder) / "mosquitto.log", Path(folder) / "times"
        begin(logs.real(), log, BEGUN)
        with following(command(log)) as process:
            assert process.stdout is not None
            pieces: list[tuple[int, bytes]] = []
            reading = threading.Thread(target=_read, args=(process.stdout, pieces))
            reading.start()
            _await_quiet(pieces)
            before = busy(process.pid)
            write(logs.real(), log, RATE, SECONDS, times)
            used = busy(process.pid) - before
            _await_quiet(pieces)
        reading.join()
        written = array("q", times.read_bytes())
    printed = [(at, line_of(text, number) - BEGUN) for number, (at, text) in enumerate(_lines(pieces), 1)]
    return [(at - written[line - 1]) / 1e6 for at, line in printed if line > 0], used / SECONDS


def _await_quiet(pieces: list[tuple[int, bytes]]) -> None:
    while not pieces or time.monotonic_ns() - pieces[-1][0] < QUIET * 1e9:
        time.sleep(QUIET / 10)


def _read(file: BinaryIO, pieces: list[tuple[int, bytes]]) -> None:
    while piece := os.read(file.fileno(), 1 << 16):
        pieces.append((time.monotonic_ns(), piece))


def _lines(pieces: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Each printed line, with the moment at which its end came."""
    lines, begun = [], b""
    for at, piece in pieces:
        *ended, begun = (begun + piece).split(b"\n")
        lines += [(at, line) for line in ended]
    return lines

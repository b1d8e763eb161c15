"""From a log to its graph, as whole processes, in turns with peers that do less, on the same log."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import logs
from benchmarks.processes import COPPER_TRACE, Cost, cost
from benchmarks.table import show

HERE = Path(__file__).parent
ROUNDS = 3
ALL_CORES = "copper-trace graph, all cores"
HEAD = ("s", "MB/s", "lines/s", "speed : naive", "time : rg", "memory, MB")


def speed() -> None:
    """A calm plant with ordinary names, one whose clients come and go, and one with odd names."""
    _compare(logs.real(), "ordinary names", ROUNDS)
    _compare(logs.restless(), "restless", ROUNDS)
    _compare(logs.odd(), "odd names", ROUNDS)


def big() -> None:
    """A gigabyte: what matters is memory."""
    _compare(logs.big(), "ordinary names", 1)


def _compare(log: Path, what: str, rounds: int) -> None:
    size = log.stat().st_size / 1e6
    with log.open("rb") as file:
        lines = sum(1 for _ in file)
    contestants = _contestants(log)
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, command in contestants.items():
            costs[name].append(cost(command, one_core=name != ALL_CORES))
    seconds = {name: statistics.median(one.seconds for one in every) for name, every in costs.items()}
    rows = [
        (
            name,
            f"{took:.2f}",
            f"{size / took:,.0f}",
            f"{lines / took:,.0f}",
            f"{seconds['naive.py'] / took:.2f}",
            f"{took / seconds['rg -c PUBLISH']:.1f}",
            f"{max(one.memory for one in costs[name]) / 1e6:.0f}",
        )
        for name, took in seconds.items()
    ]
    show((f"{size:,.0f} MB, {lines:,} lines, {what}", *HEAD), rows)


def _contestants(log: Path) -> dict[str, Sequence[str]]:
    graph = [COPPER_TRACE, "graph", str(log), "--format", "json", "--by", "client"]
    return {
        "copper-trace graph": graph,
        ALL_CORES: graph,
        "naive.py": [sys.executable, str(HERE / "naive.py"), str(log)],
        "naive.awk (mawk)": ["mawk", "-f", str(HERE / "naive.awk"), str(log)],
        "rg -c PUBLISH": ["rg", "-c", "PUBLISH", str(log)],
        "wc -l": ["wc", "-l", str(log)],
    }

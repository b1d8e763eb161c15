"""The logs that are measured on: made once, by a real Mosquitto, and kept in benchmarks/.logs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.plant import CALM, RESTLESS, Plant
from tests.tracer.mosquittos import mosquitto

FOLDER = Path(__file__).parent / ".logs"
SEED = 5
REAL_SIZE = 113_000_000
SHORT_SIZE = 40_000_000
COPIES = 9
RESTART = 60
"""Seconds between the end of a broker and its next start."""


def real() -> Path:
    """113 MB of a plant whose clients and topics have ordinary names."""
    return _kept("real.log", lambda path: _play(path, REAL_SIZE, odd=False))


def restless() -> Path:
    """40 MB of the same plant, whose clients come and go all the time."""
    return _kept("restless.log", lambda path: _play(path, SHORT_SIZE, odd=False, change_every=RESTLESS))


def odd() -> Path:
    """40 MB of one where every sixth has quotes and the like in its names, and some topics don't fit into a line."""
    return _kept("odd.log", lambda path: _play(path, SHORT_SIZE, odd=True))


def big() -> Path:
    """1 GB: a broker that is started again and again, appends to its log, and sees the same plant each time."""
    return _kept("big.log", _repeat)


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    path = FOLDER / name
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        print(f"making {path} ...", flush=True)
        begun = path.with_suffix(".begun")
        make(begun)
        begun.rename(path)
    return path


def _play(path: Path, size: int, *, odd: bool, change_every: int = CALM) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        with mosquitto(Path(folder)) as broker:
            plant = Plant(SEED, broker.port, odd=odd, change_every=change_every)
            while broker.log.stat().st_size < size:
                plant.turn()
            plant.leave()
        broker.log.rename(path)


def _repeat(path: Path) -> None:
    later = 0
    with path.open("wb") as out:
        for _ in range(COPIES):
            first = last = 0
            with real().open("rb") as one:
                for line in one:
                    seconds, colon, text = line.partition(b":")
                    last = int(seconds)
                    first = first or last
                    out.write(b"%d%b%b" % (last + later, colon, text))
            later += last - first + RESTART

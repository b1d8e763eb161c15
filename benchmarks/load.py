"""What the live map's server takes while a log grows by 20,000 lines/s: with nobody looking, with fifty who do."""

from __future__ import annotations

import json
import os
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from benchmarks.processes import busy, memory
from benchmarks.served import served, until
from benchmarks.table import show
from benchmarks.writer import begin, write
from docs import systems, traffic

RATE = 20_000
SECONDS = 600.0 if os.environ.get("COPPER_STRESS") else float(os.environ.get("LIVE", "60"))
BEGUN = 10_000
LOG_SECONDS = 60
"""Of the plant, in the file from which lines are taken; at its end its broker starts again."""
VIEWERS = 50
QUERIES = ("", "span=minute", "layout=columns", "view=services", "include=plant/%2B/%2B/status")
"""Maps that the viewers look at, in turn."""


@dataclass
class _Heard:
    """What viewers got: bytes, and events."""

    size: int = 0
    pulses: int = 0


def live_load() -> None:
    """Rows: who looks on."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "plant.log"
        with source.open("w", encoding="utf-8") as out:
            out.writelines(traffic.log_of(systems.plant(), seconds=LOG_SECONDS))
        for name, looking in (
            ("nobody", _nobody),
            (f"{VIEWERS} viewers of {len(QUERIES)} maps, one of which never reads", _viewers),
            (f"{VIEWERS} that ask for map.json each second", _askers),
        ):
            log = Path(folder) / "mosquitto.log"
            begin(source, log, BEGUN)
            rows.append((name, *_measured(source, log, looking)))
    head = ("lines read", "of those written", "CPU", "memory after 1/3, MB", "at the end", "told a viewer, 1/s", "kB/s")
    show((f"who looks, at {RATE:,} lines/s for {SECONDS:.0f} s", *head), rows)


def _measured(source: Path, log: Path, looking: object) -> tuple[str, ...]:
    with served(log) as (address, process), ExitStack() as stack:
        until(lambda: _lines(address) > 0, "a map")
        heard = stack.enter_context(looking(address))  # type: ignore[operator]
        used, writing = (
            busy(process),
            threading.Thread(target=write, args=(source, log, RATE, SECONDS, log.with_name("times"))),
        )
        told, size = heard.pulses, heard.size
        writing.start()
        time.sleep(SECONDS / 3)
        third = memory(process)
        writing.join()
        used, told, size = busy(process) - used, heard.pulses - told, heard.size - size
        at_end = memory(process)
        lines = log.read_bytes().count(b"\n")
        read = _health(address)["lines"]
        return (
            f"{read:,}",
            f"{read / lines:.1%}",
            f"{used / SECONDS:.0%}",
            f"{third / 1e6:.0f}",
            f"{at_end / 1e6:.0f}",
            f"{told / SECONDS / VIEWERS:.1f}",
            f"{size / SECONDS / VIEWERS / 1e3:.1f}",
        )


def _lines(address: str) -> int:
    with urlopen(f"{address}map.json", timeout=60) as answer:
        return int(json.load(answer)["counts"]["messages"])


def _health(address: str) -> dict[str, int]:
    """As the server tells it, once."""
    with urlopen(f"{address}events", timeout=60) as answer:
        for line in answer:
            if line.startswith(b"event: health"):
                found: dict[str, int] = json.loads(next(answer).partition(b":")[2])
                return found
    return {"lines": 0}


@contextmanager
def _nobody(_: str) -> Iterator[_Heard]:
    yield _Heard()


@contextmanager
def _viewers(address: str) -> Iterator[_Heard]:
    """All but the last read what comes at once."""
    heard, ended = _Heard(), threading.Event()
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for number in range(VIEWERS):
            one = stack.enter_context(_asked(address, f"/events?{QUERIES[number % len(QUERIES)]}"))
            if number < VIEWERS - 1:
                selector.register(one, selectors.EVENT_READ)

        def read() -> None:
            while not ended.is_set():
                for key, _ in selector.select(0.2):
                    piece = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                    heard.size += len(piece)
                    heard.pulses += piece.count(b"event: pulse")

        with _going_on(read, ended):
            yield heard


@contextmanager
def _askers(address: str) -> Iterator[_Heard]:
    """They ask in turn, each once a second."""
    heard, ended = _Heard(), threading.Event()

    def ask() -> None:
        due, number = time.monotonic(), 0
        while not ended.wait(max(0.0, due - time.monotonic())):
            due += 1 / VIEWERS
            with urlopen(f"{address}map.json?{QUERIES[number % len(QUERIES)]}", timeout=60) as answer:
                heard.size += len(answer.read())
            heard.pulses += 1
            number += 1

    with _going_on(ask, ended):
        yield heard


@contextmanager
def _going_on(work: Callable[[], None], ended: threading.Event) -> Iterator[None]:
    """Work beside the block, until that ends."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _asked(address: str, path: str) -> Iterator[socket.socket]:
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port)) as one:
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        yield one

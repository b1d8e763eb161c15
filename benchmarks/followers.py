"""`copper-trace record` and `copper-trace events --follow` as a user starts them, on a log that is being written."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.processes import COPPER_TRACE

DEADLINE = 30.0


@contextmanager
def recorder(log: Path, store: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A recorder that has read what the log has at the beginning."""
    with following([COPPER_TRACE, "record", str(log), "--store", str(store)], to_nowhere=True) as process:
        if not await_position(store, log.stat().st_size, DEADLINE):
            sys.exit(f"the recorder did not read {log} in {DEADLINE:.0f} s")
        yield process


def printer(log: Path) -> list[str]:
    """The command that prints events as the log grows."""
    return [COPPER_TRACE, "events", str(log), "--follow"]


@contextmanager
def following(command: list[str], *, to_nowhere: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Something that runs until it is interrupted, and is interrupted when the block ends."""
    out = subprocess.DEVNULL if to_nowhere else subprocess.PIPE
    process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        yield process
    finally:
        if process.poll() is not None:
            said = process.stderr.read().decode(errors="replace")
            print(f"{' '.join(command)} ended by itself, with {process.returncode}: {said}", file=sys.stderr)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()
        if process.stdout is not None:
            process.stdout.close()


def position(store: Path) -> tuple[int, int]:
    """How far a recorder has read its log, as its store says: bytes and lines."""
    try:
        with closing(sqlite3.connect(f"file:{store / 'trace.sqlite'}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT offset, number FROM reading").fetchone()
    except sqlite3.OperationalError:
        # it is just being made
        row = None
    return row or (0, 0)


def await_position(store: Path, size: int, seconds: float) -> bool:
    """Wait until a recorder has read so many bytes of its log; false where that takes too long."""
    deadline = time.monotonic() + seconds
    while position(store)[0] < size:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

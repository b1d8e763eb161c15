"""A recorder that runs for long stays as large as it was after a while, and so does its store.

The log's clock runs 120 times as fast as ours: what is told of an hour, and thrown away, comes within a minute.
"""

import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from statistics import median

import pytest

from tests.tracer.logs import connected, published, sent, subscribed
from tests.tracer.stores import opened
from tests.tracer.test_record import wait_for

RATE = 5000
"""Lines a second."""
SECONDS = 60
SPEED = 120
STEPS = 20
"""Writes a second."""
START = 1_800_000_000
PUBLISHERS, SUBSCRIBERS = 40, 10
PAGE = os.sysconf("SC_PAGE_SIZE")


class Log:
    """A log that grows and is rotated by name; the last two of its pieces stay."""

    def __init__(self, path):
        self.path = path
        self.began = time.monotonic()
        self.lines = 0
        self.texts = self.plant()
        self.pieces = 0

    def plant(self):
        """Publishers of 200 topics, subscribers of all of them, and always somebody who goes and comes back."""
        yield from ("mosquitto version 2.0.11 starting", "mosquitto version 2.0.11 running")
        for number in range(SUBSCRIBERS):
            yield from (*connected(f"sub-{number}.x"), *subscribed(f"sub-{number}.x", "plant/#"))
        for number in range(PUBLISHERS):
            yield from connected(f"pub-{number}.x")
        for turn in count():
            client = f"pub-{turn % PUBLISHERS}.x"
            topic = f"plant/{turn % PUBLISHERS}/{turn % 5}"
            yield published(client, topic, retain=turn % 2)
            for number in range(SUBSCRIBERS):
                yield sent(f"sub-{number}.x", topic)
            if turn % 50 == 0:
                yield from (f"Client {client} disconnected.", *connected(client))

    def write(self):
        """As much as is due by now."""
        passed = time.monotonic() - self.began
        due = int(passed * RATE) - self.lines
        self.lines += due
        at = START + int(passed * SPEED)
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{at}: {next(self.texts)}\n" for _ in range(due))

    def rotate(self):
        self.pieces += 1
        self.path.rename(f"{self.path}.{self.pieces}")
        self.path.touch()
        self.path.with_name(f"{self.path.name}.{self.pieces - 2}").unlink(missing_ok=True)


def memory_of(process):
    """Resident bytes."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * PAGE


def size_of(folder):
    return sum(file.stat().st_size for file in folder.iterdir())


@pytest.mark.skipif(os.environ.get("COPPER_STRESS") != "1", reason="only with COPPER_STRESS=1")
@pytest.mark.timeout(SECONDS + 60)
def test_memory_and_store_stay_as_large_as_they_were(tmp_path):
    (tmp_path / "logs").mkdir()
    log, folder = Log(tmp_path / "logs" / "mosquitto.log"), tmp_path / "store"
    log.write()
    command = [sys.executable, "-m", "copper.commands.tracing", "record", str(log.path)]
    recorder = subprocess.Popen([*command, "--store", str(folder), "--keep", "30m"], stderr=subprocess.PIPE, text=True)
    memory, size = [], []
    try:
        for step in range(SECONDS * STEPS):
            log.write()
            if step % (5 * STEPS) == 0:
                log.rotate()
            if step % STEPS == 0 and folder.is_dir():
                memory.append(memory_of(recorder))
                size.append(size_of(folder))
            assert recorder.poll() is None, recorder.stderr.read()
            time.sleep(max(0.0, log.began + (step + 1) / STEPS - time.monotonic()))
        log.write()
        wait_for(lambda: place_of(folder) == (log.path.stat().st_ino, log.path.stat().st_size), "the end of the log")
    finally:
        recorder.send_signal(signal.SIGTERM)
        told = recorder.communicate(timeout=20)[1]
    print(f"{log.lines} lines; MB of memory {[one >> 20 for one in memory]}, kB of store {[one >> 10 for one in size]}")
    assert (recorder.returncode, told) == (0, "")
    quarter = len(memory) // 4
    assert median(memory[-quarter:]) < median(memory[quarter : 2 * quarter]) + 3e6
    assert median(size[-quarter:]) < median(size[quarter : 2 * quarter]) * 1.2


def place_of(folder):
    with opened(folder) as store:
        return store.execute("SELECT inode, offset FROM reading").fetchone()

"""A log written on as `writer` does, with marked messages in between: when each of them was written is noted.

`probes.py SOURCE LOG RATE SECONDS MARKED TIMES`: as writer.py, and in between the messages of MARKED, which a client
`probe` publishes (an empty line stands between two). They come evenly, each topic in turn; TIMES gets, for each, its
place in MARKED and when its first line was written (nanoseconds of the monotonic clock).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from benchmarks.writer import TICK, texts
from docs import traffic
from docs.systems import Member, Says, System

# fmt: off
WORDS = [
    "amber", "anchor", "apple", "arrow", "basil", "beacon", "birch", "bramble", "canyon", "cedar", "clover", "copse",
    "coral", "dune", "ember", "falcon", "fern", "flint", "harbour", "hazel", "heron", "indigo", "juniper", "kestrel",
    "lantern", "lichen", "maple", "marble", "meadow", "nettle", "orchid", "otter", "pebble", "plover", "quarry",
    "raven", "saffron", "tern", "thistle", "willow",
]
# fmt: on
"""What is marked is `probe/WORD`. They are that many and no two alike, so that each keeps a row and an arrow."""
EVERY = 3.0
"""Seconds until a topic is marked again: long after its arrow has gone out."""
SEED = 8


@dataclass(frozen=True)
class Probed:
    """A system with a client `probe` more.

    Attributes:
        source: its lines, but for those of the probe's messages.
        marked: these.
        begun: how many lines come before the first message.
    """

    source: Path
    marked: Path
    begun: int


def probed(system: System, seconds: int, folder: Path) -> Probed:
    """Make one; the file is for so many seconds of the system."""
    probe = Member("probe", tuple(Says(f"probe/{word}", 0.0) for word in WORDS))
    one = Probed(folder / f"{system.name}.log", folder / f"{system.name}.marked", 0)
    begun, marked = 0, dict[str, list[str]]()
    with one.source.open("w", encoding="utf-8") as source:
        for number, line in enumerate(
            traffic.log_of(replace(system, members=(*system.members, probe)), seconds=seconds)
        ):
            if "'probe/" in line:
                marked.setdefault(line.split("'")[1], []).append(line.partition(":")[2])
                continue
            begun = begun or (number if ": Received PUBLISH" in line else 0)
            source.write(line)
    one.marked.write_text("\n".join("".join(marked[f"probe/{word}"]) for word in WORDS), encoding="utf-8")
    return replace(one, begun=begun)


def begin(one: Probed, log: Path, lines: int) -> None:
    """Write the lines until everybody is there, each marked message once, and so many lines more."""
    with one.source.open("rb") as file, log.open("wb") as out:
        out.writelines(islice(file, one.begun))
        stamp = b"%d:" % traffic.BEGIN
        out.writelines(stamp + line for line in one.marked.read_bytes().splitlines(keepends=True) if line.strip())
        out.writelines(islice(file, lines))


def write(one: Probed, log: Path, rate: int, seconds: float, times: Path) -> subprocess.Popen[bytes]:
    """Start this as a process of its own."""
    arguments = [str(each) for each in (one.source, log, rate, seconds, one.marked, times)]
    return subprocess.Popen([sys.executable, "-m", "benchmarks.probes", *arguments])


def written(times: Path) -> list[tuple[int, int]]:
    """Place and nanoseconds of each marked message."""
    numbers = array("q", times.read_bytes())
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def main(one: Probed, log: Path, rate: int, seconds: float, times: Path) -> None:
    """Write."""
    notes, messages = array("q"), [part.splitlines() for part in one.marked.read_bytes().split(b"\n\n")]
    with log.open("rb") as begun:
        lines = islice(texts(one.source), sum(1 for _ in begun) - sum(map(len, messages)), None)
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    chance = random.Random(SEED)
    began = time.monotonic()
    due, turn, done, slot = 0.0, 0, 0, EVERY / len(messages)
    while (gone := time.monotonic() - began) < seconds:
        now = b"%d" % time.time()
        for text in islice(lines, int(gone * rate) - done):
            done += 1
            if gone >= due and text.startswith(b": Received PUBLISH"):
                notes.extend((turn % len(messages), time.monotonic_ns()))
                _write(file, now, messages[turn % len(messages)])
                turn += 1
                due = (turn + chance.random()) * slot
            os.write(file, now + text)
        time.sleep(TICK)
    os.close(file)
    times.write_bytes(notes.tobytes())


def _write(file: int, now: bytes, lines: Iterable[bytes]) -> None:
    for line in lines:
        os.write(file, b"%b:%b\n" % (now, line))


if __name__ == "__main__":
    _source, _log, _rate, _seconds, _marked, _times = sys.argv[1:]
    main(Probed(Path(_source), Path(_marked), 0), Path(_log), int(_rate), float(_seconds), Path(_times))

"""Large logs on all cores: one process a piece, and what they bring joined in order (pieces.py).

Comes in: names of files. Goes out: a tally, and how the lines counted. What a process could not settle, or one that
failed, is read here.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tracer.errors import CopperError
from tracer.graph import Tally
from tracer.pieces import Joining, Piece, Place, read_piece
from tracer.pipeline import Counts
from tracer.sources import is_archive, is_file, open_chunks

LEAST = 75_000_000
"""Bytes for which a process of its own is worth its start."""
PACKED = 15
"""How much longer a log is than its archive, about."""
OUTLINE = 0.45
"""How long an outline takes, compared to reading the same."""
EXTRA = 35_000_000
"""Bytes that could be read while a process starts, gets into step and hands over what it has."""
MOST = 16
"""Processes at once."""


@dataclass(frozen=True, slots=True)
class Done:
    """How the lines counted, and which archives were not whole."""

    counts: Counts
    damages: list[CopperError]


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def read(logs: tuple[str, ...], tally: Tally, processes: int) -> Done:
    """Read files as the parts of one log, for their sums.

    Args:
        logs: their names, in order.
        tally: where the sums go; it must want all of the log, not a window.
        processes: how many may work at once.

    Raises:
        CopperError: one of the files is not there, or is no log.
    """
    end = Place(len(logs), 0)
    cuts = cut(logs, processes)
    joining = Joining(logs, tally)
    with _working(logs, [*cuts, end]) as pieces:
        joining.read(cuts[0] if cuts else end)
        for until, answer in zip([*cuts[1:], end], pieces, strict=False):
            piece = _answer(answer)
            if piece is None:
                joining.read(until)
            else:
                joining.join(piece)
    return Done(joining.finish().counts, joining.damages)


def cut(logs: tuple[str, ...], processes: int) -> list[Place]:
    """Where to cut, so that all processes end at about the same time; in no archive, and nowhere in a small log."""
    sizes = [_size(log) for log in logs]
    total = sum(sizes)
    count = min(processes, MOST, int(total // LEAST))
    if count < 2 or not all(is_file(log) for log in logs):
        return []
    cuts: list[Place] = []
    for target in _targets(total, count):
        place = _line_at(logs, sizes, target)
        if place is not None and place > (cuts[-1] if cuts else Place(0, 0)) and place < Place(len(logs), 0):
            cuts.append(place)
    return cuts


def _targets(total: float, count: int) -> list[float]:
    """Behind how many bytes to cut: a piece has an outline of all before it to make first."""
    first, most = total / count, total
    while most - first > 1:
        pieces = [(first + most) / 2]
        while len(pieces) < count:
            pieces.append(max(0, pieces[0] - EXTRA - OUTLINE * sum(pieces)))
        first, most = (pieces[0], most) if sum(pieces) < total else (first, pieces[0])
    return [sum(pieces[:place]) for place in range(1, count)]


def _size(log: str) -> float:
    """About how many bytes reading it will bring."""
    try:
        return Path(log).stat().st_size * (PACKED if is_archive(log) else 1)
    except OSError:
        return 0


def _line_at(logs: tuple[str, ...], sizes: list[float], target: float) -> Place | None:
    """The first line behind so many bytes; of an archive the part behind it."""
    for part, size in enumerate(sizes):
        if target < size:
            if is_archive(logs[part]):
                return Place(part + (target > size / 2), 0)
            return _line_behind(logs[part], part, int(target))
        target -= size
    return None


def _line_behind(log: str, part: int, offset: int) -> Place | None:
    for chunk in open_chunks(log, offset) or ():
        newline = chunk.find(b"\n")
        if newline >= 0:
            return Place(part, offset + newline + 1)
        offset += len(chunk)
    return Place(part + 1, 0)


@contextmanager
def _working(logs: tuple[str, ...], places: list[Place]) -> Iterator[list[Connection]]:
    """Processes that read the pieces between these places; none of them outlives this."""
    # a copy of this process is there at once, but not safe where it has threads
    is_alone = sys.platform == "linux" and threading.active_count() == 1
    context: Any = multiprocessing.get_context("fork" if is_alone else "spawn")
    answers: list[Connection] = []
    started = []
    try:
        for begin, end in pairwise(places):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(theirs, logs, begin, end), daemon=True)
            process.start()
            theirs.close()
            answers.append(ours)
            started.append(process)
        yield answers
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join()
        for answer in answers:
            answer.close()


def _work(answer: Connection, logs: tuple[str, ...], begin: Place, end: Place) -> None:
    """One piece, in a process of its own; whoever waits for it sees to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with closing(answer):
        try:
            piece = read_piece(logs, begin, end)
        except CopperError:
            # it is said where the log is read in order
            piece = None
        # many small objects come and none goes: looking for garbage would take longer than all else
        gc.disable()
        answer.send(piece)


def _answer(answer: Connection) -> Piece | None:
    """The piece; None where its process found something wrong, or is gone."""
    gc.disable()
    try:
        piece = answer.recv()
    except (EOFError, OSError):
        return None
    finally:
        gc.enable()
    return piece if isinstance(piece, Piece) else None

"""The time of a line, and a log's first and last: enough to put logs in order before anything else is known of them.

Comes in: lines. Goes out: times as in events. It knows no text of Mosquitto: a time is what stands before `: ` and
reads as a date and a time of day. The pipeline looks closer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice

from tracer.prefix import EPOCH, iso
from tracer.sources.lines import Line

LONGEST = 64
"""Bytes of a line in which its time must end; strftime's result is 50 at most in Mosquitto's src/logging.c."""
FEW = 100
"""Lines at the beginning or the end of a log one of which has a time, if it has times at all."""


def time_of(line: Line) -> str | None:
    """The time of a line: its own, else that of its source, or None."""
    epoch = EPOCH.match(line.data)
    if epoch is not None:
        return iso(epoch.group(1))
    end = line.data.find(b": ", 0, LONGEST)
    while end >= 0:
        at = iso(line.data[:end])
        if at is not None:
            return at
        end = line.data.find(b": ", end + 1, LONGEST)
    return line.at


def first_time(lines: Iterable[Line]) -> str | None:
    """The first time that a log tells."""
    return next(filter(None, map(time_of, islice(lines, FEW))), None)


def last_time(lines: Iterable[Line]) -> str | None:
    """The last time that a log tells."""
    return next(filter(None, map(time_of, reversed(deque(lines, FEW)))), None)

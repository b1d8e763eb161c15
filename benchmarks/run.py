"""What Copper costs, next to peers in the same run: `make bench`, or `make bench ONLY="speed delay"`.

Times of one machine say little about another; ratios in one table do.
"""

from __future__ import annotations

import os
import sys

from benchmarks.delay import delay
from benchmarks.fetching import fetching
from benchmarks.idle import idle
from benchmarks.live import live, live_delay, live_frames, live_load
from benchmarks.pictures import pictures
from benchmarks.rate import rate
from benchmarks.requests import actions, delays
from benchmarks.soak import soak
from benchmarks.speed import big, speed
from benchmarks.workflow import workflow

_USUAL = workflow, delays, actions, fetching, speed, rate, delay, idle, live, pictures, soak
USUAL = {one.__name__: one for one in _USUAL}
ALL = {**USUAL, **{one.__name__: one for one in (big, live_delay, live_frames, live_load)}}


def main(only: list[str]) -> None:
    """Print tables, those that are named or the usual ones."""
    if unknown := set(only) - set(ALL):
        sys.exit(f"no such table: {' '.join(sorted(unknown))}; there are {' '.join(ALL)}")
    print(f"{len(os.sched_getaffinity(0))} cores; others kept {os.getloadavg()[0]:.1f} of them busy in the last minute")
    for name in only or USUAL:
        ALL[name]()


if __name__ == "__main__":
    main(sys.argv[1:])

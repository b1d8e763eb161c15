"""`copper-trace live` as a user starts it, and what a real browser sees of it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.followers import following
from benchmarks.processes import COPPER_TRACE

_ADDRESS = re.compile(rb"live map: (http://\S+)")
_DEADLINE = 60.0


@contextmanager
def served(log: Path, *words: str) -> Iterator[tuple[str, int]]:
    """Its address and its process, as long as the block lasts."""
    command = [COPPER_TRACE, "live", str(log), "--port", "0", "--runs", str(log.parent / "runs"), *words]
    with following(command, to_nowhere=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = _ADDRESS.search(said)
        if not found:
            sys.exit(f"the live map did not start: {said.decode()}")
        yield found[1].decode(), process.pid


def until(is_so: Callable[[], bool], what: str, seconds: float = _DEADLINE) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)


def clock(page: Page) -> float:
    """Milliseconds from the page's `performance.now()` to the monotonic clock, by the quickest of some questions."""
    found: list[tuple[int, float]] = []
    for _ in range(30):
        before = time.monotonic_ns()
        now = page.evaluate("() => performance.now()")
        after = time.monotonic_ns()
        found.append((after - before, (before + after) / 2e6 - now))
    return min(found)[1]


def frames(page: Page, seconds: float, act: str = "") -> float:
    """How many frames a second a page shows.

    Args:
        page: an open one.
        seconds: for how long they are counted.
        act: JavaScript, done before each frame; `frame` counts them.
    """
    count = f"""(length) => new Promise((done) => {{
        let frame = 0, began = 0;
        const next = (now) => {{
            began ||= now;
            {act};
            if (now - began < length) return frame += 1, requestAnimationFrame(next);
            done(frame * 1000 / (now - began));
        }};
        requestAnimationFrame(next);
    }})"""
    return float(page.evaluate(count, seconds * 1000))


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """The middle one, and the one that 99 of 100 are below."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]

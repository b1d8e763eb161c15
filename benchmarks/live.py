"""The live map: how late it is, how smoothly it moves, what it costs; each against what else could be done."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.frames import live_frames
from benchmarks.load import live_load
from benchmarks.probes import WORDS, begin, probed, write, written
from benchmarks.processes import busy
from benchmarks.served import clock, quantiles, served
from benchmarks.table import show
from docs import systems
from tests.browser import opened, running

RATE = 5_000
SECONDS = float(os.environ.get("LIVE", "30"))
"""For how long lines are written."""
BEGUN = 100_000
"""Lines that are there before."""
SETTLE = 12.0
"""Seconds for which lines are written before anything counts."""

_NOTE = """() => {
    const noted = window.noted = [];
    new MutationObserver((changes) => {
        const now = performance.now();
        for (const { target, oldValue } of changes) {
            if (!target.classList.contains("passes") || / passes/.test(oldValue)) continue;
            const word = / publishes probe.(\\w+)/.exec(target.querySelector("title")?.textContent);
            if (word) noted.push([word[1], now]);
        }
    }).observe(document.getElementById("map"), { subtree: true, attributeFilter: ["class"], attributeOldValue: true });
}"""
"""Notes which line of the map lights up, and when."""

_POLL = """() => {
    const noted = window.noted = [], counts = new Map();
    const ask = async () => {
        const map = await (await fetch("map.json")).json();
        const picture = new DOMParser().parseFromString(map.svg, "image/svg+xml");
        document.body.replaceChildren(document.adoptNode(picture.documentElement));
        const now = performance.now();
        for (const { textContent } of document.querySelectorAll("[data-e] > title")) {
            const word = / publishes probe.(\\w+)/.exec(textContent);
            if (!word || counts.get(word[1]) === textContent) continue;
            if (counts.has(word[1])) noted.push([word[1], now]);
            counts.set(word[1], textContent);
        }
    };
    ask();
    setInterval(ask, 1000);
}"""
"""What is done without a stream: asks for the map each second, and notes whose count has changed."""


def live() -> None:
    """All of it."""
    live_delay()
    live_frames()
    live_load()


def live_delay() -> None:
    """A message is written into the log → its line lights up in a real browser."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for system, seconds in ((systems.home(), 12_000), (systems.plant(), 40)):
            one = probed(system, seconds, Path(folder))
            for name, script, page in (("live map", _NOTE, ""), ("map.json asked for each second", _POLL, "live.css")):
                log = Path(folder) / "mosquitto.log"
                begin(one, log, BEGUN)
                with served(log) as (address, process), running() as browser, opened(browser, address + page) as visit:
                    if not page:
                        visit.page.locator("#map [data-e]").first.wait_for(timeout=60_000)
                    visit.page.evaluate(script)
                    writing = write(one, log, RATE, SETTLE + SECONDS, Path(folder) / "times")
                    try:
                        time.sleep(SETTLE)
                        before = busy(process)
                        writing.wait(SECONDS + 60)
                        share = (busy(process) - before) / SECONDS
                    finally:
                        _end(writing)
                    visit.page.wait_for_timeout(3_000)
                    offset = clock(visit.page)
                    noted = visit.page.evaluate("() => window.noted")
                delays, count = _delays(written(Path(folder) / "times"), noted, offset)
                p50, p99 = quantiles(delays)
                cells = (f"{count:,}", f"{len(delays) / count:.0%}", f"{p50:.0f}", f"{p99:.0f}", f"{max(delays):.0f}")
                rows.append((f"{system.name}: {name}", *cells, f"{share:.0%}"))
    head = (f"line written → seen in the browser, {RATE:,} lines/s for {SECONDS:.0f} s", "marked", "seen")
    show((*head, "p50, ms", "p99, ms", "most, ms", "CPU"), rows)


def _delays(messages: list[tuple[int, int]], noted: list[tuple[str, float]], offset: float) -> tuple[list[float], int]:
    """Milliseconds from the writing of each marked message that was seen, and how many were marked."""
    seen: dict[str, list[float]] = defaultdict(list)
    for word, at in noted:
        seen[word].append(at + offset)
    messages = [(place, at) for place, at in messages if at > messages[0][1] + SETTLE * 1e9]
    delays = []
    for number, (place, at) in enumerate(messages):
        after = next((later for again, later in messages[number + 1 :] if again == place), at + 10**10)
        found = next((when for when in seen[WORDS[place]] if at / 1e6 < when < after / 1e6), None)
        if found is not None:
            delays.append(found - at / 1e6)
    return delays, len(messages)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()

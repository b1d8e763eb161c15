"""How the reading of a log goes, in a sentence for whoever looks at a map that does not move, and what to do."""

from __future__ import annotations

from typing import Any

from viz.layout.words import duration, number, size
from viz.live.system import Health

QUIET = 30.0
"""Seconds without a line after which that is told."""
BEHIND = 1_000_000
"""Bytes still to be read from which on that is told."""
LOG_TYPES = "log_type error, warning, notice, information and debug"
WHAT_TO_WRITE = (
    f"write {LOG_TYPES}, each on a line of its own, into mosquitto.conf (only debug brings packet lines) and restart"
    " Mosquitto; is it the log of the broker that you mean, and is anything published there?"
)


def told(health: Health) -> dict[str, Any]:
    """The same as values for JSON, with `advice`: None, or `{"what", "next_step"}`."""
    return {
        "source": health.source,
        "lines": health.lines,
        "events": health.events,
        "unknown_lines": health.unknown_lines,
        "behind": health.behind,
        "quiet": None if health.quiet is None else round(health.quiet, 1),
        "last": health.last,
        "over": health.over,
        "words": list(health.words[-5:]),
        "advice": advice(health),
    }


def advice(health: Health) -> dict[str, str] | None:
    """What is to be said of it, if anything."""
    if health.behind >= BEHIND:
        return {"what": f"what was logged before is still being read: {size(health.behind)} to go", "next_step": ""}
    if health.problem:
        return {"what": health.problem, "next_step": ""}
    if health.over:
        return {"what": "the log has ended", "next_step": ""}
    if health.lines and not health.events:
        what = f"none of {number(health.lines, 'line')} tells what happened on a Mosquitto broker"
        return {"what": what, "next_step": WHAT_TO_WRITE}
    if not health.tells_packets:
        what = f"no packet lines among {number(health.lines, 'line')}, only who came and went"
        return {"what": what, "next_step": WHAT_TO_WRITE}
    if health.quiet is None:
        return {"what": "no line yet", "next_step": WHAT_TO_WRITE}
    if health.quiet > QUIET:
        return {"what": f"no line for {duration(health.quiet)}: is log_type right?", "next_step": WHAT_TO_WRITE}
    return None

"""How long an action may take, how often it is tried, and what its failure means: `timeout`, `retry`, `on_error`.

What comes in: nodes of the file, an entry's or those of `defaults`. What goes out: plain values, and mistakes said to
`Problems`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from copper.document import Node, Problems

KEYS = ("timeout", "retry", "on_error")
RETRY_KEYS = ("times", "delay", "backoff")
ON_ERROR = ("stop", "continue")
MOST = 1000
"""Of whatever is counted in a file."""
DEFAULT_TIMEOUT = 600.0
LONGEST = 30 * 86400.0
"""Seconds; what is longer is a slip, and no clock should have to add it."""

DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")


@dataclass(frozen=True)
class Retry:
    """How often a failed action is tried again; `delay` in seconds, multiplied by `backoff` each time."""

    times: int = 0
    delay: float = 0.0
    backoff: float = 1.0


NO_RETRY = Retry()


def settings(keys: dict[str, Node], problems: Problems) -> dict[str, Any]:
    """Those of `timeout`, `retry` and `on_error` that are there."""
    found: dict[str, Any] = {}
    if node := keys.get("timeout"):
        found["timeout"] = duration(node, "timeout", problems)
    if node := keys.get("retry"):
        found["retry"] = _retry(node, problems)
    if node := keys.get("on_error"):
        found["on_error"] = node.value()
        if found["on_error"] not in ON_ERROR:
            problems.add(node, f"`on_error` is {' or '.join(ON_ERROR)}")
    return found


def _retry(node: Node, problems: Problems) -> Retry:
    if not node.is_mapping:
        return Retry(times=int(_number(node, "retry", problems, whole=True)))
    keys = node.keys(problems, allowed=RETRY_KEYS)
    return Retry(
        times=int(_number(keys["times"], "times", problems, whole=True)) if "times" in keys else 1,
        delay=duration(keys["delay"], "delay", problems, least=0.0) if "delay" in keys else 0.0,
        backoff=_number(keys["backoff"], "backoff", problems) if "backoff" in keys else 1.0,
    )


def _number(node: Node, key: str, problems: Problems, *, whole: bool = False) -> float:
    value = node.value()
    if isinstance(value, int if whole else (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST:
        return value
    problems.add(node, f"`{key}` is a {'whole ' if whole else ''}number from 0 to {MOST}")
    return 0


def duration(node: Node, key: str, problems: Problems, *, least: float = 0.001) -> float:
    """Seconds: a number, or such as 90s, 5m, 1h30m, 500ms; from `least` to 30 days."""
    found = seconds(node.value())
    if found is None:
        problems.add(node, f"`{key}` is a time such as 90s, 5m or 1h30m")
    elif not least <= found <= LONGEST:
        problems.add(node, f"`{key}` is a time from {'0s' if least == 0 else '1ms'} to 30 days")
    else:
        return float(found)
    return DEFAULT_TIMEOUT


def seconds(value: Any) -> float | None:
    """A time as people write it (90, 90s, 5m, 1h30m, 500ms) in seconds; None for anything else."""
    match = DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if match:
        hours, minutes, whole, milliseconds = (float(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + whole + milliseconds / 1000
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return None


def defaults(node: Node | None, problems: Problems) -> dict[str, Any]:
    """What the file's `defaults` say, for actions that say nothing themselves."""
    if node is None:
        return {}
    if not node.is_mapping:
        problems.add(node, f"`defaults` is a mapping with the keys {', '.join(KEYS)}")
        return {}
    return settings(node.keys(problems, allowed=KEYS), problems)

"""Topic names and payloads, in one place: the MQTT contract between runner and services.

Services written for the first Copper keep working unchanged; whatever is new is optional for them.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

RUNNER_STATUS = "runner/status"
RUNNER_START = "runner/start"
RUNNER_FINISH = "runner/finish"
RUNNER_TURNS = "runner/turns"
"""Where runners queue up for services that know one request at a time."""

CONNECTED = "connected"
DISCONNECTED = "disconnected"
READY = frozenset({CONNECTED, "up"})
"""What `SERVICE/status` holds while a service is there; "up" is the first Copper's word."""


def service_of(action: str) -> str:
    """The service that answers an action's topic: its first level (`fetcher/fetch` → `fetcher`)."""
    return action.split("/", 1)[0]


def start(action: str) -> str:
    """Where a service says that it took a request."""
    return f"{action}/start"


def progress(action: str) -> str:
    """Where a service says how far it is."""
    return f"{action}/progress"


def finish(action: str) -> str:
    """Where a service answers."""
    return f"{action}/finish"


def error(action: str) -> str:
    """Where a service says that a request failed."""
    return f"{action}/error"


def cancel(action: str) -> str:
    """Where the runner calls a request off."""
    return f"{action}/cancel"


def service_error(service: str) -> str:
    """Where the first Copper's services say that something failed."""
    return f"{service}/error"


def status(service: str) -> str:
    """Whether a service is there: retained, and its will."""
    return f"{service}/status"


def info(service: str) -> str:
    """What a service offers: retained."""
    return f"{service}/info"


def resource(service: str, name: str) -> str:
    """Where a service says what it produced: retained."""
    return f"{service}/resources/{name}"


def part_of(run: str, part: int) -> str:
    """What a part of a run is called that was gone on with: the second is `RUN-2`."""
    return run if part == 1 else f"{run}-{part}"


def run_start(run: str) -> str:
    """Opens the bracket around a run in the broker's log."""
    return f"runner/runs/{run}/start"


def run_finish(run: str) -> str:
    """Closes the bracket around a run in the broker's log."""
    return f"runner/runs/{run}/finish"


def encode(value: Any, *, indent: int | None = None) -> bytes:
    """A payload as JSON in UTF-8, such as every JSON parser reads it.

    What JSON can't say becomes what comes next to it: NaN and the infinities are null (as in JavaScript), keys are
    texts, half a surrogate pair stays the escape that it is in JSON, and other values are what `str` makes of them.

    Raises:
        ValueError: the value holds itself, or a number of more digits than Python writes.
        RecursionError: it is nested too deeply.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str, indent=indent)
    except (ValueError, TypeError):
        text = json.dumps(_sayable(value), ensure_ascii=False, allow_nan=False, default=str, indent=indent)
    return text.encode("utf-8", "backslashreplace")


def _sayable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else _key(key): _sayable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sayable(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _key(key: Any) -> str:
    return str(key) if key is not None and not isinstance(key, bool) else json.dumps(key)


def decode(payload: bytes) -> Any:
    """What a payload holds: JSON, else the text as it is (the first Copper's bare strings).

    NaN and the infinities, which Python's `json.dumps` writes and JSON does not know, are None.
    """
    text = payload.decode("utf-8", errors="replace")
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return text

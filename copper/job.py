"""What a handler of a service gets and raises: its `Job`, `ActionError`, `CancelledError`.

What comes in: a request's entry, and whoever publishes for it. It knows neither broker nor service.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

from copper import wire
from tracer.errors import CopperError


class ActionError(CopperError):
    """What a handler raises to say that its request can't be done.

    Args:
        what: what went wrong, in plain words.
        kind: one word for programs ("not_found", "bad_request", …).
        retryable: whether trying again may help.
        more: further keys of the answer.
    """

    exit_code = 1

    def __init__(self, what: str, *, kind: str = "failed", retryable: bool = False, **more: Any) -> None:
        self.kind = kind
        self.retryable = retryable
        self.more = more
        super().__init__(what)


class CancelledError(ActionError):
    """The one who asked has called the request off, or the service stops."""

    def __init__(self, what: str = "cancelled", *, kind: str = "cancelled", retryable: bool = False) -> None:
        super().__init__(what, kind=kind, retryable=retryable)


class Publisher(Protocol):
    """Who publishes for a job (`service`)."""

    def publish(self, topic: str, value: Any, *, qos: int = 1, retain: bool = False) -> None:
        """Publish `value` as JSON."""


class Job:
    """One request while it is worked on; a handler that names a parameter `job` gets it."""

    def __init__(self, publisher: Publisher, topic: str, entry: dict[str, Any]) -> None:
        self.entry = entry
        self._publisher = publisher
        self._topic = topic
        self._cancelled = threading.Event()
        self._why = CancelledError()

    def progress(self, done: float, total: float, message: str = "", unit: str = "") -> None:
        """Say how far the work is: `done` of `total` (in `unit`)."""
        value = {"id": self.entry.get("id"), "done": done, "total": total, "unit": unit, "message": message}
        self._publisher.publish(wire.progress(self._topic), value, qos=0)

    def publish(self, topic: str, value: Any, *, retain: bool = False) -> None:
        """Publish `value` as JSON at QoS 1, for example a resource that was produced."""
        self._publisher.publish(topic, value, retain=retain)

    def check(self) -> None:
        """End here if the request was called off, or the service stops.

        Raises:
            CancelledError: it was; the SDK turns it into the request's answer.
        """
        if self._cancelled.is_set():
            raise self._why

    def cancel(self, why: CancelledError | None = None) -> None:
        """Call the request off; the handler learns it at its next `check`."""
        self._why = why or self._why
        self._cancelled.set()

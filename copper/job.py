"""What a handler of a service gets and raises: its `Job`, `ActionError`, `CancelledError`.

What comes in: a request's entry, and whoever publishes for it. It knows neither broker nor service.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
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
    """One request while it is worked on; a handler that names a parameter `job` gets it.

    Args:
        publisher: who publishes for it.
        topic: the action's.
        entry: the request.
        seconds: how long whoever asked waits, None where that is not known.

    Attributes:
        entry: the request.
        deadline: when nobody waits for the answer any more, in seconds of the monotonic clock, or None.
    """

    def __init__(self, publisher: Publisher, topic: str, entry: Any, seconds: float | None = None) -> None:
        self.entry = entry
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self._publisher = publisher
        self._topic = topic
        self._cancelled = threading.Event()
        self._why = CancelledError()
        self._on_cancel: Callable[[], object] | None = None

    def progress(self, done: float, total: float, message: str = "", unit: str = "") -> None:
        """Say how far the work is: `done` of `total` (in `unit`)."""
        request = self.entry.get("id") if isinstance(self.entry, dict) else None
        value = {"id": request, "done": done, "total": total, "unit": unit, "message": message}
        self._publisher.publish(wire.progress(self._topic), value, qos=0)

    def publish(self, topic: str, value: Any, *, retain: bool = False) -> None:
        """Publish `value` as JSON at QoS 1, for example a resource that was produced."""
        self._publisher.publish(topic, value, retain=retain)

    def produce(self, name: str, value: Any) -> None:
        """Say on `SERVICE/resources/NAME` what was produced; whoever comes later hears it too."""
        self.publish(wire.resource(wire.service_of(self._topic), name), value, retain=True)

    def check(self) -> None:
        """End here if the request was called off, its deadline has passed, or the service stops.

        Raises:
            CancelledError: it was; the SDK turns it into the request's answer.
        """
        if self._cancelled.is_set():
            raise self._why
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise CancelledError("its deadline has passed", kind="timeout", retryable=True)

    def on_cancel(self, call: Callable[[], object] | None) -> None:
        """What is called when the request is called off, from whichever thread; at once, if it was already."""
        self._on_cancel = call
        if call is not None and self._cancelled.is_set():
            call()

    def cancel(self, why: CancelledError | None = None) -> None:
        """Call the request off; the handler learns it at its next `check`."""
        self._why = why or self._why
        self._cancelled.set()
        if self._on_cancel is not None:
            self._on_cancel()

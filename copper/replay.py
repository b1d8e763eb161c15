"""A recorded run, shown as it happened, faster if wanted: its events handed on in batches, at their own times.

Comes in: the events of a run (`events.jsonl`), how many times faster. Goes out: batches, as a growing log gives them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tracer.errors import CopperError
from tracer.events import Event, of_dict
from tracer.pipeline import Counts
from tracer.watching import EVERY, MOST, Batch


def events_of(file: Path) -> list[Event]:
    """The events that a run has left.

    Raises:
        CopperError: they are not there, or damaged.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        return [of_dict(json.loads(line)) for line in lines]
    except OSError as error:
        raise CopperError(f"can't be read: {error.strerror}", where=str(file)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CopperError("holds no events", where=str(file), next_step="copper runs lists the runs") from error


def replay(events: Iterable[Event], speed: float, take: Callable[[Batch], None], stop: threading.Event) -> None:
    """Hand events on as they happened, until all are or `stop` is set; those without a time with the one before.

    Args:
        events: in their order.
        speed: how many times faster; 1 is as it was, infinity is all at once.
        take: is given each batch.
        stop: set it to end.
    """
    begun, first, now = time.monotonic(), None, 0.0
    # no run is kept whose log had no packet lines
    batch, counts = Batch(), Counts(packet_lines=1)
    for event in events:
        if event.at is not None:
            at = datetime.fromisoformat(event.at.replace("Z", "+00:00")).timestamp()
            first = at if first is None else first
            now = max(now, (at - first) / speed)
        if len(batch.items) >= MOST:
            take(batch)
            batch = Batch()
        while (left := begun + now - time.monotonic()) > 0:
            if batch.items:
                take(batch)
                batch = Batch()
            if stop.wait(min(left, EVERY)):
                return
        counts = replace(counts, lines=max(counts.lines, event.line), events=counts.events + 1)
        batch.items.append(event)
        batch.counts = counts
    if batch.items:
        take(batch)

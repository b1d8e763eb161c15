"""The order of a run's actions, for its picture: from a run's result, or from the events of the broker's log.

Goes out: a list for the graph's attribute `actions`, plain JSON. Each has `number` (from 1, in the order in which they
began), `action` (its topic), `outcome` (as in a result), and `seconds` where they are known. Draws nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from copper import wire
from copper.action import State
from copper.result import NOT_RUN, SKIPPED, ActionResult
from tracer.errors import CopperError
from tracer.events import Event, Publish
from tracer.store import events_of
from tracer.windows import Run

_ENDS = {wire.finish: State.FINISHED.value, wire.error: State.FAILED.value}


def of_actions(actions: Iterable[ActionResult]) -> list[dict[str, Any]]:
    """Those of a run's actions, as its result has them, that were asked for in this part of it."""
    asked = [one for one in actions if not one.reused and one.outcome not in {SKIPPED, NOT_RUN}]
    return [
        {"number": number, "action": one.action, "outcome": one.outcome, "seconds": round(one.seconds, 3)}
        for number, one in enumerate(asked, start=1)
    ]


def of_events(events: Iterable[Event], run: Run) -> list[dict[str, Any]]:
    """The requests that the runner of a run published, and what came of each.

    Requests and answers of one topic are paired in order, since the log tells no payload and so no request id.

    Args:
        events: of a log or a part of it that holds the run.
        run: which.
    """
    found: list[dict[str, Any]] = []
    began: list[str | None] = []
    place, runner = run.place(Event(None, 0), "before"), None
    for event in events:
        place = run.place(event, place)
        if place == "after":
            break
        if place == "before" or not isinstance(event, Publish):
            continue
        runner = runner or event.client
        if event.client == runner and _is_request(event.topic):
            found.append({"number": len(found) + 1, "action": event.topic, "outcome": State.TIMED_OUT.value})
            began.append(event.at)
        elif (ended := _ended(event.topic, found)) is not None:
            at, outcome = ended
            found[at]["outcome"] = outcome
            found[at] |= _seconds(began[at], event.at)
    return found


def of_store(store: sqlite3.Connection, run: Run) -> list[dict[str, Any]]:
    """The actions of a recorded run; none where the log of then is gone."""
    try:
        return of_events(events_of(store, run), run)
    except CopperError:
        return []


def _is_request(topic: str) -> bool:
    service, slash, name = topic.partition("/")
    return bool(slash and name) and service != "runner" and not topic.endswith("/cancel")


def _ended(topic: str, found: list[dict[str, Any]]) -> tuple[int, str] | None:
    """Which request a topic answers, and how: the oldest of its action that has no answer."""
    for place, one in enumerate(found):
        if one["outcome"] == State.TIMED_OUT.value:
            for end, outcome in _ENDS.items():
                if topic == end(one["action"]):
                    return place, outcome
    return None


def _seconds(began: str | None, ended: str | None) -> dict[str, float]:
    """How long it took, where the log's clock is fine enough to tell."""
    if began is None or ended is None or "." not in began + ended:
        return {}
    first, last = (datetime.fromisoformat(at.replace("Z", "+00:00")) for at in (began, ended))
    return {"seconds": round((last - first).total_seconds(), 3)}

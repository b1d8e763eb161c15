"""What the live map can show: a log that goes on, and runs that were recorded. Answers what `viz.live` asks.

Comes in: whoever follows the log, the folder where `copper` leaves its runs, the store of a recorder. Goes out: a
`Following` for each that is looked at; one of a recorded run ends when nobody looks any more.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from copper import replay, runs
from copper.following import Feed, Following
from tracer.errors import CopperError
from tracer.events import Event
from tracer.store import ended_runs, events_of, open_store
from tracer.watching import Batch, watch
from tracer.windows import Place, Run
from viz.live.systems import Recorded

LOG = "mosquitto.log"
LOOK = 0.5
"""Seconds between two looks whether another run has begun."""


class Showing:
    """All that can be shown. Implements `viz.live.systems.Systems`.

    Args:
        now: what goes on; None where only recorded runs can be shown.
        folder: where `copper` leaves its runs.
        store: of a recorder.
    """

    def __init__(self, now: Following | None, folder: Path | None = None, store: Path | None = None) -> None:
        self._now = now
        self._folder = folder
        self._store = store
        self._lock = threading.Lock()
        self._shown: dict[tuple[str, int], Following] = {}

    def runs(self) -> list[Recorded]:
        """The recorded runs, the newest first."""
        kept = runs.kept(self._folder) if self._folder is not None else []
        found = [
            Recorded(one.run, Path(one.workflow).name, one.started, "" if one.outcome == runs.RUNNING else one.outcome)
            for one in kept
        ]
        known = {one.run for one in found}
        return found + [Recorded(run) for run in reversed(_stored(self._store)) if run not in known]

    def system(self, run: str, speed: int) -> Following:
        """One of them.

        Raises:
            CopperError: there is no such run, or nothing goes on.
        """
        if not run:
            if self._now is None:
                raise CopperError("nothing goes on here that could be shown", next_step="choose a run")
            return self._now
        with self._lock:
            following = self._shown.get((run, speed))
            if following is None:
                following = self._shown[run, speed] = Following(f"run:{run}", self._feed(run, speed))
                following.start()
            return following

    def close(self, run: str, speed: int) -> None:
        """Nobody looks at it any more."""
        with self._lock:
            following = self._shown.pop((run, speed), None)
        if following is not None:
            following.stop()

    def stop(self) -> None:
        """Nobody looks at anything any more."""
        for run, speed in list(self._shown):
            self.close(run, speed)
        if self._now is not None:
            self._now.stop()

    def _feed(self, run: str, speed: int) -> Feed:
        kept = {one.run: one for one in runs.kept(self._folder)} if self._folder is not None else {}
        if run in kept:
            folder = kept[run].folder
            if (folder / "events.jsonl").is_file():
                return _replaying(lambda: replay.events_of(folder / "events.jsonl"), speed)
            if (folder / LOG).is_file():
                # it goes on, or was killed
                return partial(watch, str(folder / LOG))
        if self._store is not None and run in _stored(self._store):
            store = self._store
            return _replaying(lambda: _events_in(store, run), speed)
        if run in kept:
            raise CopperError("has left no events: its broker's log was not known", where=f"run:{run}")
        known = ", ".join(one.run for one in self.runs()[:3])
        raise CopperError(
            "there is no such run",
            where=f"run:{run}",
            next_step=f"the last are {known}" if known else "copper run leaves one in the folder where it ran",
        )


def _replaying(find: Callable[[], list[Event]], speed: int) -> Feed:
    def feed(take: Callable[[Batch], None], stop: threading.Event) -> None:
        replay.replay(find(), float(speed) or float("inf"), take, stop)

    return feed


def _stored(store: Path | None) -> list[str]:
    """The runs that a recorder has seen the end of, in their order; none where it has written nothing yet."""
    if store is None:
        return []
    try:
        with closing(open_store(store)) as connection:
            return [one.run for one in ended_runs(connection)]
    except (CopperError, sqlite3.Error):
        return []


def _events_in(store: Path, run: str) -> list[Event]:
    with closing(open_store(store)) as connection:
        return list(_inside(events_of(connection, Run(run)), Run(run)))


def _inside(events: Iterator[Event], window: Run) -> Iterator[Event]:
    place: Place = "before"
    for event in events:
        place = window.place(event, place)
        if place in {"inside", "closing"}:
            yield event


# -- the newest run ---------------------------------------------------------------------------------------------------


def newest(folder: Path) -> Path | None:
    """The log of the newest run that Copper ran a broker for; None where there is none."""
    try:
        return max((log for log in folder.glob(f"*/{LOG}")), key=lambda log: log.parent.name, default=None)
    except OSError:
        return None


def follow_newest(folder: Path, take: Callable[[Batch], None], stop: threading.Event) -> None:
    """The log of the newest run, until another one begins.

    Raises:
        CopperError: another one has begun, or there is none; whoever follows begins anew then.
    """
    log = newest(folder)
    if log is None:
        raise CopperError("there is no run yet", where=str(folder), next_step="copper run WORKFLOW.yaml")
    over = threading.Event()

    def look() -> None:
        while not (stop.wait(LOOK) or over.is_set()) and newest(folder) in {log, None}:
            pass
        over.set()

    thread = threading.Thread(target=look, name="newest run", daemon=True)
    thread.start()
    try:
        watch(str(log), take, over)
    finally:
        over.set()
    if not stop.is_set():
        raise CopperError("another run has begun", where=str(folder))

"""Which action may start: one whose needs have all ended, in the order of the file, at most so many at a time.

What comes in: a workflow's actions, and which of them have ended, however. What goes out: numbers of actions to start.
Whether one really runs (`if`, a failure before it) is the runner's to say; it knows neither broker nor clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from graphlib import TopologicalSorter

from copper.workflow import Action, comes_after

JOBS = 16
"""How many actions run at a time where nothing else is said."""


class Schedule:
    """What is to be started next.

    Args:
        actions: all of them, in an order in which they can run.
        jobs: how many may run at a time, at least 1.
    """

    def __init__(self, actions: Sequence[Action], jobs: int) -> None:
        self._jobs = jobs
        self._names = [action.name for action in actions]
        self._places = {name: place for place, name in enumerate(self._names)}
        self._sorter: TopologicalSorter[str] = TopologicalSorter(
            {action.name: comes_after(action) & self._places.keys() for action in actions}
        )
        self._sorter.prepare()
        self._ready: list[int] = []
        self._running = 0

    def next(self) -> int | None:
        """The place of an action that starts now, and counts as running until it has `ended`; None: none may."""
        for name in self._sorter.get_ready():
            heapq.heappush(self._ready, self._places[name])
        if not self._ready or self._running >= self._jobs:
            return None
        self._running += 1
        return heapq.heappop(self._ready)

    def ended(self, place: int) -> None:
        """An action that was started has ended, in whatever way."""
        self._running -= 1
        self._sorter.done(self._names[place])

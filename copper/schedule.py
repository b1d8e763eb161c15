"""Which actions of a workflow may start: each after all that it needs, in the order of the file, so many at a time.

Comes in: actions, and which of them have ended. Goes out: those that may start now. It runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from copper.workflow import Action


class Schedule:
    """The actions of one run.

    Args:
        actions: in an order in which they can run.
        jobs: how many may run at once.
    """

    def __init__(self, actions: Iterable[Action], jobs: int) -> None:
        self._waiting = list(actions)
        self._jobs = jobs
        self._running: set[str] = set()
        self._ended: set[str] = set()

    def start(self) -> Action | None:
        """The next action that may start, which runs from now on; None where none may."""
        if len(self._running) >= self._jobs:
            return None
        action = next((one for one in self._waiting if one.after <= self._ended), None)
        if action is not None:
            self._waiting.remove(action)
            self._running.add(action.name)
        return action

    def end(self, action: Action) -> None:
        """It runs no more."""
        self._running.discard(action.name)
        self._ended.add(action.name)

    @property
    def waiting(self) -> tuple[Action, ...]:
        """Those that have not started."""
        return tuple(self._waiting)

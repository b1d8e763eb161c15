"""Which systems there are to be shown: the one that goes on, and runs that were recorded. Questions only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tracer.errors import CopperError
from viz.live.system import System


@dataclass(frozen=True)
class Recorded:
    """A run that was recorded.

    Attributes:
        run: its id.
        name: of its workflow, or empty.
        at: when it began, as events have it; None where nobody knows.
        result: how it ended, in a word; empty while it goes on.
    """

    run: str
    name: str = ""
    at: str | None = None
    result: str = ""


class Systems(Protocol):
    """What can be shown. Every method may be called from any thread."""

    def runs(self) -> list[Recorded]:
        """The recorded runs, the newest first."""

    def system(self, run: str, speed: int) -> System:
        """One of them.

        Args:
            run: its id; empty is what goes on now.
            speed: show it as it happened, so many times faster; 0 shows all of it at once.

        Raises:
            CopperError: there is no such run, or nothing goes on now.
        """

    def close(self, run: str, speed: int) -> None:
        """Nobody looks at it any more."""


@dataclass(frozen=True)
class Only:
    """One system that goes on, and nothing recorded. Implements `Systems`."""

    one: System

    def runs(self) -> list[Recorded]:
        """None."""
        return []

    def system(self, run: str, speed: int) -> System:  # noqa: ARG002  the protocol's
        """The one there is."""
        if run:
            raise CopperError("there is no such run", where=run, next_step="leave run= out to see what goes on now")
        return self.one

    def close(self, run: str, speed: int) -> None:
        """It goes on."""

"""What the live map is handed: a system that goes on, as whoever follows its log knows it. Values and questions only.

The command that serves the map has an answer to each question; this package reads no log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import networkx as nx

from tracer.pulses import Newest, Pulse, Session, Span, Told, Wanted


@dataclass(frozen=True)
class Health:
    """How the reading goes.

    Attributes:
        source: the name of the log.
        lines: that were read.
        events: that they told of.
        unknown_lines: that told nothing.
        behind: bytes that are there and were not read yet.
        quiet: seconds since something was read; None where nothing was so far.
        last: the time of the last event, as the log has it.
        over: nothing more will come: a recorded run that was shown to its end, or a source that has ended.
        words: what a person should know, the newest last, such as that a rotation has lost something.
        problem: why nothing can be read just now; empty where it can.
        tells_packets: False where clients came and no line was of a packet: topics can't be known of such a log.
    """

    source: str
    lines: int = 0
    events: int = 0
    unknown_lines: int = 0
    behind: int = 0
    quiet: float | None = None
    last: str | None = None
    over: bool = False
    words: tuple[str, ...] = ()
    problem: str = ""
    tells_packets: bool = True


class System(Protocol):
    """One system that is watched. Every method may be called from any thread, and takes no longer than it must."""

    def number(self) -> int:
        """Of the last pulse."""

    def graph(self, span: Span) -> tuple[int, nx.MultiDiGraph[str]]:
        """The whole graph (`tracer.graph`) of that part of the log, and the number of the last pulse in it."""

    def pulses(self, after: int) -> list[Pulse] | None:
        """Those after this number; None where they are not kept any more, and a new graph is due."""

    def tail(self, after: int, is_wanted: Callable[[Wanted], bool], most: int) -> list[Told]:
        """The newest entries after one of this number, the oldest of them first, at most so many."""

    def health(self) -> Health:
        """How the reading goes."""

    def sessions(self, service: str) -> dict[str, Session]:
        """The last connection of each client of a service, by client id."""

    def newest(self, topic: str) -> Newest | None:
        """The last message of a topic."""

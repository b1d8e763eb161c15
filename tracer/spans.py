"""Batches of a log that grows → the graph of all that was read, of its last hour, and of its last minute.

Comes in: batches (watching.py), in order. Goes out: graphs as `tracer.graph` makes them. Times are the log's own, so a
log of last week has a last minute too; where it has none, they are those of reading. What is kept grows with edges and
not with messages.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

import networkx as nx

from tracer.flows import Flow
from tracer.graph import Tally
from tracer.identity import identify
from tracer.pipeline import Counts
from tracer.pulses import SPANS, Span
from tracer.sums import Traffic
from tracer.watching import Batch, Introduced, Kept

SHORT, LONG = 15, 600
"""Seconds of the parts of which the last minute and the last hour are made: each holds sums of all edges that were busy
in it, so ten parts are as many as fit beside the whole."""


@dataclass(slots=True)
class _Part:
    """The traffic of some seconds or minutes of the log; `begin` in seconds since 1970."""

    begin: int
    traffic: Traffic = field(default_factory=Traffic)


class Spans:
    """What a log that is followed sums up to. It is no thread's own: whoever shares it holds a lock.

    Args:
        source: the name of the log.
        clock: the time, for logs whose lines have none; in seconds since 1970.
        number: of the last batch before.

    Attributes:
        number: of the last batch.
        services: the service of each client, by its id, as the last graph has them.
    """

    def __init__(self, source: str = "", clock: Callable[[], float] = time.time, number: int = 0) -> None:
        self.number = number
        self.services: dict[str, str] = {}
        self._source = source
        self._clock = clock
        self._counts = Counts()
        self._tally = Tally()
        self._short: deque[_Part] = deque()
        self._long: deque[_Part] = deque()
        self._read: tuple[str, int] = ("", 0)

    def take(self, batch: Batch) -> None:
        """Take one batch in."""
        tally = self._tally
        for item in batch.items:
            if isinstance(item, Introduced):
                tally.introduce(item.flow)
            elif isinstance(item, Kept):
                tally.facts.keep(item.client, item.topic, item.size)
            elif isinstance(item, Flow):
                tally.carry(item)
                self._part(item.last).carry(item)
            else:
                tally.add(item)
                self._part(item.at).count(item)
        self._counts = batch.counts
        self.number += 1

    def graph(self, span: Span = "all") -> nx.MultiDiGraph[str]:
        """The graph of all that was read, or of the last part of it; it names services anew."""
        tally = self._tally
        services = identify(tally.facts.identities())
        self.services = {client: service.name for client, service in services.items()}
        if SPANS[span] is not None:
            traffic = Traffic()
            traffic.meet(tally.facts)
            for part in (*(self._long if span == "hour" else ()), *self._short):
                traffic.add(part.traffic)
            tally = Tally(facts=tally.facts, traffic=traffic)
        return tally.graph(self._counts, source=self._source)

    def _part(self, at: str | None) -> Traffic:
        """The traffic of the seconds among which something stands, and room for it by letting old ones go."""
        second = self._second(at) if at is not None else int(self._clock())
        if not self._short or second >= self._short[-1].begin + SHORT:
            self._short.append(_Part(second - second % SHORT))
            self._forget(second)
        return self._short[-1].traffic

    def _second(self, at: str) -> int:
        """The second of a time; that of the time before is at hand, as it is the same one most often."""
        if at != self._read[0]:
            self._read = at, int(_epoch(at))
        return self._read[1]

    def _forget(self, now: int) -> None:
        while self._short[0].begin <= now - 60:
            old = self._short.popleft()
            begin = old.begin - old.begin % LONG
            if not self._long or self._long[-1].begin != begin:
                self._long.append(_Part(begin))
            self._long[-1].traffic.add(old.traffic)
        while self._long and self._long[0].begin <= now - 3600:
            self._long.popleft()


def _epoch(at: str) -> float:
    """Seconds since 1970 of a time as events have it."""
    moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()

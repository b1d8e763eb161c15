"""What viewers are told: one slot each, in which the newest wins, and one feed a system, which fills the slots.

A viewer that reads slowly gets the sums of what it has missed, one that never reads holds up nobody: what waits for it
is one slot, and what is on its way is what the connection's buffer takes. Nothing here runs on the event loop for long:
systems are asked and maps are drawn in threads: one for what is quick, one for drawing, one for what is asked beside.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tracer.errors import CopperError
from tracer.pulses import Told, Wanted
from tracer.windows import Pattern
from viz.live import advice
from viz.live.graphs import Graphs
from viz.live.maps import Delta, Map, Sheet
from viz.live.query import Shown, wanted
from viz.live.system import System

LOOK = 0.02
"""Seconds between two looks whether there is a new pulse."""
PACE, OF_EACH, PACE_OF_MANY = 0.05, 0.01, 0.2
"""Seconds between two messages to a viewer: `OF_EACH` times the viewers, but from 20 a second to 5."""
HEALTH = 1.0
"""Seconds between two words on how the reading goes."""
TAIL = 100
"""Entries of the tail in a message."""
MAPS = 32
"""Maps that are kept where nobody looks at them just now."""
UNSEEN = 60.0
"""Seconds for which they are."""
VIEWERS = 200

T = TypeVar("T")


class EndedError(CopperError):
    """A feed was ended while a map of it was drawn: the server ends, or a replay begins anew."""


class Threads:
    """Where what would hold the event loop runs."""

    def __init__(self) -> None:
        self._quick = ThreadPoolExecutor(1, "live")
        self._asked = ThreadPoolExecutor(1, "live asked")
        self._slow = ThreadPoolExecutor(1, "live map")

    async def quick(self, call: Callable[..., T], *given: Any) -> T:
        """Run what takes milliseconds."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, call, *given)

    async def asked(self, call: Callable[..., T], *given: Any) -> T:
        """Run what somebody asks for beside the map: a graph may have to be made for it, and pulses go on meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._asked, call, *given)

    async def slow(self, call: Callable[..., T], *given: Any) -> T:
        """Run what may take seconds."""
        return await asyncio.get_running_loop().run_in_executor(self._slow, call, *given)

    def end(self) -> None:
        """Begin nothing more."""
        self._quick.shutdown(wait=False, cancel_futures=True)
        self._asked.shutdown(wait=False, cancel_futures=True)
        self._slow.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class TailFilter:
    """Which entries of the tail a viewer wants: its topics by a filter, or a part of a client's id."""

    pattern: Pattern | None
    client: str

    def has(self, one: Wanted) -> bool:
        """Whether an entry is one of those."""
        if self.pattern is None:
            return True
        if one.topic is not None and self.pattern.has(one.topic):
            return True
        if self.pattern.regex is not None:
            return any(map(self.pattern.has, one.clients))
        return any(self.client in client.lower() for client in one.clients)


def tail_filter(text: str) -> TailFilter:
    """Of what somebody wrote; empty wants everything.

    Raises:
        CopperError: it is no filter.
    """
    try:
        return TailFilter(wanted(text) if text else None, text.lower())
    except CopperError as error:
        raise CopperError(error.what, where="tail=", next_step=error.next_step) from error


@dataclass(eq=False)
class Viewer:
    """Whoever listens, and what waits to be told.

    Attributes:
        shown: the map it looks at.
        wants: which entries of the tail; None: no tail.
        gen: of the drawing that it has; 0: none.
        seq: the last pulse it knows of.
        told: the last entry of the tail that it knows of.
        is_up_to_date: it was told of the tail as far as all others.
        is_over: nothing more will be told.
        ready: there is something to take.
    """

    shown: Shown
    wants: TailFilter | None = None
    gen: int = 0
    seq: int = 0
    told: int = 0
    is_up_to_date: bool = False
    is_over: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _sheet: Sheet | None = None
    _problem: CopperError | None = None
    _delta: Delta | None = None
    _health: str = ""
    _tail: deque[Told] = field(default_factory=lambda: deque(maxlen=TAIL))
    _left_out: int = 0

    def show(self, sheet: Sheet) -> None:
        """There is another drawing."""
        if sheet.gen != self.gen:
            self.gen, self.seq, self._sheet, self._delta, self._problem = sheet.gen, sheet.seq, sheet, None, None
            self.ready.set()

    def explain(self, problem: CopperError) -> None:
        """There is nothing to show, and why."""
        self._problem, self.gen, self._sheet, self._delta = problem, 0, None, None
        self.ready.set()

    def move(self, delta: Delta) -> None:
        """Something has passed."""
        if delta.gen == self.gen and delta.seq >= self.seq and not delta.is_empty():
            self._delta = delta if self._delta is None else self._delta.and_then(delta)
            self.ready.set()

    def report(self, health: str) -> None:
        """How the reading goes."""
        self._health = health
        self.ready.set()

    def tell(self, entries: list[Told]) -> None:
        """Entries of the tail, the oldest first."""
        if entries:
            self._left_out += max(0, len(self._tail) + len(entries) - TAIL)
            self._tail.extend(entries)
            self.ready.set()

    def end(self) -> None:
        """Nothing more will be told."""
        self.is_over = True
        self.ready.set()

    def take(self) -> str:
        """All that waits, as Server-Sent Events; empty where nothing does."""
        self.ready.clear()
        events = []
        if self._problem is not None:
            problem = {"what": str(self._problem.what), "next_step": self._problem.next_step or ""}
            events.append(("problem", json.dumps(problem)))
        if self._sheet is not None:
            events.append(("map", json.dumps({"gen": self._sheet.gen, "seq": self._sheet.seq})))
        if self._delta is not None:
            self.seq = self._delta.seq
            events.append(("pulse", spelled(self._delta)))
        if self._health:
            events.append(("health", self._health))
        if self._tail:
            self.told = self._tail[-1].number
            entries = [{"number": one.number, **one.values} for one in self._tail]
            events.append(("tail", json.dumps({"entries": entries, "left_out": self._left_out})))
        self._sheet = self._delta = self._problem = None
        self._health, self._left_out = "", 0
        self._tail.clear()
        stands = f"{self.gen}.{self.seq}.{self.told}"
        return "".join(f"id: {stands}\nevent: {event}\ndata: {data}\n\n" for event, data in events)


def spelled(delta: Delta) -> str:
    """A delta as JSON; one that many viewers get is spelled once."""
    if delta.text is None:
        arrows = sorted({*delta.arrows, *delta.widths})
        delta.text = json.dumps(
            {
                "gen": delta.gen,
                "seq": delta.seq,
                "d": [[one, delta.arrows.get(one, 0), delta.widths.get(one)] for one in arrows],
                "n": sorted(delta.states.items()),
                "counts": {"messages": delta.messages, "rate": round(delta.rate, 2)},
            },
            separators=(",", ":"),
        )
    return delta.text


class _Channel:
    """One map and who looks at it."""

    def __init__(self, one: Map) -> None:
        self.map = one
        self.viewers: set[Viewer] = set()
        self.seen = time.monotonic()
        self.drawing: asyncio.Task[None] | None = None


@dataclass
class _Asked:
    """What a system has answered."""

    deltas: dict[Shown, Delta]
    tails: dict[Viewer, list[Told]]
    health: str


class Feed:
    """Asks one system for all its viewers.

    Args:
        system: the system.
        threads: where it is asked.
        before: gives the graphs of a recorded run that it is compared with, once that is open.
    """

    def __init__(
        self, system: System, threads: Threads, before: Callable[[str], Graphs | None] = lambda _: None
    ) -> None:
        self.system = system
        self._before = before
        self.graphs = Graphs(system)
        self._threads = threads
        self._channels: OrderedDict[Shown, _Channel] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self._told = 0
        self.is_ended = False

    @property
    def viewers(self) -> list[Viewer]:
        """All that listen."""
        return [viewer for channel in self._channels.values() for viewer in channel.viewers]

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for a map that is being drawn."""
        return any(channel.drawing is not None for channel in self._channels.values())

    # -- maps -------------------------------------------------------------------------------------------------

    async def map(self, shown: Shown, *, tidy: bool = False) -> Map:
        """The map of what is shown, drawn.

        Args:
            shown: the same.
            tidy: draw it anew, and leave nothing where it stood before.

        Raises:
            CopperError: it can't be drawn.
        """
        channel = self._channel(shown)
        if tidy and channel.drawing is not None:
            await self._draw(channel)
        if tidy:
            channel.map.tidy()
            await self._draw(channel)
        else:
            await self._bring_up(channel)
        if channel.map.sheet is None or channel.map.problem is not None:
            raise channel.map.problem or CopperError("there is no map yet", next_step="try again")
        return channel.map

    def _channel(self, shown: Shown) -> _Channel:
        channel = self._channels.get(shown)
        if channel is None:
            channel = self._channels[shown] = _Channel(
                Map(self.system, self.graphs, shown, self._before(shown.compare))
            )
        self._channels.move_to_end(shown)
        channel.seen = time.monotonic()
        self.forget()
        return channel

    def forget(self) -> None:
        """Let maps go that nobody looks at."""
        unseen = [shown for shown, channel in self._channels.items() if not channel.viewers and not channel.drawing]
        now = time.monotonic()
        for place, shown in enumerate(unseen):
            if now - self._channels[shown].seen > UNSEEN or place < len(unseen) - MAPS:
                del self._channels[shown]

    async def _bring_up(self, channel: _Channel) -> None:
        """Draw a map that was never drawn, or one at which nobody looked, so that nobody kept it true."""
        if channel.map.sheet is not None and channel.viewers:
            return
        await self._threads.quick(channel.map.advance)
        if channel.map.is_due(exact=True):
            await self._draw(channel)

    async def _draw(self, channel: _Channel) -> None:
        """Draw a map; who asks while it is drawn waits for the same."""
        if channel.drawing is None:
            channel.drawing = asyncio.ensure_future(self._drawn(channel))
        try:
            await asyncio.shield(channel.drawing)
        except asyncio.CancelledError:
            if self.is_ended:
                raise EndedError("what was to be shown has ended", next_step="try again") from None
            raise

    async def _drawn(self, channel: _Channel) -> None:
        try:
            drawn = await self._threads.slow(channel.map.draw)
            is_other = await self._threads.quick(channel.map.take, drawn)
        finally:
            channel.drawing = None
        if is_other:
            for viewer in channel.viewers:
                self._show(channel.map, viewer)

    @staticmethod
    def _show(one: Map, viewer: Viewer) -> None:
        if one.problem is not None:
            viewer.explain(one.problem)
        elif one.sheet is not None:
            viewer.show(one.sheet)

    # -- viewers ----------------------------------------------------------------------------------------------

    async def join(self, viewer: Viewer) -> None:
        """Somebody listens from now on; what it has missed waits for it."""
        channel = self._channel(viewer.shown)
        await self._bring_up(channel)
        missed = await self._threads.quick(channel.map.since, viewer.gen, viewer.seq)
        if missed is not None and channel.map.problem is None:
            viewer.move(missed)
            viewer.seq = missed.seq
        else:
            viewer.gen = 0
            self._show(channel.map, viewer)
        channel.viewers.add(viewer)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())

    def leave(self, viewer: Viewer) -> None:
        """It does not listen any more."""
        channel = self._channels.get(viewer.shown)
        if channel is not None:
            channel.viewers.discard(viewer)
            channel.seen = time.monotonic()

    def end(self) -> None:
        """Ask no more."""
        self.is_ended = True
        for task in (self._task, *(channel.drawing for channel in self._channels.values())):
            if task is not None:
                task.cancel()

    async def _run(self) -> None:
        """Ask for as long as somebody listens; if that fails, let them come again rather than wait for nothing."""
        try:
            await self._ask_on()
        finally:
            for viewer in self.viewers:
                viewer.end()

    async def _ask_on(self) -> None:
        """Ask whenever there is a new pulse, and once a second in any case."""
        number, asked, healthy = -1, 0.0, 0.0
        while self.viewers:
            now = time.monotonic()
            pace = min(PACE_OF_MANY, max(PACE, OF_EACH * len(self.viewers)))
            if now - asked >= pace and (number != self.system.number() or now - healthy >= HEALTH):
                number, asked = self.system.number(), now
                is_time = now - healthy >= HEALTH
                healthy = now if is_time else healthy
                answer = await self._threads.quick(self._ask, list(self._channels.values()), is_time)
                self._hand_out(answer)
            await asyncio.sleep(LOOK)

    def _ask(self, channels: list[_Channel], is_time: bool) -> _Asked:  # noqa: FBT001  a thread's call
        """In a thread."""
        if is_time:
            self.graphs.forget()
        seen = [channel for channel in channels if channel.viewers]
        deltas = {channel.map.shown: delta for channel in seen if (delta := channel.map.advance()) is not None}
        health = json.dumps(advice.told(self.system.health())) if is_time else ""
        return _Asked(deltas, self._tails([viewer for channel in seen for viewer in set(channel.viewers)]), health)

    def _tails(self, viewers: list[Viewer]) -> dict[Viewer, list[Told]]:
        """What each viewer wants of what is new: asked once for all that want the same, and for who has just come."""
        listening = [(viewer, viewer.wants) for viewer in viewers if viewer.wants is not None]
        if not listening:
            return {}
        newest = self.system.tail(0, lambda _: True, 1)
        last = newest[-1].number if newest else 0
        before = self._told if self._told <= last else 0  # a log that was made anew is told from its start
        common: dict[TailFilter, list[Told]] = {}
        tails = {}
        for viewer, wants in listening:
            if not viewer.is_up_to_date:
                tails[viewer] = self._tail(viewer.told if viewer.told <= last else 0, last, wants)
                continue
            if wants not in common:
                common[wants] = self._tail(before, last, wants)
            tails[viewer] = common[wants]
        self._told = last
        return tails

    def _tail(self, after: int, last: int, wants: TailFilter) -> list[Told]:
        """The newest entries after one up to another: what has come since the last was asked for is told next time."""
        if after >= last:
            return []
        return [one for one in self.system.tail(after, wants.has, TAIL) if one.number <= last]

    def _hand_out(self, answer: _Asked) -> None:
        for channel in self._channels.values():
            delta = answer.deltas.get(channel.map.shown)
            for viewer in channel.viewers:
                if delta is not None:
                    viewer.move(delta)
                if answer.health:
                    viewer.report(answer.health)
            if channel.viewers and channel.drawing is None and channel.map.is_due():
                channel.drawing = asyncio.ensure_future(self._drawn(channel))
        for viewer, entries in answer.tails.items():
            viewer.is_up_to_date = True
            viewer.tell(entries)

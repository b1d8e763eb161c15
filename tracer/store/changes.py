"""Events → what they change in a store since its last commit: sums in buckets, facts, runs. In memory, no SQL.

A bucket is ten seconds of the log's clock. It also ends where a run begins or ends, so that a run is a row of whole
buckets. A clock that is set back by less than a minute stays in its bucket; lines without a time have that of reading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from tracer import events as e
from tracer.copies import Message
from tracer.facts import Facts, Known
from tracer.flows import Flow
from tracer.graph import Counted
from tracer.sources import Line
from tracer.sources.rotation import Position
from tracer.store.keeping import Forgotten
from tracer.sums import Traffic
from tracer.windows import Place, Run

SECONDS = 10
"""Of a bucket."""
SET_BACK = 60
"""Seconds by which a clock must go back to be believed: the events of one moment may be out of order."""
OPEN_CAP = 100
"""Runs that go on at once; the oldest of more will not end any more, and is taken to end then."""
RUNS = "runner/runs/"
COUNTS = ("lines", "events", "unknown_lines", "ambiguous_lines")


@dataclass(slots=True)
class News:
    """What is known at the end of a bucket and was not before it.

    Attributes:
        clients: as they are then.
        published: (client, topic).
        owners: by topic, whose its stored message is.
    """

    clients: dict[str, Known] = field(default_factory=dict)
    published: set[tuple[str, str]] = field(default_factory=set)
    owners: dict[str, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class Bucket:
    """What happened in some seconds, as far as it is not written yet.

    Attributes:
        id: in the order of the log.
        start: seconds since 1970.
        cut: it begins where a run begins or ends.
        log: the file it begins in, by its id in the store.
        offset: the byte in it.
        line: the line there.
        kept: all its events are kept one by one.
        empty: nothing happened in it so far, written or not.
        counts: of its lines, in the order of COUNTS.
    """

    id: int
    start: int
    cut: bool
    log: int
    offset: int
    line: int
    kept: bool
    empty: bool = True
    traffic: Traffic = field(default_factory=Traffic)
    news: News = field(default_factory=News)
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    events: list[e.Event] = field(default_factory=list)


@dataclass(slots=True)
class RunBounds:
    """A run: its first and last bucket, and when it began and ended."""

    run: Run
    first: int
    started: str | None
    place: Place = "inside"
    last: int | None = None
    finished: str | None = None


@dataclass(slots=True)
class Changes:
    """What is not written yet, and what is needed to go on.

    Attributes:
        facts: about all clients, written or not.
        bucket: the one that is filled now.
        next_id: of the next bucket.
        log: the file that is read, by its id in the store.
        runs: the ids of all runs in the store, a run counts once.
        open_runs: those that go on.
        counted: how much of the pipeline's counts stands in buckets, in the order of COUNTS.
        full: buckets before the one that is filled now.
        ended: runs that ended.
        clients: about whom something is new in the bucket of now.
        published: (client, topic) that are new in it.
        topics: whose stored message has another author in it.
        wills: of clients that told one, or lost it.
        logs: the files that were read, by their ids, and how far.
        lost: those of which the rest can't be read any more.
        at: the time of the event before.
    """

    clock: Callable[[], float]
    keep_events: bool = False
    facts: Facts = field(default_factory=Facts)
    bucket: Bucket | None = None
    next_id: int = 1
    log: int = 0
    runs: set[str] = field(default_factory=set)
    open_runs: dict[str, RunBounds] = field(default_factory=dict)
    counted: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    full: list[Bucket] = field(default_factory=list)
    ended: list[RunBounds] = field(default_factory=list)
    clients: set[str] = field(default_factory=set)
    published: set[tuple[str, str]] = field(default_factory=set)
    topics: set[str] = field(default_factory=set)
    wills: dict[str, e.WillFacts | None] = field(default_factory=dict)
    logs: dict[int, Position] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    at: str | None = None

    def add(self, event: e.Event, line: Line, counts: Counted) -> None:
        """Take one event in, in the order of the log.

        Args:
            event: what happened.
            line: the line that completes it, or one shortly before it.
            counts: of all lines so far.
        """
        bucket = self.bucket
        if bucket is None or (event.at != self.at and not isinstance(event, e.Unknown)):
            bucket = self._look_at_the_clock(event, line, counts)
        if self.open_runs or (isinstance(event, e.Publish) and event.topic.startswith(RUNS)):
            bucket = self._move_runs(bucket, event, line, counts)
        bucket.empty = False
        self._note(event)
        self.facts.add(event)
        bucket.traffic.count(event)
        if self.keep_events:
            bucket.events.append(event)

    def carry(self, flow: Flow) -> None:
        """Take the messages of a flow in, all of which belong to the bucket of now."""
        if self.bucket is not None:
            self.bucket.empty = False
            self.bucket.traffic.carry(flow)

    def introduce(self, flow: Flow) -> None:
        """The first of messages that are carried later."""
        known = self.facts.clients
        self.clients.update({flow.sender, *(one.client for one in flow.receivers)} - known.keys())
        if not flow.has_waited and (flow.sender not in known or flow.topic not in known[flow.sender].published):
            self.published.add((flow.sender, flow.topic))
        self.facts.introduce(flow)

    def keep(self, message: Message) -> None:
        """The message is the stored one of its topic now."""
        if self.facts.owners.get(message.topic) != (message.sender if message.size else None):
            self.topics.add(message.topic)
        self.facts.keep(message.sender, message.topic, message.size)

    def has_a_border(self, at: str | None) -> bool:
        """Whether another bucket than that of now begins with this time."""
        return self.bucket is None or not _is_in(self.bucket, self._start_of(at))

    def is_exact(self) -> bool:
        """Whether each event is wanted: to be kept, or to see a run end."""
        return self.keep_events or bool(self.open_runs)

    def count(self, counts: Counted) -> None:
        """The lines that were read since the last time, and what they told, belong to the bucket of now."""
        if self.bucket is None:
            return
        for place, name in enumerate(COUNTS):
            now = int(getattr(counts, name))
            self.bucket.counts[place] += now - self.counted[place]
            self.counted[place] = now
        news, known = self.bucket.news, self.facts.clients
        news.clients.update((client, _copy(known[client])) for client in self.clients & known.keys())
        news.published.update(self.published)
        news.owners.update((topic, self.facts.owners.get(topic)) for topic in self.topics)
        self.clients.clear()
        self.published.clear()
        self.topics.clear()

    def written(self) -> None:
        """All of it stands in the store now."""
        self.full.clear()
        self.ended.clear()
        self.wills.clear()
        self.logs.clear()
        self.lost.clear()
        if self.bucket is not None:
            self.bucket.traffic, self.bucket.news = Traffic(), News()
            self.bucket.counts, self.bucket.events = [0, 0, 0, 0], []

    def forget(self, gone: Forgotten) -> None:
        """What the store has forgotten (keeping.py)."""
        clients = self.facts.clients
        for client in gone.clients:
            clients.pop(client, None)
        for client, logged in gone.filters:
            if client in clients:
                clients[client].filters.discard(logged)
        for client, topic in gone.published:
            if client in clients:
                clients[client].published.discard(topic)
        for topic in gone.topics:
            self.facts.owners.pop(topic, None)
        self.runs -= gone.runs
        for run in gone.runs:
            self.open_runs.pop(run, None)

    def _look_at_the_clock(self, event: e.Event, line: Line, counts: Counted) -> Bucket:
        self.at = event.at
        start, bucket = self._start_of(event.at), self.bucket
        if bucket is not None and _is_in(bucket, start):
            return bucket
        return self._begin(start, line, counts, cut=False)

    def _start_of(self, at: str | None) -> int:
        now = int(self.clock()) if at is None else seconds_of(at)
        return now - now % SECONDS

    def _begin(self, start: int, line: Line, counts: Counted, *, cut: bool) -> Bucket:
        self.count(counts)
        if self.bucket is not None:
            self.full.append(self.bucket)
        self.bucket = Bucket(self.next_id, start, cut, self.log, line.offset, line.number, self.keep_events)
        self.next_id += 1
        return self.bucket

    def _cut(self, bucket: Bucket, line: Line, counts: Counted) -> Bucket:
        """A new bucket in the same seconds, unless the one of now is new itself."""
        if not bucket.empty:
            return self._begin(bucket.start, line, counts, cut=True)
        bucket.cut = True
        return bucket

    def _move_runs(self, bucket: Bucket, event: e.Event, line: Line, counts: Counted) -> Bucket:
        """Begin and end runs, by the rules of windows.py."""
        name = _started(event)
        begins = name is not None and name not in self.runs
        for place, bounds in enumerate(list(self.open_runs.values())):
            bounds.place = bounds.run.place(event, bounds.place)
            if bounds.place == "closing" and bounds.finished is None:
                bounds.finished = event.at
            if bounds.place == "after" or (begins and place <= len(self.open_runs) - OPEN_CAP):
                bucket = self._cut(bucket, line, counts)
                bounds.place, bounds.last = "after", bucket.id - 1
                self.ended.append(self.open_runs.pop(bounds.run.run))
        if name is not None and begins:
            bucket = self._cut(bucket, line, counts)
            self.runs.add(name)
            self.open_runs[name] = RunBounds(Run(name), bucket.id, event.at)
        return bucket

    def _note(self, event: e.Event) -> None:
        """What the facts will say otherwise, once they have this event."""
        if isinstance(event, e.Publish):
            self._note_publish(event)
        elif isinstance(event, e.Deliver):
            self.clients.update({event.client, event.sender or event.client} - self.facts.clients.keys())
        elif isinstance(event, e.Deny) and event.direction == "in":
            self.clients.update({event.client} - self.facts.clients.keys())
        elif isinstance(event, e.Connect):
            self.clients.add(event.client)
            self.wills[event.client] = event.will
            if event.will is not None:
                self.published.add((event.client, event.will.topic))
        elif isinstance(event, e.Subscribe | e.Unsubscribe):
            self.clients.add(event.client)
        elif isinstance(event, e.Disconnect):
            self.clients.add(event.client)
            self.wills[event.client] = None
        elif isinstance(event, e.Broker) and event.state != "running":
            self.clients.update(self.facts.clients)
            self.wills.update(dict.fromkeys(self.facts.clients))

    def _note_publish(self, event: e.Publish) -> None:
        known = self.facts.clients.get(event.client)
        if known is None:
            self.clients.add(event.client)
        if known is None or event.topic not in known.published:
            self.published.add((event.client, event.topic))
        if event.retain and self.facts.owners.get(event.topic) != (event.client if event.bytes else None):
            self.topics.add(event.topic)


def _is_in(bucket: Bucket, start: int) -> bool:
    """Whether what would begin a bucket at this second stays in this one."""
    return bucket.start - SET_BACK < start <= bucket.start


def _started(event: e.Event) -> str | None:
    """The run that begins with this event."""
    if not isinstance(event, e.Publish) or not event.topic.endswith("/start"):
        return None
    name = event.topic[len(RUNS) : -len("/start")] if event.topic.startswith(RUNS) else ""
    return name if name and "/" not in name else None


def _copy(known: Known) -> Known:
    """What is known of a client now, but for its topics, each of which is news only once."""
    addresses, alive, filters = set(known.addresses), set(known.alive), set(known.filters)
    return replace(known, addresses=addresses, alive=alive, filters=filters, published=set())


def seconds_of(at: str) -> int:
    """An event's time as seconds since 1970; events have ISO 8601 in UTC, with or without seconds."""
    minute = datetime.fromisoformat(at[:16]).replace(tzinfo=timezone.utc)
    seconds = int(at[17:19]) if at[16:17] == ":" else 0
    return int(minute.timestamp()) + seconds

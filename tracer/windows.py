"""Which part of a log counts: a run, a span of time, and the topics that are asked for.

Comes in: events, one by one, or a graph. Goes out: where an event stands (before, inside or after a window), and
whether its topic is wanted. What stands before a window is kept as facts of clients (sessions, subscriptions), so
that whoever was there when it opened is there. It counts nothing and reads no log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal, Protocol

from tracer import events as e
from tracer.errors import CopperError
from tracer.topics import is_wildcard, matches, split_share

if TYPE_CHECKING:
    import networkx as nx

Place = Literal["before", "inside", "closing", "after"]
"""`closing` is inside too: only what belongs to the last message of the window still comes."""

_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ](?P<clock>\d\d:\d\d)(?P<second>:\d\d(?P<fraction>[.,]\d+)?)?)?"
    r" ?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?"
)
_EPOCH = re.compile(r"(\d{1,11})(\.\d+)?")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Window(Protocol):
    """A part of a log."""

    def place(self, event: e.Event, last: Place) -> Place:
        """Where an event stands, when the one before it stood at `last`; the first one's is `before`."""


@dataclass(frozen=True, slots=True)
class Run:
    """The window of a run: from the publish on `runner/runs/RUN/start` to that on `/finish` and its deliveries."""

    run: str

    def place(self, event: e.Event, last: Place) -> Place:
        """Where an event stands; once after, always after."""
        topic = event.topic if isinstance(event, e.Publish | e.Deliver) else None
        if last == "before" and isinstance(event, e.Publish) and topic == f"runner/runs/{self.run}/start":
            return "inside"
        finish = f"runner/runs/{self.run}/finish"
        if last == "inside" and isinstance(event, e.Publish) and topic == finish:
            return "closing"
        if last == "closing" and not (isinstance(event, e.Deliver) and topic == finish):
            return "after"
        return last


@dataclass(frozen=True, slots=True)
class Between:
    """A span of time, both ends in it; None where it has no end.

    Each event is judged by its own time, since a clock may be set back; one without a time stands where the one
    before it stood.

    Attributes:
        since: as `moment` gives it.
        until: the same.
    """

    since: str | None = None
    until: str | None = None

    def place(self, event: e.Event, last: Place) -> Place:
        """Where an event stands."""
        if event.at is None:
            return last
        at = _comparable(event.at)
        if self.since is not None and at < self.since:
            return "before"
        return "after" if self.until is not None and at > self.until else "inside"

    def place_of(self, first: str, last: str) -> Place:
        """Where all that happened between two times stands, as one: inside, if some of that time is."""
        if self.since is not None and _comparable(last) < self.since:
            return "before"
        return "after" if self.until is not None and _comparable(first) > self.until else "inside"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a topic must be like: an MQTT filter, or a regular expression that is found in it."""

    text: str
    regex: re.Pattern[str] | None = None

    def has(self, topic: str) -> bool:
        """Whether a topic is like this."""
        return bool(self.regex.search(topic)) if self.regex is not None else matches(self.text, topic)

    def meets(self, topic_filter: str) -> bool:
        """Whether some topic of a filter is like this; a regular expression is asked for the filter's own text."""
        return self.has(topic_filter) if self.regex is not None else _overlap(self.text, topic_filter)

    def holds(self, topic_filter: str) -> bool:
        """Whether all topics of a filter are like this."""
        if self.regex is not None or not topic_filter.endswith("#"):
            return self.has(topic_filter)
        return self.text.endswith("#") and self.has(topic_filter)


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics that are asked for: those that one of `include` has (all, if there is none) and none of `exclude`."""

    include: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.include or self.exclude)

    def has(self, topic: str) -> bool:
        """Whether a topic is asked for."""
        wanted = not self.include or any(one.has(topic) for one in self.include)
        return wanted and not any(one.has(topic) for one in self.exclude)

    def has_filter(self, logged: str) -> bool:
        """Whether a filter, as logged, may bring a topic that is asked for."""
        _, plain = split_share(logged)
        wanted = not self.include or any(one.meets(plain) for one in self.include)
        return wanted and not any(one.holds(plain) for one in self.exclude)

    def keeps(self, event: e.Event) -> bool:
        """Whether an event is about a topic that is asked for; what has no topic is kept unless some are included."""
        if isinstance(event, e.Subscribe | e.Unsubscribe):
            return self.has_filter(event.filter)
        if isinstance(event, e.Publish | e.Deliver | e.Deny) and event.topic is not None:
            return self.has(event.topic)
        return not self.include


def only(graph: nx.MultiDiGraph[str], topics: Topics) -> nx.MultiDiGraph[str]:
    """The part of a graph that is about the topics asked for; services keep the names they have in the whole.

    Left out too: services without an edge, if topics are included or they had edges before.
    """
    nodes = {
        node
        for node, each in graph.nodes(data=True)
        if each["kind"] == "topic" and not (topics.has_filter if each["filter"] else topics.has)(each["name"])
    }
    left = graph.copy()
    left.remove_nodes_from(nodes)
    edges = left.edges(keys=True, data=True)
    left.remove_edges_from(
        [(a, b, key) for a, b, key, edge in edges if "topic" in edge and not topics.has(edge["topic"])]
    )
    alone = [node for node in left if left.nodes[node]["kind"] == "service" and not left.degree(node)]
    left.remove_nodes_from([node for node in alone if topics.include or graph.degree(node)])
    times = [edge[end] for *_, edge in left.edges(data=True) for end in ("first", "last") if edge[end] is not None]
    left.graph.update(first=min(times, default=None), last=max(times, default=None))
    return left


def moment(text: str) -> str:
    """A time that somebody wrote, in UTC as `YYYY-MM-DDTHH:MM:SS[.fraction]`, which sorts as time goes.

    Args:
        text: ISO 8601 (without a zone it is UTC), or seconds since 1970.

    Raises:
        CopperError: it is neither.
    """
    try:
        epoch = _EPOCH.fullmatch(text)
        if epoch is not None:
            return _written(datetime.fromtimestamp(int(epoch[1]), timezone.utc), epoch[2] or "")
        iso = _ISO.fullmatch(text)
        if iso is not None:
            local = datetime.fromisoformat(f"{iso['date']}T{iso['clock'] or '00:00'}{(iso['second'] or ':00')[:3]}")
            utc = local.replace(tzinfo=timezone.utc) - _zone(iso["zone"] or "Z")
            return _written(utc, (iso["fraction"] or "").replace(",", "."))
    except (ValueError, OverflowError, OSError):
        pass
    raise CopperError(
        f"{text!r} is no time", next_step="write one as 2026-11-25T13:00, 2026-11-25T13:00:05+01:00 or 1795564800"
    )


def span(text: str) -> timedelta:
    """How long, as somebody wrote it: `90s`, `5m`, `1h30m`, `7d`, `2w`.

    Raises:
        CopperError: it is not like that.
    """
    if text and not _SPAN.sub("", text):
        try:
            return timedelta(seconds=sum(float(count) * _SECONDS[unit] for count, unit in _SPAN.findall(text)))
        except OverflowError:
            pass
    raise CopperError(f"{text!r} is no span of time", next_step="write one as 90s, 5m, 1h30m, 7d or 2w")


def earlier(at: str, by: timedelta) -> str:
    """The moment so long before an event's time."""
    whole, _, fraction = _comparable(at).partition(".")
    try:
        start = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc) - by
    except OverflowError:
        return ""
    return _written(start, f".{fraction}") if fraction and not by.microseconds else _written(start, "")


def pattern(text: str) -> Pattern:
    """A filter that somebody wrote: MQTT's, or `re:` and a regular expression.

    Raises:
        CopperError: it is none.
    """
    if text.startswith("re:"):
        try:
            return Pattern(text, re.compile(text[3:]))
        except re.error as error:
            raise CopperError(f"{text!r} is no regular expression: {error}") from error
    _, plain = split_share(text)
    *head, last = plain.split("/")
    if (
        not plain
        or any("#" in level for level in head)
        or any(is_wildcard(level) and len(level) > 1 for level in (*head, last))
    ):
        raise CopperError(
            f"{text!r} is no MQTT filter",
            next_step="+ and # stand alone between slashes, # at the end; re: begins a regular expression",
        )
    return Pattern(plain)


def _overlap(one: str, other: str) -> bool:
    """Whether some topic is matched by both filters."""
    if {one[:1], other[:1]} in ({"$", "+"}, {"$", "#"}):
        return False
    short, long = sorted((one.split("/"), other.split("/")), key=len)
    for here, there in zip(short, long, strict=False):
        if "#" in {here, there}:
            return True
        if here != there and "+" not in {here, there}:
            return False
    return len(short) == len(long) or long[len(short)] == "#"


def _comparable(at: str) -> str:
    """An event's time so that it sorts as time goes, whatever its fineness."""
    at = at.removesuffix("Z")
    if len(at) == len("2026-11-25T13:00"):
        return f"{at}:00"
    return at.rstrip("0").rstrip(".") if "." in at else at


def _written(utc: datetime, fraction: str) -> str:
    return _comparable(utc.strftime("%Y-%m-%dT%H:%M:%S").zfill(19) + fraction)


def _zone(text: str) -> timedelta:
    if text in {"Z", "z"}:
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)

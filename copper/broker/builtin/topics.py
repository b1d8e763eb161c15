"""Topics and filters: which are valid, who subscribes to what, what is retained.

The trees are walked in the order in which Mosquitto 2.0.11 walks its own (`src/subs.c`, `src/retain.c`), for
that is the order of the lines in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

DEEPEST = 200
"""Slashes in a topic or filter (Mosquitto's TOPIC_HIERARCHY_LIMIT)."""


def valid_topic(topic: str) -> bool:
    """Whether something can be published there."""
    return "+" not in topic and "#" not in topic and topic.count("/") <= DEEPEST


def valid_filter(topic_filter: str) -> bool:
    """Whether wildcards stand where they may: `+` alone on a level, `#` alone on the last one."""
    levels = topic_filter.split("/")
    lone = all(level in ("+", "#") or not set(level) & {"+", "#"} for level in levels)
    return lone and "#" not in levels[:-1] and len(levels) - 1 <= DEEPEST


def writable(topic: str) -> bool:
    """Whether clients may publish there: `$SYS` is the broker's, `$share` is no topic."""
    return not topic.startswith(("$SYS", "$share"))


def split_share(topic_filter: str) -> tuple[str | None, str]:
    """The group and the filter of `$share/GROUP/FILTER`; None and the filter of any other one."""
    if not topic_filter.startswith("$share/"):
        return None, topic_filter
    _, group, *rest = topic_filter.split("/", 2)
    return group, rest[0] if rest else ""


@dataclass(frozen=True)
class Subscription:
    """What one client asked for with one filter.

    Attributes:
        client_id: whose it is.
        qos: the highest QoS that it wants.
        no_local: MQTT 5: not what it published itself.
        retain_as_published: MQTT 5: live messages keep their retain flag.
        identifier: MQTT 5: a number that comes with each message, or 0.
    """

    client_id: str
    qos: int
    no_local: bool = False
    retain_as_published: bool = False
    identifier: int = 0


@dataclass
class Subscribers:
    """Who subscribes with one filter: by client, and by group and client."""

    plain: dict[str, Subscription] = field(default_factory=dict)
    shared: dict[str, dict[str, Subscription]] = field(default_factory=dict)

    def of(self, group: str | None) -> dict[str, Subscription]:
        """The members of a group, or (None) those in no group."""
        return self.plain if group is None else self.shared.setdefault(group, {})


@dataclass
class Node(Generic[T]):
    """One level of a tree: what is kept here, and the levels below."""

    value: T | None = None
    below: dict[str, Node[T]] = field(default_factory=dict)

    def down(self, path: list[str]) -> Iterator[Node[T]]:
        """The nodes along a path, made where they are missing."""
        node = self
        for level in path:
            node = node.below.setdefault(level, Node())
            yield node


class Subscriptions:
    """Who subscribes to what."""

    def __init__(self) -> None:
        self._root: Node[Subscribers] = Node()

    def add(self, topic_filter: str, subscription: Subscription) -> bool:
        """Enter or replace a subscription; whether it is a new one."""
        group, topic_filter = split_share(topic_filter)
        *_, node = self._root.down(_path(topic_filter))
        node.value = node.value or Subscribers()
        members = node.value.of(group)
        new = subscription.client_id not in members
        members[subscription.client_id] = subscription
        return new

    def remove(self, topic_filter: str, client_id: str) -> bool:
        """Strike out a subscription; whether there was one."""
        group, topic_filter = split_share(topic_filter)
        path = _path(topic_filter)
        nodes = [self._root, *self._root.down(path)]
        subscribers = nodes[-1].value or Subscribers()
        existed = subscribers.of(group).pop(client_id, None) is not None
        if group is not None and not subscribers.of(group):
            del subscribers.shared[group]
        if not subscribers.plain and not subscribers.shared:
            nodes[-1].value = None
        for above, level in zip(nodes[-2::-1], reversed(path), strict=True):
            if above.below[level].value is None and not above.below[level].below:
                del above.below[level]
        return existed

    def matching(self, topic: str) -> Iterator[Subscribers]:
        """Who gets what is published on a topic, filter by filter, in Mosquitto's order."""
        return _matching(self._root, _path(topic))


def _matching(node: Node[Subscribers], levels: list[str]) -> Iterator[Subscribers]:
    for level in (levels[0], "+") if levels else ():
        branch = node.below.get(level)
        if branch is not None:
            yield from _matching(branch, levels[1:])
            if len(levels) == 1 and branch.value:
                yield branch.value
    branch = node.below.get("#")
    if branch is not None and branch.value:
        yield branch.value


class Retained(Generic[T]):
    """The last retained message of each topic."""

    def __init__(self) -> None:
        self._root: Node[T] = Node()

    def store(self, topic: str, message: T | None) -> None:
        """Keep a message for later subscribers; None forgets the one that was kept.

        A node stays when its message goes: so does Mosquitto's, and its order is that of the first messages.
        """
        *_, node = self._root.down(_path(topic))
        node.value = message

    def matching(self, topic_filter: str) -> Iterator[T]:
        """What a new subscriber gets, in Mosquitto's order."""
        return _retained(self._root, _path(topic_filter))


def _retained(node: Node[T], levels: list[str]) -> Iterator[T]:
    first, rest = levels[0], levels[1:]
    if first == "#":
        for branch in node.below.values():
            if branch.value is not None:
                yield branch.value
            yield from _retained(branch, levels)
        return
    for branch in node.below.values() if first == "+" else filter(None, [node.below.get(first)]):
        if rest:
            yield from _retained(branch, rest)
        if branch.value is not None and rest in ([], ["#"]):
            yield branch.value


def _path(topic: str) -> list[str]:
    """The levels of a topic, under a first one that keeps `$...` apart: no wildcard reaches over it."""
    levels = topic.split("/")
    return [levels[0] if topic.startswith("$") else "", *levels]

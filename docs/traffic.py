"""A system that nobody runs → the graph of its traffic, or the log that its broker would have written.

Everybody comes at the start, subscribes and stays; messages are evenly spread over the time, each topic's with its own
start. `graph_of` sums up with the tracer's own `Tally`, so a graph has all that a traced one has; `log_of` prints what
Mosquitto 2.0 logs of the same messages, and tracing that gives the same graph:

    python -m docs.traffic home --log home.log
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import networkx as nx

from docs.systems import SYSTEMS, Member, Says, System
from tracer import events as e
from tracer import topics
from tracer.facts import Facts
from tracer.graph import By, Tally
from tracer.pipeline import Counts
from tracer.sums import Sums, Traffic
from tracer.tree import Tree

BEGIN = 1_795_500_000
"""Seconds since 1970, of the first line."""
ADDRESS = "10.0.{}.{}"
VERSION = "2.0.22"
_CONNECT: dict[str, Any] = {
    "user": None, "protocol": "3.1.1", "clean": True, "keepalive": 60, "session_present": False, "will": None
}  # fmt: skip


@dataclass(frozen=True)
class _Message:
    """One message: the `number`-th of its topic (from 0), with whoever gets it."""

    at: int
    number: int
    sender: str
    what: Says
    receivers: tuple[str, ...]


def graph_of(system: System, *, seconds: int | None = None, by: By = "service") -> nx.MultiDiGraph[str]:
    """The graph that tracing the system's log gives.

    Args:
        system: one of those above.
        seconds: how long it is watched; everybody says everything at least once.
        by: as `--by`.
    """
    seconds = seconds or system.seconds
    facts, traffic = Facts(), Traffic()
    traffic.time.meet(_iso(BEGIN), _iso(BEGIN))
    for number, member in enumerate(system.members):
        facts.add(e.Connect(_iso(BEGIN), 0, member.name, *_address(number), **_CONNECT))
        traffic.there.add(member.name)
        for topic_filter in member.hears:
            facts.add(e.Subscribe(_iso(BEGIN), 0, member.name, topic_filter, 1, granted=True, group=None))
            traffic.subscribed.add((member.name, topic_filter))
    hearing = _Hearing(system)
    for member in system.members:
        for says in member.says:
            facts.clients[member.name].published.add(says.topic)
            if says.retain:
                facts.keep(member.name, says.topic, says.size)
            count = _count(says, seconds)
            traffic.published[member.name, says.topic] = sums = _sums(says, range(count), seconds, retain=says.retain)
            traffic.time.meet(None, sums.last)
            for client, numbers in hearing.of(says.topic, count):
                copies = _sums(says, numbers, seconds)
                traffic.received[says.topic, client] = traffic.delivered[member.name, client, says.topic] = copies
    counts = Counts()
    counts.broker_version = VERSION
    return Tally(facts=facts, traffic=traffic).graph(counts, by=by, source=f"{system.name}.log")


def log_of(system: System, *, seconds: int | None = None) -> Iterator[str]:
    """The lines that Mosquitto 2.0 logs of it (with `log_type debug`), each with its line feed."""
    seconds = seconds or system.seconds
    yield f"{BEGIN}: mosquitto version {VERSION} starting\n"
    yield f"{BEGIN}: Config loaded from /etc/mosquitto/mosquitto.conf.\n"
    yield f"{BEGIN}: Opening ipv4 listen socket on port 1883.\n"
    yield f"{BEGIN}: mosquitto version {VERSION} running\n"
    for number, member in enumerate(system.members):
        yield from _comes(member, *_address(number))
    ids: dict[tuple[str, str], int] = defaultdict(int)
    for message in sorted(_messages(system, seconds), key=lambda one: (one.at, one.what.topic, one.number)):
        yield from _passes(message, ids)


def _comes(member: Member, address: str, port: int) -> Iterator[str]:
    name = member.name
    yield f"{BEGIN}: New connection from {address}:{port} on port 1883.\n"
    yield f"{BEGIN}: New client connected from {address}:{port} as {name} (p2, c1, k60).\n"
    yield f"{BEGIN}: No will message specified.\n"
    yield f"{BEGIN}: Sending CONNACK to {name} (0, 0)\n"
    for topic_filter in member.hears:
        yield f"{BEGIN}: Received SUBSCRIBE from {name}\n"
        yield f"{BEGIN}: \t{topic_filter} (QoS 1)\n"
        yield f"{BEGIN}: {name} 1 {topic_filter}\n"
        yield f"{BEGIN}: Sending SUBACK to {name}\n"


def _passes(message: _Message, ids: dict[tuple[str, str], int]) -> Iterator[str]:
    """A message comes in, its copies go out, and who must say that they have it do so at once."""
    at, what, name = message.at, message.what, message.sender
    tail = f"'{what.topic}', ... ({what.size} bytes))\n"
    mid = _next(ids, ("from", name)) if what.qos else 0
    yield f"{at}: Received PUBLISH from {name} (d0, q{what.qos}, r{int(what.retain)}, m{mid}, {tail}"
    sent = [(client, _next(ids, ("to", client)) if what.qos else 0) for client in message.receivers]
    for client, own in sent:
        yield f"{at}: Sending PUBLISH to {client} (d0, q{what.qos}, r0, m{own}, {tail}"
    if what.qos:
        yield f"{at}: Sending PUBACK to {name} (m{mid}, rc0)\n"
        for client, own in sent:
            yield f"{at}: Received PUBACK from {client} (Mid: {own}, RC:0)\n"


def _next(ids: dict[tuple[str, str], int], of: tuple[str, str]) -> int:
    ids[of] = ids[of] % 65_535 + 1
    return ids[of]


def _messages(system: System, seconds: int) -> Iterator[_Message]:
    hearing = _Hearing(system)
    for member in system.members:
        for says in member.says:
            count = _count(says, seconds)
            receivers: list[list[str]] = [[] for _ in range(count)]
            for client, numbers in hearing.of(says.topic, count):
                for number in numbers:
                    receivers[number].append(client)
            for number, clients in enumerate(receivers):
                yield _Message(_moment(says, number, seconds), number, member.name, says, tuple(clients))


class _Hearing:
    """Who gets which messages of a topic."""

    def __init__(self, system: System) -> None:
        self._filters: Tree[tuple[str, str], tuple[str, str | None]] = Tree()
        self._groups: dict[str, list[str]] = {}
        for member in system.members:
            for topic_filter in member.hears:
                group, plain = topics.split_share(topic_filter)
                self._filters.put(plain, (member.name, topic_filter), (member.name, group))
                if group is not None:
                    self._groups.setdefault(group, []).append(member.name)

    def of(self, topic: str, count: int) -> Iterator[tuple[str, range]]:
        """Clients with the numbers of the messages that reach them, of `count`; a group's members take turns."""
        shared = set()
        for client, group in self._filters.of_topic(topic):
            if group is None:
                yield client, range(count)
            else:
                shared.add(group)
        for group in sorted(shared):
            clients = self._groups[group]
            first = zlib.crc32(topic.encode()) % len(clients)
            for turn in range(min(count, len(clients))):
                yield clients[(first + turn) % len(clients)], range(turn, count, len(clients))


def _sums(says: Says, numbers: range, seconds: int, *, retain: bool = False) -> Sums:
    messages = len(numbers)
    first, last = _iso(_moment(says, numbers[0], seconds)), _iso(_moment(says, numbers[-1], seconds))
    return Sums(messages, messages * says.size, {says.qos}, messages * retain, first, last, seen=messages)


def _count(says: Says, seconds: int) -> int:
    return max(1, round(says.rate * seconds))


def _moment(says: Says, number: int, seconds: int) -> int:
    """When the `number`-th message of a topic is sent: they are evenly spread, each topic's with its own start."""
    phase = zlib.crc32(says.topic.encode()) / 2**32
    return BEGIN + int((number + phase) / _count(says, seconds) * seconds)


@cache
def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _address(number: int) -> tuple[str, int]:
    return ADDRESS.format(number // 250, number % 250 + 1), 40_000 + number


def main(arguments: list[str]) -> None:
    """Write a system's log."""
    parser = argparse.ArgumentParser(description="Write the broker log of a system that nobody runs.")
    parser.add_argument("system", choices=sorted(SYSTEMS))
    parser.add_argument("--log", type=Path, help="where to; standard output by default")
    parser.add_argument("--seconds", type=int, help="how long it is watched")
    given = parser.parse_args(arguments)
    lines = log_of(SYSTEMS[given.system](), seconds=given.seconds)
    if given.log is None:
        sys.stdout.writelines(lines)
        return
    with given.log.open("w", encoding="utf-8") as out:
        out.writelines(lines)


if __name__ == "__main__":
    main(sys.argv[1:])

"""A plant that plays on a real broker: some 200 clients, some 2,000 topics, seeded.

Devices publish bursts of what they measure, controllers, dashboards, panels and a historian subscribe, services send
commands; all the time somebody goes, is lost (and its will published), or comes back. Which topic has which QoS, size
and rate is drawn once. Sockets and packets are those of the tests.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.tracer import packets
from tests.tracer.sockets import Client, Net

HALLS, LINES, DEVICES = 4, 28, 112
MEASURES = (
    "temperature", "pressure", "speed", "torque", "current", "voltage", "vibration/x", "vibration/y", "position",
    "cycle", "parts", "scrap", "energy", "job", "alarm", "report", "state",
)  # fmt: skip
PANELS, SERVICES, HANDLERS = 40, 12, 3
CALM, RESTLESS = 3_000, 160
"""Messages between two changes of who is there or subscribes to what.

The plant plays as fast as the broker goes. In a calm one a client that sends a message a second stays for most of an
hour; in a restless one everybody is gone after some minutes, and two lines in a hundred tell of it.
"""
ODD_EVERY = 6
"""One client in so many has odd names, if any: then some 12 % of the lines have more than two quotes."""
WAITING = 400
"""Messages on their way to the broker, at most: a plant's devices don't send blindly."""
LONG = 990
"""Bytes of a topic of which the broker cuts off the end."""


@dataclass
class Topic:
    """What is published on a topic; `sizes` in bytes, from and to; `weight` is how often compared to others."""

    name: str
    qos: int
    sizes: tuple[int, int]
    weight: float
    retain: bool = False


@dataclass
class Member:
    """A client as it is planned: its id, what it publishes, its filters, its will's topic, if its session stays."""

    name: str
    topics: list[Topic] = field(default_factory=list)
    filters: list[tuple[str, int]] = field(default_factory=list)
    will: str | None = None
    stays: bool = False
    client: Client | None = None


class Plant:
    """All members, and the moves that they make.

    Args:
        seed: the same seed plans the same plant, and draws the same moves.
        port: the broker's.
        odd: every sixth device and panel has an id and topics with quotes, parentheses and spaces.
        change_every: CALM or RESTLESS.
    """

    def __init__(self, seed: int, port: int, *, odd: bool, change_every: int = CALM) -> None:
        self._random = random.Random(seed)
        self._odd = odd
        self._change_every = change_every
        self.net = Net(port)
        self._devices = [self._device(number) for number in range(DEVICES)]
        self._services = [self._service(number) for number in range(SERVICES)]
        self.members = [*self._watchers(), *self._panels(), *self._services, *self._devices]
        self._publishers = [*self._devices, *self._services]
        self._weights = [sum(one.weight for one in member.topics) for member in self._publishers]
        self._sent = 0
        self._changed = 0
        for member in self.members:
            self._come(member)

    # -- what there is ----------------------------------------------------------------------------------------

    def _device(self, number: int) -> Member:
        draw = self._random
        line = number % LINES
        kind = ("press", "robot", "oven", "conveyor")[number % 4]
        name = base = f"{kind}-{number:03}"
        if self._odd and number % ODD_EVERY == 3:
            which = number // ODD_EVERY % 3
            name = (f"{kind} {number} (it's new)", f"{kind} 'no. {number}'", f'{kind} "{number}" (old)')[which]
            base = (f"{kind} {number} (the foreman's)", f"'{kind}' {number}", f"{kind} {number} ('89)")[which]
        root = f"plant/hall-{line % HALLS + 1}/line-{line:02}/{base}"
        topics = [self._topic(f"{root}/{measure}", measure) for measure in MEASURES]
        # one topic of several publishers
        topics.append(Topic(f"plant/hall-{line % HALLS + 1}/line-{line:02}/log", 0, (30, 120), draw.uniform(0.1, 0.5)))
        if self._odd and number % 28 == 3:
            topics.append(Topic(f"{root}/".ljust(LONG, "x"), 1, (10, 20), 0.5))
        return Member(name, topics, [(f"{root}/set", 1)], will=f"{root}/online", stays=number % 16 == 0)

    def _topic(self, name: str, measure: str) -> Topic:
        draw = self._random
        sizes = {"job": (60, 200), "alarm": (80, 160), "report": (200, 4000), "state": (90, 110)}.get(measure)
        sizes = sizes or draw.choice(((4, 4), (8, 8), (4, 7), (40, 60)))
        rare = {"alarm": 0.1, "report": 0.1, "state": 0.3}.get(measure, 1.0)
        qos = draw.choices((0, 1, 2), (60, 30, 10))[0]
        return Topic(name, qos, sizes, rare * draw.lognormvariate(0, 1), retain=measure in {"state", "job"})

    def _service(self, number: int) -> Member:
        draw = self._random
        targets = draw.sample(self._devices, 10)
        topics = [Topic(one.filters[0][0], draw.choice((1, 1, 2)), (20, 300), 0.3) for one in targets]
        filters = [(one.topics[-2].name, 1) for one in targets]
        return Member(f"service-{number:02}", topics, filters, stays=number % 2 == 0)

    def _watchers(self) -> list[Member]:
        halls = [Member(f"dashboard-{n + 1}", filters=[(f"plant/hall-{n + 1}/#", 0)]) for n in range(HALLS)]
        lines = [
            Member(
                f"controller-{n:02}",
                filters=[(f"plant/hall-{n % HALLS + 1}/line-{n:02}/+/{what}", 1) for what in ("state", "cycle", "job")],
                stays=n % 4 == 0,
            )
            for n in range(LINES)
        ]
        alarms = [Member(f"alarms-{n}", filters=[("plant/+/+/+/alarm", 2)], stays=True) for n in range(HANDLERS)]
        return [Member("historian", filters=[("plant/#", 1)], stays=True), *halls, *lines, *alarms]

    def _panels(self) -> list[Member]:
        made = []
        for number in range(PANELS):
            watched = self._random.sample([topic.name for one in self._devices for topic in one.topics[:-2]], 20)
            name = f"panel-{number:02}"
            if self._odd and number % ODD_EVERY == 3:
                name = f"panel {number} ('in the hall')"
            made.append(Member(name, filters=[(one, number % 3) for one in watched], stays=number % 5 == 0))
        return made

    # -- moves ------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Some devices publish at the same time; now and then somebody comes or goes."""
        for _ in range(self._random.choice((1, 1, 1, 2, 3, 6))):
            member = self._random.choices(self._publishers, self._weights)[0]
            if member.client is not None and not member.client.closed:
                self._publish(member, member.client)
        self.net.poll()
        if self._sent - self._changed >= self._change_every:
            self._changed = self._sent
            self._change()
            self._forget()
        self.net.wait(lambda: sum(len(one.open_mids) for one in self.net.clients) < WAITING)

    def _publish(self, member: Member, client: Client) -> None:
        draw = self._random
        count = draw.choice((1, 1, 2, 4, 8))
        for topic in draw.choices(member.topics, [one.weight for one in member.topics], k=count):
            client.publish(topic.name, b"x" * draw.randint(*topic.sizes), qos=topic.qos, retain=topic.retain)
        self._sent += count

    def _change(self) -> None:
        member = self._random.choice(self.members)
        client = member.client
        if client is None or client.closed:
            self._come(member)
        elif member in self._publishers or self._random.random() < 0.5:
            client.close(packets.disconnect() if self._random.random() < 0.6 else b"")
            if self._random.random() < 0.8:
                self._come(member)
        else:
            self._subscribe_otherwise(member, client)
        if self._random.random() < 0.5:
            self._come(next((one for one in self.members if one.client is None or one.client.closed), member))
        for one in self._random.sample(self.net.clients, 2):
            one.send(packets.PING)

    def _subscribe_otherwise(self, member: Member, client: Client) -> None:
        given_up = self._random.choice(member.filters)
        client.unsubscribe(given_up[0])
        client.subscribe(given_up)

    def _come(self, member: Member) -> None:
        if member.client is not None and not member.client.closed:
            return
        will = packets.Will(member.will, b"lost", 1, retain=True) if member.will else None
        member.client = self.net.connect(member.name, clean=not member.stays, will=will)
        if member.filters:
            member.client.subscribe(*member.filters)
        if member.will:
            member.client.publish(member.will, b"here", qos=1, retain=True)

    def _forget(self) -> None:
        """What sockets received is of no interest here."""
        self.net.truth.clear()
        for client in self.net.clients:
            client.received.clear()

    def leave(self) -> None:
        """Everybody goes, once everything has arrived."""
        self.net.settle()
        for client in self.net.clients:
            client.close(packets.disconnect())
        self.net.close()

"""Random systems on a real broker: a seeded player of up to 150 clients, whose payloads say who sent them.

A payload is `NUMBER OF ITS SENDER|SERIAL|`, padded to one of few sizes, so that many messages of several senders
look alike in the log. Clients are closed only when nothing is on its way to anybody (`Net.settle`): a copy that
the broker sends to a connection that is just dying has a line and arrives nowhere, and no log tells that.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.tracer.mosquittos import Mosquitto
from tests.tracer.packets import Will, disconnect
from tests.tracer.sockets import Client, Net

WINDOW = 20
"""So many copies may be unacknowledged (max_inflight_messages), then the next ones wait."""
SIZES = (24, 24, 24, 32, 200)
TOPICS = (
    "t/1", "t/2", "t/1/deep", "plant/hall 1/temp", "plant/hall 2/temp", "it's", "a (b) 'c'", "Ωmega/温度", "w/1", "w/2",
    "x', ... (24 bytes))", "y (d0, q0, r0, m0, 't/1", "line\u2028sep",
)  # fmt: skip
FILTERS = (
    "#", "t/#", "t/+", "t/1", "t/1/#", "+/hall 1/temp", "plant/#", "plant/+/temp", "it's", "+", "Ωmega/+", "w/#", "w/1",
    "$share/g/t/#", "$share/g/t/1", "$share/h h/plant/#", "$share/h h/w/#", "$share/g/#", "line\u2028sep",
)  # fmt: skip
ODD = (
    "plain", "two words", "it's me", 'say "hi"', "(p2, c1, k60).", "Zoë 🌡", "x (d0, q1, r0, m1, 'y", "a/b#+",
    "S disconnected.", "Client", "1 t/#", "sep\u2028arator",
)  # fmt: skip


@dataclass
class Sent:
    """One message that a client sent, or its will; `must_be_live` names who got it without any wait."""

    sender: str
    topic: str
    size: int
    qos: int
    retain: bool
    is_will: bool = False
    must_be_live: set[str] = field(default_factory=set)


class Player:
    """Plays moves of a system.

    Attributes:
        hidden: with what MQTT 5 can say and Mosquitto never logs: how long a session lasts, which stored and own
            messages a filter does not want, how long a will waits; then some senders can't be told.
        sent: its messages by serial.
        truth: what sockets received, as (receiver, message, retain flag, QoS), what was sent again left out.
    """

    def __init__(self, seed: int, broker: Mosquitto, size: int, *, hidden: bool) -> None:
        self.hidden = hidden
        self.random = random.Random(seed)
        self.broker = broker
        self.net = Net(broker.port)
        self.names = [ODD[number] if number < len(ODD) else f"client-{number}" for number in range(size)]
        self.online: dict[str, Client] = {}
        self.slow: set[str] = set()
        self.filters: dict[str, set[str]] = {name: set() for name in self.names}
        self.sent: dict[int, Sent] = {}
        self.truth: list[tuple[str, Sent, bool, int]] = []
        self._serial = 0
        self._clearing = 0
        self._read = 0
        self._got: set[tuple[str, int, int]] = set()

    # -- what is sent and received ----------------------------------------------------------------------------

    def _payload(self, sent: Sent) -> bytes:
        return f"{self.names.index(sent.sender)}|{self._note_sent(sent)}|".encode().ljust(sent.size, b".")

    def _note_sent(self, sent: Sent) -> int:
        self._serial += 1
        self.sent[self._serial] = sent
        return self._serial

    def settle(self) -> None:
        """Let everything arrive, and note what did."""
        self.net.settle()
        self.note()

    def note(self) -> None:
        """The truth so far: (receiver, message, retain flag, QoS), without what was sent again after a reconnect."""
        for receiver, one in self.net.truth[self._read :]:
            serial = int(one.payload.split(b"|")[1]) if one.payload else self._clearing
            seen = (receiver, one.mid, serial)
            if not (one.dup and seen in self._got):
                self.truth.append((receiver, self.sent[serial], one.retain, one.qos))
            if one.qos:
                self._got.add(seen)
        self._read = len(self.net.truth)

    # -- moves ------------------------------------------------------------------------------------------------

    def burst(self) -> None:
        """Several publishers at once; sometimes all packets are there before the broker looks."""
        self.settle()
        publishers = self._some(6)
        idle = {name for name, client in self.online.items() if not client.holding} - self.slow
        halted = self.random.random() < 0.3
        if halted:
            self.broker.signal("SIGSTOP")
        serials = []
        for client in publishers:
            client.hold_release = self.random.random() < 0.5
            serials += [self._publish(client) for _ in range(self.random.randint(1, 3))]
        if halted:
            self.broker.signal("SIGCONT")
        self._release(publishers)
        before = len(self.truth)
        self.settle()
        mine = {id(self.sent[serial]) for serial in serials}
        copies = Counter(receiver for receiver, _, _, qos in self.truth[before:] if qos)
        for receiver, sent, retain, _ in self.truth[before:]:
            if receiver in idle and id(sent) in mine and not retain and copies[receiver] < WINDOW:
                sent.must_be_live.add(receiver)

    def _publish(self, client: Client) -> int:
        topic, size = self.random.choice(TOPICS), self.random.choice(SIZES)
        qos, retain = self.random.choice((0, 0, 1, 1, 2, 2)), self.random.random() < 0.15
        payload = self._payload(Sent(client.name, topic, size, qos, retain))
        mid = client.publish(topic, payload, qos=qos, retain=retain)
        if qos and self.random.random() < 0.05 and (qos == 1 or client.hold_release):
            client.publish(topic, payload, qos=qos, retain=retain, mid=mid, dup=True)
        return self._serial

    def _release(self, publishers: list[Client]) -> None:
        """QoS 2: the PUBRELs of all publishers in an order of their own."""
        holding = [client for client in publishers if client.hold_release]
        for client in holding:
            self.net.wait(lambda client=client: client.open_mids <= set(client.releasing))
        self.random.shuffle(holding)
        for client in holding:
            client.hold_release = False
            self.random.shuffle(client.releasing)
            client.release()

    def clear(self) -> None:
        """A stored message is deleted."""
        client = self._some(1)[0]
        topic = self.random.choice(TOPICS)
        self.settle()
        self._clearing = self._note_sent(Sent(client.name, topic, 0, 0, retain=True))
        client.publish(topic, b"", retain=True)
        self.settle()

    def subscribe(self) -> None:
        client = self._some(1)[0]
        known = FILTERS if self.hidden or not client.five else [one for one in FILTERS if not one.startswith("$share")]
        filters = self.random.sample(known, self.random.randint(1, 3))
        options = [(one, self._options(client, one)) for one in filters]
        self.filters[client.name].update(filters)
        client.subscribe(*options)
        if self.random.random() < 0.5:
            self.settle()

    def _options(self, client: Client, one: str) -> int:
        options = self.random.randint(0, 2)
        if client.five:
            options |= 8 if self.random.random() < 0.3 else 0
        if client.five and self.hidden:
            options |= 4 if not one.startswith("$share") and self.random.random() < 0.15 else 0
            options |= self.random.choice((0, 0, 0, 16, 32))
        return options

    def unsubscribe(self) -> None:
        client = self._some(1)[0]
        mine = sorted(self.filters[client.name]) or ["never/had"]
        gone = self.random.sample(mine, min(len(mine), self.random.randint(1, 2)))
        self.filters[client.name].difference_update(gone)
        client.unsubscribe(*gone)
        if self.random.random() < 0.5:
            self.settle()

    def hold(self) -> None:
        """A subscriber stops acknowledging, or catches up."""
        client = self._some(1)[0]
        if client.holding:
            client.acknowledge(self.random.randint(1, 5))
            self.settle()
            if self.random.random() < 0.7:
                self._catch_up(client)
        else:
            client.holding = True

    def _catch_up(self, client: Client) -> None:
        client.holding = False
        client.acknowledge()
        self.settle()

    def join(self) -> None:
        """Somebody connects who is not there."""
        away = [name for name in self.names if name not in self.online]
        if away:
            self._connect(self.random.choice(away))

    def take_over(self) -> None:
        """Somebody connects with the id of one who is there."""
        client = self._some(1)[0]
        self.settle()
        self._connect(client.name)
        self.net.wait(lambda: client.closed)
        self.settle()

    def _connect(self, name: str) -> None:
        five = self.random.random() < 0.5 if self.hidden else self.names.index(name) % 2 == 1
        options: dict[str, object] = {"clean": self.random.random() < 0.4}
        if five:
            options["expiry"] = self.random.choice((None, 0, 3600, 3600)) if self.hidden else 3600
            options["receive_maximum"] = self.random.choice((None, None, 1, 3))
        (self.slow.discard if options.get("receive_maximum") is None else self.slow.add)(name)
        if five:
            options["aliases"] = self.random.choice((None, 5))
        if self.random.random() < 0.5:
            options["will"] = self._will(name, five=five)
        if self.random.random() < 0.2:
            options["user"] = self.random.choice(("me", "it's", "a (p2, c1, k60, u'b"))
        if options["clean"]:
            self.filters[name].clear()
        self.online[name] = self.net.connect(name, five=five, **options)
        if self.random.random() < 0.5:
            self.settle()

    def _will(self, name: str, *, five: bool) -> Will:
        topic = self.random.choice(("w/1", "w/2", "t/1"))
        size = 24 if self.hidden else 40 + self.names.index(name)
        qos, retain = self.random.randint(0, 2), self.random.random() < 0.3
        sent = Sent(name, topic, size, qos, retain, is_will=True)
        delay = self.random.choice((0, 0, 1, 3600)) if five and self.hidden else 0
        return Will(topic, self._payload(sent), qos, retain, delay)

    def leave(self) -> None:
        """Somebody goes: with a goodbye, without, or (MQTT 5) with one that asks for the will."""
        client = self._some(1)[0]
        self.settle()
        client.close(self.random.choice((b"", disconnect(), disconnect(4) if client.five else b"")))
        del self.online[client.name]
        self.settle()

    def restart(self) -> None:
        """The broker ends and starts again; it keeps sessions, queues and stored messages."""
        self.end()
        self.broker.start()
        for _ in range(4):
            self.join()
        self.settle()

    def end(self) -> None:
        """The broker ends; its clients read on until their connections do, for the wills that come last.

        They acknowledge nothing: what a broker has not read when it ends makes the kernel throw away what it sent.
        """
        self.settle()
        for client in self.net.clients:
            client.holding = True
        self.broker.stop()
        self.net.wait(lambda: not self.net.clients)
        self.broker.wait()
        self.note()
        self.online.clear()

    def _some(self, most: int) -> list[Client]:
        while not self.online:
            self.join()
        names = sorted(self.online)
        return [self.online[name] for name in self.random.sample(names, min(len(names), self.random.randint(1, most)))]

    def play(self, moves: int, *, restarts: bool) -> None:
        """A system from its first client to its last message."""
        choices = (
            [self.burst] * 12 + [self.subscribe] * 5 + [self.unsubscribe, self.hold, self.hold, self.take_over]
            + [self.join] * 4 + [self.leave] * 3 + [self.clear]
        )  # fmt: skip
        for _ in range(len(self.names) // 3):
            self.join()
            self.subscribe()
        for move in range(moves):
            self.random.choice(choices)()
            if restarts and move == moves // 2:
                self.restart()
        # whoever is away and has a queue comes back for it
        for name in self.names:
            if name not in self.online:
                self._connect(name)
        for client in list(self.online.values()):
            self._catch_up(client)
        self.end()

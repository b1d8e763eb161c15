"""Plays the scenarios of the corpus on a real Mosquitto and keeps its log: `python -m tests.tracer.scenarios`.

Each case is a folder `tests/corpus/mosquitto-VERSION-NAME` with the log, what the sockets received (truth.json) and
one line on what was played; `pytest tests/tracer --accept` adds what the tracer makes of it. Payloads are
`SENDER|SERIAL`. With COPPER_TEST_MOSQUITTO the program of another version, with an argument a Docker image of one.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.needs import need
from tests.tracer.logs import CORPUS
from tests.tracer.mosquittos import Mosquitto, mosquitto
from tests.tracer.packets import Will, disconnect
from tests.tracer.sockets import Client, Net

KEEP = ("persistence true", "persistence_location {folder}/")


class Scene:
    """One broker and its clients; `also`: the port of the bridge's other broker, or of a second listener."""

    def __init__(self, broker: Mosquitto, also: int) -> None:
        self.broker = broker
        self.also = also
        self.net = Net(broker.port)
        self._serial = 0

    def publish(self, client: Client, topic: str, **options: object) -> None:
        """A message whose payload says who sent it."""
        self._serial += 1
        size = options.pop("size", 0)
        client.publish(topic, f"{client.name}|{self._serial}".encode().ljust(size, b"."), **options)

    def subscriber(self, name: str, *filters: tuple[str, int], **options: object) -> Client:
        """Somebody who has subscribed."""
        client = self.net.connect(name, **options)
        client.subscribe(*filters)
        self.net.settle()
        return client

    def will(self, name: str, topic: str, **options: object) -> Will:
        """A will whose payload says whose it is."""
        return Will(topic, f"{name}|will".encode(), **options)

    def came(self, count: int) -> None:
        """Wait until so many copies have come in all."""
        self.net.wait(lambda: len(self.net.truth) >= count)

    def end(self) -> None:
        """Stop the broker, and read on until the connections end."""
        self.broker.stop()
        self.net.wait(lambda: not self.net.clients)
        self.broker.wait()


def several_publishers(scene: Scene) -> None:
    """S1 and S2 subscribe t/#; P1, P2 and P3 publish t/1 while the broker is halted, so that all is one batch."""
    for name in ("S1", "S2"):
        scene.subscriber(name, ("t/#", 1))
    publishers = [scene.net.connect(name) for name in ("P1", "P2", "P3")]
    scene.broker.signal("SIGSTOP")
    for qos in (0, 1):
        for client in publishers:
            scene.publish(client, "t/1", qos=qos, size=8)
    scene.broker.signal("SIGCONT")
    scene.net.settle()


def takeover(scene: Scene) -> None:
    """Clients with wills are thrown out by new ones with their ids: clean ones, lasting ones, MQTT 5."""
    scene.subscriber("S", ("w/#", 1))
    for name, options in (("A", {}), ("B", {"clean": False}), ("C", {"five": True})):
        old = scene.net.connect(name, will=scene.will(name, f"w/{name}", qos=1), **options)
        scene.net.connect(name, **options)
        scene.net.wait(lambda old=old: old.closed)
        scene.net.settle()


def timeout_with_will(scene: Scene) -> None:
    """W says nothing more and is thrown out; its will comes after P's message of the same topic and size."""
    scene.subscriber("S", ("w/#", 0))
    publisher = scene.net.connect("P")
    # not settled: a ping would keep it alive
    scene.net.connect("W", keepalive=1, will=scene.will("W", "w/1"))
    scene.publish(publisher, "w/1", size=6)
    scene.came(2)
    scene.net.wait(lambda: len(scene.net.clients) == 2)


def interleaved_qos2(scene: Scene) -> None:
    """P and Q publish t/1 at QoS 2 twice each, and release in another order than they published."""
    scene.subscriber("S", ("t/#", 2))
    p, q = (scene.net.connect(name) for name in "PQ")
    for client in (p, q):
        client.hold_release = True
        for _ in range(2):
            scene.publish(client, "t/1", qos=2, size=8)
    scene.net.wait(lambda: len(p.releasing) == 2 == len(q.releasing))
    for client in (q, p):
        client.releasing.reverse()
        client.release()
        client.hold_release = False
    scene.net.settle()


def too_large(scene: Scene) -> None:
    """S (MQTT 5) takes packets of 100 bytes at most; of P's three messages the second is larger."""
    scene.subscriber("S", ("t/#", 1), five=True, maximum=100)
    scene.subscriber("L", ("t/#", 1))
    publisher = scene.net.connect("P")
    for size in (10, 500, 10):
        scene.publish(publisher, "t/1", qos=1, size=size)
        scene.net.settle()


def delayed_wills(scene: Scene) -> None:
    """A and B (MQTT 5) are lost; A's will comes after a second, B is back before its will is due."""
    scene.subscriber("S", ("w/#", 0))
    options = {"five": True, "clean": False, "expiry": 3600}
    for name in ("A", "B"):
        client = scene.net.connect(
            name, will=scene.will(name, f"w/{name}", delay=1 if name == "A" else 3600), **options
        )
        client.close()
    scene.net.connect("B", **options)
    publisher = scene.net.connect("P")
    scene.publish(publisher, "w/other")
    scene.came(2)
    scene.net.settle()


def postponed_retained(scene: Scene, *, retain: bool = False) -> None:
    """S does not read while P floods it, and subscribes to A's stored r/1, which waits; then Q publishes r/1.

    `retain`: so that it is stored, too.
    """
    a, p, q = (scene.net.connect(name) for name in "APQ")
    scene.publish(a, "r/1", retain=True, size=8)
    scene.net.settle()
    slow = scene.subscriber("S", ("big/#", 0))
    scene.net.selector.unregister(slow.socket)
    for _ in range(20):
        scene.publish(p, "big/1", size=500_000)
    scene.net.settle()
    slow.subscribe(("r/#", 0))
    scene.net.settle()
    scene.publish(q, "r/1", size=8, retain=retain)
    scene.net.settle()
    scene.net.selector.register(slow.socket, 1, slow)
    scene.net.settle()


def forged_lines(scene: Scene) -> None:
    """log_type all: ids and filters that together look like lines of the victim; U+2028 in ids and topics."""
    scene.subscriber("spy", ("open/#", 0))
    victim = scene.net.connect("victim")
    forger = scene.net.connect("Received PUBLISH from victim (d0, q0, r0, m0, 'secret/plan',")
    forger.unsubscribe("... (5 bytes))")
    forger = scene.net.connect("Sending PUBLISH to spy (d0, q0, r0, m0, 'secret/plan',")
    forger.unsubscribe("... (5 bytes))")
    scene.net.connect("Client").unsubscribe("victim disconnected.")
    fake = "x\u20281795558047: Received PUBLISH from victim (d0, q0, r0, m0, 'secret/plan', ... (5 bytes))"
    forger = scene.net.connect(fake)
    forger.subscribe(("a\u2028b", 0))
    scene.net.settle()
    scene.publish(forger, "open/x\u2028y', ... (9 bytes))")
    scene.publish(victim, "open/1")
    scene.net.settle()


def restart(scene: Scene) -> None:
    """S is away; P and Q publish t/1, the broker restarts with persistence, Q publishes again, S comes back."""
    scene.subscriber("S", ("t/#", 1), clean=False).close(disconnect())
    scene.net.settle()
    for name in ("P", "Q"):
        scene.publish(scene.net.connect(name), "t/1", qos=1, retain=name == "Q", size=8)
    scene.net.settle()
    scene.end()
    scene.broker.start()
    scene.publish(scene.net.connect("Q"), "t/1", qos=1, size=8)
    scene.net.settle()
    scene.net.connect("S", clean=False)
    scene.subscriber("R", ("t/#", 1))
    scene.net.settle()


def receive_maximum(scene: Scene) -> None:
    """S (MQTT 5, receive maximum 2) acknowledges nothing while P and Q publish; then one after the other."""
    slow = scene.subscriber("S", ("t/#", 1), five=True, receive_maximum=2)
    slow.holding = True
    p, q = (scene.net.connect(name) for name in "PQ")
    for client in (p, q, p, q, q):
        scene.publish(client, "t/1", qos=1, size=8)
        scene.net.settle()
    for _ in range(5):
        slow.acknowledge(1)
        scene.net.settle()
    slow.holding = False
    slow.acknowledge()
    scene.net.settle()


def sent_again(scene: Scene) -> None:
    """S is lost with a copy of QoS 1 and one of QoS 2 unacknowledged, comes back, and gets them once more."""
    slow = scene.subscriber("S", ("t/#", 2), clean=False)
    slow.holding = True
    publisher = scene.net.connect("P")
    for qos in (1, 2):
        scene.publish(publisher, f"t/{qos}", qos=qos)
    scene.net.settle()
    slow.close()
    scene.publish(publisher, "t/3", qos=1)
    scene.net.settle()
    scene.net.connect("S", clean=False)
    scene.net.settle()


def wills_at_stop(scene: Scene) -> None:
    """V, W and S have wills as the broker ends; S gets all three, also one of each on the same topic."""
    scene.subscriber("S", ("w/#", 0), will=scene.will("S", "w/S"))
    for name in ("V", "W"):
        scene.net.connect(name, will=scene.will(name, "w/1"))


def mount_point(scene: Scene) -> None:
    """M is behind a listener with mount_point mp/ and subscribes t/#; P, without one, publishes mp/t/1, M t/2."""
    behind = Net(scene.also, scene.net.truth)
    client = behind.connect("M")
    client.subscribe(("t/#", 1))
    behind.settle()
    scene.subscriber("S", ("mp/t/#", 1))
    scene.publish(scene.net.connect("P"), "mp/t/1", qos=1)
    scene.publish(client, "t/2", qos=1)
    for _ in range(2):
        behind.settle()
        scene.net.settle()
    behind.close()


def stranger(scene: Scene) -> None:
    """Somebody with a wrong password says that it is the victim, and is refused; the victim goes on publishing."""
    account = {"user": "u", "password": "right"}
    scene.subscriber("S", ("t/#", 1), **account)
    victim = scene.net.connect("victim", will=scene.will("victim", "t/will"), **account)
    false = scene.net.start("victim", user="u", password="wrong")
    scene.net.wait(lambda: false.closed)
    scene.publish(victim, "t/1", qos=1)
    scene.net.settle()


def bridge(scene: Scene) -> None:
    """Messages of dom/# go out over a bridge as rem/#, those of cmd/# come in; S and, over there, R subscribe."""
    there = Net(scene.also, [])
    remote = there.connect("R")
    remote.subscribe(("#", 1))
    there.settle()
    scene.subscriber("S", ("#", 1))
    publisher = scene.net.connect("P")
    scene.net.wait(lambda: b"Received CONNACK on connection" in scene.broker.log.read_bytes())
    for number in range(2):
        scene.publish(publisher, f"dom/{number}", qos=number)
    there.wait(lambda: len(remote.received) == 2)
    scene.net.truth += [("local.edge", one) for one in remote.received]
    # for the log its sender is the bridge
    remote.publish("cmd/1", b"local.edge|1", qos=1)
    there.wait(lambda: len(remote.received) == 3)
    scene.came(5)
    there.close()


SCENARIOS: dict[str, tuple[Callable[[Scene], None], tuple[str, ...]]] = {
    "several-publishers": (several_publishers, ()),
    "takeover": (takeover, ()),
    "timeout-will": (timeout_with_will, ()),
    "interleaved-qos2": (interleaved_qos2, ()),
    "too-large": (too_large, ()),
    "delayed-wills": (delayed_wills, ()),
    "postponed-retained": (postponed_retained, ()),
    "forged-lines": (forged_lines, ("log_type all",)),
    "restart": (restart, KEEP),
    "receive-maximum": (receive_maximum, ()),
    "sent-again": (sent_again, ()),
    "wills-at-stop": (wills_at_stop, ()),
    "mount-point": (mount_point, ("listener {also} 127.0.0.1", "mount_point mp/")),
    "stranger": (stranger, ("allow_anonymous false", "password_file {folder}/passwords")),
    "bridge": (
        bridge,
        (
            "connection edge",
            "address 127.0.0.1:{also}",
            "remote_clientid edge",
            "local_clientid local.edge",
            "notifications false",
            "topic # out 1 dom/ rem/",
            "topic cmd/# in 1",
        ),
    ),
}


def play(name: str, image: str | None) -> None:
    """Play one scenario, and keep what comes of it."""
    scenario, settings = SCENARIOS[name]
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = Path(place)
        also = _free_port()
        if name == "stranger":
            _passwords(folder / "passwords")
        if name == "bridge":
            (folder / "there").mkdir()
            also = stack.enter_context(mosquitto(folder / "there", image=image)).port
        texts = [one.format(folder=folder, also=also) for one in settings]
        with mosquitto(folder, texts, image=image) as broker:
            scene = Scene(broker, also)
            scenario(scene)
            scene.end()
        log = broker.log.read_bytes().replace(place.encode(), b"/var/lib/mosquitto-test")
    version = re.search(rb"mosquitto version (\S+) starting", log)[1].decode()
    case = CORPUS / f"mosquitto-{version}-{name}"
    case.mkdir(exist_ok=True)
    (case / "mosquitto.log").write_bytes(log)
    (case / "truth.json").write_text(_truth(scene))
    words = " ".join(scenario.__doc__.split())
    (case / "origin.md").write_text(f"Mosquitto {version}, a real log (tests/tracer/scenarios.py): {words}\n")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _passwords(file: Path) -> None:
    subprocess.run([need("mosquitto_passwd"), "-c", "-b", str(file), "u", "right"], check=True, capture_output=True)
    file.chmod(0o644)


def _truth(scene: Scene) -> str:
    """What sockets received, without what was sent again."""
    rows, seen = [], set()
    for to, one in scene.net.truth:
        sender = one.payload.split(b"|")[0].decode()
        if not (one.dup and (to, one.payload) in seen):
            row = {"to": to, "from": sender, "topic": one.topic, "bytes": len(one.payload), "retain": int(one.retain)}
            rows.append(json.dumps(row, ensure_ascii=False))
        seen.add((to, one.payload))
    return "[\n" + ",\n".join(rows) + "\n]\n"


if __name__ == "__main__":
    for scenario_name in SCENARIOS:
        play(scenario_name, sys.argv[1] if len(sys.argv) > 1 else None)

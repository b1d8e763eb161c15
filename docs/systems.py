"""Four systems that nobody runs, to draw and to measure on: who publishes what how often, who subscribes to what.

They are of the kinds that the drawings were tried out on: `workflow` (a runner and four services), `home` (a house),
`plant` (400 presses of which some never say all that they could) and `large` (5,000 clients). Nodes and edges (publish
+ subscribe) of the whole systems are exactly those of the trials, debuggers included:

    workflow 34 / 76 · home 77 / 227 · plant 3,221 / 10,703 (with `kept=1`) · large 28,068 / 115,808

The same system each time: what is drawn at random has a seed. `traffic` makes graphs and logs of them.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

SEED = 7


@dataclass(frozen=True)
class Says:
    """What a client publishes on one topic: `rate` in messages a second, `size` in bytes."""

    topic: str
    rate: float
    size: int = 24
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True)
class Member:
    """A client: what it publishes, and the filters that it subscribes to (QoS 1)."""

    name: str
    says: tuple[Says, ...] = ()
    hears: tuple[str, ...] = ()


@dataclass(frozen=True)
class System:
    """All clients of one broker, and how long they are watched, in seconds."""

    name: str
    members: tuple[Member, ...]
    seconds: int


def workflow() -> System:
    """A runner that has four services do things, and tells of its runs; somebody looks on."""
    actions = (("fetcher", "fetch"), ("markdown", "convert"), ("pdf", "render"), ("indexer", "add"))
    runs = [f"20261124-06{number:02}00-{zlib.crc32(b'run %d' % number) & 0xFFFF:04x}" for number in range(8)]
    services = [
        Member(
            name,
            (Says(f"{name}/{action}/finish", 0.02, 180, 1), Says(f"{name}/status", 0.004, 12, 1, retain=True)),
            (f"{name}/{action}",),
        )
        for name, action in actions
    ]
    services[-1] = replace(services[-1], hears=(*services[-1].hears, "runner/runs/+/finish"))
    runner = Member(
        "runner",
        (
            *(Says(f"{name}/{action}", 0.02, 240, 1) for name, action in actions),
            *(Says(f"runner/runs/{run}/{end}", 1 / 600, 60, 1) for run in runs for end in ("start", "finish")),
        ),
        tuple(topic for name, action in actions for topic in (f"{name}/{action}/finish", f"{name}/status")),
    )
    return System("workflow", (Member("mqtt-explorer-6c20", hears=("#",)), *services, runner), 600)


_BULBS = ("0x00158d0001a2", "0x00158d0001b7", "0x00158d00023c", "0x00158d0002f1", "0x00158d000345", "0x00158d00038e")
_MINUTE, _HOUR = 1 / 60, 1 / 3600


def home() -> System:
    """A house: lamps, plugs, cameras, a car's charger, and Home Assistant, which wants to know almost everything."""

    def z2m(what: str, rate: float) -> tuple[Says, ...]:
        return tuple(Says(f"zigbee2mqtt/{bulb}/{what}", rate / 6, 90) for bulb in _BULBS)

    def lasting(topic: str) -> Says:
        return Says(topic, _HOUR, 8, 1, retain=True)

    def plug(name: str) -> Member:
        tele = (
            lasting(f"tele/{name}/LWT"),
            Says(f"tele/{name}/SENSOR", 0.1, 210),
            Says(f"tele/{name}/STATE", 0.1, 260),
        )
        return Member(name, (*tele, Says(f"stat/{name}/POWER", 0.6 * _MINUTE, 3)), (f"cmnd/{name}/POWER",))

    members = (
        Member("MQTT-Explorer-4f1a", hears=("#",)),
        Member(
            "frigate",
            (
                lasting("frigate/available"),
                Says("frigate/events", 0.3, 900),
                *(Says(f"frigate/{camera}/motion", 0.2, 3) for camera in ("front", "garden")),
                *(Says(f"frigate/{camera}/person", 1.2 * _MINUTE, 1) for camera in ("front", "garden")),
                *(
                    Says(f"frigate/{camera}/person/snapshot", 1.2 * _MINUTE, 48_000, retain=True)
                    for camera in ("front", "garden")
                ),
                Says("frigate/stats", 1.2 * _MINUTE, 1400),
            ),
        ),
        Member(
            "zigbee2mqtt",
            (
                Says("zigbee2mqtt/bridge/devices", 3.6 * _HOUR, 9000, retain=True),
                Says("zigbee2mqtt/bridge/logging", 0.5, 160),
                Says("zigbee2mqtt/bridge/state", 3.6 * _HOUR, 18, 1, retain=True),
                *z2m("climate", 0.3),
                *z2m("lamp", 3.6 * _MINUTE),
                *z2m("motion", 0.1),
            ),
            ("zigbee2mqtt/+/lamp/set",),
        ),
        plug("tasmota-plug-1"),
        plug("tasmota-plug-2"),
        Member(
            "evcc",
            tuple(
                Says(f"evcc/{what}", 1.0, 8) for what in ("loadpoints/1/chargePower", "site/gridPower", "site/pvPower")
            ),
            ("evcc/loadpoints/1/mode/set",),
        ),
        Member("openmqttgateway", (Says("home/OMG/BTtoMQTT/A4C138", 1.0, 140), lasting("home/OMG/LWT"))),
        Member(
            "esphome-garage",
            (Says("garage/door/state", 0.6 * _MINUTE, 6, retain=True), lasting("garage/status")),
            ("garage/door/command",),
        ),
        Member(
            "shelly-boiler",
            (Says("shellies/boiler/relay/0", 1.8 * _MINUTE, 3), Says("shellies/boiler/temperature", 1.8 * _MINUTE, 5)),
            ("shellies/boiler/relay/0/command",),
        ),
        Member("mosquitto-bridge", hears=("alerts/telegram",)),
        Member("mqtt-backup", hears=("homeassistant/status",)),
        Member(
            "alarm-panel",
            (Says("alarm/state", 0.6 * _MINUTE, 9, 1, retain=True),),
            ("alarm/command", "frigate/+/person", "zigbee2mqtt/+/motion"),
        ),
        Member(
            "node-red",
            (
                Says("alerts/telegram", 0.6 * _MINUTE, 120, 1),
                Says("evcc/loadpoints/1/mode/set", 3.6 * _HOUR, 3, 1),
                Says("shellies/boiler/relay/0/command", 0.3 * _MINUTE, 3, 1),
            ),
            ("alarm/state", "evcc/#", "frigate/events", "garage/door/state", "zigbee2mqtt/+/climate"),
        ),
        Member("telegraf", hears=("evcc/#", "shellies/+/temperature", "tele/+/SENSOR", "zigbee2mqtt/+/climate")),
        Member(
            "home-assistant",
            (
                Says("alarm/command", 3.6 * _HOUR, 8, 1),
                *(Says(f"cmnd/tasmota-plug-{number}/POWER", 0.6 * _MINUTE, 3, 1) for number in (1, 2)),
                Says("garage/door/command", 0.1 * _MINUTE, 5, 1),
                lasting("homeassistant/status"),
                *z2m("lamp/set", 3.6 * _MINUTE),
            ),
            ("alarm/state", "evcc/site/+", "frigate/#", "garage/#", "home/#", "shellies/#", "stat/#", "tele/#",
             "zigbee2mqtt/#"),
        ),
    )  # fmt: skip
    return System("home", members, 3600)


_MEASURES = {"alarm": 0.005, "cycle": 0.5, "energy": 0.2, "status": 0.02, "temp": 1.0, "vibration": 10.0}


def home_changed() -> System:
    """The house some weeks later: a heat pump and a second charger came, a backup and a thermometer went."""
    house, changed = home(), []
    for member in house.members:
        if member.name == "mqtt-backup":
            continue
        says = tuple(one for one in member.says if one.topic != "shellies/boiler/temperature")
        hears = member.hears
        if member.name == "evcc":
            says += (Says("evcc/loadpoints/2/chargePower", 0.2),)
        if member.name == "telegraf":
            hears += ("heatpump/+",)
        if member.name == "node-red":
            hears += ("frigate/front/person",)
        changed.append(replace(member, says=says, hears=hears))
    pump = Member("heatpump", (Says("heatpump/power", 0.2), Says("heatpump/temperature", 0.1)), ("heatpump/mode/set",))
    return replace(house, members=(*changed, pump))


def plant(kept: float = 0.8) -> System:
    """A plant of 400 presses on ten lines.

    Args:
        kept: the share of the topics that were ever in use, drawn at random, one by one.
    """
    draw = random.Random(SEED)
    presses, started = [], []
    for number in range(400):
        name = f"press-{number + 1:03}"
        root = f"plant/line{number % 10 + 1}/{name}"
        says = tuple(
            Says(f"{root}/{what}", rate, 8 if what != "alarm" else 90, int(what == "alarm"), retain=what == "status")
            for what, rate in _MEASURES.items()
            if draw.random() < kept
        )
        hears = ()
        if draw.random() < kept:
            hears = (f"{root}/cmd/start",)
            started.append(Says(hears[0], 0.01, 64, 1))
        if says or hears:
            presses.append(Member(name, says, hears))
    oee = tuple(Says(f"oee/line{number}", 0.1, 40) for number in range(1, 11) if draw.random() < kept)
    members = (
        Member("mqttx_9ab3f0", hears=("plant/line3/#",)),
        Member("historian", hears=("plant/#",)),
        Member("alarm-server", (Says("alarms/active", 0.2, 400, 1, retain=True),), ("plant/+/+/alarm",)),
        Member("energy-monitor", hears=("plant/+/+/energy",)),
        Member("oee-dashboard", oee, ("plant/+/+/cycle", "plant/+/+/status")),
        Member("mes", tuple(started), ("plant/+/+/cycle", "plant/+/+/status")),
        Member("edge-gateway", hears=("plant/+/+/temp",)),
        Member("predictive-maint", hears=("plant/+/+/vibration",)),
        Member("scada", hears=("plant/+/+/alarm", "plant/+/+/status", "plant/+/+/temp", "alarms/active")),
        Member("kafka-bridge", hears=("oee/+", "alarms/active")),
        *presses,
    )
    return System("plant", members, 200)


_KINDS = {
    "cam": (1215, 35, {"event": 1 / 30, "rssi": _MINUTE, "snapshot": 1 / 150, "status": 1 / 300}),
    "gw": (1227, 30, {"log": 1 / 30, "rssi": _MINUTE, "status": 1 / 300, "uptime": _MINUTE}),
    "meter": (1176, 44, {"energy": _MINUTE, "power": 1 / 30, "rssi": _MINUTE, "status": 1 / 300}),
    "valve": (1232, 31, {"pos": 1 / 30, "rssi": _MINUTE, "status": 1 / 300}),
}
"""Kind → how many devices, how many users who each look at one of them, and what a device publishes how often."""


def large() -> System:
    """A fleet: 4,850 devices of four kinds on 25 sites, ten applications, and 140 users with one device each."""
    draw = random.Random(SEED)
    sites = [f"site{number:02}" for number in range(1, 26)]
    kinds = [kind for kind, (devices, _, _) in _KINDS.items() for _ in range(devices)]
    draw.shuffle(kinds)
    roots: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    devices = []
    for number, kind in enumerate(kinds):
        name = f"dev-{number + 1:05}"
        root = f"fleet/{draw.choice(sites)}/{kind}/{name}"
        roots[kind].append(root)
        says = tuple(
            Says(f"{root}/{what}", rate, 20_000 if what == "snapshot" else 40, int(what == "event"), what == "status")
            for what, rate in _KINDS[kind][2].items()
        )
        devices.append(Member(name, says, (f"{root}/cmd",)))
    watched = [root for kind, (_, users, _) in _KINDS.items() for root in draw.sample(roots[kind], users)]
    draw.shuffle(watched)
    commands = tuple(Says(f"{root}/cmd", 1 / 300, 80, 1) for kind in _KINDS for root in roots[kind])
    members = (
        *(
            Member(
                f"app-ingest-{number}",
                tuple(Says(f"agg/{site}/minute", _MINUTE, 500, 1) for site in sites if not number),
                ("$share/ingest/fleet/#",),
            )
            for number in range(3)
        ),
        Member("app-dashboard", hears=("agg/+/minute",)),
        Member("app-audit", hears=("fleet/+/+/+/cmd",)),
        Member(
            "app-alerting",
            tuple(Says(f"alerts/{site}", 1 / 150, 200, 1) for site in sites),
            ("fleet/+/+/+/status", "fleet/+/cam/+/event"),
        ),
        Member("app-ticketing", hears=("alerts/+",)),
        Member("app-ota", commands, ("fleet/+/+/+/status",)),
        Member("app-billing", hears=("fleet/+/meter/+/energy",)),
        Member("app-ml-features", hears=("fleet/+/meter/+/power",)),
        *(Member(f"user-{number:03}", hears=(f"{root}/#",)) for number, root in enumerate(watched, start=1)),
        *devices,
    )
    return System("large", members, 300)


SYSTEMS: dict[str, Callable[[], System]] = {each.__name__: each for each in (workflow, home, plant, large)}

"""Graphs as the tracer makes them, for the tests of the pictures: small, lively, large and nasty ones."""

from __future__ import annotations

import random

import networkx as nx

BEGIN, END = "2026-11-24T23:30:00+00:00", "2026-11-24T23:40:00+00:00"


class GraphMaker:
    """Publish and receive in a few words; the attributes are those of the tracer's graph."""

    def __init__(self, first=BEGIN, last=END):
        self.graph = nx.MultiDiGraph(
            schema=1, source="test", first=first, last=last, lines=0, events=0, unknown_lines=0, ambiguous_lines=0,
            broker_version="2.0.11",
        )  # fmt: skip

    def service(self, name):
        node = f"service:{name}"
        if node not in self.graph:
            self.graph.add_node(
                node, kind="service", name=name, clients=[f"{name}-1"], rule="id", connected=True,
                addresses=["127.0.0.1"], user=None,
            )  # fmt: skip
        return node

    def topic(self, name, *, only_filter=False, topics=1):
        node = f"topic:{name}"
        if node not in self.graph:
            self.graph.add_node(
                node, kind="topic", name=name, template=topics > 1, topics=topics, filter=only_filter,
                retained_by=None,
            )  # fmt: skip
        return node

    def line(self, source, target, key, messages, **more):
        base = {"messages": messages, "bytes": messages * 40, "qos": [1], "retained": 0}
        times = {"first": BEGIN if messages else None, "last": END if messages else None}
        self.graph.add_edge(source, target, key=key, **{**base, **times, **more})

    def publish(self, service, topic, messages=1):
        self.line(self.service(service), self.topic(topic), "publish", messages)

    def receive(self, topic, service, senders, *, through=None):
        """`senders`: name → (messages seen, messages inferred)."""
        target = self.service(service)
        messages = sum(map(sum, senders.values()))
        self.line(self.topic(topic), target, "subscribe", messages, filters=[through or topic])
        for sender, (seen, inferred) in senders.items():
            if sender is not None:
                self.line(
                    self.service(sender), target, f"deliver:{topic}", seen + inferred, topic=topic, seen=seen,
                    inferred=inferred,
                )  # fmt: skip

    def message(self, topic, sender, receivers, messages=1, *, through=None):
        self.publish(sender, topic, messages)
        for receiver in receivers:
            self.receive(topic, receiver, {sender: (messages, 0)}, through=through)

    def deny(self, service, topic, messages=1):
        self.line(self.service(service), self.topic(topic), "deny", messages)


def workflow():
    """runner, fetcher and markdown during one run of two actions."""
    make = GraphMaker("2026-11-24T23:30:00+00:00", "2026-11-24T23:30:03+00:00")
    for service, action in (("fetcher", "fetch"), ("markdown", "build")):
        make.message(f"{service}/{action}", "runner", [service])
        make.message(f"{service}/{action}/start", service, ["runner"])
        make.message(f"{service}/{action}/progress", service, ["runner"], 4)
        make.message(f"{service}/{action}/finish", service, ["runner"])
        make.receive(f"{service}/{action}/error", "runner", {})
        make.graph.nodes[f"topic:{service}/{action}/error"]["filter"] = True
        for topic in ("status", "info"):
            make.publish(service, f"{service}/{topic}")
            make.receive(f"{service}/{topic}", "runner", {service: (0, 1)})
            make.graph.nodes[f"topic:{service}/{topic}"]["retained_by"] = service
    for topic in ("status", "start", "finish", *(f"runs/20261124-233000-ab12/{end}" for end in ("start", "finish"))):
        make.publish("runner", f"runner/{topic}", 2 if topic in ("start", "finish") else 1)
    make.graph.nodes["topic:runner/status"]["retained_by"] = "runner"
    return make.graph


HOME = {
    "frigate": "frigate/available frigate/events frigate/front/motion frigate/front/person "
    "frigate/front/person/snapshot frigate/garden/motion frigate/garden/person frigate/garden/person/snapshot "
    "frigate/stats",
    "zigbee2mqtt": "zigbee2mqtt/bridge/devices zigbee2mqtt/bridge/logging zigbee2mqtt/bridge/state "
    "zigbee2mqtt/{id}/climate zigbee2mqtt/{id}/lamp zigbee2mqtt/{id}/motion",
    "tasmota-plug-1": "tele/tasmota-plug-1/LWT tele/tasmota-plug-1/SENSOR tele/tasmota-plug-1/STATE "
    "stat/tasmota-plug-1/POWER",
    "tasmota-plug-2": "tele/tasmota-plug-2/LWT tele/tasmota-plug-2/SENSOR tele/tasmota-plug-2/STATE "
    "stat/tasmota-plug-2/POWER",
    "evcc": "evcc/loadpoints/1/chargePower evcc/site/gridPower evcc/site/pvPower",
    "openmqttgateway": "home/OMG/BTtoMQTT/A4C138 home/OMG/LWT",
    "esphome-garage": "garage/door/state garage/status",
    "shelly-boiler": "shellies/boiler/relay/0 shellies/boiler/temperature",
    "alarm-panel": "alarm/state",
    "node-red": "evcc/loadpoints/1/mode/set alerts/telegram shellies/boiler/relay/0/command",
    "home-assistant": "alarm/command cmnd/tasmota-plug-1/POWER cmnd/tasmota-plug-2/POWER garage/door/command "
    "homeassistant/status zigbee2mqtt/{id}/lamp/set",
}
HOME_SUBSCRIPTIONS = {
    "tasmota-plug-1": "cmnd/tasmota-plug-1/POWER",
    "tasmota-plug-2": "cmnd/tasmota-plug-2/POWER",
    "evcc": "evcc/loadpoints/1/mode/set",
    "esphome-garage": "garage/door/command",
    "shelly-boiler": "shellies/boiler/relay/0/command",
    "mosquitto-bridge": "alerts/telegram",
    "mqtt-backup": "homeassistant/status",
    "zigbee2mqtt": "zigbee2mqtt/{id}/lamp/set",
    "alarm-panel": "alarm/command frigate/front/person frigate/garden/person zigbee2mqtt/{id}/motion",
    "node-red": "evcc/# alarm/state frigate/events garage/door/state zigbee2mqtt/{id}/climate",
    "telegraf": "evcc/# shellies/boiler/temperature tele/tasmota-plug-1/SENSOR tele/tasmota-plug-2/SENSOR "
    "zigbee2mqtt/{id}/climate",
    "home-assistant": "alarm/state evcc/site/gridPower evcc/site/pvPower frigate/# garage/# home/# shellies/# "
    "stat/# tele/# zigbee2mqtt/#",
}


def home():
    """A house: 14 services, 42 topics, some of which stand for six."""
    make = GraphMaker()
    dice = random.Random(7)
    publishers = {}
    for service, topics in HOME.items():
        for topic in topics.split():
            messages = dice.choice([1, 3, 6, 40, 300])
            make.topic(topic, topics=6 if "{id}" in topic else 1)
            make.publish(service, topic, messages)
            publishers[topic] = (service, messages)
    for service, filters in HOME_SUBSCRIPTIONS.items():
        for topic_filter in filters.split():
            for topic, (sender, messages) in sorted(publishers.items()):
                if topic == topic_filter or (topic_filter.endswith("#") and topic.startswith(topic_filter.rstrip("#"))):
                    seen = dice.choice([messages, messages, messages, 0, messages // 2])
                    make.receive(topic, service, {sender: (seen, messages - seen)}, through=topic_filter)
    make.receive("zigbee2mqtt/bridge/request/#", "zigbee2mqtt", {})
    make.graph.nodes["topic:zigbee2mqtt/bridge/request/#"]["filter"] = True
    make.deny("openmqttgateway", "homeassistant/status", 2)
    return make.graph


def random_graph(services, topics, lines, seed=1):
    """Anything to anything, as a system without any order would be."""
    make, dice = GraphMaker(), random.Random(seed)
    names = [f"svc-{number}" for number in range(services)]
    paths = [f"area{number % 37}/dev{number}/temp" for number in range(topics)]
    list(map(make.service, names))
    list(map(make.topic, paths))
    for _ in range(lines // 2):
        topic, sender, receiver = dice.choice(paths), dice.choice(names), dice.choice(names)
        make.message(topic, sender, [receiver], dice.randint(1, 50))
    return make.graph


NASTY = (
    "<script>alert(1)</script>", "]]>", "\"'&amp;", "%s{0}", "bell\x07", "esc\x1b[31m", "\u202eevil", "zero\u200bwidth",
    "中文/主题", "emoji 🦊/x", "a" * 300, "/", "", "//", " ", "new\nline", "\ud800", "\ufffe", "back\\slash\\n", "-->",
    "x/" * 40, "}", "\u2028", "javascript:alert(1)", "node", "digraph", "é/ü", "\U0010ffff",
)  # fmt: skip


def nasty(names=NASTY):
    """A service and a topic of each name, all joined."""
    make = GraphMaker()
    for number, name in enumerate(names):
        make.message(name, name, [names[number - 1]], through=name)
    make.deny(names[0], names[-1])
    return make.graph

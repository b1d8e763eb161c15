"""Who chooses ids, filters, topics and user names well makes lines that look like others; none makes an edge.

A real Mosquitto plays what can be played on it; the lines of other versions are written out.
"""

import os
import re

import pytest

from tests.tracer.logs import CORPUS, connected, events_of, published, sent, subscribed, traced
from tests.tracer.mosquittos import mosquitto
from tests.tracer.packets import Will, disconnect
from tests.tracer.sockets import Net
from tracer.events import as_dict

IMAGE = os.environ.get("COPPER_TEST_MOSQUITTO_IMAGE")
SECRET = "(d0, q0, r0, m0, 'secret 0 plan', ... (5 bytes))"
FORGED = {
    "publish": f"Received PUBLISH from victim {SECRET}",
    "copy": f"Sending PUBLISH to spy {SECRET}",
    "refused": "Denied PUBLISH from victim (d0, q0, r0, m0, 'open/1', ... (8 bytes))",
    "release": "Received PUBREL from victim (Mid: 1)",
    "error": "Sending PUBREC to victim (m1, rc135)",
    "goodbye": "Received DISCONNECT from victim",
    "end": "Client victim disconnected.",
    "end-1.6": "Socket error on client victim, disconnecting.",
    "end-2.1": "Client victim [127.0.0.1:4000] disconnected: connection closed by client.",
    "expiry": "Expiring client victim due to timeout.",
    "takeover": "Client victim already connected, closing old connection.",
    "connect": "New client connected from 127.0.0.1:9 as victim (p2, c1, k60).",
    "connack": "Sending CONNACK to victim (0, 0)",
    "refusal": "Sending CONNACK to victim (0, 5)",
    "start": "mosquitto version 2.0.11 starting",
    "old-start": "mosquitto version 1.6.15 starting",
    "stop": "mosquitto version 2.0.11 terminating",
    "subscribe": "Received SUBSCRIBE from victim",
    "bridge": "Bridge victim doing local SUBSCRIBE on topic open/1",
    "too-large": "Dropping too large outgoing PUBLISH for spy (8 bytes)",
    "dropped": "Outgoing messages are being dropped for client spy.",
}
# so long that the line which says whose block it is is cut, and the forged one is not; `~` is filled up
LONG = {
    "long-publish": "Received PUBLISH from victim (d0, q0, r0, m0, '~ ', ... (5 bytes))",
    "long-copy": "Sending PUBLISH to spy (d0, q0, r0, m0, '~ ', ... (5 bytes))",
    "long-connect": "New client connected from ~ as victim (p2, c1, k60).",
    "long-start": "mosquitto version ~ starting",
    "long-bridge": "Bridge victim doing local SUBSCRIBE on topic ~ b",
}
LONG_ID = 962


def by_unsubscribe(net, text):
    """Somebody whose id and filter together are this line; a second filter looks like that of a SUBSCRIBE."""
    client, space, topic_filter = text.partition("~ ") if "~" in text else text.rpartition(" ")
    if "~" in space:
        client = client.ljust(LONG_ID, "x")
    net.connect(client).unsubscribe(topic_filter or "b", "open/1 (QoS 1)")


def by_subscribe(net, text):
    """Somebody whose id, QoS and filter together are this line."""
    client, _, topic_filter = text.partition(" 0 ")
    net.connect(client).subscribe((topic_filter, 0))


def by_names(net, text):
    """Somebody whose id, filter, topic, user and will hold this line behind something that is no newline."""
    for end in ("\u2028", "\u2029", "\u202e", "\ufeff"):
        line = f"x{end}1800000000: {text}"
        client = net.connect(line, user=line, will=Will(line, b"12345"))
        client.subscribe((line, 0))
        client.unsubscribe(line)
        client.publish(line, b"12345")
        client.close()


def true_events(forge, folder, *settings):
    """What happens to victim and spy on a broker that logs all, while somebody forges: line numbers apart."""
    with mosquitto(folder, ["log_type all", *settings], image=IMAGE) as broker:
        net = Net(broker.port)
        net.connect("watcher")
        spy, victim = net.connect("spy"), net.connect("victim")
        for client, name in ((spy, "open/#"), (victim, "mine")):
            client.subscribe((name, 2))
            net.settle()
        victim.hold_release = True
        victim.publish("open/2", b"12345678", qos=2)
        net.wait(lambda: victim.releasing)
        forge(net)
        net.settle()
        victim.publish("open/1", b"12345678")
        net.settle()
        victim.release()
        net.settle()
        assert [one.topic for one in spy.received] == ["open/1", "open/2"]
        assert not victim.received
        for client in (victim, spy):
            client.close(disconnect())
            net.settle()
        broker.stop()
        broker.wait()
        net.close()
        log = broker.log.read_bytes()
    events, _, _ = traced(log)
    told = [as_dict(event) for event in events]
    ours = [one for one in told if one.get("client") in {"victim", "spy"} or one["event"] == "broker"]
    return [{key: value for key, value in one.items() if key not in {"at", "line", "port"}} for one in ours], log


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """What happens where nobody forges."""
    return true_events(lambda _: None, tmp_path_factory.mktemp("truth"))[0]


@pytest.mark.parametrize("text", [*FORGED.values(), *LONG.values()], ids=[*FORGED, *LONG])
def test_no_unsubscribe_changes_what_happens_to_others(text, truth, tmp_path):
    told, log = true_events(lambda net: by_unsubscribe(net, text), tmp_path)
    start, _, end = text.partition("~")
    assert any(
        line.partition(b": ")[2].startswith(start.encode()) and line.endswith(end.encode()) for line in log.split(b"\n")
    )
    assert told == truth


@pytest.mark.parametrize("text", [text for text in FORGED.values() if " 0 " in text])
def test_no_subscribe_changes_what_happens_to_others(text, truth, tmp_path):
    told, log = true_events(lambda net: by_subscribe(net, text), tmp_path)
    assert f": {text}\n".encode() in log
    assert told == truth


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED)
def test_no_separator_of_unicode_begins_a_line(text, truth, tmp_path):
    told, log = true_events(lambda net: by_names(net, text), tmp_path)
    assert "\u2028".encode() in log
    assert told == truth


def by_long_topic(net):
    """Somebody whose topics end, where Mosquitto cuts the line, as a line ends."""
    tail = "', ... (5 bytes))"
    for head in ("Received PUBLISH from forger", "Sending PUBLISH to forger"):
        begin = f"1800000000: {head} (d0, q0, r0, m0, '"
        topic = "forged/".ljust(999 - len(begin) - len(tail), "x") + tail
        forger = net.connect("forger")
        forger.subscribe(("forged/#", 0))
        forger.publish(topic + "y" * 50, b"12345")
        net.settle()
        forger.close()


def by_prefix(net, text):
    """Somebody whose id goes on, behind another's, as the line of that one goes on."""
    for name in ("victim", "spy"):
        client = net.connect(f"{name} {text}")
        client.subscribe(("other", 2))
        for qos in (0, 1, 2):
            client.publish("other", b"12345678", qos=qos)
        net.settle()
        client.unsubscribe("other")
        client.close(disconnect())


@pytest.mark.parametrize(
    "rest",
    [
        "(d0, q0, r0, m0, '",
        "(d0, q0, r0, m0, 'open/1",
        "(d0, q0, r0, m0, 'open/1', ... (8 bytes))",
        "(p2, c1, k60).",
        "(0, 0)",
        "(Mid: 1)",
        "(m1, rc135)",
        "disconnected, so",
        "disconnected: x",
        "disconnected due to",
        "closed its connection.",
        "[127.0.0.1:4000] disconnected: x",
        "already connected, closing old connection.",
        "0 open/#",
    ],
)
def test_no_id_that_begins_with_anothers_changes_what_happens_to_that_one(rest, truth, tmp_path):
    assert true_events(lambda net: by_prefix(net, rest), tmp_path)[0] == truth


def test_no_topic_that_ends_well_where_it_is_cut_is_believed(truth, tmp_path):
    told, log = true_events(by_long_topic, tmp_path)
    assert sum(len(line) == 999 and line.endswith(b"', ... (5 bytes))") for line in log.split(b"\n")) == 2
    assert told == truth


# -- what needs another version, or a certificate -----------------------------------------------------------------

BEFORE = [*connected("victim"), *connected("spy"), *subscribed("spy", "open/#", qos=1)]
AFTER = [published("victim", "open/1"), sent("spy", "open/1"), "Received DISCONNECT from victim"]


def told_of_others(version, *texts):
    """What a log of this version tells of victim and spy between BEFORE and AFTER, line numbers apart."""
    every = [f"mosquitto version {version} starting", *BEFORE, *texts, *AFTER]
    if version.startswith("1.6"):
        every = [re.sub(r"(connect\w+ from [\d.]+):\d+", r"\1", text) for text in every]
    events = traced("".join(f"1800000000: {text}\n" for text in every).encode())[0]
    told = [as_dict(event) for event in events]
    ours = [one for one in told if one.get("client") in {"victim", "spy"} and one["event"] != "refused"]
    return [{key: value for key, value in one.items() if key != "line"} for one in ours]


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("version", ["1.6.15", "2.0.11"])
def test_no_line_in_a_user_name_is_believed(version, text):
    """A certificate's name with newlines (s38), with other lines in the place of the forged one."""
    log = (CORPUS / f"mosquitto-{version}-tls-cn-newline" / "mosquitto.log").read_text().splitlines()
    start, forged = next((number, line) for number, line in enumerate(log) if "from victim" in line)
    real = [line.partition(": ")[2] for line in (*log[start - 2 : start], log[start + 2], log[start + 3])]
    user = [*real[:2], text, "1')."]
    assert forged.partition(": ")[2].startswith("Received PUBLISH from victim")
    assert told_of_others(version, *user, *real[2:]) == told_of_others(version)


def test_no_id_in_1_6_whose_echo_is_cut_is_believed():
    text = "Received PUBLISH from victim (d0, q0, r0, m0, 'x".ljust(486, "x") + " ', ... (5 bytes))"
    client = text.ljust(600, "y")
    block = [
        f"Received UNSUBSCRIBE from {client}"[:527],
        "\tb",
        f"{client} b"[:504],
        f"Sending UNSUBACK to {client}"[:519],
    ]
    assert block[2] == text
    assert told_of_others("1.6.15", *block) == told_of_others("1.6.15")


@pytest.mark.parametrize(("begin", "size"), [("Received PUBLISH from forger", 567), ("Sending PUBLISH to spy", 564)])
def test_no_topic_in_1_6_that_ends_well_where_it_is_cut_is_believed(begin, size):
    text = f"{begin} (d0, q0, r0, m0, 'open/".ljust(size - 17, "x") + "', ... (5 bytes))"
    assert told_of_others("1.6.15", text) == told_of_others("1.6.15")


def test_nobody_loses_lines_to_an_id_in_1_6_that_is_longer_than_a_line():
    client = "K" * 600
    joins = [
        f"New client connected from 127.0.0.1 as {client}"[:549],
        "No will message specified.",
        f"Sending CONNACK to {client}"[:529],
    ]
    assert told_of_others("1.6.15", *joins) == told_of_others("1.6.15")


def test_who_is_refused_for_its_keepalive_takes_nobodys_lines_away():
    """Since 2.0.15 max_keepalive turns clients of MQTT 3 away, after their New client line."""
    refused = ["Sending CONNACK to refused (0, 2)", "Client refused disconnected: Invalid input."]
    assert told_of_others("2.0.22", *connected("refused")[:-1], *refused) == told_of_others("2.0.22")


STRANGERS = {
    "1.6.15": ["Sending CONNACK to 127.0.0.1 (0, 5)", "Socket error on client <unknown>, disconnecting."],
    "2.0.11": ["Sending CONNACK to 127.0.0.1 (0, 5)", "Client <unknown> disconnected, not authorised."],
    "2.0.22": ["Sending CONNACK to victim (0, 5)", "Client victim disconnected, not authorised."],
    "2.0.22-v5": ["Sending CONNACK to victim (0, 135)", "Client victim disconnected, not authorised."],
    "2.1.0": ["Sending CONNACK to victim (0, 5)", "Client victim disconnected, not authorised."],
    "2.1.2": ["Sending CONNACK to victim (0, 5)", "Client victim [127.0.0.1:9] disconnected: not authorised."],
    "2.1.2-lost": [
        "Sending CONNACK to victim (0, 5)",
        "Client victim [127.0.0.1:9] disconnected: bad socket read/write: x",
    ],
}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("case", STRANGERS)
def test_no_refused_stranger_with_a_victims_id_disconnects_it(case, times):
    version = case.partition("-")[0]
    strange = ["New connection from 127.0.0.1:9 on port 1883.", *STRANGERS[case]]
    end = "Client victim disconnected."
    assert told_of_others(version, *strange * times) == told_of_others(version)
    assert told_of_others(version, *strange * times, end)[-2:] == told_of_others(version, end)[-2:]


def test_no_refused_stranger_disconnects_a_victim_where_packets_are_not_logged():
    told = ["New connection from 127.0.0.1:9 on port 1883.", "Client victim disconnected, not authorised."]
    victim = [connected("victim")[1]]
    events = events_of(*victim, *told, "Client victim closed its connection.")
    assert [event["event"] for event in events] == ["connect", "disconnect"]
    assert events[-1]["reason"] == "closed"

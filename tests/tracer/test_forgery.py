"""Who chooses ids, filters, topics and user names well makes lines that look like others; none makes an edge.

A real Mosquitto plays what can be played on it; the lines of other versions are written out.
"""

import pytest

from tests.tracer.logs import traced
from tests.tracer.mosquittos import mosquitto
from tests.tracer.packets import Will, disconnect
from tests.tracer.sockets import Net
from tracer.events import as_dict

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


def true_events(forge, folder):
    """What happens to victim and spy on a broker that logs all, while somebody forges: line numbers apart."""
    with mosquitto(folder, ["log_type all"]) as broker:
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

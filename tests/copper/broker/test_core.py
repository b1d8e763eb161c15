"""The built-in broker without sockets: its bounds, and that no bytes and no order of them bring it down."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copper.broker.builtin.core import Core
from copper.broker.builtin.log import record
from copper.broker.builtin.session import Limits
from copper.broker.builtin.state import Close, Line, Send
from copper.broker.builtin.topics import Retained, Subscription, Subscriptions, valid_filter
from tests.copper.broker import scenarios
from tests.copper.broker.wire import DISCONNECT, PINGREQ, ack, connect, publish, subscribe, unsubscribe


def said(wishes):
    """The log lines among what a core wishes."""
    return [wish.text for wish in wishes if isinstance(wish, Line)]


def sent(wishes):
    """The bytes among what a core wishes."""
    return [wish.data for wish in wishes if isinstance(wish, Send)]


def client(core, data, now=0.0):
    """Connect a socket to a core and send bytes over it."""
    connection, _ = core.opened("127.0.0.1", 5000, 1883, now)
    return connection, core.received(connection, data, now)


def test_packet_above_the_limit_ends_the_connection_before_it_came():
    core = Core(Limits(packet=100))
    connection, _ = client(core, connect("x"))
    wishes = core.received(connection, b"\x30\x64", 0.0)
    assert said(wishes) == ["Client x disconnected due to oversize packet."]
    assert isinstance(wishes[-1], Close)


def test_messages_of_qos_2_that_are_never_released_are_bounded():
    core = Core(Limits(inflight=2, queued=3))
    connection, _ = client(core, connect("x", v=5))
    for mid in range(1, 6):
        core.received(connection, publish("t", b"x", qos=2, mid=mid, v=5), 0.0)
    wishes = core.received(connection, publish("t", b"x", qos=2, mid=6, v=5), 0.0)
    assert sent(wishes) == [ack(0x50, 6, 0x97)]


def test_client_whose_socket_is_full_gets_no_messages_of_qos_0():
    core = Core()
    connection, _ = client(core, connect("slow") + subscribe(1, ("t", 1)))
    publisher, _ = client(core, connect("p"))
    core.congested(connection, full=True)
    wishes = core.received(publisher, publish("t", b"1") * 2, 0.0)
    assert said(wishes).count("Outgoing messages are being dropped for client slow.") == 1
    assert not sent(wishes)
    core.congested(connection, full=False)
    assert sent(core.received(publisher, publish("t", b"2"), 0.0)) == [publish("t", b"2")]


def test_silent_client_is_ended_after_one_and_a_half_keepalives():
    core = Core()
    client(core, connect("x", keepalive=10))
    assert not core.tick(15.0)
    assert said(core.tick(15.1)) == ["Client x has exceeded timeout, disconnecting."]


def test_message_is_not_delivered_after_its_expiry():
    core = Core()
    connection, _ = client(core, connect("away", clean=False) + subscribe(1, ("t", 1)))
    core.closed(connection, 0.0)
    message = publish("t", b"x", qos=1, mid=1, v=5, properties=(b"\x02\x00\x00\x00\x0a",))
    client(core, connect("p", v=5) + message)
    _, wishes = client(core, connect("away", clean=False), 10.5)
    assert not any(data[0] >> 4 == 3 for data in sent(wishes))


def test_line_is_cut_at_999_bytes_with_its_time():
    line = record("é" * 1000, 1700000000.9)
    assert line.startswith("1700000000: é".encode())
    assert len(line) == 1000
    assert line.endswith(b"\n")


LEVEL = st.sampled_from(["a", "b", "", "$x", "é"])
TOPIC = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)
FILTER = (
    st.tuples(st.lists(LEVEL | st.just("+"), max_size=3), st.sampled_from([[], ["#"]]))
    .map(lambda parts: "/".join(parts[0] + parts[1]))
    .filter(bool)
)


def matches(topic_filter, topic):
    """MQTT's rule, spelled out (3.1.1, 4.7)."""
    if topic.startswith("$") and topic_filter[0] in "+#":
        return False
    levels, names = topic_filter.split("/"), topic.split("/")
    for at, level in enumerate(levels):
        if level == "#":
            return True
        if at >= len(names) or level not in ("+", names[at]):
            return False
    return len(levels) == len(names)


@given(st.lists(FILTER, max_size=6), st.lists(FILTER, max_size=3), TOPIC)
def test_subscriptions_match_as_mqtt_says(filters, removed, topic):
    subscriptions = Subscriptions()
    for name in filters:
        assert valid_filter(name)
        subscriptions.add(name, Subscription(name, 0))
    for name in removed:
        assert subscriptions.remove(name, name) == (name in filters)
        filters = [other for other in filters if other != name]
    found = [client_id for node in subscriptions.matching(topic) for client_id in node.plain]
    assert sorted(found) == sorted({name for name in filters if matches(name, topic)})


@given(st.lists(TOPIC, max_size=6), FILTER)
def test_retained_messages_are_found_as_mqtt_says(topics, topic_filter):
    retained = Retained()
    for topic in topics:
        retained.store(topic, topic)
    assert sorted(retained.matching(topic_filter)) == sorted({t for t in topics if matches(topic_filter, t)})


PACKETS = st.sampled_from(
    [
        connect("a"),
        connect("a", v=5, clean=False, will=("t/w", b"w", 1, True)),
        connect("b", clean=False),
        subscribe(1, ("t/#", 2), ("$share/g/t/+", 1)),
        subscribe(1, ("#", 0x2E), v=5),
        unsubscribe(2, "t/#"),
        publish("t/a", b"x", qos=2, mid=1),
        publish("t/a", b"x", qos=1, mid=1, retain=True),
        publish("t/a", b"", retain=True),
        publish("t/a", b"x", v=5),
        ack(0x40, 1),
        ack(0x50, 1),
        ack(0x62, 1),
        ack(0x70, 1),
        PINGREQ,
        DISCONNECT,
        *(data for _, data in scenarios.MALFORMED.values()),
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), PACKETS | st.binary(max_size=40), st.integers(0, 3)), max_size=25),
    st.randoms(use_true_random=False),
)
def test_no_bytes_in_no_order_bring_the_broker_down(steps, chance):
    core, now = Core(Limits(inflight=2, queued=3)), 0.0
    connections = [client(core, b"")[0] for _ in range(4)]
    for which, data, cuts in steps:
        now += chance.choice([0.0, 1.0, 100.0])
        places = sorted(chance.randrange(len(data) + 1) for _ in range(cuts))
        for start, end in zip([0, *places], [*places, len(data)], strict=True):
            core.received(connections[which], data[start:end], now)
        if chance.random() < 0.2:
            core.closed(connections[which], now)
            connections[which], _ = client(core, b"", now)
        core.tick(now)
    _, wishes = client(core, connect("last") + PINGREQ, now)
    assert sent(wishes)[-1] == b"\xd0\x00"


@pytest.mark.parametrize("seed", range(5))
def test_packets_cut_anywhere_mean_the_same(seed):
    data = b"".join([connect("a", v=5), subscribe(1, ("t/#", 2), v=5), *[publish("t/a", b"x" * 200, v=5)] * 3])
    chance = random.Random(seed)
    _, expected = client(Core(), data)
    core = Core()
    connection, _ = client(core, b"")
    wishes = []
    while data:
        size = chance.randrange(1, 9)
        wishes += core.received(connection, data[:size], 0.0)
        data = data[size:]
    assert (said(wishes), sent(wishes)) == (said(expected), sent(expected))

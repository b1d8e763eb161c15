"""The built-in broker against real Mosquitto, who is the judge: each story is played on both.

What every client receives is compared byte by byte, and what the brokers log line by line. Where the
built-in broker differs on purpose, a test of its own says how and why.
"""

from __future__ import annotations

import pytest

from tests import brokers
from tests.copper.broker import scenarios
from tests.copper.broker.scenarios import four, two
from tests.copper.broker.stage import Stage
from tests.copper.broker.wire import ack, packet, publish, subscribe, text, wait_for


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A broker of each kind; Mosquitto must be the version whose lines the built-in one writes."""
    folder = tmp_path_factory.mktemp("brokers")
    with (
        brokers.running("mosquitto", folder / "mosquitto") as judge,
        brokers.running("builtin", folder / "builtin") as ours,
    ):
        if b"mosquitto version 2.0.11 running" not in judge.log.read_bytes():
            pytest.skip("the built-in broker writes the lines of Mosquitto 2.0.11, and this is another one")
        yield {"mosquitto": judge, "builtin": ours}


def play(broker, story, *args):
    """What is seen of a story on a broker."""
    stage = Stage(brokers.port_of(broker), broker.log)
    try:
        story(stage, *args)
        return stage.seen()
    finally:
        stage.close()


def compare(both, story, *args):
    """A story must be seen alike on both brokers."""
    ours, judge = play(both["builtin"], story, *args), play(both["mosquitto"], story, *args)
    assert ours.lines == judge.lines
    assert ours.packets == judge.packets


@pytest.mark.parametrize("story", scenarios.STORIES, ids=lambda story: story.__name__)
def test_broker_agrees_with_mosquitto(both, story):
    compare(both, story)


@pytest.mark.parametrize("name", scenarios.MALFORMED)
def test_malformed_packet_is_refused_as_by_mosquitto(both, name):
    version, data = scenarios.MALFORMED[name]
    compare(both, scenarios.malformed, version, data)
    if version == 4 and data[0] >> 4 in (4, 6, 14, 15):
        compare(both, scenarios.malformed, 5, data)


def window_after_an_acknowledgement(broker):
    """How many messages are sent for one PUBACK, when twenty are in flight and twenty more wait."""
    stage = Stage(brokers.port_of(broker), broker.log)
    subscriber = stage.subscriber("window-s", ("window/#", 1))
    publisher = stage.client("window-p")
    for mid in range(1, 41):
        publisher.do(publish("window/t", b"x", qos=1, mid=mid))
    subscriber.settle()
    before = len(subscriber.got)
    subscriber.do(ack(0x40, 1))
    sent = len(subscriber.got) - before - 1
    stage.close()
    return sent


def test_window_is_kept_after_an_acknowledgement(both):
    """Mosquitto 2.0.11 counts wrongly and sends twenty for one (put right in 2.0.12).

    A client that said with Receive Maximum how much it takes would have to end the connection.
    """
    assert window_after_an_acknowledgement(both["builtin"]) == 1
    assert window_after_an_acknowledgement(both["mosquitto"]) == 20


def messages_after_one_that_was_too_large(broker):
    """What a client with a Receive Maximum of 1 gets after a message that was too large for it."""
    stage = Stage(brokers.port_of(broker), broker.log)
    how = (two(scenarios.RECEIVE_MAXIMUM, 1), four(scenarios.MAXIMUM_PACKET, 40))
    subscriber = stage.subscriber("leak-s", ("leak/#", 1), v=5, properties=how)
    publisher = stage.client("leak-p")
    publisher.do(publish("leak/t", b"x" * 100, qos=1, mid=1))
    publisher.do(publish("leak/t", b"small", qos=1, mid=2))
    stage.close()
    return [found for found in subscriber.got if b"small" in found]


def test_message_that_was_too_large_leaves_its_place_to_the_next(both):
    """In Mosquitto 2.0.11 a message that was dropped for its size keeps its place in flight for ever."""
    assert len(messages_after_one_that_was_too_large(both["builtin"])) == 1
    assert not messages_after_one_that_was_too_large(both["mosquitto"])


def retained_for_a_shared_subscription(broker):
    """Which retained messages a new shared subscription brings."""
    stage = Stage(brokers.port_of(broker), broker.log)
    stage.client("sharekept-p").do(publish("sharekept", b"kept", retain=True))
    member = stage.subscriber("sharekept-s", ("$share/g/sharekept", 0), v=5)
    stage.close()
    return [found for found in member.got if b"kept" in found]


def test_shared_subscription_brings_no_retained_message(both):
    """MQTT 5, 4.8.2: none is sent. Mosquitto 2.0.11 sends it all the same (2.0.22 does not)."""
    assert not retained_for_a_shared_subscription(both["builtin"])
    assert len(retained_for_a_shared_subscription(both["mosquitto"])) == 1


def own_messages_after_resubscribing(broker):
    """What a client gets of its own after it subscribed again, now with No Local."""
    stage = Stage(brokers.port_of(broker), broker.log)
    client = stage.subscriber("relocal", ("relocal", 0), v=5)
    client.do(subscribe(2, ("relocal", 4), v=5))
    client.do(publish("relocal", b"mine", v=5))
    stage.close()
    return [found for found in client.got if b"mine" in found]


def test_options_of_a_repeated_subscription_count(both):
    """MQTT 5, 3.8.4: it replaces the earlier one. Mosquitto 2.0.11 takes over the QoS and identifier only."""
    assert not own_messages_after_resubscribing(both["builtin"])
    assert len(own_messages_after_resubscribing(both["mosquitto"])) == 1


@pytest.mark.parametrize(
    "case",
    [
        (
            "MQTT 3.1 is not spoken: its clients died out",
            0,
            packet(0x10, text("MQIsdp"), b"\x03\x02\x00\x3c", text("x")),
            [
                b"Invalid protocol version 3 in CONNECT from 127.0.0.1.",
                b"Sending CONNACK to 127.0.0.1 (0, 1)",
                b"Client <unknown> disconnected due to protocol error.",
            ],
            [
                b"New client connected from 127.0.0.1:PORT as x (p1, c1, k60).",
                b"No will message specified.",
                b"Sending CONNACK to x (0, 0)",
            ],
        ),
        (
            "the end of a connection is logged once",
            4,
            b"\xe1\x00",
            [b"Received DISCONNECT from x", b"Client x disconnected due to protocol error."],
            [
                b"Received DISCONNECT from x",
                b"Client x disconnected due to protocol error.",
                b"Client <unknown> disconnected due to protocol error.",
            ],
        ),
        (
            "a packet that only a broker sends is a protocol error",
            4,
            packet(0x90, b"\x00\x01\x00"),
            [b"Client x disconnected due to protocol error."],
            [b"Received SUBACK from x"],
        ),
    ],
    ids=lambda case: case[0],
)
def test_difference_in_what_is_refused_is_known(both, case):
    """Each with its reason."""
    _, version, data, *expected = case
    for kind, lines in zip(("builtin", "mosquitto"), expected, strict=True):
        stage = Stage(brokers.port_of(both[kind]), both[kind].log)
        client = stage.client("x", v=version) if version else stage.socket("x")
        client.send(data)
        wait_for(f"{kind}'s lines", lambda stage=stage, lines=lines: stage.seen().lines[-len(lines) :] == lines)
        stage.close()


def stopped(kind, folder):
    """What a broker logs, and a subscriber gets, when it is stopped while clients are there."""
    with brokers.running(kind, folder) as broker:
        stage = Stage(brokers.port_of(broker), broker.log)
        subscriber = stage.subscriber("stop-s", ("stop/#", 1), will=("stop/s", b"gone", 0, False))
        leaver = stage.client("stop-w", will=("stop/w", b"gone", 1, True))
        late = stage.client("stop-late", v=5, will=("stop/late", b"gone", 0, False), will_properties=(four(0x18, 99),))
        stage.leave(late)
    subscriber.until_closed()
    leaver.until_closed()
    return [line for line in stage.seen().lines if not line.startswith(b"Error in epoll")], subscriber.got


def test_wills_are_published_when_the_broker_stops(tmp_path):
    """Mosquitto 2.0.11 also complains of its own bookkeeping then ("Error in epoll")."""
    assert stopped("builtin", tmp_path / "ours") == stopped("mosquitto", tmp_path / "judge")


def time_passes(stage):
    """A silent client, a delayed will and a session that expires; the order is the clock's."""
    stage.subscriber("time-s", ("time/#", 0))
    stage.client("time-silent", keepalive=1, will=("time/silent", b"gone", 1, False))
    delayed = stage.client("time-late", v=5, will=("time/late", b"gone", 1, False), will_properties=(four(0x18, 1),))
    stage.leave(delayed)
    stage.leave(stage.client("time-short", v=5, properties=(four(scenarios.SESSION_EXPIRY, 1),)))
    stage.logged("Client time-silent has exceeded timeout, disconnecting.")
    stage.logged("Expiring client time-short due to timeout.")
    stage.logged("Sending PUBLISH to time-s (d0, q0, r0, m0, 'time/late', ... (4 bytes))")


def test_time_ends_connections_wills_and_sessions(both):
    """Mosquitto 2.0.11 looks for silent clients every six seconds, the built-in broker every second."""
    judge, ours = play(both["mosquitto"], time_passes), play(both["builtin"], time_passes)
    assert sorted(ours.lines) == sorted(judge.lines)

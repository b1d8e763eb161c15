"""What clients do to a broker: one function a story, each on topics and with client ids of its own.

A story waits for the broker after every step, so that the order of what comes of it is the broker's own.
"""

from __future__ import annotations

from tests.copper.broker.stage import Stage
from tests.copper.broker.wire import (
    DISCONNECT,
    ack,
    connect,
    number,
    packet,
    publish,
    subscribe,
    text,
    unsubscribe,
)

QOS_AND_VERSION = [(qos, v) for qos in (0, 1, 2) for v in (4, 5)]


def four(identifier: int, value: int) -> bytes:
    """A property of four bytes."""
    return bytes([identifier]) + value.to_bytes(4, "big")


def two(identifier: int, value: int) -> bytes:
    """A property of two bytes."""
    return bytes([identifier]) + value.to_bytes(2, "big")


def user(name: str, value: str) -> bytes:
    """A user property."""
    return b"\x26" + text(name) + text(value)


SESSION_EXPIRY, WILL_DELAY, MESSAGE_EXPIRY, MAXIMUM_PACKET = 0x11, 0x18, 0x02, 0x27
RECEIVE_MAXIMUM, ALIAS = 0x21, 0x23


def every_qos_meets_every_qos(stage: Stage) -> None:
    filters = [("matrix/0", 0), ("matrix/1", 1), ("matrix/2", 2)]
    for v in (4, 5):
        stage.subscriber(f"matrix-s{v}", *filters, v=v)
    for qos, v in QOS_AND_VERSION:
        publisher = stage.client(f"matrix-p{v}{qos}", v=v)
        for granted in (0, 1, 2):
            mid = granted + 1
            publisher.do(publish(f"matrix/{granted}", b"x", qos=qos, mid=mid, v=v))
            stage.answer()


def retained_messages_are_replayed_and_cleared(stage: Stage) -> None:
    publisher = stage.client("retained-p")
    live = stage.subscriber("retained-live", ("keep/#", 1))
    for at, (topic, qos) in enumerate([("keep/b", 1), ("keep/a", 0), ("keep/a/deep", 2), ("keep", 1), ("keep//", 0)]):
        publisher.do(publish(topic, b"first", qos=qos, mid=at + 1, retain=True))
        stage.answer()
    for name in ("keep/#", "keep/+", "keep/a", "+/a/#", "keep/+/deep", "keep/+/#", "keep/b/#", "keep", "none"):
        stage.subscriber(f"retained-{name}", (name, 1))
        stage.answer()
    live.do(subscribe(2, ("keep/+", 0)))
    stage.answer()
    publisher.do(publish("keep/b", b"second", retain=True) + publish("keep/a", b"", retain=True))
    stage.answer()
    stage.subscriber("retained-late", ("keep/#", 2))
    stage.answer()


def mqtt5_says_how_it_wants_retained_messages(stage: Stage) -> None:
    publisher = stage.client("handling-p", v=5)
    publisher.do(publish("handling/t", b"kept", retain=True, v=5, properties=(user("k", "v"),)))
    for handling in (0, 1, 2):
        for as_published in (0, 8):
            name = f"handling-{handling}{as_published}"
            options = handling << 4 | as_published | 1
            client = stage.subscriber(name, ("handling/#", options), v=5)
            client.do(subscribe(2, ("handling/#", options), v=5))
    publisher.do(publish("handling/t", b"live", retain=True, qos=1, mid=1, v=5))
    stage.answer()


def wills(stage: Stage) -> None:
    stage.subscriber("will-s", ("will/#", 2))
    stage.leave(stage.client("will-closed", will=("will/closed", b"gone", 1, False)))
    stage.leave(stage.client("will-kept", will=("will/kept", b"gone", 0, True)))
    polite = stage.client("will-polite", will=("will/polite", b"gone", 2, False))
    polite.send(DISCONNECT)
    polite.until_closed()
    properties = (user("a", "b"), b"\x01\x01", b"\x03" + text("text/plain"))
    last = stage.client("will-v5", v=5, will=("will/v5", b"", 2, False), will_properties=properties)
    last.send(packet(0xE0, b"\x04"))
    last.until_closed()
    stage.leave(stage.client("will-denied", will=("$SYS/will", b"no", 0, False)))
    stage.answer()
    stage.subscriber("will-late", ("will/#", 0))


def a_second_client_takes_over_an_id(stage: Stage) -> None:
    stage.subscriber("takeover-s", ("takeover/#", 1))
    for at, (v, first, second) in enumerate([(4, 1, 1), (4, 1, 0), (4, 0, 1), (4, 0, 0), (5, 1, 1), (5, 0, 0)]):
        name = f"takeover-{at}"
        will = (f"takeover/{at}", b"taken", 0, False)
        old = stage.client(name, v=v, clean=bool(first), will=will)
        old.do(subscribe(1, (f"takeover/{at}", 0), v=v))
        stage.client(name, v=v, clean=bool(second))
        old.until_closed()
        stage.settle()


def a_session_waits_for_its_client(stage: Stage) -> None:
    publisher = stage.client("wait-p")
    away = stage.subscriber("wait-s", ("wait/#", 2), clean=False)
    stage.leave(away)
    for qos in (0, 1, 2):
        publisher.do(publish(f"wait/{qos}", b"queued", qos=qos, mid=qos))
        stage.answer()
    back = stage.client("wait-s", clean=False)
    stage.answer()
    back.send(DISCONNECT)
    back.until_closed()
    publisher.do(publish("wait/1", b"lost", qos=1, mid=9))
    stage.answer()
    stage.client("wait-s", clean=True)
    publisher.do(publish("wait/1", b"nobody", qos=1, mid=10))
    stage.answer()
    stage.leave(back := stage.client("wait-s", clean=False))
    assert back.over


def what_was_not_acknowledged_comes_again(stage: Stage) -> None:
    publisher = stage.client("again-p")
    subscriber = stage.subscriber("again-s", ("again/#", 2), clean=False)
    for mid, qos in ((1, 1), (2, 2), (3, 2)):
        publisher.do(publish("again/t", b"x", qos=qos, mid=mid))
        publisher.answer()
        publisher.settle()
    subscriber.do(ack(0x50, 3))
    stage.settle()
    stage.leave(subscriber)
    stage.client("again-s", clean=False)
    stage.answer()


def a_message_of_qos_2_waits_for_its_release(stage: Stage) -> None:
    stage.subscriber("release-s", ("release/#", 2))
    publisher = stage.client("release-p", clean=False)
    publisher.do(publish("release/a", b"one", qos=2, mid=7))
    stage.settle()
    stage.leave(publisher)
    publisher = stage.client("release-p", clean=False)
    publisher.do(publish("release/a", b"one", qos=2, mid=7, dup=True))
    stage.settle()
    for _ in range(2):
        publisher.do(ack(0x62, 7))
        stage.settle()
    publisher.do(publish("release/b", b"two", qos=2, mid=8))
    publisher.do(publish("release/b", b"other", qos=2, mid=8))
    publisher.do(publish("release/b", b"one", qos=1, mid=8))
    stage.settle()
    publisher.do(ack(0x62, 8))
    stage.settle()
    publisher.do(publish("release/c", b"1", qos=2, mid=1) + publish("release/c", b"2", qos=2, mid=2))
    publisher.do(ack(0x62, 2) + ack(0x62, 1))
    stage.answer()


def only_so_many_messages_are_in_flight(stage: Stage) -> None:
    subscriber = stage.subscriber("flight-s", ("flight/#", 2))
    publisher = stage.client("flight-p")
    for mid in range(1, 22):
        publisher.do(publish("flight/t", b"x", qos=1 + mid % 2, mid=mid))
        publisher.answer()
        publisher.settle()
    publisher.do(publish("flight/t", b"at once", qos=0))
    stage.settle()
    assert len(subscriber.got) == 25
    stage.answer()


def a_client_says_how_much_it_takes(stage: Stage) -> None:
    how = (two(RECEIVE_MAXIMUM, 2), four(MAXIMUM_PACKET, 40))
    stage.subscriber("takes-s", ("takes/#", 1), v=5, properties=how)
    publisher = stage.client("takes-p", v=5)
    for mid in (1, 2, 3):
        publisher.do(publish("takes/t", b"x", qos=1, mid=mid, v=5))
    stage.answer()
    for mid, size in ((4, 27), (5, 28)):
        publisher.do(publish("takes/t", b"x" * size, qos=1, mid=mid, v=5))
        stage.answer()
    publisher.do(publish("takes/t", b"x" * 30, v=5) + publish("takes/t", b"x" * 31, v=5))
    stage.settle()


def the_queue_of_a_session_is_bounded(stage: Stage) -> None:
    stage.leave(stage.subscriber("bound-s", ("bound/#", 1), clean=False))
    publisher = stage.client("bound-p")
    publisher.do(b"".join(publish("bound/t", b"x", qos=1, mid=mid) for mid in range(1, 1006)))
    stage.settle()
    stage.client("bound-s", clean=False)
    stage.settle()


def the_queue_of_a_slow_client_is_bounded(stage: Stage) -> None:
    stage.subscriber("slow-s", ("slow/#", 1))
    publisher = stage.client("slow-p")
    publisher.do(b"".join(publish("slow/t", b"x", qos=1, mid=mid) for mid in range(1, 1026)))
    stage.settle()


def wildcards(stage: Stage) -> None:
    filters = ["w/#", "w/+", "w/+/c", "w/b/+", "+/b/c", "w//c", "w/b/#", "+", "/+", "w/", "w/+/+/+", "$w/#", "$w/+"]
    for name in filters:
        stage.subscriber(f"wildcard {name}", (name, 0))
    publisher = stage.client("wildcard-p")
    for topic in ("w", "w/b", "w/b/c", "w//c", "w/", "/w", "w/b/c/d", "$w/b", "$w", "W/b", "$SYS/w", "$share/w/w"):
        publisher.do(publish(topic, b"x", qos=1, mid=1))
        stage.settle()
    publisher.do(publish("$SYS/w", b"x", qos=2, mid=2) + publish("$SYS/w", b"x"))
    stage.settle()


def overlapping_filters(stage: Stage) -> None:
    filters = [("o/#", 0), ("o/+", 1), ("o/x", 2)]
    stage.subscriber("overlap-4", *filters)
    five = stage.client("overlap-5", v=5)
    for at, (name, qos) in enumerate(filters):
        identifier = (b"\x0b" + number(at * 1000 + 7),)
        five.do(subscribe(at + 1, (name, qos), v=5, properties=identifier))
    publisher = stage.client("overlap-p")
    for mid in (1, 2):
        publisher.do(publish("o/x", b"x", qos=2, mid=mid, retain=True))
        stage.answer()
    five.do(subscribe(9, ("o/#", 1), v=5, properties=(b"\x0b\x05",)))
    stage.answer()


def a_shared_subscription_goes_round(stage: Stage) -> None:
    members = [stage.subscriber(f"share-{at}", ("$share/g/s/#", 1)) for at in range(3)]
    stage.subscriber("share-other", ("$share/h/s/+", 0), ("s/t", 1))
    stage.subscriber("share-plain", ("s/t", 0))
    publisher = stage.client("share-p", v=5)
    for mid in range(1, 6):
        publisher.do(publish("s/t", b"x", qos=1, mid=mid, v=5))
        stage.answer()
    members[1].do(unsubscribe(2, "$share/g/s/#"))
    stage.settle()
    stage.leave(members[0])
    for mid in range(6, 9):
        publisher.do(publish("s/t", b"x", qos=1, mid=mid, v=5))
        stage.answer()
    stage.leave(stage.subscriber("share-back", ("$share/i/s/u", 1), clean=False))
    stage.client("share-back", clean=False)
    publisher.do(publish("s/u", b"x", qos=1, mid=9, v=5))
    stage.answer()


def nobody_gets_what_is_his_own_with_no_local(stage: Stage) -> None:
    quiet = stage.subscriber("local-quiet", ("local/#", 4 | 1), v=5)
    loud = stage.subscriber("local-loud", ("local/#", 1), v=5)
    for at, client in enumerate((quiet, loud)):
        client.do(publish("local/t", b"x", qos=1, mid=at + 1, v=5))
        stage.answer()
    stage.leave(loud)
    quiet.do(publish("local/t", b"only mine", qos=1, mid=5, v=5))
    stage.answer()


def unsubscribing(stage: Stage) -> None:
    for v in (4, 5):
        client = stage.subscriber(f"unsub-{v}", ("u/a", 0), ("u/b/#", 1), ("u/+", 2), v=v)
        client.do(unsubscribe(2, "u/a", "u/none", "u/b/#", v=v))
        client.do(publish("u/a", b"x", v=v) + publish("u/b/c", b"x", v=v))


def a_publisher_learns_that_nobody_listens(stage: Stage) -> None:
    publisher = stage.client("nobody-p", v=5)
    old = stage.client("nobody-p4")
    subscriber = stage.subscriber("nobody-s", ("nobody/somebody", 0), v=5)
    for topic in ("nobody/nobody", "nobody/somebody", "nobody"):
        publisher.do(publish(topic, b"x", qos=1, mid=1, v=5) + publish(topic, b"x", qos=2, mid=2, v=5))
        publisher.do(ack(0x62, 2))
        old.do(publish(topic, b"x", qos=1, mid=1))
        stage.answer()
    subscriber.do(unsubscribe(2, "nobody/somebody", v=5))
    stage.settle()
    publisher.do(publish("nobody/somebody", b"x", qos=1, mid=3, v=5, retain=True))
    stage.settle()


def the_properties_of_a_message_travel_with_it(stage: Stage) -> None:
    properties = (
        user("a", "1"),
        b"\x08" + text("answer/to"),
        b"\x09" + text(b"\x00\xff"),
        four(MESSAGE_EXPIRY, 100),
        user("a", "2"),
        b"\x01\x01",
        b"\x03" + text("application/json"),
        user("", ""),
    )
    for v in (4, 5):
        stage.subscriber(f"props-{v}", ("props/#", 1), v=v)
    publisher = stage.client("props-p", v=5)
    publisher.do(publish("props/t", b"{}", qos=1, mid=1, v=5, properties=properties))
    publisher.do(publish("props/kept", b"{}", v=5, retain=True, properties=properties[:3]))
    stage.answer()
    stage.subscriber("props-late", ("props/kept", 0), v=5)


def topic_aliases(stage: Stage) -> None:
    stage.subscriber("alias-s", ("alias/#", 0))
    publisher = stage.client("alias-p", v=5)
    for topic, alias in (("alias/a", 1), ("", 1), ("alias/b", 10), ("", 10), ("alias/c", 1), ("", 1)):
        publisher.do(publish(topic, b"x", v=5, properties=(two(ALIAS, alias),)))
        stage.settle()
    for topic, alias in (("", 2), ("alias/t", 11), ("alias/t", 0)):
        client = stage.client(f"alias-{topic}{alias}", v=5)
        client.send(publish(topic, b"x", v=5, properties=(two(ALIAS, alias),)))
        client.until_closed()


def odd_names(stage: Stage) -> None:
    odd = [
        "a b",
        "it's",
        'say "x"',
        "(d0, q0, r0, m0, 't', ... (1 bytes))",
        "Client x disconnected.",
        "x (d0, q0, r0, m0, 'y",
        "ü/ö/😀",
        "\u2028",
        "\u202e\ufeff",
        " ",
        "$",
        "{}",
        "%s%n",
        "+/a",
    ]
    stage.subscriber("odd-s", ("#", 1), ("$/#", 0))
    for name in odd:
        client = stage.client(name, user=name)
        topic = name.replace("+", "p")
        client.do(publish(topic, b"x", qos=1, mid=1) + subscribe(2, (name + "/#", 1)))
        stage.answer()
        client.send(unsubscribe(3, name + "/#") + DISCONNECT)
        client.until_closed()


def long_names_are_cut_in_the_log(stage: Stage) -> None:
    stage.subscriber("long-s", ("long/#", 0))
    publisher = stage.client("long-p")
    for length in (900, 920, 930, 1200, 65000):
        topic = "long/" + "x" * (length - 5)
        publisher.do(publish(topic, b"x") + publish(topic[:-1] + "é😀", b"x"))
        stage.settle()


def the_broker_finds_an_id(stage: Stage) -> None:
    for v, clean in ((4, True), (5, True), (5, False)):
        client = stage.socket(f"empty-{v}{clean}")
        client.do(connect("", v=v, clean=clean))
        client.do(subscribe(1, ("empty/#", 0), v=v) + publish("empty/x", b"x", v=v))
        client.send(DISCONNECT)
        client.until_closed()
    refused = stage.socket("empty-refused")
    refused.send(connect("", clean=False))
    refused.until_closed()


def acknowledgements_of_nothing(stage: Stage) -> None:
    for v in (4, 5):
        client = stage.client(f"nothing-{v}", v=v)
        for first in (0x40, 0x50, 0x62, 0x70):
            client.do(ack(first, 9))
        if v == 5:
            client.do(ack(0x50, 9, 0x80) + ack(0x40, 9, 0x83, 0) + ack(0x62, 9, 0x92))


def the_wrong_acknowledgement_ends_it(stage: Stage) -> None:
    publisher = stage.client("wrong-p")
    for qos, first, v in ((1, 0x70, 4), (2, 0x40, 4), (2, 0x70, 5), (1, 0x50, 5)):
        name = f"wrong-{qos}{first}{v}"
        client = stage.subscriber(name, (name, qos), v=v)
        publisher.do(publish(name, b"x", qos=2, mid=1))
        publisher.do(ack(0x62, 1))
        client.settle()
        client.send(ack(first, 1))
        client.until_closed()


def a_refused_message_makes_room(stage: Stage) -> None:
    subscriber = stage.subscriber("refuse-s", ("refuse/t", 2), v=5, properties=(two(RECEIVE_MAXIMUM, 1),))
    publisher = stage.client("refuse-p")
    for mid in (1, 2):
        publisher.do(publish("refuse/t", b"x", qos=2, mid=mid) + ack(0x62, mid))
    subscriber.settle()
    subscriber.do(ack(0x50, 1, 0x97))
    stage.settle()


def a_session_may_last_longer_than_was_said(stage: Stage) -> None:
    client = stage.client("last-a", v=5, properties=(four(SESSION_EXPIRY, 100),))
    client.send(packet(0xE0, b"\x00", number(5), four(SESSION_EXPIRY, 0)))
    client.until_closed()
    stage.client("last-a", v=5, clean=False, properties=(four(SESSION_EXPIRY, 0xFFFFFFFF),))
    stage.client("last-a", v=5, clean=False)
    refused = stage.client("last-b", v=5)
    refused.send(packet(0xE0, b"\x00", number(5), four(SESSION_EXPIRY, 9)))
    refused.until_closed()


def too_large_packets(stage: Stage) -> None:
    for v in (4, 5):
        client = stage.client(f"large-{v}", v=v)
        client.send(b"\x30" + number(16777216))
        client.until_closed()
        fits = stage.client(f"fits-{v}", v=v)
        fits.do(publish("large/t", b"x" * 1_000_000, qos=1, mid=1, v=v))


STORIES = [
    every_qos_meets_every_qos,
    retained_messages_are_replayed_and_cleared,
    mqtt5_says_how_it_wants_retained_messages,
    wills,
    a_second_client_takes_over_an_id,
    a_session_waits_for_its_client,
    what_was_not_acknowledged_comes_again,
    a_message_of_qos_2_waits_for_its_release,
    only_so_many_messages_are_in_flight,
    a_client_says_how_much_it_takes,
    the_queue_of_a_session_is_bounded,
    the_queue_of_a_slow_client_is_bounded,
    wildcards,
    overlapping_filters,
    a_shared_subscription_goes_round,
    nobody_gets_what_is_his_own_with_no_local,
    unsubscribing,
    a_publisher_learns_that_nobody_listens,
    the_properties_of_a_message_travel_with_it,
    topic_aliases,
    odd_names,
    long_names_are_cut_in_the_log,
    the_broker_finds_an_id,
    acknowledgements_of_nothing,
    the_wrong_acknowledgement_ends_it,
    a_refused_message_makes_room,
    a_session_may_last_longer_than_was_said,
    too_large_packets,
]

PROTOCOL_NAME = text("MQTT")

MALFORMED = {
    "garbage": (
        0,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: somebody who takes this for a web server\r\n\r\n",
    ),
    "a TLS hello": (0, bytes.fromhex("16030100c4010000c00303") + bytes(200)),
    "PINGREQ first": (0, b"\xc0\x00"),
    "DISCONNECT first": (0, DISCONNECT),
    "PUBLISH first": (0, publish("t", b"x")),
    "SUBSCRIBE first": (0, subscribe(1, ("t", 0))),
    "length of five bytes": (4, b"\x30\xff\xff\xff\xff\x01"),
    "no protocol": (0, packet(0x10, text("MQTX"), b"\x04\x02\x00\x3c", text("x"))),
    "protocol name of three bytes": (0, packet(0x10, text("MQT"), b"\x04\x02\x00\x3c", text("x"))),
    "version 9": (0, packet(0x10, PROTOCOL_NAME, b"\x09\x02\x00\x3c", text("x"))),
    "CONNECT cut short": (0, packet(0x10, PROTOCOL_NAME, b"\x04\x02\x00")),
    "CONNECT with flags": (0, packet(0x11, PROTOCOL_NAME, b"\x04\x02\x00\x3c", text("x"))),
    "CONNECT with the reserved flag": (0, packet(0x10, PROTOCOL_NAME, b"\x04\x03\x00\x3c", text("x"))),
    "CONNECT with more": (0, connect("x")[:1] + bytes([len(connect("x")) - 1]) + connect("x")[2:] + b"!"),
    "will of QoS 3": (0, packet(0x10, PROTOCOL_NAME, b"\x04\x1e\x00\x3c", text("x"), text("t"), text("p"))),
    "QoS without a will": (0, packet(0x10, PROTOCOL_NAME, b"\x04\x0a\x00\x3c", text("x"))),
    "will to a wildcard": (0, connect("x", will=("a/#", b"", 0, False))),
    "will to nothing": (0, connect("x", will=("", b"", 0, False))),
    "will to bad UTF-8": (0, packet(0x10, PROTOCOL_NAME, b"\x04\x06\x00\x3c", text("x"), text(b"\xff"), text("p"))),
    "password without username": (0, packet(0x10, PROTOCOL_NAME, b"\x04\x42\x00\x3c", text("x"), text("secret"))),
    "bad client id": (0, connect(b"a\x00b")),
    "client id with a newline": (0, connect("a\nClient b disconnected.")),
    "username of bad UTF-8": (0, packet(0x10, PROTOCOL_NAME, b"\x04\x82\x00\x3c", text("x"), text(b"\xc0\x80"))),
    "extended authentication": (0, connect("x", v=5, properties=(b"\x15" + text("SCRAM"),))),
    "property of another packet": (0, connect("x", v=5, properties=(two(ALIAS, 1),))),
    "unknown property": (0, connect("x", v=5, properties=(b"\x63\x00",))),
    "property twice": (0, connect("x", v=5, properties=(four(SESSION_EXPIRY, 1),) * 2)),
    "receive maximum of 0": (0, connect("x", v=5, properties=(two(RECEIVE_MAXIMUM, 0),))),
    "properties longer than the packet": (0, packet(0x10, PROTOCOL_NAME, b"\x05\x02\x00\x3c\x7f", text("x"))),
    "CONNECT twice": (4, connect("x")),
    "QoS 3": (4, b"\x36\x07\x00\x01t\x00\x01xx"),
    "PUBLISH to a wildcard": (4, publish("a/+", b"x")),
    "PUBLISH to nothing": (4, publish("", b"x")),
    "PUBLISH to bad UTF-8": (4, publish(b"a\xed\xa0\x80", b"x")),
    "PUBLISH to a control character": (4, publish("a\x1fb", b"x")),
    "PUBLISH to no character": (4, publish("a\ufffe", b"x")),
    "PUBLISH with packet id 0": (4, publish("t", b"x", qos=1, mid=0)),
    "PUBLISH cut short": (4, packet(0x32, text("t"), b"\x00")),
    "PUBLISH too deep": (4, publish("a" + "/" * 201, b"x")),
    "SUBSCRIBE with flags": (4, b"\x80" + subscribe(1, ("t", 0))[1:]),
    "SUBSCRIBE with packet id 0": (4, subscribe(0, ("t", 0))),
    "SUBSCRIBE to nothing": (4, subscribe(1)),
    "SUBSCRIBE with an empty filter": (4, subscribe(1, ("", 0))),
    "SUBSCRIBE with an invalid filter": (4, subscribe(1, ("ok", 0), ("a/#/b", 0))),
    "SUBSCRIBE with a# ": (4, subscribe(1, ("a#", 0))),
    "SUBSCRIBE with +a": (4, subscribe(1, ("+a", 0))),
    "SUBSCRIBE with QoS 3": (4, subscribe(1, ("ok", 1), ("t", 3))),
    "SUBSCRIBE without options": (4, packet(0x82, b"\x00\x01", text("t"))),
    "SUBSCRIBE cut short": (4, packet(0x82, b"\x00\x01", text("ok"), b"\x01\x00\x09x")),
    "SUBSCRIBE to $share alone": (4, subscribe(1, ("$share", 0))),
    "UNSUBSCRIBE from nothing": (4, unsubscribe(1)),
    "UNSUBSCRIBE from an invalid filter": (4, unsubscribe(1, "ok", "a/#/b")),
    "UNSUBSCRIBE with flags": (4, b"\xa0" + unsubscribe(1, "t")[1:]),
    "PUBREL with flags": (4, ack(0x60, 1)),
    "PUBREL with packet id 0": (4, ack(0x62, 0)),
    "PUBACK with packet id 0": (4, ack(0x40, 0)),
    "PUBACK cut short": (4, b"\x40\x01\x00"),
    "DISCONNECT with more": (4, b"\xe0\x01\x00"),
    "AUTH": (4, b"\xf0\x00"),
    "kind 0": (4, b"\x01\x00"),
}


def malformed(stage: Stage, version: int, data: bytes) -> None:
    """Send bytes that no broker takes: first thing (version 0), or from a client of MQTT 3.1.1 or 5."""
    client = stage.client("x", v=version) if version else stage.socket("x")
    client.send(data)
    client.until_closed()

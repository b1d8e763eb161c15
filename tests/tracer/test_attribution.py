"""Whose message a copy is: the cases of the log that "the last message received" gets wrong."""

from tests.tracer.logs import connected, deliveries_of, events_of, log_of, published, sent, subscribed, traced

P_AND_S = [*connected("P"), *connected("S"), *subscribed("S", "t/#", "w/#", qos=1)]


def puback(client, mid=1, code=0):
    return f"Sending PUBACK to {client} (m{mid}, rc{code})"


def acknowledged(client, mid=1):
    return f"Received PUBACK from {client} (Mid: {mid}, RC:0)"


def test_a_live_message_is_seen():
    got = deliveries_of(*P_AND_S, published("P", "t/1"), sent("S", "t/1"))
    assert got == [("P", "S", "t/1", "live", "seen")]


def test_publishers_in_one_batch_are_told_apart_by_their_blocks():
    other = connected("Q")
    got = deliveries_of(
        *P_AND_S, *other, published("P", "t/1"), sent("S", "t/1"), published("Q", "t/1"), sent("S", "t/1")
    )
    assert [sender for sender, *_ in got] == ["P", "Q"]


def test_a_message_of_qos_2_is_handed_out_at_its_pubrel():
    two = [published("P", "t/1", qos=2, mid=7), "Sending PUBREC to P (m7, rc0)"]
    q = [*connected("Q"), published("Q", "t/1", qos=2, mid=7), "Sending PUBREC to Q (m7, rc0)"]
    got = deliveries_of(
        *P_AND_S, *two, *q, "Received PUBREL from Q (Mid: 7)", sent("S", "t/1"), "Sending PUBREC to Q (m8, rc0)",
        "Sending PUBCOMP to Q (m7)", "Received PUBREL from P (Mid: 7)", sent("S", "t/1"), "Sending PUBCOMP to P (m7)",
    )  # fmt: skip
    assert [sender for sender, *_ in got] == ["Q", "P"]


def test_a_message_of_qos_2_sent_or_released_twice_is_one_publish():
    first = published("P", "t/1", qos=2, mid=7)
    release = ["Received PUBREL from P (Mid: 7)", "Sending PUBCOMP to P (m7)"]
    events = events_of(*P_AND_S, first, first.replace("(d0", "(d1"), *release, *release)
    assert [event["event"] for event in events].count("publish") == 1


def test_a_message_of_qos_1_sent_again_is_one_publish_and_two_deliveries():
    first = [published("P", "t/1", qos=1, mid=7), sent("S", "t/1", qos=1, mid=1), puback("P", 7)]
    again = [published("P", "t/1", qos=1, mid=7, dup=1), sent("S", "t/1", qos=1, mid=2), puback("P", 7)]
    kinds = [event["event"] for event in events_of(*P_AND_S, *first, *again)]
    assert (kinds.count("publish"), kinds.count("deliver")) == (1, 2)


def test_a_copy_sent_again_after_a_reconnect_is_not_a_new_delivery():
    lasting = [*connected("P"), *connected("S", clean=0), *subscribed("S", "t/#", qos=1)]
    first = [published("P", "t/1", qos=1, mid=1), sent("S", "t/1", qos=1, mid=1), puback("P")]
    back = [
        "Client S closed its connection.",
        *connected("S", clean=0, present=1),
        sent("S", "t/1", qos=1, mid=1, dup=1),
    ]
    assert len(deliveries_of(*lasting, *first, *back)) == 1


def test_queued_message_is_marked_inferred():
    full = [published("P", "t/1", qos=1, mid=1), sent("S", "t/1", qos=1, mid=1), puback("P")]
    waits = [published("P", "t/1", qos=1, mid=2), puback("P", 2)]
    got = deliveries_of(*P_AND_S, *full, *waits, acknowledged("S"), sent("S", "t/1", qos=1, mid=2))
    assert got[1] == ("P", "S", "t/1", "queued", "inferred")


def test_what_came_while_a_client_was_away_is_queued_in_the_order_of_its_publishers():
    away = [*connected("P"), *connected("Q"), *connected("S", clean=0), *subscribed("S", "t/#", qos=1)]
    away += ["Received DISCONNECT from S", "Client S disconnected."]
    for sender in "QPQ":
        away += [published(sender, "t/1", qos=1, mid=1), puback(sender)]
    back = [*connected("S", clean=0, present=1), *(sent("S", "t/1", qos=1, mid=mid) for mid in (1, 2, 3))]
    assert [sender for sender, *_ in deliveries_of(*away, *back)] == ["Q", "P", "Q"]


def test_a_queue_survives_a_restart_of_the_broker():
    away = [
        *connected("P"),
        *connected("S", clean=0),
        *subscribed("S", "t/#", qos=1),
        "Client S closed its connection.",
    ]
    restart = ["mosquitto version 2.0.11 terminating", "mosquitto version 2.0.11 starting"]
    back = [*connected("S", clean=0, present=1), sent("S", "t/1", qos=1, mid=1)]
    got = deliveries_of(*away, published("P", "t/1", qos=1, mid=1), puback("P"), *restart, *back)
    assert got == [("P", "S", "t/1", "queued", "inferred")]


def away_from(senders):
    """S goes, and each of these sends it a message that looks like the others."""
    told = ["Client S closed its connection."]
    for sender in senders:
        told += [published(sender, "t/1", qos=1, mid=1), puback(sender)]
    return told


def back_for(*mids):
    return [*connected("S", clean=0, present=1), *(sent("S", "t/1", qos=1, mid=mid) for mid in mids)]


P_Q_AND_S = [*connected("P"), *connected("Q"), *connected("S", clean=0), *subscribed("S", "t/#", qos=1)]


def test_after_a_restart_identifiers_go_on_where_they_were():
    restart = ["mosquitto version 2.0.11 terminating", "mosquitto version 2.0.11 starting"]
    again = [*connected("P"), *connected("Q"), *away_from("QP")[1:]]
    got = deliveries_of(*P_Q_AND_S, *away_from("P"), *restart, *again, *back_for(1, 2, 3))
    assert [sender for sender, *_ in got] == ["P", "Q", "P"]


def test_after_a_crash_nobody_knows_where_identifiers_go_on():
    """Mosquitto starts with what it saved last; nothing tells when that was."""
    again = ["mosquitto version 2.0.11 starting", *connected("P"), *connected("Q"), *away_from("QP")[1:]]
    got = deliveries_of(*P_Q_AND_S, "Client S closed its connection.", *again, *back_for(5))
    assert [sender for sender, *_ in got] == [None]


def test_a_session_without_filters_counts_its_identifiers_on():
    s = [*connected("S", clean=0), "Client S closed its connection.", *connected("S", clean=0, present=1)]
    s += subscribed("S", "t/#", qos=1)
    got = deliveries_of(*connected("P"), *connected("Q"), *s, *away_from("QP"), *back_for(1, 2))
    assert [sender for sender, *_ in got] == ["Q", "P"]


def test_a_new_session_has_no_queue():
    away = [
        *connected("P"),
        *connected("S", clean=0),
        *subscribed("S", "t/#", qos=1),
        "Client S closed its connection.",
    ]
    back = [*connected("S", clean=1), sent("S", "t/1", qos=1, mid=1)]
    got = deliveries_of(*away, published("P", "t/1", qos=1, mid=1), puback("P"), *back)
    assert got[0][0] is None


def test_a_dropped_copy_does_not_shift_the_queue():
    """Packet identifiers are drawn for dropped copies too: a gap in them is a drop (s04)."""
    away = [*connected("P"), *connected("Q"), *connected("S", clean=0), *subscribed("S", "t/#", qos=1)]
    away += ["Client S closed its connection.", published("P", "t/1", qos=1, mid=1), puback("P")]
    away += [published("P", "t/1", qos=1, mid=2), "Outgoing messages are being dropped for client S.", puback("P", 2)]
    away += [published("P", "t/1", qos=1, mid=3), puback("P", 3), published("Q", "t/1", qos=1, mid=1), puback("Q")]
    back = [*connected("S", clean=0, present=1), sent("S", "t/1", qos=1, mid=1), sent("S", "t/1", qos=1, mid=4)]
    assert [sender for sender, *_ in deliveries_of(*away, *back)] == ["P", "Q"]


def test_a_stored_message_is_its_last_author_s():
    stored = [*connected("P"), *connected("Q"), published("P", "t/1", retain=1), published("Q", "t/1", retain=1)]
    got = deliveries_of(*stored, *connected("S"), *subscribed("S", "t/#"), sent("S", "t/1", retain=1))
    assert got == [("Q", "S", "t/1", "retained", "inferred")]


def test_a_stored_message_that_comes_late_inside_anothers_block_keeps_its_author():
    stored = [*connected("P"), *connected("Q"), published("P", "t/1", retain=1)]
    subscribing = [*connected("S"), *subscribed("S", "t/#")]
    late = [published("Q", "t/1", retain=1), sent("S", "t/1", retain=1), sent("S", "t/1")]
    got = deliveries_of(*stored, *subscribing, *late)
    assert got == [("P", "S", "t/1", "retained", "inferred"), ("Q", "S", "t/1", "live", "seen")]


def test_a_live_copy_with_the_retain_flag_is_live_for_mqtt_5():
    five = [*connected("P"), *connected("S", protocol=5), *subscribed("S", "t/#")]
    got = deliveries_of(*five, published("P", "t/1", retain=1), sent("S", "t/1", retain=1))
    assert got == [("P", "S", "t/1", "live", "seen")]


def test_a_late_stored_message_that_looks_like_the_live_one_is_nobodys():
    # MQTT 5, retain as published: both copies have the flag, and the first of two is the stored one
    subscriber = [*connected("S", protocol=5), *subscribed("S", "t/1")]
    stored = [*connected("A"), *connected("Q"), published("A", "t/1", retain=1)]
    q, copy = published("Q", "t/1", retain=1), sent("S", "t/1", retain=1)
    assert deliveries_of(*stored, *subscriber, q, copy, copy) == [
        (None, "S", "t/1", "retained", "none"),
        ("Q", "S", "t/1", "live", "seen"),
    ]


def test_once_the_stored_message_came_a_live_one_with_the_flag_is_seen():
    subscriber = [*connected("S", protocol=5), *subscribed("S", "t/1"), sent("S", "t/1", retain=1)]
    stored = [*connected("A"), *connected("Q"), published("A", "t/1", retain=1)]
    live = [published("Q", "t/1", retain=1), sent("S", "t/1", retain=1)]
    assert deliveries_of(*stored, *subscriber, *live)[-1] == ("Q", "S", "t/1", "live", "seen")


def test_a_deleted_stored_message_has_no_author():
    stored = [*connected("P"), published("P", "t/1", retain=1), published("P", "t/1", retain=1, size=0)]
    got = deliveries_of(*stored, *connected("S"), *subscribed("S", "t/#"), sent("S", "t/1", retain=1))
    assert got == [(None, "S", "t/1", "retained", "none")]


def test_a_will_is_not_the_message_before_it():
    w = connected("W", will="t/1")
    events = events_of(
        *P_AND_S, *w, published("P", "t/1"), sent("S", "t/1"), "Client W closed its connection.", sent("S", "t/1")
    )
    assert [event["sender"] for event in events if event["event"] == "deliver"] == ["P", "W"]
    assert [event["client"] for event in events if event["event"] == "will"] == ["W"]


def test_a_clean_goodbye_publishes_no_will():
    w = connected("W", will="w/1")
    events = events_of(*P_AND_S, *w, "Received DISCONNECT from W", "Client W disconnected.")
    assert not [event for event in events if event["event"] == "will"]


def test_a_will_of_which_nobody_gets_a_copy_is_no_event():
    w = connected("W", will="nobody/listens")
    events = events_of(*P_AND_S, *w, "Client W closed its connection.", published("P", "t/1"))
    assert not [event for event in events if event["event"] == "will"]


def test_a_will_that_only_an_absent_client_gets_is_an_event_when_it_comes():
    lasting = [*connected("S", clean=0), *subscribed("S", "w/#", qos=1), "Client S closed its connection."]
    w = [
        line.replace("(r0, q0)", "(r0, q1)")
        for line in [*connected("W", will="w/1"), "Client W closed its connection."]
    ]
    events = events_of(*lasting, *w, *connected("S", clean=0, present=1), sent("S", "w/1", qos=1, mid=1))
    assert [(e["event"], e.get("via")) for e in events[-2:]] == [("will", None), ("deliver", "queued")]


def test_a_will_goes_to_the_absent_member_of_a_group_though_another_is_there():
    a = [*connected("S", clean=0), *subscribed("S", "$share/g/w/#", qos=1), "Client S closed its connection."]
    b = [*connected("B"), *subscribed("B", "$share/g/w/#", qos=1)]
    w = [line.replace("(r0, q0)", "(r0, q1)") for line in connected("W", will="w/1")]
    back = [*connected("S", clean=0, present=1), sent("S", "w/1", qos=1, mid=1)]
    assert deliveries_of(*a, *b, *w, "Client W closed its connection.", *back) == [
        ("W", "S", "w/1", "queued", "inferred")
    ]


def test_since_2_1_a_client_that_is_lost_is_sent_its_own_will_when_it_comes_back():
    """The lines that come first are printed for a socket that is closed."""
    w = [line.replace("(r0, q0)", "(r0, q1)") for line in connected("W", clean=0, will="t/1")]
    w += subscribed("W", "t/1", qos=1) + subscribed("W", "t/#")
    copies = [sent("W", "t/1", qos=1, mid=1), sent("W", "t/1")]
    lost = ["Client W [127.0.0.1:4001] disconnected: connection closed by client.", *copies]
    back = [*connected("W", clean=0, present=1), *copies]
    got = deliveries_of("mosquitto version 2.1.2 starting", *w, *lost, "Received PINGREQ from P", *back)
    assert got == [("W", "W", "t/1", "queued", "inferred")] * 2


def test_since_2_1_what_a_lost_client_without_a_session_is_sent_is_no_delivery():
    w = [*connected("W", will="t/1"), *subscribed("W", "t/#")]
    lost = ["Client W [127.0.0.1:4001] disconnected: connection closed by client.", sent("W", "t/1")]
    assert deliveries_of("mosquitto version 2.1.2 starting", *P_AND_S, *w, *lost, sent("S", "t/1")) == [
        ("W", "S", "t/1", "will", "inferred")
    ]


def test_a_will_that_nobody_gets_at_once_takes_its_identifier_when_its_client_is_lost():
    """MQTT 5 may have it wait, but most do not; its stored copy tells later that it was published."""
    s = [*connected("P"), *connected("Q"), *connected("T"), *connected("S", clean=0), *subscribed("S", "#", qos=1)]
    w = [line.replace("(r0, q0)", "(r1, q1)") for line in connected("W", protocol=5, will="w/1")]
    waits = ["Client S closed its connection.", published("P", "t/1", qos=1, mid=1), puback("P")]
    waits += ["Client W closed its connection.", published("Q", "t/1", qos=1, mid=1), puback("Q")]
    replay = [*subscribed("T", "w/1"), sent("T", "w/1", retain=1), "Received PINGREQ from T"]
    waits += [*replay, published("P", "t/1", qos=1, mid=2), puback("P", 2)]
    back = [*connected("S", clean=0, present=1), sent("S", "t/1", qos=1, mid=1), sent("S", "w/1", qos=1, mid=2)]
    got = deliveries_of(*s, *w, *waits, *back, *(sent("S", "t/1", qos=1, mid=mid) for mid in (3, 4)))
    assert [(sender, via) for sender, _, _, via, _ in got] == [
        ("W", "retained"), ("P", "queued"), ("W", "queued"), ("Q", "queued"), ("P", "queued"),
    ]  # fmt: skip


def test_a_will_may_be_stored():
    w = [line.replace("(r0, q0)", "(r1, q0)") for line in connected("W", will="w/1")]
    got = deliveries_of(
        *w, "Client W closed its connection.", *connected("S"), *subscribed("S", "w/#"), sent("S", "w/1", retain=1)
    )
    assert got == [("W", "S", "w/1", "retained", "inferred")]


def test_a_delayed_will_comes_without_a_line_that_announces_it():
    w = connected("W", protocol=5, will="w/1")
    late = ["Client W closed its connection.", published("P", "t/1"), sent("S", "t/1"), sent("S", "w/1")]
    got = deliveries_of(*P_AND_S, *w, *late)
    assert got[1] == ("W", "S", "w/1", "will", "inferred")


def test_no_will_is_published_while_a_packet_is_handled():
    """What comes there with a retain flag is a stored message that had to wait."""
    w = [line.replace("(r0, q0)", "(r1, q1)") for line in connected("W", protocol=5, will="w/1")]
    five = [*connected("P"), *connected("S", protocol=5), *subscribed("S", "w/1", qos=1)]
    block = [published("P", "w/1", qos=1, mid=1), sent("S", "w/1", qos=1, mid=1, retain=1)]
    block += [sent("S", "w/1", qos=1, mid=2), puback("P")]
    got = deliveries_of(*five, *w, "Client W closed its connection.", *block)
    assert [(sender, via) for sender, _, _, via, _ in got] == [(None, "retained"), ("P", "live")]


def test_a_delayed_will_is_void_when_its_client_comes_back():
    w = connected("W", protocol=5, clean=0, will="w/1")
    back = ["Client W closed its connection.", *connected("W", protocol=5, clean=0, present=1)]
    assert deliveries_of(*P_AND_S, *w, *back, sent("S", "w/1"))[0][0] is None


def test_in_2_0_the_will_at_a_takeover_follows_its_line():
    w = connected("W", will="w/1")
    again = connected("W")
    got = deliveries_of(
        *P_AND_S, *w, again[0], "Client W already connected, closing old connection.", sent("S", "w/1"), *again[1:]
    )
    assert got == [("W", "S", "w/1", "will", "inferred")]


def test_in_2_1_the_line_after_a_will_says_whose_it_is_at_a_takeover():
    same = [*connected("V", will="w/1"), *connected("WW", will="w/1")]
    new = connected("WW")
    taken = [new[0], sent("S", "w/1"), "Client WW [127.0.0.1:4002] disconnected: session taken over.", *new[1:]]
    got = deliveries_of("mosquitto version 2.1.2 starting", *P_AND_S, *same, *taken)
    assert got == [("WW", "S", "w/1", "will", "inferred")]


def test_in_2_1_a_will_at_a_takeover_may_come_only_to_who_is_away():
    s = [*connected("S", clean=0), *subscribed("S", "w/1", qos=1), "Client S closed its connection."]
    w = [line.replace("(r0, q0)", "(r0, q1)") for line in connected("W", will="w/1")]
    new = connected("W")
    taken = [new[0], "Client W [127.0.0.1:4001] disconnected: session taken over.", *new[1:]]
    back = [*connected("S", clean=0, present=1), sent("S", "w/1", qos=1, mid=1)]
    got = deliveries_of("mosquitto version 2.1.2 starting", *s, *w, *taken, *back)
    assert got == [("W", "S", "w/1", "queued", "inferred")]


def test_wills_at_the_end_of_the_broker_come_in_the_order_of_their_clients():
    both = [*connected("V", will="w/1"), *connected("WW", will="w/1")]
    got = deliveries_of(*P_AND_S, *both, "mosquitto version 2.0.11 terminating", sent("S", "w/1"), sent("S", "w/1"))
    assert [sender for sender, *_ in got] == ["V", "WW"]


def test_system_topics_are_the_brokers_also_inside_a_block():
    sys = [*connected("SYS"), *subscribed("SYS", "$SYS/#")]
    block = [published("P", "t/1"), sent("SYS", "$SYS/broker/log/N"), sent("S", "t/1")]
    got = deliveries_of(*P_AND_S, *sys, *block)
    assert got == [(None, "SYS", "$SYS/broker/log/N", "broker", "none"), ("P", "S", "t/1", "live", "seen")]


def test_a_delivery_that_is_too_large_is_a_drop():
    events = events_of(
        *P_AND_S, published("P", "t/1", size=500), sent("S", "t/1", size=500),
        "Dropping too large outgoing PUBLISH for S (500 bytes)", published("P", "t/1"), sent("S", "t/1"),
    )  # fmt: skip
    assert [(e["event"], e.get("bytes")) for e in events[-4:]] == [
        ("publish", 500), ("drop", 500), ("publish", 4), ("deliver", 4),
    ]  # fmt: skip


def test_a_denied_publish_is_a_deny_and_no_publish():
    denied = "Denied PUBLISH from P (d0, q1, r0, m1, 't/1', ... (4 bytes))"
    events = events_of(*P_AND_S, denied, puback("P", 1, 135))
    assert [(e["event"], e.get("reason")) for e in events[-1:]] == [("deny", "not authorised")]


def test_a_publish_that_a_plugin_denies_after_its_line_is_no_publish():
    denied = "Denied PUBLISH from P (d0, q1, r0, m1, 't/1', ... (4 bytes))"
    events = events_of(*P_AND_S, published("P", "t/1", qos=1, mid=1), denied, puback("P", 1, 135))
    assert [e["event"] for e in events].count("publish") == 0
    assert events[-1]["event"] == "deny"


def test_a_publish_that_is_acknowledged_with_an_error_was_not_taken():
    events = events_of(*P_AND_S, published("P", "t/1", qos=1, mid=1), puback("P", 1, 151))
    assert [(e["event"], e.get("reason")) for e in events[-1:]] == [("drop", "quota exceeded")]


def test_one_member_of_a_group_gets_what_another_has_not():
    members = [*connected("P"), *connected("A", clean=0), *subscribed("A", "$share/g/t/#", qos=1)]
    members += [*connected("B", clean=0), *subscribed("B", "$share/g/t/#", qos=1), "Client A closed its connection."]
    first = [published("P", "t/1", qos=1, mid=1), puback("P"), published("P", "t/1", qos=1, mid=2)]
    second = [sent("B", "t/1", qos=1, mid=1), puback("P", 2)]
    back = [*connected("A", clean=0, present=1), sent("A", "t/1", qos=1, mid=1)]
    got = deliveries_of(*members, *first, *second, *back)
    assert [(receiver, via) for _, receiver, _, via, _ in got] == [("B", "live"), ("A", "queued")]


def test_a_bridge_gets_a_message_under_another_topic():
    bridge = [
        "Bridge local.edge doing local SUBSCRIBE on topic dom/#",
        "Received CONNACK on connection local.edge.",
        *connected("P"),
    ]
    got = deliveries_of(*bridge, published("P", "dom/x"), sent("local.edge", "rem/x"))
    assert got == [("P", "local.edge", "rem/x", "live", "seen")]


def test_a_client_behind_a_mount_point_gets_topics_without_it():
    mounted = [*connected("P"), *connected("S"), *subscribed("S", "mp/t/#")]
    stored = [published("P", "mp/t/0", retain=1), published("P", "mp/t/1"), sent("S", "t/1")]
    got = deliveries_of(*mounted, *stored, *subscribed("S", "mp/t/0"), sent("S", "t/0", retain=1))
    assert got == [("P", "S", "t/1", "live", "seen"), ("P", "S", "t/0", "retained", "inferred")]


def test_a_plugins_message_has_no_sender():
    control = "$CONTROL/dynamic-security/v1"
    got = deliveries_of(
        *connected("adm"), *subscribed("adm", f"{control}/response"), published("adm", control),
        "dynsec: adm/admin | listClients", sent("adm", f"{control}/response", size=85),
    )  # fmt: skip
    assert got == [(None, "adm", f"{control}/response", "broker", "none")]


def test_a_log_that_begins_in_the_middle_still_tells_senders():
    got = traced(f"1: {published('P', 't')}\n1: {sent('S', 't')}\n1: Sending SUBACK to S\n".encode())[0]
    assert [(e.sender, e.proof) for e in got if e.event == "deliver"] == [("P", "seen")]


def test_copies_that_wait_are_capped_and_counted(monkeypatch):
    monkeypatch.setattr("tracer.waiting.CAP", 3)
    away = [
        *connected("P"),
        *connected("S", clean=0),
        *subscribed("S", "t/#", qos=1),
        "Client S closed its connection.",
    ]
    many = [line for mid in range(1, 6) for line in (published("P", "t/1", qos=1, mid=mid), puback("P", mid))]
    _, pipeline, _ = traced(log_of(*away, *many))
    assert pipeline.counts.fallen_out == 2


def test_an_identifier_is_drawn_for_each_filter_though_one_copy_is_sent():
    """So the queue of a client with overlapping filters stays in step, and two like messages are told apart."""
    s = [*connected("P"), *connected("Q"), *connected("S", clean=0), *subscribed("S", "t/#", "t/1", qos=1)]
    live = [published("P", "t/1", qos=1, mid=1), sent("S", "t/1", qos=1, mid=1), puback("P")]
    waits = [published("Q", "t/1", qos=1, mid=1), puback("Q"), published("P", "t/1", qos=1, mid=2), puback("P", 2)]
    got = deliveries_of(*s, *live, *waits, acknowledged("S"), sent("S", "t/1", qos=1, mid=5))
    assert got[1] == ("P", "S", "t/1", "queued", "inferred")


def test_a_second_copy_of_a_message_tells_that_each_filter_brings_one():
    """Where allow_duplicate_messages is set, also MQTT 3.1.1 gets and queues one for each."""
    s = [*connected("P"), *connected("Q"), *connected("S"), *subscribed("S", "t/#", "t/1", qos=1)]
    live = [published("P", "t/1", qos=1, mid=1), *(sent("S", "t/1", qos=1, mid=mid) for mid in (1, 2)), puback("P")]
    waits = [published(sender, "t/1", qos=1, mid=2) for sender in "QP"]
    copies = [acknowledged("S"), *(sent("S", "t/1", qos=1, mid=mid) for mid in (3, 4, 5, 6))]
    got = deliveries_of(*s, *live, *waits, "Received PINGREQ from P", *copies)
    assert [(sender, via) for sender, _, _, via, _ in got] == [
        ("P", "live"), ("P", "live"), ("Q", "queued"), ("Q", "queued"), ("P", "queued"), ("P", "queued"),
    ]  # fmt: skip


def test_a_copy_above_its_message_s_qos_tells_that_copies_have_the_qos_of_their_filter():
    s = [*connected("P"), *connected("Q"), *connected("S", clean=0), *subscribed("S", "t/#", qos=2)]
    live = [published("P", "t/1", qos=1, mid=1), sent("S", "t/1", qos=2, mid=1), puback("P")]
    live += ["Received PUBCOMP from S (Mid: 1, RC:0)", "Client S closed its connection."]
    waits = [published("Q", "t/1"), published("P", "t/1"), *connected("S", clean=0, present=1)]
    waits += [sent("S", "t/1", qos=2, mid=mid) for mid in (2, 3)]
    assert [sender for sender, *_ in deliveries_of(*s, *live, *waits)] == ["P", "Q", "P"]


def test_of_a_group_the_first_in_turn_gets_it_though_it_is_away():
    a = [*connected("A", clean=0), *subscribed("A", "$share/g/t/#", "t/#", qos=1), "Client A closed its connection."]
    b = [*connected("B"), *subscribed("B", "$share/g/t/#", qos=1)]
    first = [published("P", "t/1", qos=1, mid=1), puback("P")]
    second = [published("Q", "t/1", qos=1, mid=1), sent("B", "t/1", qos=1, mid=1), puback("Q")]
    third = [published("P", "t/1", qos=1, mid=2), puback("P", 2)]
    back = [*connected("A", clean=0, present=1), *(sent("A", "t/1", qos=1, mid=mid) for mid in (1, 3, 4))]
    got = deliveries_of(*connected("P"), *connected("Q"), *a, *b, *first, *second, *third, *back)
    assert [(sender, receiver) for sender, receiver, *_ in got] == [("Q", "B"), ("P", "A"), ("Q", "A"), ("P", "A")]


def test_of_two_that_look_alike_and_nothing_decides_it_is_nobodys():
    """MQTT 5's no local is not logged: whether S was owed its own message shifts what comes after it."""
    s = [*connected("P"), *connected("Q"), *connected("S", protocol=5, clean=0), *subscribed("S", "t/#", qos=1)]
    full = [published("P", "t/0", qos=1, mid=9), sent("S", "t/0", qos=1, mid=1), puback("P", 9)]
    waits = [published(sender, "t/1", qos=1, mid=1) for sender in "SPQ"]
    got = deliveries_of(*s, *full, *waits, "Received PINGREQ from P", acknowledged("S"), sent("S", "t/1", qos=1, mid=3))
    assert got[1] == (None, "S", "t/1", "queued", "none")


def test_one_of_its_own_messages_tells_that_a_filter_brings_all_of_them():
    s = [*connected("P"), *connected("Q"), *connected("S", protocol=5, clean=0), *subscribed("S", "t/#", qos=1)]
    full = [published("P", "t/0", qos=1, mid=9), sent("S", "t/0", qos=1, mid=1), puback("P", 9)]
    waits = [published("S", "t/own", qos=1, mid=mid) for mid in (1, 2)]
    waits += [published(sender, "t/1", qos=1, mid=3) for sender in "PQ"]
    own = [acknowledged("S"), *(sent("S", "t/own", qos=1, mid=mid) for mid in (2, 3))]
    got = deliveries_of(*s, *full, *waits, *own, acknowledged("S", 2), sent("S", "t/1", qos=1, mid=4))
    assert [sender for sender, *_ in got] == ["P", "S", "S", "P"]


def test_an_identifier_drawn_later_tells_that_a_filter_brings_none_of_them():
    s = [*connected("P"), *connected("Q"), *connected("S", protocol=5, clean=0)]
    s += [*subscribed("S", "t/#", qos=1), *subscribed("S", "x", qos=0)]
    full = [published("P", "t/0", qos=1, mid=9), sent("S", "t/0", qos=1, mid=1), puback("P", 9)]
    waits = [published(sender, "t/1", qos=1, mid=3) for sender in "SPQ"]
    live = [acknowledged("S"), published("P", "t/0", qos=1, mid=10), sent("S", "t/0", qos=1, mid=4), puback("P", 10)]
    got = deliveries_of(*s, *full, *waits, *live, acknowledged("S", 4), sent("S", "t/1", qos=1, mid=3))
    assert [sender for sender, *_ in got] == ["P", "P", "Q"]


def test_what_is_sent_next_may_tell_whose_the_first_copy_was():
    s = [*connected("P"), *connected("Q"), *connected("S", protocol=5, clean=0), *subscribed("S", "t/#", qos=1)]
    full = [published("P", "t/0", qos=1, mid=9), sent("S", "t/0", qos=1, mid=1), puback("P", 9)]
    waits = [published(sender, "t/1", qos=1, mid=1) for sender in "SPQ"]
    gone = ["Received PINGREQ from P", "Client S closed its connection."]
    back = [*connected("S", protocol=5, clean=0, present=1), sent("S", "t/0", qos=1, mid=1, dup=1)]
    copies = [sent("S", "t/1", qos=1, mid=mid) for mid in (2, 3, 4)]
    got = deliveries_of(*s, *full, *waits, *gone, *back, *copies)
    assert [sender for sender, *_ in got] == ["P", "S", "P", "Q"]


def test_stored_messages_wait_too_and_keep_their_author_of_the_time():
    stored = [*connected("P"), *connected("Q"), published("P", "t/1", retain=1, qos=1, mid=1), puback("P")]
    s = [*connected("S"), *subscribed("S", "x", qos=1), published("P", "x", qos=1, mid=2)]
    full = [sent("S", "x", qos=1, mid=1), puback("P", 2), *subscribed("S", "t/1", qos=1)]
    later = [published("Q", "t/1", retain=1, qos=1, mid=1), puback("Q"), acknowledged("S")]
    copies = [sent("S", "t/1", qos=1, mid=2, retain=1), sent("S", "t/1", qos=1, mid=3)]
    got = deliveries_of(*stored, *s, *full, *later, *copies)
    assert got[1:] == [("P", "S", "t/1", "retained", "inferred"), ("Q", "S", "t/1", "queued", "inferred")]


def test_options_of_mqtt_5_outlive_its_connection():
    s = [*connected("P"), *connected("S", protocol=5, clean=0), *subscribed("S", "t/#")]
    back = ["Client S closed its connection.", *connected("S", clean=0, present=1)]
    got = deliveries_of(*s, *back, published("P", "t/1", retain=1), sent("S", "t/1", retain=1))
    assert got == [("P", "S", "t/1", "live", "seen")]


def test_the_next_of_two_like_wills_begins_where_the_order_of_the_filters_begins_anew():
    s = [
        *connected("S"),
        *subscribed("S", "w/#"),
        *connected("T"),
        *subscribed("T", "w/#"),
        *connected("V", will="w/1"),
    ]
    w = [line.replace("(r0, q0)", "(r0, q1)") for line in connected("WW", will="w/1")]
    end = ["mosquitto version 2.0.11 terminating", sent("T", "w/1"), sent("S", "w/1"), sent("T", "w/1")]
    assert [(sender, receiver) for sender, receiver, *_ in deliveries_of(*s, *w, *end)] == [
        ("V", "T"), ("WW", "S"), ("WW", "T"),
    ]  # fmt: skip


def test_like_wills_whose_delay_is_not_known_are_nobodys_at_the_end():
    wills = [*connected("V", protocol=5, will="w/1"), *connected("WW", protocol=5, will="w/1")]
    end = ["mosquitto version 2.0.11 terminating", sent("S", "w/1"), sent("S", "w/1")]
    assert [(sender, via, proof) for sender, _, _, via, proof in deliveries_of(*P_AND_S, *wills, *end)] == [
        (None, "will", "none"), (None, "will", "none"),
    ]  # fmt: skip

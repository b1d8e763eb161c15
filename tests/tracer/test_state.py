"""Who comes, goes, subscribes and is refused; and lines that try to look like others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracer.logs import CASES, CORPUS, connected, events_of, lines, log_of, published, sent, subscribed, traced
from tracer.events import DISCONNECT_REASONS, Connect, Unknown
from tracer.pipeline import Pipeline


def of_kind(kind, *texts):
    return [event for event in events_of(*texts) if event["event"] == kind]


def test_a_connect_tells_what_the_log_tells_of_a_client():
    (event,) = of_kind("connect", *connected("S", protocol=5, clean=0, present=1, will="w"))
    assert event == {
        "at": "2027-01-15T08:00:00Z", "line": 7, "event": "connect", "client": "S", "address": "127.0.0.1",
        "port": 4001, "user": None, "protocol": "5.0", "clean": False, "keepalive": 60, "session_present": True,
        "will": {"topic": "w", "qos": 0, "retain": False, "bytes": 4},
    }  # fmt: skip


def test_the_connack_says_which_reading_of_id_and_user_is_right():
    client = "a (p2, c1, k60, u'b')"
    texts = [text.replace("k60)", "k60, u'c')") for text in connected(client)]
    (event,) = of_kind("connect", *texts)
    assert (event["client"], event["user"]) == (client, "c")


def test_without_debug_lines_connects_are_still_events():
    told = ["New client connected from 1.2.3.4:5 as S (p4, c1, k9, u'me').", "Client S disconnected."]
    connect, disconnect = events_of(*told)
    assert (connect["user"], connect["session_present"], connect["will"]) == ("me", None, None)
    assert disconnect["reason"] == "disconnect"


def test_without_connection_messages_connects_are_still_events():
    (event,) = of_kind("connect", "Sending CONNACK to S (0, 0)")
    assert (event["client"], event["address"], event["session_present"]) == ("S", None, False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Client S closed its connection.", "closed"),
        ("Client S has exceeded timeout, disconnecting.", "timeout"),
        ("Client S [127.0.0.1:4001] disconnected: session taken over.", "takeover"),
        ("Client S already connected, closing old connection.", "takeover"),
        ("Client S [127.0.0.1:4001] disconnected: some new words.", "other"),
        ("Socket error on client S, disconnecting.", "closed"),
    ],
)
def test_reasons_are_of_the_fixed_list(line, reason):
    (event,) = of_kind("disconnect", *connected("S"), line)
    assert event["reason"] == reason
    assert reason in DISCONNECT_REASONS


def test_an_expired_session_is_a_disconnect():
    gone = [*connected("S", protocol=5, clean=0), *subscribed("S", "t"), "Client S closed its connection."]
    reasons = [event["reason"] for event in of_kind("disconnect", *gone, "Expiring client S due to timeout.")]
    assert reasons == ["closed", "expired"]


def test_a_refused_stranger_with_a_victims_id_does_not_disconnect_the_victim():
    stranger = ["New connection from 127.0.0.1:9 on port 1883.", "Sending CONNACK to victim (0, 5)"]
    events = events_of(*connected("victim"), *stranger, "Client victim disconnected, not authorised.")
    assert [event["event"] for event in events[-1:]] == ["refused"]
    assert events[-1]["client"] == "victim"
    assert (events[-1]["address"], events[-1]["reason"]) == ("127.0.0.1", "not authorised")


def test_since_2_1_a_strangers_end_is_told_by_its_port():
    stranger = ["Sending CONNACK to victim (0, 5)", "Client victim [127.0.0.1:9] disconnected: not authorised."]
    own = "Client victim [127.0.0.1:4006] disconnected: protocol error."
    events = of_kind("disconnect", *connected("victim"), *stranger, own)
    assert [event["reason"] for event in events] == ["protocol"]


def test_who_is_refused_before_it_has_an_id_is_its_address():
    refused = ["New connection from 10.0.0.7:9 on port 1883.", "Sending CONNACK to 10.0.0.7 (0, 2)"]
    (event,) = of_kind("refused", *refused, "Client <unknown> disconnected due to protocol error.")
    assert (event["client"], event["address"], event["reason"]) == (None, "10.0.0.7", "client identifier not valid")


def test_subscribe_tells_group_and_what_was_denied():
    block = ["Received SUBSCRIBE from S", "\t$share/g/a/# (QoS 1)", "\tb (denied)", "Sending SUBACK to S"]
    first, second = of_kind("subscribe", *connected("S"), *block)
    assert (first["filter"], first["group"], first["qos"], first["granted"]) == ("$share/g/a/#", "g", 1, True)
    assert (second["filter"], second["qos"], second["granted"]) == ("b", None, False)


def test_a_forged_echo_of_an_unsubscribe_makes_no_edge():
    client, last = "Received PUBLISH from victim (d0, q0, r0, m0, 'secret/plan',", "... (5 bytes))"
    block = [f"Received UNSUBSCRIBE from {client}", f"\t{last}", f"{client} {last}", f"Sending UNSUBACK to {client}"]
    events = events_of(*connected("victim"), *connected(client), *block)
    assert [event["event"] for event in events] == ["connect", "connect", "unsubscribe"]


def test_a_forged_echo_of_a_subscribe_disconnects_nobody():
    client, topic_filter = "Client victim disconnected.", "a"
    block = [f"Received SUBSCRIBE from {client}", f"\t{topic_filter} (QoS 0)", f"{client} 0 {topic_filter}"]
    events = events_of(*connected("victim"), *connected(client), *block)
    assert [event["event"] for event in events] == ["connect", "connect", "subscribe"]


def test_lines_inside_a_user_name_with_newlines_are_not_believed():
    forged = [
        "New client connected from 1.2.3.4:5 as attacker (p2, c1, k60, u'u",
        published("victim", "secret"),
        "1').",
    ]
    rest = ["No will message specified.", "Sending CONNACK to attacker (0, 0)"]
    events = traced(log_of(*connected("victim"), *forged, *rest))[0]
    assert [event.event for event in events][2:] == ["connect", "unknown", "unknown", "connect"]


def test_a_forged_disconnect_inside_a_user_name_is_not_believed():
    forged = ["New client connected from 1.2.3.4:5 as attacker (p2, c1, k60, u'u').", "Client victim disconnected."]
    rest = ["No will message specified.", "Sending CONNACK to attacker (0, 0)"]
    assert not of_kind("disconnect", *connected("victim"), *forged, *rest)


def test_nothing_is_made_of_a_line_that_was_cut():
    begin = published("P", "t/")[: -len("', ... (4 bytes))")]
    cut = begin + "x" * (999 - len("1800000000: ") - len(begin) - 17) + "', ... (4 bytes))"
    assert len(cut) == 999 - len("1800000000: ")
    events, pipeline, _ = traced(log_of(*connected("P"), cut, sent("S", "t")))
    assert [event.event for event in events] == ["broker", "broker", "connect", "deliver"]
    assert pipeline.counts.cut_lines == 1


def test_unknown_lines_are_counted_and_kept():
    events, pipeline, _ = traced(log_of(*connected("S"), "A plugin says hello.", "Received DISCONNECT from S"))
    (unknown,) = [event for event in events if isinstance(event, Unknown)]
    assert (unknown.text, unknown.line, pipeline.counts.unknown_lines) == ("A plugin says hello.", 7, 1)


def test_two_clients_that_both_fit_are_counted_as_ambiguous():
    tricky = "x (d0, q0, r0, m0, 'y"
    _, pipeline, _ = traced(log_of(*connected("x"), *connected(tricky), published(tricky, "t")))
    assert pipeline.counts.ambiguous_lines == 1


def test_a_copy_goes_to_the_reading_that_can_get_it():
    tricky = "x (d0, q0, r0, m0, 'y"
    topic = "y (d0, q0, r0, m0, 't"
    both = [*connected("P"), *connected("x"), *connected(tricky), *subscribed("x", topic)]
    (event,) = of_kind("deliver", *both, published("P", topic), sent("x", topic))
    assert (event["client"], event["topic"], event["sender"]) == ("x", topic, "P")


def test_a_delivery_waits_for_the_next_line_or_for_a_rest():
    pipeline = Pipeline()
    data = log_of(*connected("P"), *connected("S"), *subscribed("S", "t"), published("P", "t"), sent("S", "t"))
    events = [event for line in lines(data) for event in pipeline.feed(line)]
    assert events[-1].event == "publish"
    assert [event.event for event in pipeline.rest()] == ["deliver"]
    assert pipeline.finish() == []


def counted_once(pipeline, count):
    counts = pipeline.counts
    parts = counts.read_lines + counts.unknown_lines + counts.ambiguous_lines + counts.cut_lines
    return counts.lines == count == parts


@given(st.binary(max_size=400))
def test_any_bytes_are_read_and_every_line_is_counted_once(data):
    assert counted_once(traced(data)[1], len(lines(data)))


WORDS = [line.data for case in CASES[::9] for line in lines((CORPUS / case / "mosquitto.log").read_bytes())[:80]]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_real_lines_in_any_order_are_read_and_counted_once(parts):
    data = b"\n".join(parts)
    assert counted_once(traced(data)[1], len(lines(data)))


@settings(max_examples=60)
@given(st.sampled_from(CASES), st.integers(0, 4000), st.binary(max_size=3))
def test_a_log_with_a_hole_or_rubbish_in_it_is_read_and_counted_once(case, place, rubbish):
    data = (CORPUS / case / "mosquitto.log").read_bytes()[:6000]
    broken = data[:place] + rubbish + data[place + 7 :]
    assert counted_once(traced(broken)[1], len(lines(broken)))


def test_a_log_whose_debug_lines_end_with_a_reload_still_says_who_comes():
    new = [line for client in ("one", "two") for line in connected(client)[:2]]
    events, pipeline, _ = traced(log_of(*connected("pump"), published("pump", "t"), "Reloading config.", *new))
    assert [event.client for event in events if isinstance(event, Connect)] == ["pump", "one", "two"]
    assert pipeline.counts.unknown_lines == 0

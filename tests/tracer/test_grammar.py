# ruff: noqa: E501  the lines of the log are as long as they are
"""One line's text to a record: every form of line, and texts that could be read in more than one way."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer import forms, grammar
from tracer import records as r


@pytest.mark.parametrize("piece", forms.PIECES, ids=lambda piece: piece.sample.decode())
def test_every_piece_reads_its_sample(piece):
    match = piece.pattern.match(piece.sample)
    assert match is not None
    assert grammar.read(piece.sample, ()) == piece.build(match)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("Received PUBLISH from P (d0, q1, r1, m7, 'a/b', ... (12 bytes))", r.PublishIn("P", False, 1, True, 7, "a/b", 12)),
        ("Sending PUBLISH to S (d1, q2, r0, m65535, '', ... (0 bytes))", r.PublishOut("S", True, 2, False, 65535, "", 0)),
        ("Denied PUBLISH from P (d0, q0, r0, m0, 't', ... (1 bytes))", r.PublishDenied("P", False, 0, False, 0, "t", 1)),
        ("Dropped too large PUBLISH from P (d0, q0, r0, m0, 't', ... (1 bytes))", r.PublishTooLarge("P", False, 0, False, 0, "t", 1)),
        ("Denied PUBLISH to S (q1, r0, 't', ... (3 bytes))", r.OutDenied("S", "t", 3)),
        ("\ta/# (QoS 1)", r.Indented("a/# (QoS 1)", "a/#", 1, denied=False)),
        ("\ta (QoS 1) (QoS 2)", r.Indented("a (QoS 1) (QoS 2)", "a (QoS 1)", 2, denied=False)),
        ("\ta/# (denied)", r.Indented("a/# (denied)", "a/#", None, denied=True)),
        ("\twill/topic", r.Indented("will/topic", None, None, denied=False)),
        ("Client S disconnected.", r.Disconnected("S", "disconnect", None, None)),
        ("Client S [127.0.0.1:4000] disconnected.", r.Disconnected("S", "disconnect", "127.0.0.1", 4000)),
        ("Client S [::1:4000] disconnected: exceeded timeout.", r.Disconnected("S", "timeout", "::1", 4000)),
        ("Client S [/run/m.sock:0] disconnected: session taken over.", r.Disconnected("S", "takeover", "/run/m.sock", 0)),
        ("Client S [1.2.3.4:5] disconnected: bad socket read/write: Broken pipe", r.Disconnected("S", "socket", "1.2.3.4", 5)),
        ("Client S closed its connection.", r.Disconnected("S", "closed", None, None)),
        ("Client S has exceeded timeout, disconnecting.", r.Disconnected("S", "timeout", None, None)),
        ("Client S disconnected due to malformed packet.", r.Disconnected("S", "malformed", None, None)),
        ("Client S disconnected, not authorised.", r.Disconnected("S", "unauthorised", None, None)),
        ("Client S been disconnected by administrative action.", r.Disconnected("S", "administrative", None, None)),
        ("Client S disconnected, session taken over.", r.Disconnected("S", "takeover", None, None)),
        ("Client S already connected, closing old connection.", r.AlreadyConnected("S")),
        ("Client connection from 1.2.3.4 failed: error:0A.", r.ConnectionRefused("1.2.3.4", "failed: error:0A")),
        ("Client S has exceeded its receive-maximum quota. This behaviour must be fixed on the client.", r.NoteInside()),
        ("Client S negotiated TLSv1.3 cipher TLS_AES_256_GCM_SHA384", r.Note()),
        ("Client from 127.0.0.1:33752 appears to be using TLS to connect to a non-TLS listener.", r.Note()),
        ("Client S disconnected, no longer authorised.", r.Disconnected("S", "unauthorised", None, None)),
        ("Client S disconnected due to QoS too high or retain not supported.", r.Disconnected("S", "unsupported", None, None)),
        ("Client S disconnected due to using not allowed feature (QoS too high, retain not supported, or bad AUTH method).", r.Disconnected("S", "unsupported", None, None)),
        ("Client S [::1:4] disconnected: used disallowed feature (QoS too high, retain not supported, or bad AUTH method).", r.Disconnected("S", "unsupported", "::1", 4)),
        ("Client S disconnected due to exceeding the receive maximum.", r.Disconnected("S", "quota", None, None)),
        ("Client S disconnected due to oversize payload.", r.Disconnected("S", "oversize", None, None)),
        ("Client S disconnected due to out of memory.", r.Disconnected("S", "memory", None, None)),
        ("Client S disconnected: Broken pipe.", r.Disconnected("S", "other", None, None)),
        ("Client S disconnected, quota exceeded.", r.Disconnected("S", "quota", None, None)),
        ("Client S disconnected, client banned.", r.Disconnected("S", "other", None, None)),
        ("Client <unknown> closed its connection.", r.Disconnected("<unknown>", "closed", None, None)),
        ("Client 127.0.0.1 [127.0.0.1:40] disconnected: connection closed by client.", r.Disconnected("127.0.0.1", "closed", "127.0.0.1", 40)),
        ("Client local.edge [(null):0] disconnected: connection closed by client.", r.Disconnected("local.edge", "closed", "(null)", 0)),
        ("Socket error on client <unknown>, disconnecting.", r.Disconnected("<unknown>", "closed", None, None)),
        ("Bad socket read/write on client S, disconnecting.", r.Disconnected("S", "socket", None, None)),
        ("Bad socket read/write on client S: Connection reset by peer", r.Disconnected("S", "socket", None, None)),
        ("Expiring client S due to timeout.", r.Expired("S")),
        ("Expiring persistent client S due to timeout.", r.Expired("S")),
        ("Client connection from 1.2.3.4 denied: max_connections exceeded.", r.ConnectionRefused("1.2.3.4", "denied: max_connections exceeded")),
        ("Client connection from ::1 denied access by tcpd.", r.ConnectionRefused("::1", "denied access by tcpd")),
        ("New connection from 127.0.0.1 on port 1883.", r.NewConnection("127.0.0.1", None)),
        ("New connection from ::1 on port 1883.", r.NewConnection("::1", None)),
        ("New connection from ::1:4000 on port 1883.", r.NewConnection("::1", 4000)),
        ("New connection from /run/m.sock:0 on port 0.", r.NewConnection("/run/m.sock", 0)),
        ("Sending CONNACK to 127.0.0.1 (0, 135)", r.ConnAck("127.0.0.1", session_present=False, code=135)),
        ("mosquitto version 2.1.2 terminating", r.BrokerState("2.1.2", "terminating")),
        ("Opening unix listen socket on path /run/m.sock.", r.Note()),
        ("Opening websockets listen socket on port 9001.", r.Note()),
        ("Warning: Received PUBREC from S for an unknown packet identifier 3.", r.Note()),
        ("Connecting bridge edge (10.0.0.1:1883)", r.Note()),
        ("Bridge R sending CONNECT", r.Note()),
        ("Bridge R sending DISCONNECT", r.Note()),
        ("Bridge local.edge sending UNSUBSCRIBE (Mid: 3, Topic: a/#)", r.Note()),
        ("Bridge support doing local SUBSCRIBE on topic a/#", r.BridgeSubscribe("support", "a/#")),
        ("Warning: Unable to connect to bridge edge.", r.Note()),
        ("TLS support NOT available.", r.Note()),
        ("Restored 3 client messages", r.Note()),
        ("", r.Continuation()),
        ("To fix this, use `chmod 0700 /etc/acl`.", r.Continuation()),
    ],
)  # fmt: skip
def test_a_line_says_what_mosquitto_meant(text, record):
    assert grammar.read(text.encode(), ()) == record


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "Received PUBLISH from P",
        "mosquitto version",
        "S 0 a/#",
        "client S disconnected.",
        f"Received PUBLISH from P (d0, q0, r0, m0, 't', ... ({'9' * 5000} bytes))",
        f"Received PUBREL from P (Mid: {'9' * 5000})",
        f"New client connected from 1.2.3.4:{'9' * 5000} as S (p2, c1, k60).",
        f"Received PUBLISH from P (d0, q0, r0, m0, '{'t' * grammar.LONGEST}', ... (1 bytes))",
        "Sending PUBLISH to S (d0, q3, r0, m0, 't', ... (1 bytes))",
        "Sending PUBLISH to S (d0, q0, r0, m0, 't', ... (-1 bytes))",
    ],
    ids=lambda text: text[:30],
)
def test_other_lines_are_not_ours(text):
    assert grammar.read(text.encode(), ()) is None


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("New client connected from 127.0.0.1:4000 as S (p2, c1, k60).", "127.0.0.1", 4000),
        ("New client connected from ::1:4000 as S (p2, c1, k60).", "::1", 4000),
        ("New client connected from ::1 as S (p2, c1, k60).", "::1", None),
        ("New client connected from 127.0.0.1 as S (p2, c1, k60).", "127.0.0.1", None),
        ("New bridge connected from /run/m.sock:0 as S (p2, c1, k60).", "/run/m.sock", 0),
    ],
)
def test_addresses_of_all_kinds_are_told_from_their_ports(text, address, port):
    record = grammar.read(text.encode(), ())
    assert (record.address, record.port) == (address, port)
    assert [one.client for one in record.introductions] == ["S"]


def test_an_id_and_a_user_that_look_like_the_rest_of_the_line_are_all_readings():
    text = b"New client connected from 1.2.3.4:5 as a (p2, c1, k60, u'b') (p5, c0, k9, u'c')."
    record = grammar.read(text, ())
    assert [(one.client, one.user) for one in record.introductions] == [
        ("a", "b') (p5, c0, k9, u'c"),
        ("a (p2, c1, k60, u'b')", "c"),
    ]


TRICKY = "x (d0, q0, r0, m0, 'y"


def test_a_known_id_decides_where_id_and_topic_meet():
    text = f"Received PUBLISH from {TRICKY} (d0, q0, r0, m0, 't', ... (1 bytes))".encode()
    assert grammar.read(text, {TRICKY}).topic == "t"
    assert grammar.read(text, {"x"}).topic == "y (d0, q0, r0, m0, 't"


def test_two_known_ids_that_fit_are_two_readings():
    text = f"Received PUBLISH from {TRICKY} (d0, q0, r0, m0, 't', ... (1 bytes))".encode()
    answer = grammar.read(text, {"x", TRICKY})
    assert isinstance(answer, r.Readings)
    assert [record.client for record in answer.records] == ["x", TRICKY]


def test_a_known_id_decides_what_ended():
    assert grammar.read(b"Client a [1.2.3.4:5] disconnected.", {"a [1.2.3.4:5]"}).client == "a [1.2.3.4:5]"


def test_the_longest_known_id_ended_since_the_words_behind_a_shorter_one_are_none_of_mosquittos():
    both = {"x", "x disconnected: y"}
    answer = grammar.read(b"Client x disconnected: y disconnected.", both)
    assert [record.client for record in answer.records] == ["x", "x disconnected: y"]


def test_an_id_that_ends_like_a_connection_is_no_end_in_other_lines():
    client = "x [1.2.3.4:5] disconnected: y"
    text = f"Client {client} has exceeded its receive-maximum quota. This behaviour must be fixed on the client."
    assert grammar.read(text.encode(), {"x", client}).records[-1] == r.NoteInside()


@pytest.mark.parametrize("form", grammar.FORMATS_1_6)
def test_1_6_cuts_each_line_at_499_bytes_more_than_its_format(form):
    text = form.split(b"%")[0].ljust(len(form) + 499, b"x")
    assert [grammar.is_cut(line, line, old=True) for line in (text, text[:-1])] == [True, False]


def test_of_a_cut_block_the_begin_of_its_clients_id_is_left():
    assert grammar.read_cut(b"Received UNSUBSCRIBE from x\xc3") == r.CutBegin(b"x\xc3")
    assert grammar.read_cut(b"Received PUBLISH from x") == r.Cut()
    assert grammar.read_cut(b"Sending PUBLISH to x") == r.CutInside()


@pytest.mark.parametrize(
    ("old", "size", "cut"), [(False, 999, True), (False, 998, False), (True, 567, True), (True, 999, False)]
)
def test_a_line_at_the_length_where_mosquitto_cuts_is_cut(old, size, cut):
    head = b"Received PUBLISH from P (d0, q0, r0, m0, '"
    line = head + b"x" * (size - len(head))
    assert grammar.is_cut(line, line, old=old) == cut


# MQTT admits any UTF-8 but control characters, surrogates and a few non-characters
NAMES = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=[chr(0xFFFE), chr(0xFFFF)]),
    min_size=1,
    max_size=40,
)
MIDDLE = st.sampled_from(
    ["", " (d0, q0, r0, m0, '", "', ... (5 bytes))", " (QoS 1)", " disconnected.", "\u2028", " as ", ": "]
)
IDS = st.builds("{}{}{}".format, NAMES, MIDDLE, NAMES)
TOPICS = st.builds("{}{}{}".format, NAMES, MIDDLE, NAMES)


@given(
    st.sampled_from(grammar.PUBLISH_LINES),
    st.builds(
        r.Publish,
        client=IDS,
        dup=st.booleans(),
        qos=st.integers(0, 2),
        retain=st.booleans(),
        mid=st.integers(0, 65535),
        topic=TOPICS,
        size=st.integers(0, 268435455),
    ),
)
def test_a_publish_that_mosquitto_prints_is_read_back_for_any_id_and_topic(line, one):
    flags = f"d{one.dup:d}, q{one.qos}, r{one.retain:d}, m{one.mid}"
    printed = f"{line.head.decode()}{one.client} ({flags}, '{one.topic}', ... ({one.size} bytes))"
    assert grammar.read(printed.encode(), {one.client}) == line.kind(*dataclasses.astuple(one))


@given(st.sampled_from([piece for piece in forms.PIECES if b"(?P<client>" in piece.pattern.pattern]), IDS)
def test_any_id_is_read_back_from_a_line_with_one_free_text(piece, client):
    start, end = piece.pattern.match(piece.sample).span("client")
    printed = piece.sample[:start] + client.encode() + piece.sample[end:]
    record = grammar.read(printed, {client})
    if not isinstance(record, r.BridgeSubscribe):
        assert record.client == client


@given(IDS, st.one_of(st.none(), NAMES), st.integers(0, 65535), st.booleans())
def test_any_id_and_user_are_among_the_readings_of_a_new_client(client, user, keepalive, clean):
    told = f", u'{user}'" if user is not None else ""
    printed = f"New client connected from 127.0.0.1:4000 as {client} (p5, c{clean:d}, k{keepalive}{told})."
    record = grammar.read(printed.encode(), ())
    assert r.Introduction(client, "5.0", clean, keepalive, user) in record.introductions


@given(
    IDS, st.sampled_from([" disconnected.", " closed its connection.", " [1.2.3.4:5] disconnected: protocol error."])
)
def test_any_known_id_is_read_back_from_the_end_of_its_connection(client, end):
    answer = grammar.read(f"Client {client}{end}".encode(), {client})
    assert client in {record.client for record in getattr(answer, "records", (answer,))}


@given(NAMES, st.integers(0, 2))
def test_any_filter_is_read_back(topic_filter, qos):
    record = grammar.read(f"\t{topic_filter} (QoS {qos})".encode(), ())
    assert (record.filter, record.qos) == (topic_filter, qos)


@given(TOPICS, st.integers(0, 2))
def test_any_filter_is_read_back_with_its_qos(topic_filter, qos):
    assert grammar.read(f"\t{topic_filter} (QoS {qos})".encode(), ()).filter == topic_filter
    assert grammar.read(f"\t{topic_filter}".encode(), ()).text == topic_filter


ENDS = ["disconnected.", "closed its connection.", "[127.0.0.1:4000] disconnected: exceeded timeout.",
        "disconnected due to protocol error.", "already connected, closing old connection."]  # fmt: skip


@given(IDS, st.sampled_from(ENDS))
def test_the_end_of_any_known_id_is_read_back(client, end):
    record = grammar.read(f"Client {client} {end}".encode(), {client})
    assert client in {one.client for one in getattr(record, "records", (record,))}


@given(IDS, TOPICS, st.integers(0, 2), st.booleans(), st.integers(0, 268435455))
def test_a_refused_copy_is_read_back_for_any_id_and_topic(client, topic, qos, retain, size):
    printed = f"Denied PUBLISH to {client} (q{qos}, r{retain:d}, '{topic}', ... ({size} bytes))"
    assert grammar.read(printed.encode(), {client}) == r.OutDenied(client, topic, size)

# ruff: noqa: E501  the lines of the log are as long as they are
"""What holds for any ids, users and topics that a broker admits, any time before a line, and any bytes as a log.

Derandomized: the same examples in every run. COPPER_STRESS=1 tries many more.
"""

import os
import re
import subprocess
import sys
from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tracer.logs import CASES, CORPUS, lines, traced
from tracer import events as e
from tracer import grammar
from tracer import records as r
from tracer.graph import Tally
from tracer.pipeline import Pipeline
from tracer.reader import Reader
from tracer.sources.lines import cut
from viz.formats.json import render

MORE = 30 if os.environ.get("COPPER_STRESS") == "1" else 1
COPPER_TRACE = [sys.executable, "-m", "copper.commands.tracing"]


def tries(count):
    return settings(
        derandomize=True, deadline=None, max_examples=count * MORE, suppress_health_check=[HealthCheck.too_slow]
    )


# -- what a client may choose (mosquitto_validate_utf8), with words of the log in it ------------------------------

NON_CHARACTERS = [chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)]
NON_CHARACTERS += [chr(number) for number in range(0xFDD0, 0xFDF0)]
ADMITTED = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=NON_CHARACTERS)
WORDS = st.sampled_from(
    [
        "a", "a/b", "victim", " ", ": ", "1800000000: ", "'", "\u2028", "\u2029", "\u202e", "\ufeff", "\x7e",
        " (d0, q0, r0, m0, '", "', ... (5 bytes))", " (q0, r0, '", " (QoS 1)", " (denied)", " (0, 0)", " (Mid: 1)",
        " (Mid: 1, RC:0)", " (m1, rc0)", " (m1)", " (p2, c1, k60)", " (p2, c1, k60, u'", "').", " as ", " on port 1.",
        " disconnected.", " disconnected: ", " disconnected, so.", " disconnected due to ", " closed its connection.",
        " [1.2.3.4:5]", " has exceeded timeout, disconnecting.", " already connected, closing old connection.",
        " due to timeout.", ", disconnecting.", " negotiated TLSv1.3 cipher X", "Received PUBLISH from ",
        "Sending PUBLISH to ", "Client ", "New client connected from ", "Sending CONNACK to ", " from ", " to ",
        "mosquitto version 2.0.11 starting", " (5 bytes)", " 0 ",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(ADMITTED, min_size=1, max_size=20),
    st.lists(st.one_of(WORDS, st.text(ADMITTED, max_size=3)), min_size=1, max_size=5).map("".join).filter(len),
)
IDS = TEXTS
TOPICS = TEXTS.map(lambda text: text.replace("+", "p").replace("#", "h"))
USERS = st.one_of(st.none(), TEXTS)
MIDS = st.integers(0, 65535)
SIZES = st.integers(0, 268_435_455)
QOS = st.integers(0, 2)
PORTS = st.integers(0, 65535)
ADDRESSES = st.sampled_from(["127.0.0.1", "::1", "fe80::1", "/run/mosquitto.sock"])


# -- lines as Mosquitto prints them ----------------------------------------------------------------------------

PUBLISHES = {line.kind: line.head.decode() for line in grammar.PUBLISH_LINES}
ENDS = {
    "disconnect": [" disconnected."],
    "closed": [" closed its connection."],
    "timeout": [" has exceeded timeout, disconnecting."],
    "protocol": [" disconnected due to protocol error."],
    "unauthorised": [" disconnected, not authorised.", " disconnected, no longer authorised."],
    "administrative": [" been disconnected by administrative action."],
    "other": [" disconnected: Broken pipe."],
}
ENDS_2_1 = {
    "disconnect": ".",
    "closed": ": connection closed by client.",
    "takeover": ": session taken over.",
    "socket": ": bad socket read/write: Connection reset by peer",
}
SIGNS = ("Received PINGREQ from ", "Sending PINGRESP to ", "Sending PINGREQ to ", "Received SUBACK from ")


def flags(one):
    return f"(d{one.dup:d}, q{one.qos}, r{one.retain:d}, m{one.mid}, '{one.topic}', ... ({one.size} bytes))"


def printed_publish(one):
    return f"{PUBLISHES[type(one)]}{one.client} {flags(one)}"


def publish_of(kind):
    return st.builds(
        kind, client=IDS, dup=st.booleans(), qos=QOS, retain=st.booleans(), mid=MIDS, topic=TOPICS, size=SIZES
    )


def with_text(print_it, kind, *parts):
    """A record of this kind, and its line."""
    return st.builds(lambda *values: (print_it(*values), kind(*values)), *parts)


PLAIN = st.one_of(
    st.sampled_from(list(PUBLISHES)).flatmap(publish_of).map(lambda one: (printed_publish(one), one)),
    with_text(lambda c, t, s: f"Denied PUBLISH to {c} (q0, r0, '{t}', ... ({s} bytes))", r.OutDenied, IDS, TOPICS, SIZES),
    with_text(lambda c: f"Rejected PUBLISH from {c}, quota exceeded.", r.PublishRejected, IDS),
    with_text(lambda c: f"Rejected PUBLISH to {c}, quota exceeded.", lambda c: r.OutDenied(c, None, None), IDS),
    with_text(lambda c, s: f"Dropping too large outgoing PUBLISH for {c} ({s} bytes)", r.OutTooLarge, IDS, SIZES),
    with_text(lambda c: f"Outgoing messages are being dropped for client {c}.", r.OutDropped, IDS),
    with_text(lambda m, c: f"Reused message ID {m} from {c} detected. Clearing from storage.", lambda *_: r.NoteInside(), MIDS, IDS),
    with_text(lambda k, c, m: f"Received {k} from {c} (Mid: {m}, RC:0)", lambda k, c, m: r.AckIn(k, c, m, 0), st.sampled_from(["PUBACK", "PUBCOMP"]), IDS, MIDS),
    with_text(lambda k, c, m: f"Received {k} from {c} (Mid: {m})", lambda k, c, m: r.AckIn(k, c, m, None), st.sampled_from(["PUBREC", "PUBREL"]), IDS, MIDS),
    with_text(lambda k, c, m, n: f"Sending {k} to {c} (m{m}, rc{n})", r.AckOut, st.sampled_from(["PUBACK", "PUBREC"]), IDS, MIDS, st.integers(0, 162)),
    with_text(lambda k, c, m: f"Sending {k} to {c} (m{m})", lambda k, c, m: r.AckOut(k, c, m, None), st.sampled_from(["PUBREL", "PUBCOMP"]), IDS, MIDS),
    with_text(lambda c: f"Received SUBSCRIBE from {c}", r.SubscribeIn, IDS),
    with_text(lambda c: f"Received UNSUBSCRIBE from {c}", r.UnsubscribeIn, IDS),
    with_text(lambda k, c: f"Sending {k} to {c}", lambda _, c: r.SubAck(c), st.sampled_from(["SUBACK", "UNSUBACK"]), IDS),
    with_text(lambda f, q: f"\t{f} (QoS {q})", lambda f, q: r.Indented(f"{f} (QoS {q})", f, q, denied=False), TEXTS, QOS),
    with_text(lambda f: f"\t{f} (denied)", lambda f: r.Indented(f"{f} (denied)", f, None, denied=True), TEXTS),
    with_text(lambda k, c: f"{k}{c}", lambda _, c: r.Sign(c), st.sampled_from(SIGNS), IDS),
    with_text(lambda c: f"Received DISCONNECT from {c}", r.DisconnectIn, IDS),
    with_text(lambda c, p, n: f"Sending CONNACK to {c} ({p:d}, {n})", r.ConnAck, IDS, st.booleans(), st.integers(0, 159)),
    with_text(lambda c: f"Expiring client {c} due to timeout.", r.Expired, IDS),
    with_text(lambda c: f"Received CONNACK on connection {c}.", r.BridgeConnected, IDS),
    with_text(lambda f: f"Bridge local.edge doing local SUBSCRIBE on topic {f}", lambda f: r.BridgeSubscribe("local.edge", f), TEXTS),
    with_text(lambda a, p: f"New connection from {a}:{p} on port 1883.", r.NewConnection, ADDRESSES, PORTS),
    with_text(lambda a: f"New connection from {a} on port 1883.", lambda a: r.NewConnection(a, None), ADDRESSES),
    with_text(lambda s, q, k: f"Will message specified ({s} bytes) (r{k:d}, q{q}).", r.WillSpecified, SIZES, QOS, st.booleans()),
    with_text(lambda c: f"Client {c} already connected, closing old connection.", r.AlreadyConnected, IDS),
    with_text(lambda c: f"Socket error on client {c}, disconnecting.", lambda c: r.Disconnected(c, "closed", None, None), IDS),
    with_text(lambda c, e: f"Bad socket read/write on client {c}{e}", lambda c, _: r.Disconnected(c, "socket", None, None), IDS, st.sampled_from([": Connection reset by peer", ", disconnecting."])),
    with_text(lambda c, e: f"Client {c}{e[1]}", lambda c, e: r.Disconnected(c, e[0], None, None), IDS, st.sampled_from([(why, end) for why, ends in ENDS.items() for end in ends])),
    with_text(lambda c, a, p, e: f"Client {c} [{a}:{p}] disconnected{e[1]}", lambda c, a, p, e: r.Disconnected(c, e[0], a, p), IDS, ADDRESSES, PORTS, st.sampled_from(list(ENDS_2_1.items()))),
)  # fmt: skip
"""Pairs of a line's text and its record."""


def is_printed_so(record, text):
    """Whether Mosquitto would print this record as this text, so that the text is really ambiguous."""
    client = getattr(record, "client", "")
    if isinstance(record, r.Publish):
        return printed_publish(record) == text
    if isinstance(record, r.OutDenied):
        return re.sub(r" \(q[012], r[01], '", " (q0, r0, '", text).startswith(f"Denied PUBLISH to {client} (q0, r0, '")
    return f" {client} " in text or f" {client}," in text


@tries(400)
@given(PLAIN, st.lists(IDS, max_size=2))
def test_any_record_is_read_back_from_its_line(pair, others):
    text, record = pair
    client = getattr(record, "client", "")
    answer = grammar.read(text.encode(), {client, *others})
    if isinstance(answer, r.Readings):
        assert record in answer.records
        assert len(answer.records) > 1
        assert all(is_printed_so(one, text) for one in answer.records)
    else:
        assert answer == record


@tries(60)
@given(IDS, st.lists(IDS, max_size=2))
def test_a_warning_is_no_end_of_a_connection_whatever_the_id_is(client, others):
    text = f"Client {client} has exceeded its receive-maximum quota. This behaviour must be fixed on the client."
    answer = grammar.read(text.encode(), {client, *others})
    assert r.NoteInside() in getattr(answer, "records", (answer,))


@tries(150)
@given(
    IDS, USERS, st.sampled_from([(1, "3.1"), (2, "3.1.1"), (3, "3.1"), (4, "3.1.1"), (5, "5.0")]), st.booleans(), MIDS
)
def test_any_client_is_among_the_readings_of_its_introduction(client, user, protocol, clean, keepalive):
    told = f", u'{user}'" if user is not None else ""
    text = f"New client connected from 127.0.0.1:4000 as {client} (p{protocol[0]}, c{clean:d}, k{keepalive}{told})."
    record = grammar.read(text.encode(), ())
    assert r.Introduction(client, protocol[1], clean, keepalive, user) in record.introductions


# -- a log of a few clients with such names --------------------------------------------------------------------

FORMATS = [
    None, "", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S %z", "%e/%b/%Y %k:%M", "%a %b %e %H:%M:%S %Y", "%A, %d. %B %Y, %r",
    "[%d.%m.%Y %H:%M:%S]", "at: %F: %T", "%H:%M", "%j", "%c", "%D%t%T", "broker", "mosquitto[7] %s",
]  # fmt: skip
DAYS = st.datetimes(datetime(2001, 1, 1), datetime(2037, 12, 31)).map(lambda day: day.replace(tzinfo=timezone.utc))  # noqa: DTZ001


def stamped(texts, form, days):
    """These texts with the time before them; of None it is the epoch's seconds, of "" there is none."""
    out = []
    for text, day in zip(texts, days * len(texts), strict=False):
        stamp = f"{int(day.timestamp())}: " if form is None else (f"{day.strftime(form)}: " if form else "")
        out.append(f"{stamp}{text}\n")
    return "".join(out).encode()


@st.composite
def plays(draw):
    """A log's texts, and what happens in it: (kind, client, topic) in order."""
    ids = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    ids += [f"{ids[0]}{draw(WORDS)}"] if draw(st.booleans()) else []
    topics = draw(st.lists(TOPICS, min_size=1, max_size=2))
    texts, told = ["mosquitto version 2.0.11 starting"], []
    for number, client in enumerate(dict.fromkeys(ids)):
        user = draw(USERS)
        more = f", u'{user}'" if user is not None else ""
        texts += [
            f"New connection from 127.0.0.1:{number} on port 1883.",
            f"New client connected from 127.0.0.1:{number} as {client} (p2, c1, k60{more}).",
            "No will message specified.",
            f"Sending CONNACK to {client} (0, 0)",
            f"Received SUBSCRIBE from {client}",
            *(f"\t{topic} (QoS 0)" for topic in topics),
            f"Sending SUBACK to {client}",
        ]
        told += [("connect", client, None), *(("subscribe", client, topic) for topic in topics)]
    for _ in range(draw(st.integers(1, 4))):
        sender, topic = draw(st.sampled_from(ids)), draw(st.sampled_from(topics))
        texts.append(printed_publish(r.PublishIn(sender, False, 0, False, 0, topic, 5)))
        told.append(("publish", sender, topic))
        for client in dict.fromkeys(ids):
            texts.append(printed_publish(r.PublishOut(client, False, 0, False, 0, topic, 5)))
            told.append(("deliver", client, topic))
    for client in dict.fromkeys(ids):
        texts += [f"Received DISCONNECT from {client}", f"Client {client} disconnected."]
        told.append(("disconnect", client, None))
    return texts, told


def short(texts, form):
    """Whether no line is cut."""
    return max(len(text.encode()) for text in texts) + (60 if form != "" else 0) < grammar.CUT


@tries(120)
@given(plays(), st.sampled_from(FORMATS), st.lists(DAYS, min_size=1, max_size=3))
def test_a_log_with_any_names_under_any_time_is_read_but_for_what_counts_as_ambiguous(play, form, days):
    texts, told = play
    if not short(texts, form):
        return
    events, pipeline, _ = traced(stamped(texts, form, days))
    counts = pipeline.counts
    assert (counts.lines, counts.unknown_lines, counts.cut_lines) == (len(texts), 0, 0)
    names = [(one.event, one.client, getattr(one, "topic", getattr(one, "filter", None))) for one in events[1:]]
    wrong = sum(one != other for one, other in zip(names, told, strict=True))
    assert wrong <= counts.ambiguous_lines
    if not counts.ambiguous_lines:
        senders = [one.sender for one in events if isinstance(one, e.Deliver)]
        assert senders == [told[at][1] for at in senders_of(told)]


def senders_of(told):
    """For each delivery in this list the place of its message."""
    places, last = [], 0
    for place, (kind, _, _) in enumerate(told):
        last = place if kind == "publish" else last
        places += [last] if kind == "deliver" else []
    return places


# -- any bytes ---------------------------------------------------------------------------------------------------


def assert_counted_once(data):
    events, pipeline, tally = traced(data)
    counts = pipeline.counts
    assert counts.lines == len(lines(data))
    assert counts.lines == counts.read_lines + counts.unknown_lines + counts.ambiguous_lines + counts.cut_lines
    unknown = [event.line for event in events if isinstance(event, e.Unknown)]
    assert len(set(unknown)) == len(unknown) == counts.unknown_lines
    assert counts.events == len(events) - len(unknown)
    assert all(1 <= event.line <= counts.lines for event in events)
    tally.graph(counts)


@tries(150)
@given(st.binary(max_size=600))
def test_any_bytes_are_read_and_every_line_is_counted_once(data):
    assert_counted_once(data)


REAL = [line.data for case in CASES[::7] for line in lines((CORPUS / case / "mosquitto.log").read_bytes())[:60]]
JUNK = st.one_of(st.binary(max_size=8), WORDS.map(str.encode), st.sampled_from([b"\n", b"\n\n", b"\r\n", b"9" * 5000]))
CHANGES = st.lists(
    st.tuples(st.sampled_from(["flip", "drop", "double", "swap", "cut", "insert", "junk"]), st.floats(0, 1), JUNK),
    max_size=6,
)


def changed(data, changes):
    """A log that was damaged."""
    for kind, where, junk in changes:
        place = int(where * max(0, len(data) - 1))
        if kind == "flip":
            data = data[:place] + bytes([data[place] ^ (1 + len(junk) % 255)]) + data[place + 1 :] if data else data
        elif kind == "junk":
            data = data[:place] + junk + data[place:]
        elif kind == "cut":
            data = data[:place] if where > 0.5 else data[place:]
        else:
            rows = data.split(b"\n")
            row = int(where * (len(rows) - 1))
            if kind == "drop":
                del rows[row]
            elif kind == "double":
                rows.insert(row, rows[row])
            elif kind == "swap":
                rows[row], rows[row - 1] = rows[row - 1], rows[row]
            else:
                rows.insert(row, REAL[len(rows) * 7 % len(REAL)])
            data = b"\n".join(rows)
    return data


DAMAGED = st.builds(
    changed, st.sampled_from(CASES).map(lambda case: (CORPUS / case / "mosquitto.log").read_bytes()), CHANGES
)


@tries(150)
@given(DAMAGED)
def test_any_damaged_log_is_read_and_every_line_is_counted_once(data):
    assert_counted_once(data)


@tries(60)
@given(st.lists(DAMAGED, min_size=1, max_size=3), st.integers(1, 9000))
def test_any_damaged_log_gives_the_same_graph_through_the_fast_lane(parts, size):
    data = b"".join(parts).replace(b"\0", b"0")
    tally = Tally()
    reader = Reader(Pipeline(), lambda event, _: tally.add(event), tally)
    reader.read((data[place : place + size] for place in range(0, len(data), size)), "log")
    exact, slow = Tally(), Pipeline()
    for line in cut([data], "log"):
        for event in slow.feed(line):
            exact.add(event)
    for pipeline, sums in ((reader.pipeline, tally), (slow, exact)):
        for event in pipeline.finish():
            sums.add(event)
    assert reader.pipeline.counts == slow.counts
    assert render(tally.graph(slow.counts)) == render(exact.graph(slow.counts))


@tries(60)
@given(st.lists(st.sampled_from(REAL), max_size=80))
def test_real_lines_in_any_order_are_read_and_counted_once(parts):
    assert_counted_once(b"\n".join(parts))


@pytest.mark.timeout(600)
@settings(tries(4), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.one_of(DAMAGED, st.binary(max_size=600)), st.sampled_from(["events", "graph"]))
def test_no_bytes_bring_a_traceback_out_of_the_command(tmp_path, data, verb):
    log = tmp_path / "mosquitto.log"
    log.write_bytes(data)
    done = subprocess.run([*COPPER_TRACE, verb, str(log)], capture_output=True, timeout=60, check=False)
    assert done.returncode in {0, 2}, done.stderr
    assert b"Traceback" not in done.stderr
    assert done.returncode == 2 or done.stdout

"""The time before a line's text, in every shape that mosquitto.conf can give it."""

import pytest

from tests.tracer.logs import START, connected, lines, published, sent, subscribed, traced
from tracer import prefix

TEXTS = [*START, *connected("S"), *subscribed("S", "a"), *connected("P"), published("P", "a"), sent("S", "a")]


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("1800000000: ", "2027-01-15T08:00:00Z"),
        ("", None),
        ("2027-01-15T08:00:00: ", "2027-01-15T08:00:00Z"),
        ("2027-01-15 08:00:00: ", "2027-01-15T08:00:00Z"),
        ("2027-01-15T09:00:00+0100: ", "2027-01-15T08:00:00Z"),
        ("2027-01-15 02:30:00 -05:30: ", "2027-01-15T08:00:00Z"),
        ("2027/01/15 08:00: ", "2027-01-15T08:00Z"),
        ("15/Jan/2027:08:00:00: ", "2027-01-15T08:00:00Z"),
        ("[15.01.2027 08:00:00]: ", "2027-01-15T08:00:00Z"),
        ("Fri Jan 15 08:00:00 2027: ", "2027-01-15T08:00:00Z"),
        ("20270115T080000: ", "2027-01-15T08:00:00Z"),
        ("at: 2027-01-15 08:00:00: ", "2027-01-15T08:00:00Z"),
        ("08:00:00: ", None),
        ("Jan 15 08:00:00: ", None),
        ("2027-01-15\t08:00:00: ", "2027-01-15T08:00:00Z"),
    ],
)
def test_a_log_is_read_whatever_its_time_looks_like(stamp, at):
    data = "".join(f"{stamp}{text}\n" for text in TEXTS).encode()
    events, pipeline, _ = traced(data)
    assert [event.event for event in events][-2:] == ["publish", "deliver"]
    assert {event.at for event in events} == {at}
    assert pipeline.counts.unknown_lines == 0


def test_lines_before_the_first_telling_one_are_read_too():
    texts = ["Info: running mosquitto as user: mosquitto.", *TEXTS]
    events, pipeline, _ = traced("\n".join(texts).encode())
    assert events[-1].line == len(texts)
    assert pipeline.counts.read_lines == len(texts)


def test_lines_without_the_time_that_the_others_have_are_not_believed():
    data = "\n".join([f"1800000000: {text}" for text in TEXTS] + [published("P", "a"), sent("S", "a")]).encode()
    events, pipeline, _ = traced(data)
    assert pipeline.counts.unknown_lines == 2
    assert [event.event for event in events][-3:] == ["deliver", "unknown", "unknown"]


def test_a_time_that_mosquitto_could_not_print_is_none():
    stamps = ["2027-01-15 08:00:00: "] * (len(TEXTS) - 1) + ["Time error: "]
    data = "".join(f"{stamp}{text}\n" for stamp, text in zip(stamps, TEXTS, strict=True)).encode()
    assert traced(data)[0][-1].at is None


def test_no_prefix_is_found_in_lines_of_others():
    assert prefix.find(b"hello: world", lambda _: False) is None


def test_impossible_dates_are_no_time():
    assert prefix.iso(b"2027-13-45 99:99:99") is None


def test_lines_are_cut_at_newlines_alone():
    assert len(lines("a\u2028b\x85\x0bc\nd".encode())) == 2


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("Fri Jan 15 8:00:00 2027", "Mon Feb  1 08:00:00 2027"),
        ("15/Jan/2027: 8:00", " 5/Feb/2027:18:00"),
        (" 9 Jan 2027 08:00:00", "10 Jan 2027 08:00:00"),
        ("2027-10-31 00:30:00 +0000", "2027-10-31 00:30:00 -0100"),
        ("2027-01-15 08:00:00 AM EST", "2027-07-15 08:00:00 PM EDT"),
    ],
)
def test_a_time_of_the_same_format_may_be_padded_otherwise(first, later):
    stamps = [first, *[later] * (len(TEXTS) - 1)]
    data = "".join(f"{stamp}: {text}\n" for stamp, text in zip(stamps, TEXTS, strict=True)).encode()
    assert traced(data)[1].counts.unknown_lines == 0


@pytest.mark.parametrize(
    "first",
    [
        "\tx: Received PINGREQ from y (QoS 0)",
        "Warning: Received PUBACK from x: Received PINGREQ from y for an unknown packet identifier 1.",
    ],
)
@pytest.mark.parametrize("stamp", ["", "2027-01-15 08:00:00: "])
def test_a_log_that_begins_with_a_line_within_a_line_is_read(stamp, first):
    data = "".join(f"{stamp}{text}\n" for text in (first, *TEXTS)).encode()
    events, pipeline, _ = traced(data)
    assert pipeline.counts.unknown_lines == 0
    assert events[-1].event == "deliver"


def test_a_long_line_that_tells_nothing_is_given_up_soon():
    calls = []
    prefix.find(b": " * 30_000, lambda text: bool(calls.append(text)))
    assert len(calls) < prefix.LONGEST

"""The part of a log that counts: a run, a span of time, and topics."""

from datetime import timedelta

import pytest

from tests.tracer.logs import connected, log_of, published, sent, subscribed, traced
from tracer.errors import CopperError
from tracer.events import Broker, Deny, Publish, Subscribe
from tracer.graph import Run, Tally
from tracer.windows import Between, Topics, earlier, moment, only, pattern, span

OPEN = [*connected("runner"), published("runner", "runner/runs/R/start")]


def graph_of(data, window=None):
    events, pipeline, _ = traced(data)
    tally = Tally(window)
    for event in events:
        tally.add(event)
    return tally.graph(pipeline.counts)


def services(graph):
    return {data["name"] for _, data in graph.nodes(data=True) if data["kind"] == "service"}


def subscriber(*, protocol, clean):
    return [*connected("S", protocol=protocol, clean=clean), *subscribed("S", "t"), "Client S disconnected."]


@pytest.mark.parametrize(
    ("before", "is_there"),
    [
        (subscriber(protocol=2, clean=1), False),
        (subscriber(protocol=2, clean=0), True),
        (subscriber(protocol=5, clean=1), False),
        (subscriber(protocol=5, clean=0), True),
        ([*subscribed("S", "t"), "Client S disconnected."], False),
        ([*connected("S", protocol=5), *subscribed("S", "t")], True),
        (["Client S has expired, disconnecting."], False),
    ],
    ids=["3-clean", "3-stays", "5-clean", "5-stays", "never-seen-to-connect", "connected", "expired"],
)
def test_who_was_gone_before_a_window_is_in_it_only_if_its_session_surely_stays(before, is_there):
    graph = graph_of(log_of(*before, *OPEN), Run("R"))
    assert (("service:S" in graph), ("topic:t" in graph)) == (is_there, is_there)


def test_an_expired_session_is_not_in_a_window():
    texts = [*subscriber(protocol=5, clean=0), "Expiring client S due to timeout.", *OPEN]
    assert services(graph_of(log_of(*texts), Run("R"))) == {"runner"}


def timed(*moments):
    """A log in which each text has its second."""
    lines = [f"{1795564800 + second}: {text}\n" for second, texts in moments for text in texts]
    return "".join(lines).encode()


LOG = timed(
    (0, ["mosquitto version 2.0.11 starting", *connected("S"), *subscribed("S", "t", "idle"), *connected("P")]),
    (10, [published("P", "t"), sent("S", "t")]),
    (20, [published("P", "t"), sent("S", "t"), *connected("late")]),
    (30, [published("P", "t"), sent("S", "t")]),
)


@pytest.mark.parametrize(
    ("since", "until", "messages"),
    [
        (None, None, 3), ("2026-11-25T00:00:10Z", None, 3), ("2026-11-25T00:00:11Z", None, 2),
        (None, "2026-11-25T00:00:20Z", 2), ("2026-11-25 01:00:15+01:00", "1795564825.5", 1),
        ("2026-11-25T00:00:20.5", "2026-11-25T00:00:29", 0),
    ],
)  # fmt: skip
def test_a_span_of_time_counts_what_was_in_it_and_knows_who_was_there(since, until, messages):
    graph = graph_of(LOG, Between(since and moment(since), until and moment(until)))
    data = graph.get_edge_data("service:P", "topic:t", "publish", {"messages": 0})
    assert data["messages"] == messages
    assert graph.edges["topic:idle", "service:S", "subscribe"]["messages"] == 0
    assert graph.edges["topic:t", "service:S", "subscribe"]["messages"] == messages


def test_a_clock_that_was_set_back_loses_only_what_it_says_is_outside():
    log = timed((10, [*connected("P"), published("P", "t")]), (99, [published("P", "t")]), (20, [published("P", "t")]))
    graph = graph_of(log, Between(None, moment("1795564830")))
    assert graph.edges["service:P", "topic:t", "publish"]["messages"] == 2


@pytest.mark.parametrize(
    ("at", "places"),
    [
        ("2026-11-25T00:00:10Z", ("inside", "inside")),
        ("2026-11-25T00:00:10.5Z", ("inside", "after")),
        ("2026-11-25T00:00:10.500000000Z", ("inside", "after")),
        ("2026-11-25T00:00:09.999999999Z", ("before", "inside")),
        ("2026-11-25T00:00Z", ("before", "inside")),
        (None, ("before", "before")),
    ],
)
def test_times_are_compared_whatever_their_fineness(at, places):
    ten = moment("2026-11-25T00:00:10")
    event = Broker(at, 1, "2.0.11", "running")
    assert (Between(ten, None).place(event, "before"), Between(None, ten).place(event, "before")) == places


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-25", "2026-11-25T00:00:00"), ("2026-11-25T13:00", "2026-11-25T13:00:00"),
        ("2026-11-25 13:00:05Z", "2026-11-25T13:00:05"), ("2026-11-25T13:00:05,250", "2026-11-25T13:00:05.25"),
        ("2026-11-25T13:00:05.123456789+0130", "2026-11-25T11:30:05.123456789"),
        ("2026-11-25T13:00-05", "2026-11-25T18:00:00"), ("1795564805", "2026-11-25T00:00:05"),
        ("1795564805.5", "2026-11-25T00:00:05.5"),
    ],
)  # fmt: skip
def test_times_are_read_as_people_write_them(text, told):
    assert moment(text) == told


def test_spans_are_read_as_people_write_them():
    assert [span(text) for text in ("90s", "5m", "1h30m", "1.5h", "7d", "2w")] == [
        timedelta(seconds=90), timedelta(minutes=5), timedelta(minutes=90), timedelta(minutes=90), timedelta(7),
        timedelta(14),
    ]  # fmt: skip
    assert earlier("2026-11-25T00:00:10.25Z", span("10s")) == "2026-11-25T00:00:00.25"
    assert earlier("2026-11-25T00:00Z", span("1d")) == "2026-11-24T00:00:00"
    assert earlier("2026-11-25T00:00Z", span("999999d")) == ""


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (moment, "yesterday"), (moment, "2026-13-01"), (moment, ""), (moment, "2026-11-25T25:00"),
        (moment, "0001-01-01T00:00+05"),
        (span, ""), (span, "5"), (span, "5 minutes"), (span, "9999999999999999w"),
        (pattern, ""), (pattern, "a/#/b"), (pattern, "a+"), (pattern, "a/b#"), (pattern, "re:("),
    ],
)  # fmt: skip
def test_what_is_no_time_span_or_filter_is_told(read, text):
    with pytest.raises(CopperError, match=r"no time|no span|no MQTT filter|no regular expression"):
        read(text)


def topics(include=(), exclude=()):
    return Topics(tuple(map(pattern, include)), tuple(map(pattern, exclude)))


@pytest.mark.parametrize(
    ("asked", "logged", "kept"),
    [
        ({"include": ["a/#"]}, "a", True), ({"include": ["a/#"]}, "#", True), ({"include": ["a/+"]}, "+/b", True),
        ({"include": ["a/+"]}, "b/#", False), ({"include": ["a/b"]}, "$share/g/a/b", True),
        ({"include": ["a/b"]}, "a/b/c", False), ({"include": ["a/b/#"]}, "+/b", True),
        ({"include": ["#"]}, "$SYS/#", False),
        ({"include": ["re:^a"]}, "a/#", True), ({"include": ["re:^a"]}, "#", False),
        ({"exclude": ["$SYS/#"]}, "#", True), ({"exclude": ["$SYS/#"]}, "$SYS/broker/#", False),
        ({"exclude": ["a/+"]}, "a/#", True), ({"exclude": ["a/+"]}, "a/b", False), ({"exclude": ["a/+"]}, "a/+", False),
        ({"exclude": ["a/b"]}, "a/+", True), ({"include": ["a/#"], "exclude": ["a/b"]}, "a/b", False),
    ],
)  # fmt: skip
def test_a_subscription_is_kept_if_it_may_bring_a_topic_that_is_asked_for(asked, logged, kept):
    assert topics(**asked).keeps(Subscribe(None, 1, "S", logged, 0, granted=True, group=None)) == kept


def test_events_are_kept_by_their_topic_and_those_without_unless_some_are_included():
    publish, nowhere = Publish(None, 1, "P", "a/b", 0, retain=False, bytes=1), Deny(None, 1, "P", None, 1, "in", "acl")
    started = Broker(None, 1, "2.0.11", "running")
    for asked, kept in [
        (topics(), (True, True, True)), (topics(["a/#", "x"]), (True, False, False)),
        (topics(["re:b$"]), (True, False, False)), (topics((), ["re:b$"]), (False, True, True)),
        (topics(["#"], ["a/b"]), (False, False, False)),
    ]:  # fmt: skip
        assert tuple(map(asked.keeps, (publish, nowhere, started))) == kept


SYSTEM = log_of(
    *connected("P"), *connected("S"), *connected("lone"), *subscribed("S", "#"), *subscribed("lone", "b/idle"),
    published("P", "a/1"), sent("S", "a/1"), published("P", "b/1"), sent("S", "b/1"),
)  # fmt: skip


def test_a_graph_of_some_topics_has_their_edges_alone():
    graph = only(graph_of(SYSTEM), topics(["a/#"]))
    assert set(graph.edges(keys=True)) == {
        ("service:P", "topic:a/1", "publish"), ("topic:a/1", "service:S", "subscribe"),
        ("service:P", "service:S", "deliver:a/1"),
    }  # fmt: skip
    assert set(graph) == {"service:P", "service:S", "topic:a/1"}
    assert graph.graph["first"] == graph.graph["last"] == "2027-01-15T08:00:00Z"


def test_a_graph_without_some_topics_leaves_out_whoever_had_only_those():
    whole = graph_of(SYSTEM)
    assert set(whole) - set(only(whole, topics((), ["b/#"]))) == {"topic:b/1", "topic:b/idle", "service:lone"}
    assert "topic:b/1" in whole


def test_a_graph_of_topics_that_nobody_uses_is_empty():
    graph = only(graph_of(SYSTEM), topics(["none"]))
    assert (len(graph), graph.graph["first"]) == (0, None)

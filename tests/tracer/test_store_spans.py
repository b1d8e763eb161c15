"""A span of time of a store: what a single reading of the log would say of it, where its ends are those of buckets."""

import json
import random

import pytest

from tests.tracer.logs import CASES, CORPUS, connected, published, sent, subscribed
from tests.tracer.stores import opened, read_at_once, record_all, record_some, stored
from tests.tracer.test_store_keeping import START, log_at
from tracer.store.changes import seconds_of
from tracer.store.reading import last_time
from tracer.windows import Between, moment


def span(begin, end):
    """From the first second of a bucket to the last one of another."""
    return Between(None if begin is None else moment(str(begin)), None if end is None else moment(str(end)))


def told(graph):
    """What a graph says of the span; a store counts the lines of it, and a reading those of the log."""
    data = json.loads(graph)
    return data["nodes"], data["edges"], data["graph"]["first"], data["graph"]["last"]


def same(folder, data, window):
    return told(stored(folder, window)) == told(read_at_once(data, window))


def plays(chance, seconds):
    """Clients that come and go, subscribe and give up, and publish with and without the retain flag."""
    names = [f"client.{number}" for number in range(6)]
    there = set()
    at = 0
    yield at, "mosquitto version 2.0.11 starting"
    while at < seconds:
        at += chance.choice((0, 0, 1, 2, 7, 25))
        name, topic = chance.choice(names), f"t/{chance.randint(1, 4)}"
        if name not in there:
            clean = chance.choice((0, 1))
            texts = connected(name, clean=clean, present=1 - clean, will=chance.choice(("", f"{name}/gone")))
            there.add(name)
        elif chance.random() < 0.2:
            texts = [f"Client {name} disconnected."]
            there.discard(name)
        elif chance.random() < 0.3:
            texts = subscribed(name, chance.choice((topic, "t/#", "+/2")))
        elif chance.random() < 0.1:
            texts = [f"Received UNSUBSCRIBE from {name}", f"\t{topic}", f"Sending UNSUBACK to {name}"]
        else:
            retain, size = chance.choice((0, 1)), chance.choice((0, 4))
            others = chance.sample(sorted(there), chance.randint(0, len(there)))
            texts = [published(name, topic, retain=retain, size=size), *(sent(one, topic, size=size) for one in others)]
        for text in texts:
            yield at, text


@pytest.mark.parametrize("seed", range(4))
def test_a_span_from_bucket_to_bucket_is_that_of_the_log(seed, tmp_path):
    chance = random.Random(seed)
    log, folder = tmp_path / "log", tmp_path / "store"
    log.write_bytes(log_at(*plays(chance, 500)))
    while record_some(log, folder, chance.randint(50, 500)):
        pass
    for _ in range(20):
        begin = START + 10 * chance.randint(-2, 55)
        end = begin + 10 * chance.randint(0, 40) + 9
        window = span(*chance.choice(((begin, end), (begin, None), (None, end))))
        assert same(folder, log.read_bytes(), window), window


@pytest.mark.parametrize("seed", range(3))
def test_what_is_an_hour_old_is_told_by_the_minute(seed, tmp_path):
    chance = random.Random(seed)
    log, folder = tmp_path / "log", tmp_path / "store"
    log.write_bytes(log_at(*plays(chance, 900), (8000, published("client.1", "late"))))
    record_all(log, folder)
    for _ in range(20):
        begin = START + 60 * chance.randint(-1, 15)
        window = span(begin, begin + 60 * chance.randint(0, 9) + 59)
        assert same(folder, log.read_bytes(), window), window


def test_what_was_thrown_away_leaves_who_was_there(tmp_path):
    log, folder = tmp_path / "log", tmp_path / "store"
    log.write_bytes(log_at(*plays(random.Random(7), 6000)))
    record_all(log, folder, keep=3600)
    for begin in range(START + 2640, START + 5700, 240):
        assert same(folder, log.read_bytes(), span(begin, begin + 299))


WITH_ONE_CLOCK = [case for case in CASES if not case.endswith(("timestamp", "timestamps", "cn-newline"))]
"""Logs with times, in which no forged line has the time of another minute."""


@pytest.mark.parametrize("case", WITH_ONE_CLOCK)
def test_spans_of_real_logs(case, tmp_path):
    data = (CORPUS / case / "mosquitto.log").read_bytes()
    data = data[: data.rfind(b"\n") + 1]
    log, folder = tmp_path / "log", tmp_path / "store"
    log.write_bytes(data)
    record_all(log, folder)
    with opened(folder) as store:
        starts = [row[0] for row in store.execute("SELECT start FROM bucket")]
    for start in starts:
        assert same(folder, data, span(start, None))
        assert same(folder, data, span(None, start + 9))


def test_a_span_that_ends_inside_a_bucket_has_all_of_it(tmp_path):
    log, folder = tmp_path / "log", tmp_path / "store"
    log.write_bytes(log_at(*((at, text) for at in range(60) for text in [published("pump", "t")])))
    record_all(log, folder)
    for begin, end, messages in ((15, 34, 30), (10, 39, 30), (15, 15, 10), (10, 40, 40)):
        data = json.loads(stored(folder, span(START + begin, START + end)))
        assert [edge["messages"] for edge in data["edges"]] == [messages]


def test_a_bucket_in_which_nothing_happened_in_the_span_is_not_in_it(tmp_path):
    log, folder = tmp_path / "log", tmp_path / "store"
    log.write_bytes(log_at((3, published("pump", "old")), (17, published("pump", "new"))))
    record_all(log, folder)
    assert "topic:new" not in stored(folder, span(START, START + 10))
    assert "topic:old" not in stored(folder, span(START + 5, START + 20))


def test_the_time_of_what_was_recorded_last_is_told(tmp_path):
    log, folder = tmp_path / "log", tmp_path / "store"
    log.write_bytes(log_at((3, published("pump", "t")), (17, published("pump", "t"))))
    record_all(log, folder)
    with opened(folder) as store:
        assert seconds_of(last_time(store)) == START + 17

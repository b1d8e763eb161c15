"""What a log that grows says up to now: the same as one that is read as a whole, and pulses that keep it true."""

import threading
from collections import Counter

import pytest

from tests.tracer.logs import CASES, CORPUS, connected, log_of, published, sent, subscribed, traced
from tracer.present import Present
from tracer.spans import Spans
from tracer.watching import watch
from viz.formats.json import render


def watched(path, write=lambda: False):
    """Follow a file; `write` is called whenever everything was read, until it says that it has no more."""
    present, spans, stop, pulses = Present(), Spans("mosquitto.log"), threading.Event(), []

    def take(batch):
        spans.take(batch)
        spans.graph()
        present.take(batch)
        present.name(spans.services)
        pulses.extend(present.since(present.number - 1))
        if not batch.behind and not write():
            stop.set()

    watch(str(path), take, stop)
    return present, spans, pulses


@pytest.mark.parametrize("case", CASES[::5])
def test_a_followed_log_has_the_graph_of_one_that_is_read_as_a_whole(case, tmp_path):
    data = (CORPUS / case / "mosquitto.log").read_bytes()
    lines, log = data.splitlines(keepends=True), tmp_path / "mosquitto.log"
    half = len(lines) // 2
    log.write_bytes(b"".join(lines[:half]))
    rest = [lines[half:]]

    def write():
        if not rest:
            return False
        with log.open("ab") as file:
            file.write(b"".join(rest.pop()))
        return True

    _, spans, _ = watched(log, write)
    _, pipeline, tally = traced(data)
    assert render(spans.graph()) == render(tally.graph(pipeline.counts, source="mosquitto.log"))


def test_pulses_add_up_to_what_the_edges_carry(tmp_path):
    begin = log_of(*connected("P"), *connected("S"), *subscribed("S", "t/#"), published("P", "t/a"), sent("S", "t/a"))
    more = [text for _ in range(50) for text in (published("P", "t/a"), sent("S", "t/a"))]
    parts = [begin, log_of(*more)[len(log_of()) :]]
    log = tmp_path / "mosquitto.log"
    log.write_bytes(parts[0])
    present, spans, stop, graphs, told = Present(), Spans(), threading.Event(), [], Counter()

    def take(batch):
        present.take(batch)
        spans.take(batch)
        graphs.append(spans.graph())
        present.name(spans.services)
        told.update(present.since(present.number - 1)[0].edges)
        if len(graphs) == 1:
            told.clear()
            with log.open("ab") as file:
                file.write(parts[1])
        elif not batch.behind:
            stop.set()

    watch(str(log), take, stop)
    first, last = (
        {(one, two, key): n for one, two, key, n in g.edges(keys=True, data="messages")}
        for g in graphs[:: len(graphs) - 1]
    )
    assert {key: messages - first.get(key, 0) for key, messages in last.items()} == dict(told)
    assert last["service:P", "topic:t/a", "publish"] == 51


def test_a_pulse_tells_who_went_and_who_is_back(tmp_path):
    log = tmp_path / "mosquitto.log"
    log.write_bytes(log_of(*connected("P"), published("P", "t")))
    moves = iter(["Client P closed its connection.", *connected("P")[1:2]])

    def write():
        text = next(moves, None)
        if text is not None:
            with log.open("ab") as file:
                file.write(f"1800000000: {text}\n".encode())
        return text is not None

    _, _, pulses = watched(log, write)
    moved = [(pulse.here, pulse.gone) for pulse in pulses[1:] if pulse.here or pulse.gone]
    assert moved == [((), ("P",)), (("P",), ())]


def test_what_the_last_minute_brought_is_told_from_what_was_before(tmp_path):
    log = tmp_path / "mosquitto.log"
    texts = [*connected("P"), published("P", "old"), published("P", "old")]
    late = f"1800000100: {published('P', 'new')}\n".encode()
    log.write_bytes(log_of(*texts) + late)
    _, spans, _ = watched(log)
    graphs = {span: spans.graph(span) for span in ("minute", "hour", "all")}
    topics = {span: sorted(n for _, n in g.nodes(data="name") if n != "P") for span, g in graphs.items()}
    assert topics == {"minute": ["new"], "hour": ["new", "old"], "all": ["new", "old"]}


def test_the_last_minute_is_one_also_of_what_is_read_at_once(tmp_path):
    log = tmp_path / "mosquitto.log"
    message = published("p", "t/1"), sent("s", "t/1")
    lines = [f"{1800000000 + at}: {line}\n" for at in range(160) for line in message]
    log.write_bytes(log_of(*connected("p"), *connected("s"), *subscribed("s", "t/#")) + "".join(lines).encode())
    _, spans, _ = watched(log)
    edges = spans.graph("minute").edges(data=True, keys=True)
    assert 40 <= sum(edge["messages"] for *_, key, edge in edges if key == "publish") <= 70


def test_the_tail_has_the_newest_entries_and_no_others(tmp_path):
    log = tmp_path / "mosquitto.log"
    log.write_bytes(log_of(*connected("P"), *(published("P", f"t/{number}") for number in range(5))))
    present, _, _ = watched(log)
    told = present.tail(0, lambda one: one.topic is not None and one.topic.startswith("t/"), 3)
    assert [one.values["topic"] for one in told] == ["t/2", "t/3", "t/4"]
    assert present.tail(told[-1].number, lambda _: True, 3) == []


def test_the_last_message_of_a_quiet_log_is_told_without_waiting_for_a_next_line(tmp_path):
    log = tmp_path / "mosquitto.log"
    log.write_bytes(
        log_of(*connected("P"), *connected("S"), *subscribed("S", "t"), published("P", "t"), sent("S", "t"))
    )
    present, stop, told = Present(), threading.Event(), []

    def take(batch):
        present.take(batch)
        told.extend(one.values["event"] for one in present.tail(0, lambda one: one.topic == "t", 9))
        if "deliver" in told:
            stop.set()

    follower = threading.Thread(target=watch, args=(str(log), take, stop))
    follower.start()
    in_time = stop.wait(10)
    stop.set()
    follower.join()
    assert in_time


def test_what_was_there_before_says_nothing_of_a_rate(tmp_path):
    log = tmp_path / "mosquitto.log"
    log.write_bytes(log_of(*connected("P"), *(published("P", "t") for _ in range(50))))
    more = iter(["Received PINGREQ from P", published("P", "t"), published("P", "t")])

    def write():
        text = next(more, None)
        if text is not None:
            with log.open("ab") as file:
                file.write(f"1800000001: {text}\n".encode())
        return text is not None

    _, _, pulses = watched(log, write)
    late = [pulse for pulse in pulses if pulse.is_late]
    assert sum(pulse.edges.get(("service:P", "topic:t", "publish"), 0) for pulse in late) >= 49
    assert not pulses[-1].is_late

"""The fast lane: what it compares gives the graph that reading line by line gives, and most lines are compared."""

from contextlib import closing
from itertools import cycle

import pytest

from tests.tracer.logs import CASES, CORPUS, connected, log_of, published, sent, subscribed, traced
from tests.tracer.mosquittos import mosquitto
from tests.tracer.stores import read_at_once
from tests.tracer.systems import Player
from tracer.graph import Tally
from tracer.pipeline import Pipeline
from tracer.reader import Reader
from tracer.windows import Between
from viz.formats.json import render


class Watched(Pipeline):
    """A pipeline that knows how many lines it was given."""

    def __init__(self):
        super().__init__()
        self.read = 0

    def feed(self, line):
        self.read += 1
        return super().feed(line)


def through_the_lane(data, window=None, *, chunk=65536):
    """The graph of a log as JSON, and the pipeline that read what the lane did not."""
    tally, pipeline = Tally(window), Watched()
    reader = Reader(pipeline, lambda event, _: tally.add(event), tally)
    reader.read((data[place : place + chunk] for place in range(0, len(data), chunk)), "log")
    for event in pipeline.finish():
        tally.add(event)
    return render(tally.graph(pipeline.counts, source="log")), pipeline


@pytest.mark.parametrize("case", CASES)
def test_the_graph_is_that_of_reading_line_by_line(case):
    data = (CORPUS / case / "mosquitto.log").read_bytes()
    assert through_the_lane(data)[0] == read_at_once(data)


@pytest.mark.parametrize("chunk", [1, 61, 4096])
def test_nothing_depends_on_where_the_bytes_are_cut(chunk):
    for case in CASES[:: 1 + len(CASES) // 12]:
        data = (CORPUS / case / "mosquitto.log").read_bytes()
        assert through_the_lane(data, chunk=chunk)[0] == read_at_once(data)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_span_of_time_is_cut_out_all_the_same(share):
    for case in CASES[::5]:
        data = (CORPUS / case / "mosquitto.log").read_bytes()
        times = sorted({event.at for event in traced(data)[0] if event.at is not None})
        if not times:
            continue
        window = Between(times[int(len(times) * share)], times[int(len(times) * (1 - share / 2)) - 1])
        assert through_the_lane(data, window)[0] == read_at_once(data, window)


@pytest.mark.parametrize("seed", [11, 12])
def test_a_random_system_on_a_real_broker_reads_the_same(seed, tmp_path):
    settings = ("persistence true", f"persistence_location {tmp_path}/")
    with mosquitto(tmp_path, settings) as broker:
        player = Player(seed, broker, 18, hidden=seed == 11)
        with closing(player.net):
            player.play(80, restarts=seed == 12)
        data = broker.log.read_bytes()
    assert through_the_lane(data)[0] == read_at_once(data)


def message(qos, mid, own, size):
    """All lines of a message from `pump` that `board` (QoS 2) and `wall` (QoS 0) get."""
    copies = [
        sent("board", "plant/level", qos=qos, mid=mid if qos else 0, size=size),
        sent("wall", "plant/level", size=size),
    ]
    let_in = published("pump", "plant/level", qos=qos, mid=own if qos else 0, size=size)
    if qos == 0:
        return [let_in, *copies]
    if qos == 1:
        answer = f"Sending PUBACK to pump (m{own}, rc0)"
        return [let_in, *copies, answer, f"Received PUBACK from board (Mid: {mid}, RC:0)"]
    return [
        let_in,
        f"Sending PUBREC to pump (m{own}, rc0)",
        f"Received PUBREL from pump (Mid: {own})",
        *copies,
        f"Sending PUBCOMP to pump (m{own})",
        f"Received PUBREC from board (Mid: {mid})",
        f"Sending PUBREL to board (m{mid})",
        f"Received PUBCOMP from board (Mid: {mid}, RC:0)",
    ]


def a_day(messages):
    """A log in which nobody comes or goes any more."""
    texts = [*connected("board"), *subscribed("board", "plant/#", qos=2), *connected("wall"), *subscribed("wall", "#")]
    texts += connected("pump")
    drawn = 0
    for number, qos in zip(range(messages), cycle((0, 1, 2))):
        drawn += qos > 0
        texts += message(qos, drawn, number % 60_000 + 1, number % 90)
    return log_of(*texts)


def test_the_lines_of_known_flows_are_not_read():
    data = a_day(3000)
    graph, pipeline = through_the_lane(data)
    assert graph == read_at_once(data)
    assert pipeline.counts.lines > 15_000
    assert pipeline.read < 100


def test_a_new_subscriber_is_planned_for_at_once():
    late = [*connected("late"), *subscribed("late", "plant/+")]
    copies = [sent(client, "plant/level") for client in ("late", "board", "wall")]
    more = [published("pump", "plant/level"), *copies] * 1000
    data = a_day(300) + log_of(*late, *more).split(b"running\n")[1]
    graph, pipeline = through_the_lane(data)
    assert graph == read_at_once(data)
    assert pipeline.read < 150


def test_copies_that_waited_for_a_slow_client_are_not_read_either():
    texts = [*connected("board"), *subscribed("board", "#", qos=1), *connected("pump")]
    for mid in range(1, 2001):
        # two are in flight at most, the others wait
        at_once = [sent("board", "plant/level", qos=1, mid=mid)] if mid < 3 else []
        texts += [published("pump", "plant/level", qos=1, mid=mid), *at_once, f"Sending PUBACK to pump (m{mid}, rc0)"]
        if mid > 2:
            texts += [
                f"Received PUBACK from board (Mid: {mid - 2}, RC:0)",
                sent("board", "plant/level", qos=1, mid=mid),
            ]
    data = log_of(*texts)
    graph, pipeline = through_the_lane(data)
    assert graph == read_at_once(data)
    assert pipeline.read < 100


def test_a_line_without_a_time_has_that_of_the_line_before_it():
    later = "\n".join(f"18000000{number:02}: {published('pump', 'plant/level')}" for number in range(10, 20))
    data = a_day(30) + f"{later}\na line of somebody else\n".encode()
    assert through_the_lane(data)[0] == read_at_once(data)


@pytest.mark.parametrize("word", ["PUBACKX", "PUBCOMX", "PUBRELX", "PINGREX", "PUBLISX"])
def test_a_line_that_only_begins_like_one_of_ours_is_unknown(word):
    odd = {"PUBLISX": "Received PUBLISX from pump (d0, q0, r0, m0, 'plant/level', ... (4 bytes))"}
    text = odd.get(word, f"Received {word} from board (Mid: 1, RC:0)")
    data = a_day(30) + f"1800000000: {text}\n1800000000: {published('pump', 'plant/level')}\n".encode()
    graph, pipeline = through_the_lane(data)
    assert graph == read_at_once(data)
    assert pipeline.counts.unknown_lines == 1

"""A log in pieces that are read apart: together they are the whole, wherever it is cut, and little is read twice.

Derandomized: the same examples in every run. COPPER_STRESS=1 tries many more.
"""

import gzip
import os
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tracer.logs import CASES, CORPUS, connected, log_of, published, sent, subscribed
from tests.tracer.mosquittos import mosquitto
from tests.tracer.stores import read_at_once
from tests.tracer.systems import Player
from tracer import cores, pieces
from tracer.graph import Tally
from tracer.pieces import Joining, Place, read_piece
from tracer.sources import file
from viz.formats.json import render

MORE = 30 if os.environ.get("COPPER_STRESS") == "1" else 1
bounded = settings(
    derandomize=True,
    deadline=None,
    max_examples=120 * MORE,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def close_marks(monkeypatch):
    """In a log as small as these, a piece has to get into step at once."""
    monkeypatch.setattr(pieces, "STEP", 2_000)
    monkeypatch.setattr(pieces, "FIRST", 1_000)
    monkeypatch.setattr(file, "CHUNK", 500)


def in_pieces(logs, cuts):
    """The graph of a log in parts that is cut at these places, as JSON; and how many lines were not read twice."""
    logs, tally = tuple(map(str, logs)), Tally()
    joining, places = Joining(logs, tally), [*cuts, Place(len(logs), 0)]
    joining.read(places[0])
    for begin, end in pairwise(places):
        joining.join(read_piece(logs, begin, end))
    counts = joining.finish().counts
    return render(tally.graph(counts, source="log")), joining.adopted


def starts_of_lines(data):
    """Where its lines begin, but the first."""
    return [place + 1 for place, byte in enumerate(data[:-1]) if byte == ord("\n")]


@bounded
@given(st.data(), st.sampled_from(CASES))
def test_a_log_cut_anywhere_adds_up(drawn, case):
    log = CORPUS / case / "mosquitto.log"
    data = log.read_bytes()
    cuts = drawn.draw(st.lists(st.sampled_from(starts_of_lines(data) or [0]), max_size=4, unique=True))
    assert in_pieces([log], [Place(0, cut) for cut in sorted(cuts) if cut])[0] == read_at_once(data)


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_a_random_system_on_a_real_broker_adds_up(seed, tmp_path):
    settings = ("persistence true", f"persistence_location {tmp_path}/")
    with mosquitto(tmp_path, settings) as broker:
        player = Player(seed, broker, 18, hidden=seed == 22)
        with closing(player.net):
            player.play(80, restarts=seed == 23)
        data = broker.log.read_bytes()
    log = tmp_path / "copy.log"
    log.write_bytes(data)
    starts = starts_of_lines(data)
    for count in range(2, 6):
        cuts = [Place(0, starts[len(starts) * number // count]) for number in range(1, count)]
        assert in_pieces([log], cuts)[0] == read_at_once(data)


def a_day(messages, *, slow=False):
    """Three who listen, one who tells, and hardly anything that changes; with `slow` one who is always behind."""
    texts = []
    for client, qos in (("board", 1), ("wall", 0), ("late", 1)):
        texts += [*connected(client), *subscribed(client, "plant/#", qos=qos)]
    texts += connected("pump")
    for mid in range(1, messages + 1):
        topic, retain = f"plant/{mid % 7}/level", int(mid % 5 == 0)
        texts.append(published("pump", topic, qos=1, mid=mid, retain=retain, size=mid % 90))
        for client, qos in (("board", 1), ("wall", 0), ("late", 1)):
            if client != "late" or not slow or mid <= 3:
                texts.append(sent(client, topic, qos=qos, mid=mid if qos else 0, size=mid % 90))
        texts += [f"Sending PUBACK to pump (m{mid}, rc0)", f"Received PUBACK from board (Mid: {mid}, RC:0)"]
        if slow and mid > 3:
            before, then = mid - 3, f"plant/{mid % 7}/level"
            texts += [f"Received PUBACK from late (Mid: {before}, RC:0)"]
            texts += [sent("late", then, qos=1, mid=mid, size=mid % 90)]
        elif not slow:
            texts.append(f"Received PUBACK from late (Mid: {mid}, RC:0)")
    return log_of(*texts)


@pytest.mark.parametrize("slow", [False, True])
def test_what_a_piece_has_read_is_not_read_again(slow, tmp_path):
    data = a_day(600, slow=slow)
    log = tmp_path / "mosquitto.log"
    log.write_bytes(data)
    starts = starts_of_lines(data)
    graph, joined = in_pieces([log], [Place(0, starts[len(starts) // 2])])
    assert graph == read_at_once(data)
    assert joined > len(starts) * 0.45


def test_a_message_sent_again_behind_a_cut_is_known_from_before(tmp_path):
    before = a_day(100)
    again = [published("pump", "plant/2/level", qos=1, mid=100, size=10, dup=1), "Sending PUBACK to pump (m100, rc0)"]
    data = before + log_of(*again).split(b"running\n")[1]
    log = tmp_path / "mosquitto.log"
    log.write_bytes(data)
    for cut in (len(before), starts_of_lines(before)[-30]):
        assert in_pieces([log], [Place(0, cut)])[0] == read_at_once(data)


def test_parts_and_archives_are_pieces_too(tmp_path):
    data = a_day(400)
    starts = starts_of_lines(data)
    first, second = starts[len(starts) // 3], starts[len(starts) * 2 // 3]
    parts = [tmp_path / "log.2.gz", tmp_path / "log.1", tmp_path / "log"]
    parts[0].write_bytes(gzip.compress(data[:first]))
    parts[1].write_bytes(data[first:second])
    parts[2].write_bytes(data[second:])
    graph, joined = in_pieces(parts, [Place(1, 0), Place(2, 0)])
    assert graph == read_at_once(data)
    assert joined > len(starts) * 0.6


def test_processes_read_what_one_would_have_read(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "LEAST", 10_000)
    monkeypatch.setattr(cores, "EXTRA", 1_000)
    data = a_day(2_000)
    log, tally = tmp_path / "mosquitto.log", Tally()
    log.write_bytes(data)
    assert len(cores.cut((str(log),), 3)) == 2
    done = cores.read((str(log),), tally, 3)
    assert render(tally.graph(done.counts, source="log")) == read_at_once(data)


def test_a_process_that_fails_is_no_loss(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "LEAST", 10_000)
    monkeypatch.setattr(cores, "EXTRA", 1_000)
    monkeypatch.setattr(cores, "read_piece", lambda *_: os._exit(9))
    data = a_day(500)
    log, tally = tmp_path / "mosquitto.log", Tally()
    log.write_bytes(data)
    done = cores.read((str(log),), tally, 2)
    assert render(tally.graph(done.counts, source="log")) == read_at_once(data)


def test_a_small_log_is_not_cut():
    assert cores.cut((str(CORPUS / CASES[0] / "mosquitto.log"),), 8) == []

"""Single events of a moment, from a store and the log: those that a reading of the whole log tells, and no others."""

import gzip
import lzma
import os
import random
import shutil
import sqlite3
from itertools import pairwise

import pytest
import zstandard

from tests.tracer.logs import CASES, CORPUS, published
from tests.tracer.stores import StopAfter, opened, record_all, record_some
from tests.tracer.test_store_keeping import START, log_at, run_of, setup
from tests.tracer.test_store_spans import plays, span
from tracer.errors import CopperError
from tracer.events import KINDS, as_dict, of_dict
from tracer.pipeline import Pipeline
from tracer.recorder import record
from tracer.sources.lines import cut
from tracer.store import events_of, schema, writing
from tracer.windows import Run

PACK = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstandard.ZstdCompressor().compress}


@pytest.fixture
def log(tmp_path):
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs" / "mosquitto.log"


@pytest.fixture(autouse=True)
def _many_marks(monkeypatch):
    monkeypatch.setattr(writing, "MARK_LINES", 50)


def record_through_rotation(log, folder, count):
    """Record so many lines of a log that was rotated since the last time."""
    record(log, folder, StopAfter(count + 2))


def within(events, window):
    """As the command prints them."""
    place, found = "before", []
    for event in events:
        place = window.place(event, place) if window is not None else "inside"
        if place in {"inside", "closing"}:
            found.append(as_dict(event))
    return found


def read_whole(pieces, window=None):
    pipeline, events = Pipeline(), []
    for piece in pieces:
        for line in cut([piece], "log"):
            events += pipeline.feed(line)
    return within([*events, *pipeline.finish()], window)


def read_back(folder, window=None):
    with opened(folder) as store:
        return within(events_of(store, window), window)


@pytest.mark.parametrize("case", CASES)
def test_the_events_of_a_store_are_those_of_its_log(case, log, tmp_path):
    data = (CORPUS / case / "mosquitto.log").read_bytes()
    data = data[: data.rfind(b"\n") + 1]
    log.write_bytes(data)
    chance = random.Random(case)
    while record_some(log, tmp_path / "store", chance.randint(20, 100)):
        pass
    assert read_back(tmp_path / "store") == read_whole([data])


@pytest.mark.parametrize("packed", PACK)
def test_moments_are_read_back_from_rotated_pieces(packed, log, tmp_path):
    chance, folder = random.Random(packed), tmp_path / "store"
    lines = log_at(*plays(chance, 2000)).splitlines(keepends=True)
    pieces = []
    while lines:
        size = chance.randint(100, 600)
        pieces.append(b"".join(lines[:size]))
        del lines[:size]
        half = pieces[-1].splitlines(keepends=True)[: chance.randint(1, 100)]
        log.write_bytes(b"".join(half))
        record_through_rotation(log, folder, len(half))
        log.write_bytes(pieces[-1])
        while record_some(log, folder, chance.randint(50, 300)):
            pass
        if lines:
            # copied, since it is written over, or renamed
            chance.choice((shutil.copyfile, os.rename))(log, log.with_name(f"mosquitto.log.{len(pieces)}"))
    for number in range(1, len(pieces)):
        old = log.with_name(f"mosquitto.log.{number}")
        old.with_name(old.name + packed).write_bytes(PACK[packed](old.read_bytes()))
        if packed:
            old.unlink()
    for _ in range(12):
        begin = START + chance.randint(-5, 2000)
        window = span(*chance.choice(((begin, begin + chance.randint(0, 300)), (begin, None), (None, begin))))
        assert read_back(folder, window) == read_whole(pieces, window), window


def test_only_the_log_behind_the_last_mark_is_read(log, tmp_path, monkeypatch):
    log.write_bytes(log_at(*setup(), *((at, published("pump", f"t/{at}")) for at in range(2000))))
    while record_some(log, tmp_path / "store", 100):
        pass
    read = []
    feed = Pipeline.feed
    monkeypatch.setattr(Pipeline, "feed", lambda self, line: read.append(line) or feed(self, line))
    found = read_back(tmp_path / "store", span(START + 1500, START + 1519))
    assert [event["topic"] for event in found] == [f"t/{at}" for at in range(1500, 1520)]
    assert len(read) < 140


def test_marks_become_fewer_with_age_and_go_with_what_is_thrown_away(log, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "MARKS_BYTES", 40_000)
    log.write_bytes(log_at(*setup(), *((at, published("pump", f"t/{at % 7}")) for at in range(6000))))
    while record_some(log, tmp_path / "store", 100, keep=4000):
        pass
    with opened(tmp_path / "store") as store:
        lines = [row[0] for row in store.execute("SELECT line FROM mark ORDER BY id")]
        assert store.execute("SELECT sum(length(state)) FROM mark").fetchone()[0] <= 40_000
    assert 0 < lines[0] <= 2030
    gaps = [behind - line for line, behind in pairwise(lines)]
    assert gaps[-1] < 250
    assert max(gaps) <= 500
    begin = START + 2100
    assert read_back(tmp_path / "store", span(begin, begin + 9)) == read_whole(
        [log.read_bytes()], span(begin, begin + 9)
    )


def test_a_log_that_is_gone_is_said_with_what_is_there(log, tmp_path):
    folder = tmp_path / "store"
    log.write_bytes(log_at(*setup(), *((at, published("pump", "old")) for at in range(30))))
    record_all(log, folder)
    log.rename(log.with_name("mosquitto.log.1"))
    log.write_bytes(log_at(*((at, published("pump", "new")) for at in range(30, 60))))
    record_through_rotation(log, folder, 30)
    log.with_name("mosquitto.log.1").unlink()
    with pytest.raises(CopperError) as caught:
        read_back(folder, span(START + 5, START + 35))
    assert str(caught.value) == (
        f"{log}: the file that held the log of then is not found any more, neither rotated nor compressed;"
        " --since 2027-01-15T08:00:30Z asks for what is there; record --events keeps every event itself"
    )
    assert len(read_back(folder, span(START + 30, None))) == 30


def test_events_that_were_kept_need_no_log(log, tmp_path):
    data = log_at(*plays(random.Random(1), 300))
    log.write_bytes(data)
    record_all(log, tmp_path / "store", events=True)
    log.unlink()
    window = span(START + 20, START + 200)
    assert read_back(tmp_path / "store", window) == read_whole([data], window)
    assert read_back(tmp_path / "store") == read_whole([data])


def test_where_only_some_events_were_kept_the_log_is_read(log, tmp_path):
    log.write_bytes(log_at(*plays(random.Random(2), 300)))
    record_some(log, tmp_path / "store", 200)
    record_some(log, tmp_path / "store", 200, events=True)
    record_all(log, tmp_path / "store")
    assert read_back(tmp_path / "store") == read_whole([log.read_bytes()])


def test_the_events_of_a_run_are_read_back(log, tmp_path):
    inside = [(at, published("pump", f"in/{at}")) for at in range(60, 90)]
    log.write_bytes(
        log_at(*setup(), *((at, published("pump", "before")) for at in range(60)), *run_of("one", 60, 90, *inside))
    )
    record_all(log, tmp_path / "store")
    assert read_back(tmp_path / "store", Run("one")) == read_whole([log.read_bytes()], Run("one"))


def test_marks_of_another_version_are_passed_over_as_long_as_the_beginning_is_there(log, tmp_path):
    log.write_bytes(log_at(*plays(random.Random(3), 300)))
    record_all(log, tmp_path / "store")
    with sqlite3.connect(tmp_path / "store" / schema.FILE) as connection:
        connection.execute("UPDATE mark SET state = CAST('of another version' AS BLOB)")
    window = span(START + 100, START + 200)
    assert read_back(tmp_path / "store", window) == read_whole([log.read_bytes()], window)
    with connection:
        connection.execute("UPDATE log SET offset = 0 WHERE id = 1")
    connection.close()
    with pytest.raises(CopperError, match="of another version of Copper; read the log itself"):
        read_back(tmp_path / "store", window)


def test_an_event_is_the_same_when_it_was_written_and_read():
    kinds = set()
    for case in CASES:
        for event in read_whole([(CORPUS / case / "mosquitto.log").read_bytes()]):
            assert as_dict(of_dict(event)) == event
            kinds.add(event["event"])
    assert kinds == KINDS.keys()

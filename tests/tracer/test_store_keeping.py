"""Old buckets become coarser and go, runs are found by their topics, and no sum of what is left changes."""

import json
import os
import random
import sqlite3

import pytest

from tests.tracer.logs import connected, published, sent, subscribed
from tests.tracer.stores import StopAfter, opened, read_at_once, record_all, record_some, stored
from tracer import recorder
from tracer.errors import CopperError
from tracer.recorder import record
from tracer.store import graph_of, is_store, newest_run, open_store, schema
from tracer.windows import Run

START = 1_800_000_000


def log_at(*told):
    """A log of texts with their seconds since START."""
    return "".join(f"{START + at}: {text}\n" for at, text in told).encode()


def setup():
    texts = [
        "mosquitto version 2.0.11 starting",
        *connected("pump"),
        *connected("sink"),
        *subscribed("sink", "plant/#"),
    ]
    return [(0, text) for text in texts]


def messages(*seconds):
    for at in seconds:
        yield at, published("pump", "plant/level")
        yield at, sent("sink", "plant/level")


def run_of(name, begin, end, *inside):
    """The lines of a run of the runner, with others inside."""
    yield begin, published("runner", f"runner/runs/{name}/start")
    yield from inside
    yield end, published("runner", f"runner/runs/{name}/finish")
    yield end, published("runner", "after")


@pytest.fixture
def log(tmp_path):
    return tmp_path / "mosquitto.log"


def edges(graph):
    told = json.loads(graph)
    return told["nodes"], told["edges"]


def buckets(folder):
    with opened(folder) as store:
        return store.execute("SELECT start - ?, seconds FROM bucket ORDER BY id", (START,)).fetchall()


def test_after_an_hour_buckets_are_minutes_and_the_graph_is_the_same(log, tmp_path):
    log.write_bytes(log_at(*setup(), *messages(0, 10, 20, 30, 70, 80, 3700, 3720)))
    record_all(log, tmp_path / "store")
    assert buckets(tmp_path / "store") == [(0, 60), (60, 60), (3700, 10), (3720, 10)]
    assert stored(tmp_path / "store") == read_at_once(log.read_bytes())


def test_what_is_older_than_the_time_to_keep_goes_and_what_is_left_keeps_its_sums(log, tmp_path):
    kept = list(messages(7200, 7260))
    log.write_bytes(log_at(*setup(), *messages(*range(0, 3600, 10)), *kept))
    record_all(log, tmp_path / "store", keep=3600)
    (first, *_) = buckets(tmp_path / "store")
    assert first[0] >= 3600
    data = json.loads(stored(tmp_path / "store"))
    assert {(one["key"], one["messages"]) for one in data["edges"]} == {
        ("publish", 2), ("subscribe", 2), ("deliver:plant/level", 2)
    }  # fmt: skip
    assert {one["name"] for one in data["nodes"]} == {"pump", "sink", "plant/level"}


def test_clients_that_are_gone_are_forgotten_with_what_they_did(log, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 20)
    strangers = [
        (at, text)
        for at in range(0, 36_000, 100)
        for text in (*connected(f"stranger-{at}"), published(f"stranger-{at}", f"odd/{at}", retain=1),
                     f"Client stranger-{at} disconnected.")
    ]  # fmt: skip
    log.write_bytes(log_at(*setup(), *strangers))
    record_all(log, tmp_path / "store", keep=1000)
    with opened(tmp_path / "store") as store:
        assert store.execute("SELECT count(*) FROM client").fetchone()[0] < 20
        assert store.execute("SELECT count(*) FROM name").fetchone()[0] < 40
    assert len(json.loads(stored(tmp_path / "store"))["nodes"]) < 40


@pytest.mark.parametrize("count", [1, 2, 3, 5, 100])
def test_a_run_is_found_by_its_topics_and_its_graph_is_that_of_a_single_reading(count, log, tmp_path):
    inner = list(run_of("two", 15, 25, *messages(17, 22)))
    log.write_bytes(
        log_at(*setup(), *messages(1, 12), *run_of("one", 13, 27, *messages(14), *inner), *messages(28, 4000))
    )
    while record_some(log, tmp_path / "store", count):
        pass
    for run in ("one", "two"):
        once = read_at_once(log.read_bytes(), Run(run))
        assert edges(stored(tmp_path / "store", Run(run))) == edges(once)
    with opened(tmp_path / "store") as store:
        assert newest_run(store) == "two"
        assert [told[0] for told in store.execute("SELECT finished IS NOT NULL FROM run")] == [1, 1]


def test_a_run_that_goes_on_has_a_graph(log, tmp_path):
    log.write_bytes(log_at(*setup(), *list(run_of("one", 5, 9, *messages(6, 7)))[:-2]))
    record_all(log, tmp_path / "store")
    assert edges(stored(tmp_path / "store", Run("one"))) == edges(read_at_once(log.read_bytes(), Run("one")))


def test_a_run_that_was_not_recorded_is_a_sentence_with_those_that_were(log, tmp_path):
    log.write_bytes(log_at(*setup(), *run_of("one", 5, 9)))
    record_all(log, tmp_path / "store")
    with (
        opened(tmp_path / "store") as store,
        pytest.raises(CopperError, match="there is no run 2; the last ones are one"),
    ):
        graph_of(store, Run("2"))


@pytest.mark.parametrize(("events", "count"), [(False, 0), (True, 1)])
def test_single_events_are_kept_only_on_request(events, count, log, tmp_path):
    log.write_bytes(log_at(*setup(), *messages(1, 11)))
    record_all(log, tmp_path / "store", events=events)
    with opened(tmp_path / "store") as store:
        # the last delivery waits for its next line still
        told = store.execute("SELECT body FROM event WHERE event = 'deliver'").fetchall()
    assert [json.loads(body)["sender"] for (body,) in told] == ["pump"] * count


def test_the_byte_of_a_bucket_is_where_its_lines_are_in_the_log(log, tmp_path):
    log.write_bytes(log_at(*setup(), *messages(100, 200, 300)))
    record_all(log, tmp_path / "store")
    with opened(tmp_path / "store") as store:
        for start, offset in store.execute('SELECT start, "offset" FROM bucket WHERE id > 1').fetchall():
            assert log.read_bytes()[offset:].startswith(str(start).encode())


def test_a_second_recorder_of_a_store_is_refused(log, tmp_path):
    log.write_bytes(log_at(*setup()))
    told = []

    class Second(StopAfter):
        def is_set(self):
            if not told:
                with pytest.raises(CopperError) as refused:
                    record(log, tmp_path / "store", StopAfter(0))
                told.append(str(refused.value))
            return super().is_set()

    record(log, tmp_path / "store", Second(3))
    assert f"another recorder is at work on this store (process {os.getpid()})" in told[0]


def test_another_log_is_refused_since_a_store_is_of_one(log, tmp_path):
    log.write_bytes(log_at(*setup()))
    record_all(log, tmp_path / "store")
    other = tmp_path / "other.log"
    other.write_bytes(b"")
    with pytest.raises(CopperError, match=r"this store is of .*mosquitto.log; take another folder"):
        record(other, tmp_path / "store", StopAfter(0))


def test_a_state_of_another_version_is_said_and_reading_goes_on_from_its_place(log, tmp_path):
    log.write_bytes(log_at(*setup(), *messages(1, 2)))
    record_all(log, tmp_path / "store")
    with sqlite3.connect(tmp_path / "store" / schema.FILE) as connection:
        connection.execute("UPDATE reading SET state = CAST('of another version' AS BLOB)")
    connection.close()
    with log.open("ab") as file:
        file.write(log_at(*messages(3, 4)))
    words = []
    record_all(log, tmp_path / "store", say=words.append)
    assert "the state is of another version of Copper" in words[0]
    published_edge = next(one for one in json.loads(stored(tmp_path / "store"))["edges"] if one["key"] == "publish")
    assert published_edge["messages"] == 4


def test_a_log_that_is_gone_is_said(log, tmp_path):
    log.write_bytes(log_at(*setup()))
    record_all(log, tmp_path / "store")
    log.unlink()
    log.write_bytes(log_at(*messages(50)))
    words = []
    record(log, tmp_path / "store", StopAfter(2), say=words.append)
    assert "is not found again" in words[0]


def test_a_store_is_told_by_its_content(log, tmp_path):
    log.write_bytes(log_at(*setup()))
    record_all(log, tmp_path / "store")
    assert is_store(tmp_path / "store")
    assert is_store(tmp_path / "store" / schema.FILE)
    assert not is_store(log)
    assert not is_store(tmp_path)


def test_what_is_no_store_is_a_sentence(log, tmp_path):
    with pytest.raises(CopperError, match="there is no store"):
        open_store(tmp_path)
    (tmp_path / schema.FILE).write_bytes(b"something else that is no database at all")
    with pytest.raises(CopperError, match="can't be opened as a store"):
        open_store(tmp_path)


def test_a_store_of_an_older_copper_is_brought_up_to_date_and_keeps_what_it_has(log, tmp_path, monkeypatch):
    folder = tmp_path / "store"
    log.write_bytes(b"")
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        folder.mkdir()
        connection = schema.connect(folder / schema.FILE, to_write=True)
    with connection:
        connection.executescript("""
            INSERT INTO name VALUES (1, 'pump', 1), (2, 'plant/+', 1), (3, 'plant/level', 1);
            INSERT INTO bucket VALUES (1, 1800000000, 10, 0, 1, 0, 1, NULL, NULL, 9, 3, 0, 0);
            INSERT INTO edge VALUES (1, 'publish', 1, 3, 0, 2, 8, 1, 0, 0, 0, NULL, NULL);
            INSERT INTO edge VALUES (1, 'there', 1, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL);
            INSERT INTO client VALUES (1, 'mia', '[]', 1, 1, 0);
            INSERT INTO subscription VALUES (1, 2, 1);
            INSERT INTO published VALUES (1, 3);
            INSERT INTO retained VALUES (3, 1);
            INSERT INTO run VALUES ('7', 'after', NULL, NULL, 1, 1, '{}', '{}');
        """)
    connection.close()
    with pytest.raises(CopperError, match="of an older Copper"):
        open_store(folder)
    record(log, folder, StopAfter(1))
    with opened(folder) as store:
        assert newest_run(store) == "7"
    nodes, found = edges(stored(folder))
    assert {one["id"]: one.get("retained_by") for one in nodes} == {"service:mia": None, "topic:plant/level": "mia"}
    assert [(one["key"], one["messages"]) for one in found] == [("publish", 2), ("subscribe", 0)]


def test_a_store_of_a_newer_copper_is_refused(log, tmp_path):
    folder = tmp_path / "store"
    log.write_bytes(log_at(*setup()))
    record_all(log, folder)
    with sqlite3.connect(folder / schema.FILE) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    for use in (lambda: open_store(folder), lambda: record(log, folder, StopAfter(0))):
        with pytest.raises(CopperError, match="was made by a newer Copper"):
            use()


def test_what_waits_to_be_written_is_bounded_by_lines(log, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 50)
    log.write_bytes(log_at(*setup(), *messages(*range(500))))
    seen = []
    commit = recorder.Writer.commit
    monkeypatch.setattr(
        recorder.Writer,
        "commit",
        lambda self, changes, reading: seen.append(len(changes.full)) or commit(self, changes, reading),
    )
    record_all(log, tmp_path / "store")
    assert len(seen) > 15
    assert max(seen) <= 50


def test_readers_see_whole_commits_while_a_recorder_writes(log, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 10)
    log.write_bytes(log_at(*setup(), *messages(*range(300))))
    seen = []

    class Look(StopAfter):
        def is_set(self):
            if self.left % 50 == 0 and self.left < 580:
                with opened(tmp_path / "store") as store:
                    told = graph_of(store)
                    seen.append(
                        sum(edge["messages"] for *_, key, edge in told.edges(keys=True, data=True) if key == "publish")
                    )
            return super().is_set()

    record(log, tmp_path / "store", Look(log.read_bytes().count(b"\n")))
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert stored(tmp_path / "store") == read_at_once(log.read_bytes())


def test_clocks_that_jump_change_no_sum(log, tmp_path):
    chance = random.Random(1)
    jumps = [chance.choice((0, 5, 3700, -3700, -30, 100_000)) for _ in range(60)]
    log.write_bytes(log_at(*setup(), *messages(*(500_000 + sum(jumps[:place]) for place in range(60)))))
    while record_some(log, tmp_path / "store", chance.randint(1, 30)):
        pass
    assert stored(tmp_path / "store") == read_at_once(log.read_bytes())


def test_lines_without_a_time_stand_in_the_time_of_reading(log, tmp_path):
    log.write_bytes(b"".join(text.encode() + b"\n" for _, text in (*setup(), *messages(0))))
    record_all(log, tmp_path / "store", clock=lambda: START + 25)
    assert buckets(tmp_path / "store") == [(20, 10)]
    assert stored(tmp_path / "store") == read_at_once(log.read_bytes())


def test_an_idle_log_makes_no_commits(log, tmp_path):
    log.write_bytes(log_at(*setup()))
    record_all(log, tmp_path / "store")
    before = (tmp_path / "store" / schema.FILE).stat().st_mtime_ns
    record(log, tmp_path / "store", StopAfter(3))
    assert (tmp_path / "store" / schema.FILE).stat().st_mtime_ns == before

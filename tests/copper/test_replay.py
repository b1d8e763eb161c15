"""A recorded run that is shown again."""

import threading
import time

import pytest

from copper import replay
from copper.following import Following
from tests.copper.standins import wait_for
from tests.tracer.logs import connected, log_of, published, sent, subscribed, traced
from tracer.errors import CopperError
from tracer.events import Publish


def published_at(*seconds):
    return [Publish(f"2026-11-27T12:00:{at:09.6f}Z", n + 1, "p", f"t/{n}", 0, False, 1) for n, at in enumerate(seconds)]


def test_events_come_at_their_own_times_or_so_many_times_faster():
    came = []
    begun = time.monotonic()
    replay.replay(
        published_at(0, 10, 20), 100.0, lambda batch: came.append((time.monotonic() - begun, batch)), threading.Event()
    )
    assert [item.topic for _, batch in came for item in batch.items] == ["t/0", "t/1", "t/2"]
    times = [at for at, _ in came]
    assert times[1] - times[0] >= 0.09
    assert times[-1] < 5


def test_a_replay_can_be_stopped():
    stop, came = threading.Event(), []

    def take(batch):
        came.append(batch)
        stop.set()

    replay.replay(published_at(0, 59), 1.0, take, stop)
    assert len(came) == 1


def test_what_was_shown_again_has_the_graph_of_the_log():
    data = log_of(*connected("P"), *connected("S"), *subscribed("S", "t"), published("P", "t"), sent("S", "t"))
    events, _, _ = traced(data)
    following = Following("a run", lambda take, stop: replay.replay(events, 1000.0, take, stop))
    following.start()
    wait_for(lambda: following.health().over, 10)
    _, graph = following.graph("all")
    following.stop()
    assert graph.edges["service:P", "service:S", "deliver:t"]["messages"] == 1


def test_what_is_no_run_is_told(tmp_path):
    (tmp_path / "events.jsonl").write_text("{}\n")
    for file in (tmp_path / "events.jsonl", tmp_path / "nothing"):
        with pytest.raises(CopperError):
            replay.events_of(file)


def test_a_bug_that_ends_the_reading_is_told(capsys):
    def feed(_take, _stop):
        raise ZeroDivisionError("of ours")

    following = Following("a log", feed)
    following.start()
    wait_for(lambda: following.health().problem == "the reading of the log failed: ZeroDivisionError: of ours")
    following.stop()
    assert "ZeroDivisionError" in capsys.readouterr().err

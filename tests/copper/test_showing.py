"""What the live map can show: what goes on, and runs by their ids."""

import json
import threading

import pytest

from copper.showing import Showing, follow_newest
from tests.copper.standins import wait_for
from tests.tracer.logs import connected, log_of, published, sent, subscribed, traced
from tracer.errors import CopperError
from tracer.events import as_dict
from tracer.recorder import record
from viz.live.systems import Recorded

LINES = [
    *connected("lamp"),
    *connected("panel"),
    *subscribed("panel", "lamp/#"),
    published("lamp", "lamp/on"),
    sent("panel", "lamp/on"),
]
DELIVERED = ("service:lamp", "service:panel", "deliver:lamp/on")


def left(folder, run, *, events=b"", log=b"", exit_code=0):
    """A run as `copper` leaves it."""
    place = folder / run
    place.mkdir(parents=True)
    (place / "actions.jsonl").touch()
    said = {"run": run, "workflow": "/home/site.yaml", "started": "2026-11-24T12:00:00Z", "part": 1}
    (place / "run.json").write_text(json.dumps(said))
    if exit_code is not None:
        (place / "result.json").write_text(json.dumps({"exit_code": exit_code, "seconds": 1.0}))
    if events:
        found = [json.dumps(as_dict(event)) + "\n" for event in traced(events)[0]]
        (place / "events.jsonl").write_text("".join(found))
    if log:
        (place / "mosquitto.log").write_bytes(log)
    return place


@pytest.fixture
def showing(tmp_path):
    shown = Showing(None, tmp_path / "runs", tmp_path / "store")
    yield shown
    shown.stop()


def shows(following):
    return wait_for(lambda: following.graph("all")[1].has_edge(*DELIVERED))


@pytest.mark.parametrize("left_of_it", ["events", "log"])
def test_a_run_is_shown_by_its_events_or_where_it_was_killed_by_its_log(left_of_it, showing, tmp_path):
    left(tmp_path / "runs", "R", **{left_of_it: log_of(*LINES)})
    assert shows(showing.system("R", 0))


def test_runs_are_told_the_newest_first_and_how_they_ended(showing, tmp_path):
    left(tmp_path / "runs", "R1", exit_code=1)
    left(tmp_path / "runs", "R2", exit_code=None)
    at = "2026-11-24T12:00:00Z"
    wanted = [Recorded("R2", "site.yaml", at, "broken off"), Recorded("R1", "site.yaml", at, "failed")]
    assert showing.runs() == wanted


def test_a_run_of_a_recorders_store_is_what_was_between_its_brackets(showing, tmp_path):
    log = tmp_path / "mosquitto.log"
    start, end = (published("runner", f"runner/runs/R/{one}") for one in ("start", "finish"))
    before, after = published("lamp", "lamp/before"), published("lamp", "lamp/after")
    begin, rest = LINES[:-2], LINES[-2:]
    texts = [*connected("runner"), *begin, before, start, *rest, end, after, *connected("late")]
    log.write_bytes(log_of(*texts))
    stop = threading.Event()
    stop.set()
    record(log, tmp_path / "store", stop)
    assert [one.run for one in showing.runs()] == ["R"]
    following = showing.system("R", 0)
    assert shows(following)
    assert {"topic:lamp/before", "topic:lamp/after"}.isdisjoint(following.graph("all")[1])


def test_what_is_no_run_is_told_with_those_that_are(showing, tmp_path):
    left(tmp_path / "runs", "R")
    with pytest.raises(CopperError, match="there is no such run; the last are R"):
        showing.system("Q", 0)
    with pytest.raises(CopperError, match="its broker's log was not known"):
        showing.system("R", 0)
    with pytest.raises(CopperError, match="nothing goes on here"):
        showing.system("", 0)


def test_a_run_that_nobody_looks_at_any_more_is_let_go(showing, tmp_path):
    left(tmp_path / "runs", "R", log=log_of(*LINES))
    first = showing.system("R", 0)
    assert showing.system("R", 0) is first
    showing.close("R", 0)
    assert showing.system("R", 0) is not first


def test_the_newest_run_is_followed_until_another_begins(tmp_path):
    left(tmp_path / "runs", "R1", log=log_of(*LINES))
    came, stop = [], threading.Event()

    def take(batch):
        came.append(batch)
        if len(came) == 1:
            left(tmp_path / "runs", "R2", log=log_of())

    with pytest.raises(CopperError, match="another run has begun"):
        follow_newest(tmp_path / "runs", take, stop)
    assert came[-1].counts.lines == len(LINES) + 2

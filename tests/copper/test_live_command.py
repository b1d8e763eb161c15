"""`copper-trace live`: which logs it shows, where, and how it begins and ends."""

import contextlib
import json
import signal
import stat
import subprocess
import time

import click
import pytest

from copper.commands.live import live as live_command
from tests.copper.live_maps import drawn, live
from tests.copper.standins import wait_for
from tests.copper.test_tracing_command import COPPER_TRACE, copper_trace
from tests.tracer.logs import connected, log_of, published, sent, subscribed
from tests.viz.live.systems import Listener, ask, told
from tracer.errors import CopperError
from tracer.store import is_store

BEGIN = [*connected("lamp"), *connected("panel"), *subscribed("panel", "lamp/#")]
TOKEN = "tell-nobody"


def messages(topic, count, second=0):
    lines = [text for _ in range(count) for text in (published("lamp", topic), sent("panel", topic))]
    return "".join(f"{1800000000 + second}: {text}\n" for text in lines).encode()


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "mosquitto.log"
    file.write_bytes(log_of(*BEGIN) + messages("lamp/state", 3))
    return file


def add(log, data):
    with log.open("ab") as file:
        file.write(data)


def left_a_run(folder, run, events):
    """A run as `copper run` leaves it, on a broker whose log was followed."""
    place = folder / ".copper" / "runs" / run
    place.mkdir(parents=True)
    said = {"run": run, "workflow": "/home/site.yaml", "started": "2026-11-24T12:00:00Z", "part": 1}
    (place / "run.json").write_text(json.dumps(said))
    (place / "actions.jsonl").touch()
    (place / "result.json").write_text(json.dumps({"exit_code": 0, "seconds": 1.0}))
    (place / "events.jsonl").write_text(events)
    return place


# -- which log --------------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_graph_command_says(log):
    with live(log.parent, log) as page:
        page.reads(log)
        add(log, messages("lamp/power", 2, 61))
        page.reads(log)
        page.shows(drawn(log.parent, log))
        assert wait_for(lambda: page.map()["counts"]["messages"] == 5)


def test_a_log_that_is_not_there_yet_is_waited_for_and_one_that_vanishes_too(tmp_path):
    log = tmp_path / "mosquitto.log"
    with live(tmp_path, log) as page:
        assert "is not there; it is read as soon as it is" in page.said
        assert "is not there; it is read as soon as it is" in page.health()["advice"]["what"]
        log.write_bytes(log_of(*BEGIN))
        page.health(lambda health: health["lines"] and not health["words"])
        log.unlink()
        page.health(lambda health: any("is not there" in one for one in health["words"]))
        log.write_bytes(log_of(*BEGIN) + messages("lamp/state", 1))
        page.health(lambda health: not health["words"])
        assert wait_for(lambda: page.map()["counts"]["messages"] == 1)


def test_a_log_without_packet_lines_is_not_taken_for_a_quiet_broker(tmp_path):
    log = tmp_path / "mosquitto.log"
    came = "New client connected from 10.0.0.1:5 as {} (p2, c1, k60)."
    log.write_bytes(log_of(came.format("door"), came.format("panel")))
    with live(tmp_path, log) as page:
        advice = page.health(lambda health: health["advice"])["advice"]
        assert advice["what"] == "no packet lines among 4 lines, only who came and went"
        assert "only debug brings packet lines" in advice["next_step"]
        add(log, log_of(*BEGIN))
        page.health(lambda health: health["lines"] > 4 and not health["advice"])


def test_rotated_parts_are_read_before_the_log_that_grows(log):
    before = log.with_name("mosquitto.log.1")
    log.rename(before)
    log.write_bytes(messages("lamp/power", 2, 61))
    with live(log.parent, f"{log.parent}/mosquitto.log*") as page:
        page.reads(before, log)
        add(log, messages("lamp/power", 2, 62))
        page.reads(before, log)
        page.shows(drawn(log.parent, f"{log.parent}/mosquitto.log*"))


def test_standard_input_is_shown_and_stays_when_it_has_ended(log):
    with live(log.parent, "-") as page:
        page.process.stdin.write(log.read_bytes())
        page.process.stdin.flush()
        page.health(lambda health: health["lines"])
        page.process.stdin.close()
        page.process.stdin = None
        assert page.health(lambda health: health["over"])["advice"]["what"] == "the log has ended"
        assert wait_for(lambda: page.map()["counts"]["messages"] == 3)


def test_without_a_log_it_is_the_newest_run_here_and_then_the_next(log, tmp_path):
    first = left_a_run(tmp_path, "20261124-120000-aaaa", "")
    (first / "mosquitto.log").write_bytes(log.read_bytes())
    with live(tmp_path) as page:
        page.health(lambda health: health["lines"])
        assert wait_for(lambda: page.map()["counts"]["messages"] == 3)
        second = left_a_run(tmp_path, "20261124-130000-bbbb", "")
        (second / "mosquitto.log").write_bytes(log_of(*BEGIN) + messages("lamp/power", 1))
        assert wait_for(lambda: page.map()["counts"]["messages"] == 1)
        assert [run["run"] for run in told(page.port, "/runs")] == [second.name, first.name]


def test_a_recorded_run_is_what_is_shown_first(log, tmp_path):
    left_a_run(tmp_path, "20261124-120000-aaaa", copper_trace("events", log).stdout)
    with live(tmp_path, "run:last") as page:
        assert page.address.endswith("/?run=20261124-120000-aaaa")
        assert wait_for(lambda: page.map("run=20261124-120000-aaaa")["counts"]["messages"] == 3)
        assert ask(page.port, "/map.json")[0] == 404
        assert "choose a run" in ask(page.port, "/map.json")[2]


def test_runs_of_a_recorders_store_can_be_chosen(log, tmp_path):
    bracket = [f"Received PUBLISH from runner (d0, q0, r0, m0, 'runner/runs/R/{one}', ... (2 bytes))" for one in
               ("start", "finish")]  # fmt: skip
    texts = [*BEGIN, *connected("runner"), bracket[0], published("lamp", "lamp/state"), sent("panel", "lamp/state")]
    log.write_bytes(log_of(*texts, bracket[1], published("lamp", "lamp/later"), *connected("late")))
    with live(tmp_path, log, "--store", "store") as page:
        assert told(page.port, "/runs") == []
        with recorded(log, tmp_path / "store"):
            (run,) = wait_for(lambda: told(page.port, "/runs"), 20)
        assert run["run"] == "R"
        assert wait_for(lambda: page.map("run=R")["counts"]["messages"] == 3)


@contextlib.contextmanager
def recorded(log, store):
    """A recorder at work, as long as the block lasts."""
    process = subprocess.Popen([*COPPER_TRACE, "record", log, "--store", store], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


# -- how it begins ----------------------------------------------------------------------------------------------------


def test_options_of_the_picture_stand_in_the_first_address(log):
    words = ["--focus", "lamp", "--hops", "2", "--view", "active", "--layout", "columns", "--span", "hour"]
    with live(log.parent, log, *words, "--exclude", "$SYS/#", "--all") as page:
        path = page.address.partition(str(page.port))[2]
        assert path == "/?all=1&exclude=%24SYS%2F%23&focus=lamp&hops=2&layout=columns&span=hour&view=active"
        assert ask(page.port, path.replace("/?", "/map.json?"))[0] == 200


def test_options_are_environment_variables_too(log):
    with live(log.parent, log, COPPER_TRACE_FOCUS="lamp", COPPER_TRACE_TOKEN=TOKEN) as page:
        assert page.address.endswith(f"/?token={TOKEN}&focus=lamp")
        assert ask(page.port, "/runs")[0] == 403
        assert ask(page.port, f"/runs?token={TOKEN}")[0] == 200


def test_other_machines_need_a_token_which_a_file_keeps(log):
    with live(log.parent, log, "--host", "0.0.0.0", "--token-file", "token") as page:
        token = log.with_name("token")
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        assert page.address == f"http://127.0.0.1:{page.port}/?token={token.read_text().strip()}"
        assert ask(page.port, "/runs", host="plant.example")[0] == 403
        assert ask(page.port, f"/runs?token={token.read_text().strip()}", host="plant.example")[0] == 200
    with live(log.parent, log, "--host", "0.0.0.0", "--token-file", "token") as again:
        assert again.address.partition("?")[2] == page.address.partition("?")[2]


def test_it_is_opened_in_the_browser_that_is_there(log, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{tmp_path}/opened'\n")
    browser.chmod(0o755)
    with live(tmp_path, log, "--open", BROWSER=str(browser)) as page:
        opened = tmp_path / "opened"
        assert wait_for(lambda: opened.exists() and opened.read_text()) == page.address + "\n"
    with live(tmp_path, log, "--open", BROWSER="", PATH=str(tmp_path)) as page:
        assert "there is no browser here" in wait_for(lambda: "browser" in page.said and page.said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "which log? Copper has run no broker in this folder; copper-trace live LOG"),
        (["run:last"], "run:last: there is no such run"),
        (
            ["LOG", "--host", "0.0.0.0"],
            "say --token TOKEN (or COPPER_TRACE_TOKEN) too, or --token-file FILE; python3 -c",
        ),
        (["LOG", "--token", "short"], "a token is 8 letters or more"),
        (["LOG", "--token", TOKEN, "--token-file", "x"], "--token and --token-file both say the token"),
        (["LOG", "--token-file", "no/such/folder"], "can't be kept there: No such file or directory"),
        (["LOG", "--include", "a/#/b"], "a/#/b"),
        (["LOG", "--hops", "1000"], "hops=: '1000' is no number from 0 to 100"),
        (["LOG", "--fold", "off", "--depth", "2"], "--fold off leaves everything as it is"),
        (["LOG", "-"], "is a log of its own; name it alone, or files only"),
        (["docker:x", "LOG"], "is a log of its own"),
        ([".."], "is a directory, not a log of Mosquitto"),
        (["no-such-*"], "no file matches this pattern"),
        (["graph.json"], "is a graph that was saved, and does not go on"),
        (["LOG", "--port", "70000"], "70000 is not in the range"),
    ],
)
def test_what_cant_be_served_is_told_at_once(words, said, log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graph.json").write_text(
        '{"directed": true, "multigraph": true, "graph": {}, "nodes": [], "edges": []}'
    )
    with pytest.raises((CopperError, click.ClickException)) as caught:
        live_command.main([str(log) if word == "LOG" else word for word in words], standalone_mode=False)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_store_is_not_followed(log, tmp_path):
    with recorded(log, tmp_path / "store"):
        wait_for(lambda: is_store(tmp_path / "store"))
    assert "name the log itself, and --store store for its runs" in copper_trace("live", "store", cwd=tmp_path).stderr


def test_a_port_that_is_taken_is_told_with_what_to_do(log):
    with live(log.parent, log) as page:
        done = copper_trace("live", log, "--port", page.port)
    assert done.returncode == 2
    assert "Address already in use; --port names another port, 0 a free one" in done.stderr


# -- how it ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_ends_within_a_second_whoever_looks_on_and_whatever_it_reads(number, code, log):
    with live(log.parent, "-") as page:
        page.process.stdin.write(log.read_bytes())
        page.process.stdin.flush()
        page.health(lambda health: health["lines"])
        with Listener(page.port), Listener(page.port, "layout=columns") as listener:
            listener.next("map")
            began = time.monotonic()
            assert page.end(number) == code
            assert time.monotonic() - began < 3  # a second, on a machine that has time
        assert "Traceback" not in page.said
        assert "Fatal" not in page.said

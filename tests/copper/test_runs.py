"""Runs that are kept: listed, shown, reported, and gone on with, also after a kill."""

import json
import os
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from tests import brokers
from tests.copper.standins import wait_for
from tests.copper.test_demo import COPPER, copper

TWO = """
- {id: docs, action: fetcher/fetch, type: local, path: ./notes, resource: docs}
- {id: site, action: markdown/build, resource: docs}
"""
SERVICE = """
import sys, time, pathlib
from copper import ActionError, Service
service = Service("work")
log = pathlib.Path("log")

@service.action
def do(name: str, wait: str = "") -> dict:
    with log.open("a") as file:
        file.write(name + " ")
    while wait and not pathlib.Path(wait).exists():
        time.sleep(0.01)
    return {"name": name}

@service.action
def fail() -> None:
    raise ActionError("no")

service.run()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "index.md").write_text("# Notes\n")
    (tmp_path / "w.yaml").write_text(TWO)
    (tmp_path / "work.py").write_text(SERVICE)
    return tmp_path


@pytest.fixture
def lasting(folder):
    """A broker and the service `work`, which outlive a run."""
    with brokers.running("builtin", folder / "broker") as broker:
        environment = {**os.environ, "COPPER_BROKER": broker.url}
        service = subprocess.Popen([sys.executable, "work.py"], cwd=folder, env=environment)
        try:
            yield broker
        finally:
            service.terminate()
            service.wait(10)


def test_runs_are_listed_and_shown(folder):
    assert "no run lies in .copper/runs yet" in copper("runs", cwd=folder).stderr
    copper("run", "w.yaml", "--broker", "builtin", cwd=folder)
    (row,) = [json.loads(line) for line in copper("runs", "--json", cwd=folder).stdout.splitlines()]
    assert (row["outcome"], row["exit_code"], row["workflow"]) == ("done", 0, str(folder / "w.yaml"))
    assert f"{row['run']}  " in copper("runs", cwd=folder).stdout
    shown = copper("runs", "show", "last", cwd=folder).stdout
    assert "✔ markdown/build" in shown
    assert f".copper/runs/{row['run']}/deps.svg" in shown


def test_a_run_that_is_not_there_is_said_so(folder):
    done = copper("runs", "show", "2020", cwd=folder)
    assert (done.returncode, "there is no run 2020" in done.stderr) == (2, True)


def test_a_report_is_json_or_junit(folder):
    (folder / "w.yaml").write_text("- action: fetcher/fetch\n  type: local\n  path: ./nowhere\n- action: a/b\n")
    done = copper("run", "w.yaml", "--broker", "builtin", "--report", "r.xml", cwd=folder)
    assert done.returncode == 1
    suite = ET.parse(folder / "r.xml").getroot()[0]
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["2", "1", "0", "1"]
    assert "nowhere" in suite[0][0].get("message")
    copper("run", "w.yaml", "--broker", "builtin", "--report", "r.json", cwd=folder)
    report = json.loads((folder / "r.json").read_text())
    assert (report["exit_code"], report["actions"][0]["outcome"]) == (1, "failed")


def test_a_report_of_another_kind_is_refused_before_anything_runs(folder):
    done = copper("run", "w.yaml", "--report", "r.pdf", cwd=folder)
    assert (done.returncode, "a report is .json, or .xml for JUnit" in done.stderr) == (2, True)
    assert not (folder / ".copper").exists()


def test_a_report_into_a_folder_that_is_not_there_is_refused_before_anything_runs(folder):
    done = copper("run", "w.yaml", "--report", "no/r.xml", cwd=folder)
    assert (done.returncode, "there is no such folder" in done.stderr) == (2, True)
    assert not (folder / ".copper").exists()


def test_what_goes_on_is_said_as_json_lines(folder):
    done = copper("run", "w.yaml", "--broker", "builtin", "--json", cwd=folder)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"started", "ended", "end"} <= {one["event"] for one in told}
    assert told[-1]["exit_code"] == 0


def test_a_dry_run_shows_the_plan_and_asks_nobody(folder):
    (folder / "w.yaml").write_text(
        TWO + "- {id: other, needs: [], action: search/collect}\n- {action: search/put, needs: [site, other]}\n"
    )
    with brokers.running("builtin", folder / "broker") as broker:
        done = copper("run", "w.yaml", "--dry-run", "--broker", broker.url, cwd=folder)
    assert done.returncode == 0
    assert "  2  markdown/build  site  after docs" in done.stdout
    assert "  1  search/collect  other" in done.stdout
    assert "service search: says nothing of itself" in done.stdout
    assert "Received PUBLISH" not in (folder / "broker" / "mosquitto.log").read_text()
    assert not (folder / ".copper").exists()


def test_a_run_that_was_killed_goes_on_and_does_nothing_twice(folder, lasting):
    steps = "".join(f"- {{action: work/do, name: n{one}}}\n" for one in range(3))
    (folder / "w.yaml").write_text(steps + "- {action: work/do, name: n3, wait: go}\n- {action: work/do, name: n4}\n")
    arguments = ["run", "w.yaml", "--broker", lasting.url]
    killed = subprocess.Popen([*COPPER, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: "n3" in (folder / "log").read_text() if (folder / "log").exists() else False)
    finally:
        killed.kill()
        killed.wait(10)
    assert "broken off" in copper("runs", cwd=folder).stdout
    (folder / "go").touch()
    done = copper("run", "--resume", "--broker", lasting.url, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "log").read_text().split() == ["n0", "n1", "n2", "n3", "n4"]
    assert len(list((folder / ".copper" / "runs").iterdir())) == 1


def test_from_runs_an_entry_and_what_follows_again(folder, lasting):
    (folder / "w.yaml").write_text("".join(f"- {{id: n{one}, action: work/do, name: n{one}}}\n" for one in range(3)))
    copper("run", "w.yaml", "--broker", lasting.url, cwd=folder)
    done = copper("run", "w.yaml", "--from", "n1", "--broker", lasting.url, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "log").read_text().split() == ["n0", "n1", "n2", "n1", "n2"]
    wrong = copper("run", "w.yaml", "--from", "n9", cwd=folder)
    assert (wrong.returncode, "there is no entry with the id n9" in wrong.stderr) == (2, True)


def test_what_has_changed_is_run_again_when_a_run_is_resumed(folder, lasting):
    (folder / "w.yaml").write_text(
        "- {id: a, action: work/do, name: a}\n- {id: b, action: work/do, name: b}\n- action: work/fail\n"
    )
    assert copper("run", "w.yaml", "--broker", lasting.url, cwd=folder).returncode == 1
    (folder / "w.yaml").write_text("- {id: a, action: work/do, name: a}\n- {id: b, action: work/do, name: c}\n")
    done = copper("run", "w.yaml", "--resume", "--broker", lasting.url, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "log").read_text().split() == ["a", "b", "c"]


def test_what_came_after_a_skipped_entry_is_not_done_again_when_a_run_is_resumed(folder, lasting):
    (folder / "w.yaml").write_text(
        "- {id: a, action: work/do, name: a}\n- {action: work/do, name: b, if: '!${a.name}'}\n"
        "- {action: work/do, name: c}\n- {action: work/do, name: d, wait: go, timeout: 200ms}\n"
    )
    assert copper("run", "w.yaml", "--broker", lasting.url, cwd=folder).returncode == 124
    (folder / "go").touch()
    done = copper("run", "w.yaml", "--resume", "--broker", lasting.url, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "log").read_text().split() == ["a", "c", "d", "d"]


def test_an_answer_that_was_kept_without_its_secret_is_asked_for_again_where_it_is_used(folder, lasting):
    (folder / "w.yaml").write_text(
        "- {id: a, action: work/do, name: '${env.MY_TOKEN}'}\n- {action: work/do, name: b}\n"
        "- {id: c, action: work/fail, if: '${env.BAD}'}\n- {action: work/do, name: '${a.name}'}\n"
    )
    (folder / "env").write_text("MY_TOKEN=sesame\n")
    arguments = ["run", "w.yaml", "--env-file", "env", "--broker", lasting.url]
    environment = {**os.environ, "BAD": "yes"}
    assert subprocess.run([*COPPER, *arguments], cwd=folder, env=environment, check=False).returncode == 1
    done = subprocess.run([*COPPER, *arguments, "--resume"], cwd=folder, env={**environment, "BAD": ""}, check=False)
    assert done.returncode == 0
    assert (folder / "log").read_text().split() == ["sesame", "b", "sesame", "b", "sesame"]


def test_a_run_that_found_no_broker_is_not_the_one_to_go_on_with(folder, lasting):
    (folder / "w.yaml").write_text("- {action: work/do, name: a}\n- action: work/fail\n")
    assert copper("run", "w.yaml", "--broker", lasting.url, cwd=folder).returncode == 1
    before = copper("runs", cwd=folder).stdout
    assert copper("run", "w.yaml", "--broker", "mqtt://127.0.0.1:1", cwd=folder).returncode == 3
    assert copper("runs", cwd=folder).stdout == before
    assert len(list((folder / ".copper" / "runs").iterdir())) == 1


def test_what_ends_after_a_line_that_was_cut_by_a_kill_is_kept(folder, lasting):
    (folder / "w.yaml").write_text("- {action: work/do, name: a}\n- {action: work/do, name: b}\n")
    run = ("run", "w.yaml", "--broker", lasting.url)
    assert copper(*run, cwd=folder).returncode == 0
    (kept,) = (folder / ".copper" / "runs").glob("*/actions.jsonl")
    lines = kept.read_bytes().split(b"\n")
    kept.write_bytes(lines[0] + b"\n" + lines[1][:30])
    assert copper(*run, "--resume", cwd=folder).returncode == 0
    assert copper(*run, "--resume", cwd=folder).stdout.count("  before  ") == 2


def test_there_is_nothing_to_resume_in_an_empty_folder(folder):
    done = copper("run", "--resume", cwd=folder)
    assert (done.returncode, "there is no run yet" in done.stderr) == (2, True)


def test_secrets_stand_nowhere_but_on_the_broker(folder):
    (folder / "w.yaml").write_text(
        "- {action: fetcher/fetch, type: local, path: ./notes, note: 'x ${env.MY_TOKEN} y'}\n"
        "- {action: fetcher/fetch, type: local, path: '${env.MY_TOKEN}'}\n"
    )
    (folder / "env").write_text("MY_TOKEN=sesame-open\n")
    done = copper("run", "w.yaml", "--broker", "builtin", "--env-file", "env", "--report", "r.json", cwd=folder)
    assert done.returncode == 1
    assert "***" in done.stdout
    assert "sesame" not in done.stdout + done.stderr + (folder / "r.json").read_text()
    for file in (folder / ".copper" / "runs").rglob("*.json*"):
        assert "sesame" not in file.read_text()


def test_a_password_in_a_url_is_kept_nowhere(folder, lasting):
    (folder / "w.yaml").write_text("- {action: work/do, name: 'see https://joe:p@ss-open@example.org/x?a@b'}\n")
    done = copper("run", "w.yaml", "--broker", lasting.url, "--report", "r.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    kept = "".join(file.read_text() for file in (folder / ".copper" / "runs").rglob("*.json*"))
    told = done.stdout + done.stderr + (folder / "r.json").read_text() + kept
    assert "see https://***@example.org/x?a@b" in told
    assert "s-open" not in told


def test_a_line_of_an_env_file_that_is_no_variable_is_told_with_its_place(folder):
    (folder / "env").write_text("A=1\n=x\n")
    done = copper("run", "w.yaml", "--env-file", "env", cwd=folder)
    assert (done.returncode, "env:2: this is no variable" in done.stderr) == (2, True)


def test_a_request_that_its_service_does_not_take_is_told_before_anything_runs(folder, lasting):
    (folder / "w.yaml").write_text(
        "- {action: work/do, name: a}\n- {action: work/do, nam: b}\n"
        "- {action: work/do, name: [x]}\n- {action: work/dos}\n"
    )
    plan = ("run", "w.yaml", "--dry-run", "--broker", lasting.url)
    wait_for(lambda: "work has no action" in copper(*plan, cwd=folder).stderr, what="the service")
    done = copper("run", "w.yaml", "--broker", lasting.url, cwd=folder)
    assert done.returncode == 2
    assert "w.yaml:2:21: work/do has no parameter nam; did you mean name?" in done.stderr
    assert "w.yaml:2:4: work/do needs name" in done.stderr
    assert "w.yaml:3:21: `name` of work/do: ['x'] is not of type 'string'" in done.stderr
    assert "w.yaml:4:4: work has no action dos; it has do, fail; did you mean do?" in done.stderr
    assert not (folder / "log").exists()


def test_a_container_is_refused_before_anything_runs(folder):
    (folder / "w.yaml").write_text("services: {x: {image: y, mode: lambda, idle: 5s}}\nactions: [{action: x/y}]\n")
    assert copper("check", "w.yaml", cwd=folder).returncode == 0
    done = copper("run", "w.yaml", cwd=folder)
    assert (done.returncode, "w.yaml:1:16: starting containers is not there yet" in done.stderr) == (2, True)

"""`copper-trace diff`: what has changed from one log, run, store or saved graph to another."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from copper.commands import tracing
from tests.copper.test_graph_options import graph
from tests.tracer.logs import connected, published
from tracer.errors import CopperError

FIRST = [*connected("lamp"), published("lamp", "home/light"), *connected("old"), published("old", "home/old")]
SECOND = [*connected("lamp"), published("lamp", "home/light"), *connected("panel"), published("lamp", "home/power")]
RUNS = "20261127-101500-ab12", "20261128-111500-cd34"


def diff(*arguments):
    done = CliRunner().invoke(tracing.command, ["diff", *map(str, arguments)])
    if isinstance(done.exception, CopperError):
        return SimpleNamespace(code=done.exception.exit_code, out=done.stdout, said=str(done.exception))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return SimpleNamespace(code=done.exit_code, out=done.stdout, said=done.stderr)


@pytest.fixture
def logs(tmp_path):
    """Two logs of a system, each with a topic and a service that the other has not."""
    for name, lines in (("first.log", FIRST), ("second.log", SECOND)):
        (tmp_path / name).write_text("".join(f"{1795558049 + at}: {line}\n" for at, line in enumerate(lines)))
    return tmp_path / "first.log", tmp_path / "second.log"


def test_what_has_changed_is_told_in_lines(logs):
    done = diff(*logs)
    assert done.code == 1
    assert done.out.splitlines() == [
        "new services (1)",
        "  + panel",
        "new topics (1)",
        "  + home/power",
        "new edges (1)",
        "  + lamp publishes home/power: 1 message",
        "gone services (1)",
        "  - old",
        "gone topics (1)",
        "  - home/old",
        "gone edges (1)",
        "  - old publishes home/old: 1 message",
    ]
    assert done.said == (
        "second.log compared with first.log: 1 service, 1 topic, 1 edge new; 1 service, 1 topic, 1 edge gone\n"
    )


def test_where_nothing_has_changed_nothing_is_printed(logs):
    done = diff(logs[0], logs[0])
    assert (done.code, done.out, done.said) == (0, "", "")


def test_the_same_as_json(logs):
    done = diff(*logs, "--json")
    told = json.loads(done.out)
    assert (done.code, told["before"], told["after"]) == (1, str(logs[0]), str(logs[1]))
    assert told["added"]["edges"] == [{"kind": "publish", "service": "lamp", "topic": "home/power", "messages": 1}]
    assert told["gone"]["services"] == ["old"]
    nothing = json.loads(diff(logs[0], logs[0], "--json").out)
    assert nothing["added"] == nothing["gone"] == {"services": [], "topics": [], "edges": [], "deliveries": []}


def test_a_picture_is_drawn_and_nothing_else_printed(logs, tmp_path):
    done = diff(*logs, "--out", tmp_path / "diff.svg")
    assert (done.code, done.out) == (1, "")
    assert done.said.endswith(f", wrote {tmp_path}/diff.svg\n")
    assert "+ panel" in (tmp_path / "diff.svg").read_text()


def test_a_picture_is_drawn_also_where_nothing_has_changed(logs, tmp_path):
    assert diff(logs[0], logs[0], "--out", tmp_path / "diff.svg").code == 0
    assert "nothing has changed" in (tmp_path / "diff.svg").read_text()


def test_a_saved_comparison_is_drawn_again(logs, tmp_path):
    diff(*logs, "--out", tmp_path / "diff.json")
    diff(*logs, "--out", tmp_path / "first.svg")
    assert graph(tmp_path / "diff.json", "--out", tmp_path / "again.svg").returncode == 0
    assert (tmp_path / "again.svg").read_text() == (tmp_path / "first.svg").read_text()
    done = diff(tmp_path / "diff.json", logs[0])
    assert (done.code, "comparison already" in done.said) == (2, True)


@pytest.mark.parametrize(
    "more", [{"change": "new"}, {"added": -1}, {"messages_before": "3"}], ids=["change", "added", "messages"]
)
def test_a_comparison_that_is_damaged_is_no_graph(logs, tmp_path, more):
    diff(*logs, "--out", tmp_path / "diff.json")
    data = json.loads((tmp_path / "diff.json").read_text())
    data["edges"][0].update(more)
    (tmp_path / "diff.json").write_text(json.dumps(data))
    assert "is not as it should be" in graph(tmp_path / "diff.json", "--format", "svg").stderr


def test_a_log_is_compared_with_the_graph_that_was_saved_of_it(logs, tmp_path):
    graph(logs[0], "--out", tmp_path / "wanted.json")
    assert diff(tmp_path / "wanted.json", logs[0]).code == 0
    assert "+ panel" in diff(tmp_path / "wanted.json", logs[1]).out


def test_only_what_is_asked_for_counts(logs):
    assert diff(*logs, "--include", "home/light").code == 0
    assert diff(*logs, "--exclude", "home/old", "--exclude", "home/power").out == "new services (1)\n  + panel\n"
    assert "old" not in diff(*logs, "--focus", "home/power").out
    assert diff(*logs, "--include", "no/such").code == 2


def test_runs_do_not_differ_by_their_ids(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for run in RUNS:
        folder = tmp_path / ".copper" / "runs" / run
        folder.mkdir(parents=True)
        lines = [*connected("runner"), published("runner", f"runner/runs/{run}/start")]
        lines += [published("runner", "work/do"), published("runner", f"runner/runs/{run}/finish")]
        (folder / "mosquitto.log").write_text("".join(f"1795558049: {line}\n" for line in lines))
    assert diff(f"run:{RUNS[0]}", "run:last").code == 0
    log = tmp_path / ".copper" / "runs" / RUNS[1] / "mosquitto.log"
    log.write_text(log.read_text().replace("work/do", "work/undo"))
    done = diff(f"run:{RUNS[0]}", "run:last")
    assert (done.code, f"run:{RUNS[1]} compared with run:{RUNS[0]}" in done.said) == (1, True)


@pytest.mark.parametrize("text", ["", "1795558049: mosquitto version 2.0.22 starting\n", "a diary\n"])
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_no_use_is_never_no_change(logs, text, place):
    logs[place].write_text(text)
    done = diff(*logs)
    assert (done.code, done.out, str(logs[place]) in done.said) == (2, "", True)


def test_a_saved_graph_of_nothing_is_no_use(logs, tmp_path):
    graph(logs[0], "--include", "no/such", "--out", tmp_path / "empty.json")
    done = diff(tmp_path / "empty.json", tmp_path / "empty.json")
    assert (done.code, "nothing is in it" in done.said) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-", "-"), "can be read only once"),
        (("first.log", "first.log", "--json", "--format", "svg"), "is for one thing only"),
        (("first.log", "first.log", "--format", "gif"), "no picture format 'gif'"),
        (("first.log", "gone.log"), "gone.log"),
        (("first.log", "second.log", "--out", "second.log"), "has the suffix .log"),
        (("first.log", "second.log", "--format", "svg", "--out", "second.log"), "is read from it"),
        (("run:no", "first.log"), "there is no run"),
    ],
)
def test_what_can_not_be_compared_is_said(logs, monkeypatch, arguments, words):
    monkeypatch.chdir(logs[0].parent)
    done = diff(*arguments)
    assert (done.code, words in done.said) == (2, True)

"""`copper-trace record --runs`: each run has its picture when it ends, drawn once, also after a restart."""

import json
import signal
import subprocess
import sys

from copper import Service
from copper.runner import Runner
from copper.workflow import parse
from tests import brokers
from tests.copper.standins import serving, wait_for


def record(folder, log):
    command = [
        sys.executable,
        "-m",
        "copper.commands.tracing",
        "record",
        str(log),
        "--store",
        "store",
        "--runs",
        "trace",
    ]
    return subprocess.Popen(command, cwd=folder)


def run(broker, name):
    runner = Runner(parse("- {action: lab/act}"), broker.url, name, {})
    runner.open()
    result = runner.run_all()
    runner.close(result)
    assert result.exit_code == 0


def drawn(folder, name):
    return (folder / "trace" / name / "deps.drawio").exists()


def test_each_run_is_drawn_once_also_one_that_ended_meanwhile(tmp_path):
    first, second, third = ("20261124-12000" + digit + "-ab12" for digit in "123")
    with brokers.running("mosquitto", tmp_path / "broker") as broker:
        lab = Service("lab", broker=broker.url)
        lab.action(act)
        with serving(lab):
            recorder = record(tmp_path, broker.log)
            run(broker, first)
            wait_for(lambda: drawn(tmp_path, first), 20)
            before = (tmp_path / "trace" / first / "deps.drawio").stat().st_mtime_ns
            recorder.send_signal(signal.SIGKILL)
            recorder.wait(10)
            run(broker, second)
            recorder = record(tmp_path, broker.log)
            run(broker, third)
            wait_for(lambda: drawn(tmp_path, second) and drawn(tmp_path, third), 20)
            recorder.terminate()
            assert recorder.wait(20) == 0
    assert (tmp_path / "trace" / first / "deps.drawio").stat().st_mtime_ns == before
    graph = json.loads((tmp_path / "trace" / second / "graph.json").read_text())
    edges = {(edge["source"], edge["target"], edge["key"]) for edge in graph["edges"]}
    assert ("service:runner", "service:lab", "deliver:lab/act") in edges
    assert not any(first in edge["key"] for edge in graph["edges"])
    assert b"<svg" in (tmp_path / "trace" / second / "deps.svg").read_bytes()[:300]


def act() -> dict:
    return {"done": True}

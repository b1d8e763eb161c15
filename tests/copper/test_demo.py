"""The main job, end to end: a workflow runs, and its dependency graph lies beside the result."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import pytest

from tests import brokers
from tests.copper.standins import running_with

RUNNER_SAYS = ("status", "start", "finish", "runs/RUN/start", "runs/RUN/finish")
COPPER = [sys.executable, "-m", "copper"]


def copper(*arguments: str, cwd: Path, env=None) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COPPER")}
    return subprocess.run(
        [*COPPER, *arguments],
        cwd=cwd,
        env={**environment, **(env or {})},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def the_run(folder: Path) -> Path:
    (run,) = (folder / ".copper" / "runs").iterdir()
    return run


def edges(run: Path) -> set[tuple[str, str, str]]:
    """(from, to, kind or deliver:TOPIC) of the run's graph, the run's own id as RUN."""
    graph = nx.node_link_graph(json.loads((run / "graph.json").read_text()), edges="edges")
    plain = lambda name: name.replace(run.name, "RUN")  # noqa: E731
    return {(plain(a), plain(b), plain(key)) for a, b, key in graph.edges(keys=True)}


@pytest.fixture(scope="module", params=brokers.KINDS)
def demo(request, tmp_path_factory):
    """The demo's run: its folder, and what the command said."""
    brokers.require(request.param)
    folder = tmp_path_factory.mktemp("demo")
    done = copper("demo", "--broker", request.param, cwd=folder)
    assert done.returncode == 0, done.stderr
    return the_run(folder), done


def test_the_demos_deliveries_are_exactly_those_of_the_protocol(demo):
    run, _ = demo
    found = {(a, b, key) for a, b, key in edges(run) if key.startswith("deliver:")}
    expected = set()
    for service, action in (("fetcher", "fetch"), ("markdown", "build")):
        topic = f"{service}/{action}"
        expected.add(("service:runner", f"service:{service}", f"deliver:{topic}"))
        for said in (f"{topic}/start", f"{topic}/progress", f"{topic}/finish", f"{service}/status", f"{service}/info"):
            expected.add((f"service:{service}", "service:runner", f"deliver:{said}"))
    assert found == expected


def test_the_demos_publishers_are_exactly_those_of_the_protocol(demo):
    run, _ = demo
    found = {(a.removeprefix("service:"), b.removeprefix("topic:")) for a, b, key in edges(run) if key == "publish"}
    services = {("fetcher", "fetch"), ("markdown", "build")}
    expected = {("runner", f"{service}/{action}") for service, action in services}
    expected |= {("runner", f"runner/{word}") for word in RUNNER_SAYS}
    for service, action in services:
        said = (f"{action}/start", f"{action}/progress", f"{action}/finish", "status", "info")
        expected |= {(service, f"{service}/{word}") for word in said}
    expected.add(("fetcher", "fetcher/resources/docs"))
    assert found == expected


def test_the_demos_subscriptions_stand_in_the_graph_also_where_nothing_came(demo):
    run, _ = demo
    subscribed = {
        (a.removeprefix("topic:"), b.removeprefix("service:")) for a, b, key in edges(run) if key == "subscribe"
    }
    assert ("fetcher/fetch", "fetcher") in subscribed
    assert ("markdown/build", "markdown") in subscribed
    assert ("fetcher/fetch/error", "runner") in subscribed


def test_every_delivery_of_the_demo_is_proven(demo):
    run, _ = demo
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    proofs = {event["proof"] for event in events if event["event"] == "deliver" and event["via"] == "live"}
    assert proofs == {"seen"}


def test_the_demos_site_is_there(demo):
    run, _ = demo
    site = run / "web" / "docs"
    assert {"index.html", "workflow.html", "tracing.html"} <= {path.name for path in site.iterdir()}
    assert "Copper" in (site / "index.html").read_text()
    result = json.loads((run / "result.json").read_text())
    assert result["actions"][1]["answer"]["broken_links"] == []


def test_the_demos_picture_is_well_formed_and_names_every_service(demo):
    run, _ = demo
    text = "".join(ET.parse(run / "deps.svg").getroot().itertext())
    for name in ("runner", "fetcher", "markdown", "fetch/finish", "build/finish"):
        assert name in text
    assert ET.parse(run / "deps.drawio").getroot().tag == "mxfile"


def test_the_demo_says_how_it_went_and_what_lies_where(demo):
    run, done = demo
    assert "✔ fetcher/fetch" in done.stdout
    assert "✔ markdown/build" in done.stdout
    for name in ("web/docs/index.html", "deps.svg", "deps.drawio", "events.jsonl", "result.json"):
        assert str(run / name).removeprefix(str(run.parents[2]) + "/") in done.stdout
    assert "[1/2] fetcher/fetch finished" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_of_the_demo_is_left_running(demo):
    run, _ = demo
    assert not running_with(str(run))

"""The compose project, built and run for real, where a Docker daemon and `docker compose` are at hand."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.copper.standins import wait_for
from tests.needs import need
from tests.viz.live.systems import Listener, ask, told

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("python:3.12-slim", "python:3.11-slim")
WORKFLOW = """\
- action: fetcher/fetch
  type: local
  path: /copper/site
  resource: docs
- action: markdown/build
  resource: docs
"""
OVERRIDE = "services: {fetcher: {volumes: ['./site:/copper/site:ro']}}\n"


def docker(*words, **more):
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False, timeout=150, **more)


@pytest.fixture
def project(tmp_path):
    """A folder with a workflow, and `docker compose` in it; everything is gone afterwards."""
    if shutil.which("docker") is None or docker("info").returncode or docker("compose", "version").returncode:
        pytest.skip("no Docker daemon with `docker compose` is at hand")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    (tmp_path / "docker-compose.override.yml").write_text(OVERRIDE)
    (tmp_path / "workflow.yaml").write_text(WORKFLOW)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.md").write_text("# Hello\n")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        port, live = server.getsockname()[1], other.getsockname()[1]
    name = f"copper-test-{port}"
    here = [one for one in PYTHONS if docker("image", "inspect", one).returncode == 0]
    environment = {
        **os.environ,
        "COPPER_PORT": str(port),
        "COPPER_FETCH_PORT": "0",
        "COPPER_TLS_PORT": "0",
        "COPPER_LIVE_PORT": str(live),
        "COPPER_SOURCE": str(ROOT),
        "COPPER_IMAGE": name,
        "COPPER_MOSQUITTO": f"{name}-mosquitto",
        "COPPER_PYTHON_IMAGE": os.environ.get("COPPER_PYTHON_IMAGE") or (here or PYTHONS)[0],
    }

    def compose(*words, files=()):
        named = [word for file in files for word in ("-f", file)]
        return docker("compose", "-p", name, *named, *words, cwd=tmp_path, env=environment)

    yield tmp_path, compose, live
    compose("down", "-v", "--timeout", "1")
    docker("image", "rm", name, f"{name}-mosquitto")


def assert_is_the_protocols(graph):
    """Who publishes what, and whose messages reached whom, are exactly what the MQTT contract says."""
    edges = {(edge["source"], edge["target"], edge["key"]) for edge in graph["edges"]}
    # what is unchanged has no progress
    delivered = {edge for edge in edges if edge[2].startswith("deliver:") and not edge[2].endswith("/progress")}
    expected = set()
    for service, action in (("fetcher", "fetch"), ("markdown", "build")):
        topic = f"{service}/{action}"
        expected.add(("service:runner", f"service:{service}", f"deliver:{topic}"))
        for said in (f"{topic}/start", f"{topic}/finish", f"{service}/status", f"{service}/info"):
            expected.add((f"service:{service}", "service:runner", f"deliver:{said}"))
    assert delivered == expected
    published = {(source, target) for source, target, key in edges if key == "publish"}
    topics = {target.removeprefix("topic:") for source, target in published if source == "service:runner"}
    assert {topic for topic in topics if not topic.startswith("runner/")} == {"fetcher/fetch", "markdown/build"}


def secured(folder):
    """What docker-compose.secure.yml wants, in `access`: TLS, and a password."""

    def run(*command):
        subprocess.run(command, cwd=access, check=True, capture_output=True, timeout=30)

    access = folder / "access"
    access.mkdir()
    (access / "access.conf").write_text(
        "listener 8883\nallow_anonymous false\npassword_file /mosquitto/access/passwords\n"
        "cafile /mosquitto/access/ca.pem\ncertfile /mosquitto/access/broker.pem\nkeyfile /mosquitto/access/broker.key\n"
    )
    (access / "password").write_text("open sesame\n")
    run(need("mosquitto_passwd"), "-c", "-b", "passwords", "copper", "open sesame")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca")
    run("openssl", "req", "-new", *key, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=mosquitto")
    (access / "names").write_text("subjectAltName=DNS:mosquitto\n")
    run("openssl", "x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-extfile", "names", "-out", "broker.pem", "-days", "2")  # fmt: skip
    for file in access.iterdir():
        file.chmod(0o644)


def live_runs(port, token):
    """The runs that the live map can show; None while it does not answer."""
    try:
        return told(port, f"/runs?token={token}")
    except OSError:
        return None


@pytest.mark.timeout(300)
def test_the_compose_project_runs_twice_and_goes_down_at_once(project):
    folder, compose, live = project
    for count in (1, 2):
        done = compose("up", "--build", "--exit-code-from", "runner")
        assert done.returncode == 0, done.stdout + done.stderr
        graphs = list(folder.glob("cache/trace/*/graph.json"))
        assert len(graphs) == count
    for graph in graphs:
        assert (graph.parent / "deps.svg").is_file()
        assert (graph.parent / "deps.drawio").is_file()
        assert_is_the_protocols(json.loads(graph.read_text()))
        ours = folder / "cache" / "runs" / graph.parent.name / "graph.json"
        assert_is_the_protocols(json.loads(ours.read_text()))
    log = (folder / "cache" / "log" / "mosquitto" / "mosquitto.log").read_text()
    clients = {line.split(" as ")[1].split("-")[0] for line in log.splitlines() if "New client connected" in line}
    assert clients == {"runner", "fetcher", "markdown"}, "no health check stands in the log"
    page = folder / "cache" / "web" / "docs" / "index.html"
    assert "Hello" in page.read_text()
    assert page.stat().st_uid == 1000
    assert compose("up", "-d").returncode == 0
    token = wait_for(lambda: (folder / "cache" / "trace" / "token").read_text().strip())
    runs = wait_for(lambda: live_runs(live, token), 30)
    assert ask(live, "/runs")[0] == 403, "nobody without the token"
    assert {graph.parent.name for graph in graphs} <= {run["run"] for run in runs}
    assert {"service:runner", "topic:markdown/build"} <= set(told(live, f"/map.json?token={token}")["nodes"])
    assert f"http://127.0.0.1:{live}/?token={token}" in compose("logs", "tracer").stdout
    with Listener(live, f"token={token}") as listener:
        listener.next("map")
        began = time.monotonic()
        assert compose("stop", "tracer").returncode == 0
        assert time.monotonic() - began < 5, "Docker kills it after 10 s, whoever looks on"
    began = time.monotonic()
    assert compose("down").returncode == 0
    assert time.monotonic() - began < 2
    shutil.copy(ROOT / "docker-compose.secure.yml", folder)
    secured(folder)
    files = ("docker-compose.yml", "docker-compose.override.yml", "docker-compose.secure.yml")
    done = compose("up", "--exit-code-from", "runner", files=files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "open sesame" not in done.stdout + done.stderr
    newest = max(one.name for one in (folder / "cache" / "runs").iterdir())
    assert newest not in {run["run"] for run in runs}
    assert (folder / "cache" / "trace" / newest / "graph.json").is_file()

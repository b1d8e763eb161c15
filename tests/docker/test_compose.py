"""The compose project, built and run for real, where a Docker daemon and `docker compose` are at hand."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("python:3.12-slim", "python:3.11-slim")
WORKFLOW = """\
- action: fetcher/fetch
  type: local
  path: /work/site
  resource: docs
- action: markdown/build
  resource: docs
"""
OVERRIDE = "services: {fetcher: {volumes: ['./site:/work/site:ro']}}\n"


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
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    name = f"copper-test-{port}"
    here = [one for one in PYTHONS if docker("image", "inspect", one).returncode == 0]
    environment = {
        **os.environ,
        "COPPER_PORT": str(port),
        "COPPER_SOURCE": str(ROOT),
        "COPPER_IMAGE": name,
        "COPPER_MOSQUITTO": f"{name}-mosquitto",
        "COPPER_PYTHON_IMAGE": os.environ.get("COPPER_PYTHON_IMAGE") or (here or PYTHONS)[0],
    }

    def compose(*words):
        return docker("compose", "-p", name, *words, cwd=tmp_path, env=environment)

    yield tmp_path, compose
    compose("down", "-v", "--timeout", "1")
    docker("image", "rm", name, f"{name}-mosquitto")


@pytest.mark.timeout(300)
def test_the_compose_project_runs_twice_and_goes_down_at_once(project):
    folder, compose = project
    for count in (1, 2):
        done = compose("up", "--build", "--exit-code-from", "runner")
        assert done.returncode == 0, done.stdout + done.stderr
        graphs = list(folder.glob("cache/trace/*/graph.json"))
        assert len(graphs) == count
    for graph in graphs:
        assert (graph.parent / "deps.svg").is_file()
        assert (graph.parent / "deps.drawio").is_file()
        edges = json.loads(graph.read_text())["edges"]
        found = {(e["source"], e["target"]) for e in edges if e["key"] == "publish" and "runner/" not in e["target"]}
        assert {
            edge for edge in found if edge[1].count("/") == 1 and "status" not in edge[1] and "info" not in edge[1]
        } == {
            ("service:runner", "topic:fetcher/fetch"),
            ("service:runner", "topic:markdown/build"),
        }
        assert ("service:fetcher", "topic:fetcher/fetch/finish") in found
        assert ("service:markdown", "topic:markdown/build/finish") in found
    page = folder / "cache" / "web" / "docs" / "index.html"
    assert "Hello" in page.read_text()
    assert page.stat().st_uid == 1000
    assert compose("up", "-d").returncode == 0
    began = time.monotonic()
    assert compose("down").returncode == 0
    assert time.monotonic() - began < 2

"""`POST /fetch`, the fetcher's HTTP face, as the first Copper once had it."""

import os
import socket
import subprocess
import sys

import pytest
import requests

from tests.copper.standins import Peer, wait_for


@pytest.fixture
def start(broker, tmp_path):
    """Starts the fetcher as a process of its own, with more in its environment."""
    started = []

    def begin(**more):
        environment = {**os.environ, "COPPER_BROKER": broker.url, "COPPER_FETCH_DIR": str(tmp_path / "fetched"), **more}
        command = [sys.executable, "-m", "copper.services.fetcher"]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.terminate()
        process.communicate(timeout=10)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_list_of_entries_is_fetched(start, broker, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("a")
    port = free_port()
    start(COPPER_HTTP_PORT=str(port))
    with Peer(broker, "fetcher/status") as peer:
        peer.next("fetcher/status", 20)
    entry = {"type": "local", "path": str(tmp_path / "notes"), "resource": "notes"}
    answer = requests.post(f"http://127.0.0.1:{port}/fetch", json={"fetch_list": [entry]}, timeout=10)
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()
    assert (one["total_files"], one["resource"]) == (1, "notes")
    wrong = requests.post(f"http://127.0.0.1:{port}/fetch", json={"fetch_list": [{"type": "ftp"}]}, timeout=10)
    assert (wrong.status_code, "entry 1: type 'ftp' is not known" in wrong.json()["error"]) == (400, True)


def test_a_port_that_is_taken_keeps_nobody_from_asking_over_mqtt(start, broker):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(COPPER_HTTP_PORT=str(taken.getsockname()[1]))
        assert process.wait(20) == 1, "what was asked for by name must be had"
    first, second = start(), start()
    with Peer(broker, "fetcher/status") as peer:
        wait_for(lambda: peer.next("fetcher/status", 20) == "connected")
    assert first.poll() is None
    assert second.poll() is None


def test_an_empty_port_is_none(start, broker):
    start(COPPER_HTTP_PORT="")
    with Peer(broker, "fetcher/info") as peer:
        assert peer.next("fetcher/info", 20)["produces"] == ["fetcher/resources/+"]

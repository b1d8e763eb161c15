"""Logs of containers: of real ones where there is a daemon, and what is said where something is missing."""

import gc
import sys
import threading
import uuid
import warnings
from contextlib import contextmanager, suppress

import docker
import pytest

from tracer.errors import CopperError
from tracer.sources import Line, follow_log, open_log
from tracer.sources.clock import time_of
from tracer.sources.container import _timed

IMAGE = "eclipse-mosquitto:2"
SPEAK = "echo 1: one; echo two >&2; echo three"


@contextmanager
def sdk_leaves_sockets():
    """Docker's SDK does not close the socket with which it did not reach the daemon."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            yield
        finally:
            gc.collect()


@pytest.fixture
def client():
    with sdk_leaves_sockets():
        try:
            client = docker.from_env()
        except docker.errors.DockerException as error:
            pytest.skip(f"no Docker daemon answers: {error}")
    try:
        if not client.images.list(IMAGE):
            pytest.skip(f"there is no image {IMAGE}, and tests fetch none")
        yield client
    finally:
        client.close()


@pytest.fixture
def speaking(client):
    """Starts a container that says three lines each time it starts, then does nothing; gives its name."""
    made = []

    def start(then="exec sleep 1000", name=None):
        name = name or f"copper-test-{uuid.uuid4().hex[:8]}"
        made.append(client.containers.create(IMAGE, ["sh", "-c", f"{SPEAK}; {then}"], name=name, network_mode="none"))
        made[-1].start()
        return name

    yield start
    for container in made:
        with suppress(docker.errors.NotFound):
            container.remove(force=True)


def test_a_container_s_log_is_read_in_order_with_docker_s_times(client, speaking):
    name = speaking(then="true")
    client.containers.get(name).wait(timeout=30)
    lines = list(open_log(f"docker:{name}"))
    assert [line.data for line in lines if line.data != b"two"] == [b"1: one", b"three"]
    assert sorted(line.data for line in lines) == [b"1: one", b"three", b"two"]
    assert [line.number for line in lines] == [1, 2, 3]
    assert all(line.at.endswith("Z") and len(line.at) == len("2026-11-25T01:02:03.123456789Z") for line in lines)


def test_what_a_running_container_has_said_is_read_without_waiting_for_more(speaking):
    name = speaking()
    deadline = threading.Event()
    followed = follow_log(f"docker:{name}", deadline, lambda: None)
    for _ in range(3):
        next(followed)
    followed.close()
    assert len(list(open_log(f"docker:{name}"))) == 3


def test_a_container_is_followed_through_restarts_and_nothing_comes_twice(client, speaking):
    name = speaking()
    stop, seen, starts = threading.Event(), [], [1]

    def at_rest():
        if len(seen) == 9:
            stop.set()
        elif len(seen) == 3 * len(starts):
            starts.append(1)
            client.containers.get(name).restart(timeout=0)

    for line in follow_log(f"docker:{name}", stop, at_rest):
        seen += [line]
    assert sorted(line.data for line in seen) == [b"1: one"] * 3 + [b"three"] * 3 + [b"two"] * 3
    assert [line.number for line in seen] == list(range(1, 10))


def followed(name, steps, count):
    """So many lines of a container that is followed; a step is taken when the lines are there that it waits for."""
    stop, seen, left = threading.Event(), [], dict(steps)

    def at_rest():
        if len(seen) == count:
            stop.set()
        left.pop(len(seen), lambda: None)()

    for line in follow_log(f"docker:{name}", stop, at_rest):
        seen += [line]
    return seen


def test_a_line_that_a_killed_program_had_begun_does_not_swallow_the_next_one(client, speaking):
    name = speaking(then="printf begun; exec sleep 1000")
    container = client.containers.get(name)
    # the begun line has no end until the container has one
    seen = followed(name, {3: lambda: container.restart(timeout=0), 7: container.kill}, 8)
    assert sorted(line.data for line in seen) == [b"1: one"] * 2 + [b"begun"] * 2 + [b"three"] * 2 + [b"two"] * 2
    assert sorted(line.data for line in open_log(f"docker:{name}")) == sorted(line.data for line in seen)


def test_a_container_that_is_made_anew_at_once_is_read_from_its_first_line(client, speaking):
    name = speaking()

    def make_anew():
        client.containers.get(name).remove(force=True)
        speaking(name=name)

    assert [line.number for line in followed(name, {3: make_anew, 6: make_anew}, 9)] == list(range(1, 10))


def test_a_container_that_is_not_there_is_an_error(client):
    for lines in (open_log("docker:copper-none"), follow_log("docker:copper-none", threading.Event(), lambda: None)):
        with pytest.raises(CopperError, match="docker:copper-none: there is no such container"):
            list(lines)


def test_a_daemon_that_does_not_answer_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with sdk_leaves_sockets():
        with pytest.raises(CopperError, match="docker:x: Docker does not answer") as caught:
            list(open_log("docker:x"))
        assert "DOCKER_HOST" in str(caught.value)
        del caught


def test_without_docker_s_sdk_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "docker", None)
    monkeypatch.setitem(sys.modules, "docker.errors", None)
    with pytest.raises(CopperError, match="pip install docker"):
        list(open_log("docker:x"))


def test_docker_s_time_counts_where_the_log_has_none():
    with_time = _timed(Line(b"2026-11-25T01:02:03.000000009Z 1795558051: x", 1, 0, "docker:x"))
    without = _timed(Line(b"2026-11-25T01:02:03.000000009Z x", 1, 0, "docker:x"))
    assert (with_time.data, time_of(with_time)) == (b"1795558051: x", "2026-11-24T22:07:31Z")
    assert (without.data, time_of(without)) == (b"x", "2026-11-25T01:02:03.000000009Z")
    assert _timed(Line(b"x", 1, 0, "docker:x")).at is None

"""What a service can do beside answering: async, limits, deadlines, resources, a manifest, sleep, single shots."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from copper import ActionError, Job, Service
from copper.client import Client
from copper.mqtt import Message
from tests.copper.standins import Peer, serving, wait_for


@pytest.fixture
def peer(broker):
    with Peer(broker, "lab/#") as one:
        yield one


def test_no_more_requests_of_an_action_run_at_once_than_it_says(broker, peer):
    lab = Service("lab", broker=broker.url)
    inside, most, pairs = [], [], threading.Barrier(2)

    @lab.action(concurrency=2)
    def step(number: int) -> dict:
        inside.append(number)
        most.append(len(inside))
        pairs.wait(10)
        inside.remove(number)
        return {"number": number}

    with serving(lab):
        peer.next("lab/info")
        for number in range(8):
            peer.publish("lab/step", {"id": number, "number": number}, qos=1)
        assert {peer.next("lab/step/finish")["number"] for _ in range(8)} == set(range(8))
    assert max(most) == 2


def test_an_async_handler_is_cancelled_where_it_waits(broker, peer):
    lab = Service("lab", broker=broker.url)
    ended = threading.Event()

    @lab.action
    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    with serving(lab):
        peer.next("lab/info")
        peer.publish("lab/wait", {"id": 1}, qos=1)
        peer.next("lab/wait/start")
        peer.publish("lab/wait/cancel", {"id": 1}, qos=1)
        assert peer.next("lab/wait/error") == {"id": 1, "error": "cancelled", "kind": "cancelled", "retryable": False}
        assert ended.wait(5)


def test_a_request_past_its_deadline_ends_at_the_next_check(broker, peer):
    lab = Service("lab", broker=broker.url)

    @lab.action
    def grind(*, job: Job) -> None:
        while True:
            job.check()
            time.sleep(0.01)

    with serving(lab):
        peer.next("lab/info")
        peer.publish("lab/grind", {"id": 1, "timeout": "100ms"}, qos=1)
        assert peer.next("lab/grind/error")["kind"] == "timeout"


def test_a_parameter_of_another_type_is_answered_with_what_is_wrong(broker, peer):
    lab = Service("lab", broker=broker.url)

    @lab.action
    def mix(parts: list[int], speed: float = 1.0) -> dict:
        return {"sum": sum(parts) * speed}

    with serving(lab):
        said = peer.next("lab/info")["actions"]["mix"]["parameters"]
        assert said["properties"]["parts"] == {"items": {"type": "integer"}, "type": "array"}
        peer.publish("lab/mix", {"id": 1, "parts": ["1", 2], "speed": "2"}, qos=1)
        assert peer.next("lab/mix/finish")["sum"] == 6
        peer.publish("lab/mix", {"id": 2, "parts": "three", "speed": None}, qos=1)
        error = peer.next("lab/mix/error")
    assert error["error"] == "parts: input should be a valid list; speed: input should be a valid number"
    assert error["kind"] == "bad_request"


def test_resources_reach_whoever_consumes_them_also_later(broker, peer):
    maker, reader = (
        Service("lab", broker=broker.url, produces=["lab/resources/+"]),
        Service("reader", broker=broker.url),
    )
    seen = []

    @maker.action
    def make(name: str, *, job: Job) -> None:
        job.produce(name, {"path": f"/{name}"})

    @reader.resource("lab/+")
    def changed(name: str, path: str) -> None:
        seen.append((name, path))

    with serving(maker):
        assert peer.next("lab/info")["produces"] == ["lab/resources/+"]
        peer.publish("lab/make", {"name": "first"}, qos=1)
        peer.next("lab/make/finish")
        with serving(reader):
            wait_for(lambda: seen == [("first", "/first")], what="the one that was there")
            peer.publish("lab/make", {"name": "second"}, qos=1)
            wait_for(lambda: len(seen) == 2, what="the new one")
    assert seen[1] == ("second", "/second")


def test_a_resource_of_the_first_coppers_fetcher_is_a_list_of_one(broker):
    reader, seen = Service("reader", broker=broker.url), []

    @reader.resource("fetcher/+")
    def changed(name: str, path: str, total_files: int = 0) -> None:
        seen.append((name, path, total_files))

    with serving(reader), Peer(broker, "reader/status") as fetcher:
        fetcher.next("reader/status")
        fetcher.publish("fetcher/resources/docs", [{"path": "/x", "total_files": 2}])
        wait_for(lambda: seen == [("docs", "/x", 2)])


def test_a_service_works_on_its_manifest_at_once(broker, peer, tmp_path, monkeypatch):
    file = tmp_path / "manifest.yaml"
    file.write_text("lab:\n- {name: a}\n- {action: second, name: b}\nother:\n- {x: 1}\n")
    monkeypatch.setenv("MANIFEST", str(file))
    lab = Service("lab", broker=broker.url)

    @lab.action
    def first(name: str) -> dict:
        return {"first": name}

    @lab.action
    def second(name: str) -> dict:
        return {"second": name}

    with Peer(broker, "lab/second/finish") as other, serving(lab):
        assert peer.next("lab/first/finish")["first"] == "a"
        assert other.next("lab/second/finish")["second"] == "b"


SCRIPT = """
from copper import Service
service = Service("lab")

@service.action
def act(name: str = "") -> dict:
    return {"name": name}

service.run()
"""


def start(broker, tmp_path, **environment):
    (tmp_path / "lab.py").write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, "lab.py"],
        cwd=tmp_path,
        env={**os.environ, "COPPER_BROKER": broker.url, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_manifest_that_is_wrong_is_a_sentence_with_its_place(broker, tmp_path):
    (tmp_path / "m.yaml").write_text("lab: {name: a}\n")
    done = start(broker, tmp_path, MANIFEST="m.yaml")
    _, said = done.communicate(timeout=20)
    assert done.returncode == 1
    assert "lab: m.yaml:1:6: what lab has to do is a list of entries" in said


def test_a_single_shot_ends_after_its_answer(broker, peer, tmp_path):
    service = start(broker, tmp_path, COPPER_ONCE="1")
    peer.next("lab/info")
    peer.publish("lab/act", {"name": "only"}, qos=1)
    assert peer.next("lab/act/finish") == {"name": "only"}
    assert service.wait(10) == 0
    assert peer.next("lab/status") == "disconnected"
    service.stderr.close()


def test_a_service_that_nobody_asks_goes_to_sleep_and_the_broker_keeps_its_requests(broker, peer, tmp_path):
    service = start(broker, tmp_path, COPPER_IDLE="300ms")
    peer.next("lab/info")
    assert service.wait(10) == 0
    assert [peer.next("lab/status") for _ in range(2)] == ["connected", "sleeping"]
    peer.publish("lab/act", {"id": 1, "name": "late"}, qos=1)
    again = start(broker, tmp_path, COPPER_IDLE="300ms")
    assert peer.next("lab/act/finish") == {"id": 1, "name": "late"}
    assert again.wait(10) == 0
    for one in (service, again):
        one.stderr.close()


def test_an_idle_time_that_is_none_is_a_sentence(broker, tmp_path):
    done = start(broker, tmp_path, COPPER_IDLE="soon")
    _, said = done.communicate(timeout=20)
    assert "lab: COPPER_IDLE=soon: this is no time such as 90s or 5m" in said


def test_the_answer_has_the_correlation_data_of_the_request(broker):
    lab = Service("lab", broker=broker.url)

    @lab.action
    def act() -> str:
        return "plain text"

    heard = []
    with serving(lab):
        client = Client(broker.url, "asks", heard.append)
        client.connect()
        client.subscribe(["lab/status", "lab/act/finish"])
        wait_for(lambda: any(isinstance(one, Message) for one in heard))
        client.publish("lab/act", b"{}", answer_to="lab/act/finish", correlation=b"mine")
        answers = wait_for(lambda: [one for one in heard if isinstance(one, Message) and one.topic.endswith("finish")])
        client.close()
    assert (answers[0].correlation, json.loads(answers[0].payload)) == (b"mine", "plain text")


def test_an_error_with_further_keys_is_said_whole(broker, peer):
    lab = Service("lab", broker=broker.url)

    @lab.action
    def act() -> None:
        raise ActionError("no such page", kind="not_found", page=7)

    with serving(lab):
        peer.next("lab/info")
        peer.publish("lab/act", {"id": "x"}, qos=1)
        assert peer.next("lab/act/error") == {
            "id": "x",
            "error": "no such page",
            "kind": "not_found",
            "retryable": False,
            "page": 7,
        }

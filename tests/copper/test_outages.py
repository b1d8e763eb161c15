"""A broker that dies or restarts in the middle of it: the run goes on, or ends soon; nothing is done twice."""

import signal
import threading
import time

import pytest

from copper import Job, Service, exchange
from copper.client import FIRST_WAIT, LONGEST_WAIT, Client
from tests.copper.standins import Peer, Restartable, Running, serving, wait_for


@pytest.fixture
def broker(tmp_path):
    with Restartable(tmp_path) as running:
        yield running


@pytest.fixture
def worker(broker):
    """A service whose one action says when it works, and waits until it may end."""
    service = Service("worker", broker=broker.url)
    service.started, service.release, service.calls = threading.Event(), threading.Event(), []

    @service.action
    def act(n: int, *, job: Job) -> dict:
        service.calls.append(n)
        service.started.set()
        while not service.release.wait(0.01):
            job.check()
        return {"n": n}

    return service


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
@pytest.mark.parametrize("when", ["while-away", "after"])
def test_a_run_goes_on_when_its_broker_restarts(broker, worker, number, when):
    with serving(worker):
        run = Running(broker.url, "- {action: worker/act, n: 1}\n- {action: worker/act, n: 2}")
        assert worker.started.wait(10)
        broker.end(number)
        if when == "while-away":
            worker.release.set()
        broker.start()
        worker.release.set()
        result = run.result()
    assert [one.outcome for one in result.actions] == ["finished", "finished"], result
    assert worker.calls == [1, 2]


def test_a_broker_that_does_not_come_back_ends_the_run_with_3(broker, worker, monkeypatch):
    monkeypatch.setattr(exchange, "BROKER_SECONDS", 0.5)
    text = "- {action: worker/act, n: 1}\n- {action: worker/act, n: 2}\n- {action: worker/act, n: 3, if: always}"
    with serving(worker):
        run = Running(broker.url, text)
        assert worker.started.wait(10)
        broker.end()
        result = run.result(10)
        broker.start()
    assert result.exit_code == 3
    assert [one.outcome for one in result.actions] == ["gone", "not run", "not run"]
    assert result.actions[0].error == f"{broker.url}: the broker went away and did not come back within 0.5 s"


def test_an_answer_that_was_lost_with_the_broker_is_asked_for_again_by_its_id(broker):
    """The service is such a one as the SDK makes: it announces itself with `info`, and knows requests by their ids."""
    with Peer(broker, "worker/act") as service:
        run = Running(broker.url, "- action: worker/act")
        asked = service.next("worker/act")
        service.publish("worker/act/start", asked)
        broker.end()
        broker.start()
        with Peer(broker, "runner/status") as watcher:
            assert watcher.next("runner/status") == "connected"
        with Peer(broker, "worker/act") as back:
            back.publish("worker/info", {"service": "worker"}, qos=1)
            again = back.next("worker/act")
            assert again == asked
            back.publish("worker/act/finish", {"id": again["id"], "done": True}, qos=1)
        assert run.result().actions[0].answer["done"] is True


def test_a_first_copper_service_is_not_asked_twice(broker):
    asked = []

    def build(client, _data, message) -> None:
        asked.append(message.payload)
        client.publish("markdown/build/start", message.payload)

    service = Peer(broker, on_message=build)
    service.client.on_connect = lambda client, *_: client.subscribe("markdown/build", 1)
    service.client.subscribe("markdown/build", 1)
    run = Running(broker.url, "- action: markdown/build")
    wait_for(lambda: asked)
    broker.end()
    broker.start()
    with Peer(broker, "runner/status") as watcher:
        assert watcher.next("runner/status") == "connected"
    wait_for(service.client.is_connected)
    service.publish("markdown/status", "up", qos=1)
    service.publish("markdown/build/finish", "test-website", qos=1)
    result = run.result()
    service.close()
    assert (result.actions[0].answer, len(asked)) == ("test-website", 1)


def test_a_service_says_again_that_it_is_there_and_answers(broker, worker):
    worker.release.set()
    with serving(worker):
        with Peer(broker, "worker/status") as peer:
            assert peer.next("worker/status") == "connected"
        broker.end()
        broker.start()
        with Peer(broker, "worker/status", "worker/act/finish") as peer:
            assert peer.next("worker/status") == "connected"
            peer.publish("worker/act", {"n": 5, "id": "x"}, qos=1)
            assert peer.next("worker/act/finish") == {"id": "x", "n": 5}


def test_a_service_that_dies_is_told_from_a_broker_that_stops(broker):
    def die(client, _data, message) -> None:
        client.publish("frail/act/start", message.payload)
        client.socket().close()

    frail = Peer(broker, "frail/act", will=("frail/status", "disconnected"), on_message=die)
    result = Running(broker.url, "- action: frail/act").result(10)
    frail.client.loop_stop()
    assert (result.exit_code, result.actions[0].outcome) == (3, "gone")


def test_waits_between_tries_grow_at_random_up_to_a_limit():
    waits = []
    client = Client("mqtt://127.0.0.1:1", "c", lambda _: None)
    client._paho.reconnect_delay_set = lambda least, _most: waits.append(least)
    for _ in range(12):
        client._not_connected(None, None)
    assert FIRST_WAIT / 2 <= waits[0] <= FIRST_WAIT
    assert all(LONGEST_WAIT / 2 <= one <= LONGEST_WAIT for one in waits[-5:])
    assert len(set(waits[-5:])) > 1


def test_a_broker_that_hangs_does_not_keep_a_client_from_closing(broker):
    client = Client(broker.url, "c", lambda _: None)
    client.connect()
    broker._process.send_signal(signal.SIGSTOP)
    try:
        client.publish("big", b"x" * 20_000_000)
        began = time.monotonic()
        client.close()
        assert time.monotonic() - began < 5
    finally:
        broker._process.send_signal(signal.SIGCONT)

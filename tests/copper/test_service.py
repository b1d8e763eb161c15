"""The SDK's promise: every request gets exactly one terminal answer."""

import json
import threading

import pytest

from copper import ActionError, Job, Service, answers, intake
from tests.copper.standins import Peer, serving


@pytest.fixture
def greeter(broker):
    """A service with one action for each way a request can end."""
    service = Service("greeter", broker=broker.url)
    service.calls = []
    service.release = threading.Event()

    @service.action
    def hello(name: str, greeting: str = "hello", *, job: Job) -> dict:
        """Greets somebody."""
        service.calls.append(job.entry.get("id"))
        job.progress(1, 2, "looking up the name", "names")
        return {"text": f"{greeting} {name}"}

    @service.action
    def fail(how: str) -> None:
        if how == "bug":
            return {}[how]
        raise ActionError("no such name", kind="not_found", retryable=True, name="x")

    @service.action
    def slow(*, job: Job) -> str:
        while not service.release.wait(0.01):
            job.check()
        return "done"

    return service


@pytest.fixture
def peer(broker):
    with Peer(broker, "greeter/#") as client:
        yield client


def test_a_service_says_that_it_is_there_and_what_it_offers(broker, greeter):
    with serving(greeter), Peer(broker, "greeter/status", "greeter/info") as late:
        assert late.next("greeter/info")["actions"]["hello"]["parameters"]["required"] == ["name"]
        with Peer(broker, "greeter/status") as later:
            assert later.next("greeter/status") == "connected"
    with Peer(broker, "greeter/status") as after:
        assert after.next("greeter/status") == "disconnected"


def test_a_request_is_accepted_worked_on_and_answered(greeter, peer):
    with serving(greeter):
        peer.next("greeter/info")
        peer.publish("greeter/hello", {"action": "greeter/hello", "id": "1", "name": "Ada", "more": True})
        assert peer.next("greeter/hello/start") == {"action": "greeter/hello", "id": "1", "name": "Ada", "more": True}
        assert peer.next("greeter/hello/progress")["message"] == "looking up the name"
        assert peer.next("greeter/hello/finish") == {"id": "1", "text": "hello Ada"}


@pytest.mark.parametrize(
    ("topic", "request_", "error"),
    [
        ("greeter/hello", {"id": "1"}, {"id": "1", "error": "the request lacks name", "kind": "bad_request"}),
        ("greeter/hello", "{broken", {"error": "the request is no JSON object", "kind": "bad_request"}),
        ("greeter/hello", [1], {"error": "the request is no JSON object", "kind": "bad_request"}),
        ("greeter/hello", b"\xff\xfe", {"error": "the request is no JSON object", "kind": "bad_request"}),
        ("greeter/fail", {"id": "2", "how": "so"}, {"id": "2", "error": "no such name", "kind": "not_found"}),
        ("greeter/fail", {"id": "3", "how": "bug"}, {"id": "3", "error": "KeyError: 'bug'", "kind": "bug"}),
    ],
)
def test_whatever_goes_wrong_is_answered_on_the_error_topic(greeter, peer, topic, request_, error):
    with serving(greeter):
        peer.next("greeter/info")
        peer.publish(topic, request_)
        answer = peer.next(f"{topic}/error")
        assert error.items() <= answer.items()


def test_a_request_that_comes_twice_is_worked_on_once_and_answered_twice(greeter, peer):
    with serving(greeter):
        peer.next("greeter/info")
        for _ in range(2):
            peer.publish("greeter/hello", {"id": "1", "name": "Ada"}, qos=1)
            assert peer.next("greeter/hello/finish")["text"] == "hello Ada"
        assert greeter.calls == ["1"]


def test_requests_without_an_id_are_each_worked_on(greeter, peer):
    with serving(greeter):
        peer.next("greeter/info")
        for _ in range(2):
            peer.publish("greeter/hello", {"name": "Ada"})
            assert peer.next("greeter/hello/finish") == {"text": "hello Ada"}
        assert greeter.calls == [None, None]


def test_a_request_that_is_called_off_ends_as_cancelled(greeter, peer):
    with serving(greeter):
        peer.next("greeter/info")
        peer.publish("greeter/slow", {"id": "9"})
        peer.next("greeter/slow/start")
        peer.publish("greeter/slow/cancel", {"id": "9"})
        assert peer.next("greeter/slow/error")["kind"] == "cancelled"


def test_a_slow_request_does_not_keep_others_waiting(greeter, peer):
    with serving(greeter):
        peer.next("greeter/info")
        peer.publish("greeter/slow", {"id": "9"})
        peer.publish("greeter/hello", {"name": "Ada"})
        assert peer.next("greeter/hello/finish") == {"text": "hello Ada"}
        greeter.release.set()
        assert peer.next("greeter/slow/finish") == "done"


def test_retained_requests_are_not_worked_on(broker, greeter):
    with Peer(broker) as early:
        early.publish("greeter/hello", json.dumps({"name": "old"}), qos=1, retain=True)
    with serving(greeter), Peer(broker, "greeter/hello/+", "greeter/info") as peer:
        peer.next("greeter/info")
        peer.publish("greeter/hello", {"name": "new"})
        assert peer.next("greeter/hello/finish") == {"text": "hello new"}
        assert len(greeter.calls) == 1


def test_no_broker_is_a_plain_sentence(capsys):
    with pytest.raises(SystemExit, match=r"nobody: mqtt://127.0.0.1:1: no broker answers: Connection refused"):
        Service("nobody", broker="mqtt://127.0.0.1:1").run()


@pytest.fixture
def stubborn(broker, monkeypatch):
    """A service whose handlers do what no handler should."""
    monkeypatch.setattr(intake, "STOP_SECONDS", 0.1)
    service = Service("stubborn", broker=broker.url)
    service.release = threading.Event()

    @service.action
    def deaf() -> str:
        service.release.wait(20)
        return "too late"

    @service.action
    def leave() -> None:
        raise SystemExit(3)

    @service.action
    def unsayable() -> list:
        loop: list = []
        loop.append(loop)
        return loop

    @service.action
    def unsayable_error() -> None:
        loop: list = []
        loop.append(loop)
        raise ActionError("no", more=loop)

    @service.action
    def own_id() -> dict:
        return {"id": "my own", "x": 1}

    @service.action
    async def later(n: int) -> dict:
        return {"n": n}

    @service.action
    def large(size: int) -> str:
        return "x" * size

    yield service
    service.release.set()


@pytest.fixture
def listener(broker):
    with Peer(broker, "stubborn/#") as client:
        yield client


def test_a_handler_that_never_returns_is_answered_for_when_its_request_is_called_off(stubborn, listener):
    with serving(stubborn):
        listener.next("stubborn/info")
        for number in range(6):  # more than there are workers
            listener.publish("stubborn/deaf", {"id": number}, qos=1)
            listener.next("stubborn/deaf/start")
            listener.publish("stubborn/deaf/cancel", {"id": number}, qos=1)
            error = listener.next("stubborn/deaf/error")
            assert (error["id"], error["kind"]) == (number, "cancelled")
        stubborn.release.set()
        listener.publish("stubborn/later", {"id": "end", "n": 1}, qos=1)
        assert listener.next("stubborn/later/finish") == {"id": "end", "n": 1}
    late = [one for one in list(listener.messages.queue) if one.topic == "stubborn/deaf/finish"]
    assert not late, "the late answers are no second ones"


def test_every_open_request_is_answered_when_the_service_stops(stubborn, listener):
    with serving(stubborn):
        listener.next("stubborn/info")
        for number in range(6):  # two of them wait for a worker
            listener.publish("stubborn/deaf", {"id": number}, qos=1)
        for _ in range(intake.WORKERS):
            listener.next("stubborn/deaf/start")
    errors = [listener.next("stubborn/deaf/error") for _ in range(6)]
    assert sorted(one["id"] for one in errors) == list(range(6))
    assert {(one["kind"], one["retryable"]) for one in errors} == {("stopping", True)}
    assert listener.next("stubborn/status") == "disconnected"


def test_a_request_that_waits_for_a_worker_can_be_called_off(stubborn, listener):
    with serving(stubborn):
        listener.next("stubborn/info")
        for number in range(intake.WORKERS):
            listener.publish("stubborn/deaf", {"id": number}, qos=1)
            listener.next("stubborn/deaf/start")
        listener.publish("stubborn/deaf", {"id": "w"}, qos=1)
        listener.publish("stubborn/deaf/cancel", {"id": "w"}, qos=1)
        assert listener.next("stubborn/deaf/error") == {
            "id": "w",
            "error": "cancelled",
            "kind": "cancelled",
            "retryable": False,
        }


@pytest.mark.parametrize(
    ("action", "error"),
    [("leave", "SystemExit: 3"), ("unsayable", "RecursionError: "), ("unsayable_error", "RecursionError: ")],
)
def test_whatever_a_handler_does_is_answered(stubborn, listener, action, error):
    with serving(stubborn):
        listener.next("stubborn/info")
        for number in range(6):
            listener.publish(f"stubborn/{action}", {"id": number}, qos=1)
            answer = listener.next(f"stubborn/{action}/error")
            assert (answer["id"], answer["kind"]) == (number, "bug")
            assert answer["error"].startswith(error)


def test_the_requests_id_is_in_the_answer_also_where_the_answer_has_its_own(stubborn, listener):
    with serving(stubborn):
        listener.next("stubborn/info")
        listener.publish("stubborn/own_id", {"id": "asked"}, qos=1)
        assert listener.next("stubborn/own_id/finish") == {"id": "asked", "x": 1}


def test_an_answer_of_5_mb_arrives_and_one_that_the_broker_does_not_take_is_an_error(stubborn, listener):
    with serving(stubborn):
        listener.next("stubborn/info")
        listener.publish("stubborn/large", {"id": "1", "size": 5_000_000}, qos=1)
        assert len(listener.next("stubborn/large/finish")) == 5_000_000
        listener.publish("stubborn/large", {"id": "2", "size": 17_000_000}, qos=1)
        assert "17,000,002 bytes are more than the broker takes" in listener.next("stubborn/large/error")["error"]


def test_each_of_many_requests_without_an_id_is_answered(greeter, peer):
    with serving(greeter):
        peer.next("greeter/info")
        for number in range(300):
            peer.publish("greeter/hello", {"name": number})
        texts = {peer.next("greeter/hello/finish")["text"] for _ in range(300)}
    assert len(texts) == 300


def test_a_request_in_work_is_not_done_again_however_many_come_between(greeter, peer, monkeypatch):
    monkeypatch.setattr(answers, "REMEMBERED", 2)
    with serving(greeter):
        peer.next("greeter/info")
        peer.publish("greeter/slow", {"id": "s"}, qos=1)
        peer.next("greeter/slow/start")
        for number in range(answers.REMEMBERED + 1):
            peer.publish("greeter/hello", {"id": number, "name": "x"}, qos=1)
            peer.next("greeter/hello/finish")
        peer.publish("greeter/slow", {"id": "s"}, qos=1)
        peer.publish("greeter/hello", {"id": "last", "name": "x"}, qos=1)
        peer.next("greeter/hello/finish")
        greeter.release.set()
        assert peer.next("greeter/slow/finish") == "done"
    assert "greeter/slow/finish" not in [one.topic for one in list(peer.messages.queue)]


def test_memory_for_answers_is_bounded(monkeypatch):
    monkeypatch.setattr(answers, "REMEMBERED_BYTES", 100)
    kept = answers.Answers()
    for number in range(5):
        assert kept.begin(str(number))
        assert kept.give(str(number), answers.Answer("t", b"x" * 60), keep=True)
        assert not kept.give(str(number), answers.Answer("t", b"second"), keep=True)
    assert [kept.given(str(number)) is not None for number in range(5)] == [False] * 4 + [True]


@pytest.mark.parametrize("where", ["http://x", "mosquitto", "mqtt://", "mqtt://h:port", "mqtt://a..b"])
def test_what_is_no_brokers_address_is_a_plain_sentence(where):
    with pytest.raises(SystemExit, match="nobody: "):
        Service("nobody", broker=where).run()

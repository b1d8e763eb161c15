"""The SDK's promise: every request gets exactly one terminal answer."""

import json
import threading

import pytest

from copper import ActionError, Job, Service
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
        assert late.next("greeter/info")["actions"]["hello"]["required"] == ["name"]
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

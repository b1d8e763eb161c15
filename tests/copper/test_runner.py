"""The runner against real brokers: each way an action can end, in seconds and with a plain sentence."""

import queue
import threading
import time

import pytest

from copper import ActionError, Job, Service, attempts
from copper.mqtt import NoBrokerError
from copper.runner import Runner
from copper.workflow import parse
from tests.copper.standins import RUN, Peer, Restartable, run, serving, wait_for


@pytest.fixture
def worker(broker):
    """A service with one action for each way a request can end."""
    service = Service("worker", broker=broker.url)
    service.tries = 0

    @service.action
    def add(a: int, b: int, *, job: Job) -> dict:
        job.progress(1, 2, "half", "steps")
        return {"sum": a + b}

    @service.action
    def fail() -> None:
        raise ActionError("the disk is full")

    @service.action
    def flaky() -> dict:
        service.tries += 1
        if service.tries < 3:
            raise ActionError("not yet", retryable=True)
        return {"tries": service.tries}

    @service.action
    def hang(*, job: Job) -> None:
        while True:
            job.check()
            threading.Event().wait(0.01)

    return service


def test_actions_run_in_order_and_use_each_others_answers(broker, worker):
    text = "- {action: worker/add, id: first, a: 1, b: 2}\n- {action: worker/add, a: '${first.sum}', b: 4}\n"
    with serving(worker):
        result = run(broker, text)
    assert result.exit_code == 0
    assert [one.answer["sum"] for one in result.actions] == [3, 7]


def test_what_goes_on_is_reported(broker, worker):
    reports = []
    with serving(worker):
        run(broker, "- {action: worker/add, a: 1, b: 2}", report=reports.append)
    assert [one.what for one in reports] == ["started", "progress", "ended"]
    assert (reports[1].progress.done, reports[1].progress.message) == (1, "half")


def test_the_run_stands_between_its_brackets_on_the_broker(broker, worker):
    with serving(worker), Peer(broker, "runner/#") as peer:
        run(broker, "- {action: worker/add, a: 1, b: 2}")
        assert peer.next("runner/runs/20261124-120000-ab12/start")["workflow"] == "workflow.yaml"
        assert peer.next("runner/status") == "connected"
        assert peer.next("runner/start") == {"action": "worker/add", "a": 1, "b": 2}
        assert peer.next("runner/finish") == {"action": "worker/add", "a": 1, "b": 2}
        finish = peer.next("runner/runs/20261124-120000-ab12/finish")
        assert (finish["exit_code"], finish["actions"][0]["outcome"]) == (0, "finished")
        assert peer.next("runner/status") == "disconnected"


def test_a_failing_action_stops_the_run(broker, worker):
    with serving(worker):
        result = run(broker, "- action: worker/fail\n- {action: worker/add, a: 1, b: 2}")
    assert result.exit_code == 1
    assert [one.outcome for one in result.actions] == ["failed", "not run"]
    assert result.actions[0].error == "the disk is full"


def test_on_error_continue_goes_on(broker, worker):
    with serving(worker):
        result = run(broker, "- {action: worker/fail, on_error: continue}\n- {action: worker/add, a: 1, b: 2}")
    assert result.exit_code == 0
    assert [one.outcome for one in result.actions] == ["failed", "finished"]


def test_if_decides_what_runs(broker, worker):
    text = """
        - {action: worker/add, id: zero, a: 0, b: 0}
        - {action: worker/add, a: 1, b: 1, if: '${zero.sum}'}
        - {action: worker/add, a: 1, b: 1, if: '!${zero.sum}'}
        - {action: worker/fail, id: bad}
        - {action: worker/add, a: 1, b: 1}
        - {action: worker/add, a: 1, b: 1, if: failure}
        - {action: worker/add, a: 1, b: 1, if: always}
    """
    with serving(worker):
        result = run(broker, text)
    outcomes = [one.outcome for one in result.actions]
    assert outcomes == ["finished", "skipped", "finished", "failed", "not run", "finished", "finished"]


def test_what_is_retryable_is_tried_again(broker, worker):
    with serving(worker):
        result = run(broker, "- {action: worker/flaky, retry: {times: 3, delay: 1ms}}")
    assert (result.actions[0].answer["tries"], result.actions[0].attempts) == (3, 3)


def test_what_is_not_retryable_is_not_tried_again(broker, worker):
    with serving(worker):
        result = run(broker, "- {action: worker/fail, retry: 3}")
    assert (result.exit_code, result.actions[0].attempts) == (1, 1)


def test_no_answer_in_time_ends_with_124(broker, worker):
    with serving(worker):
        result = run(broker, "- {action: worker/hang, timeout: 200ms}")
    assert result.exit_code == 124
    assert result.actions[0].error == "no answer within 0.2 s"


def test_a_service_that_dies_in_mid_action_ends_it(broker):
    def die(client, _data, message) -> None:
        client.publish("frail/act/start", message.payload)
        client.socket().close()

    frail = Peer(broker, "frail/act", will=("frail/status", "disconnected"), on_message=die)
    result = run(broker, "- action: frail/act")
    frail.client.loop_stop()
    assert result.exit_code == 3
    assert result.actions[0].error in {"frail went away while it worked", "frail went away before it answered"}


def test_a_service_that_is_not_there_ends_with_3(broker, monkeypatch):
    monkeypatch.setattr(attempts, "READY_SECONDS", 0.2)
    monkeypatch.setattr(attempts, "AGAIN_SECONDS", 0.05)
    result = run(broker, "- action: no/body")
    assert (result.exit_code, result.actions[0].outcome) == (3, "nobody there")
    assert result.actions[0].error == (
        "nobody subscribes to no/body: is the service no running, and connected to this broker?"
    )


def test_a_service_that_comes_up_late_is_waited_for(broker, worker, monkeypatch):
    monkeypatch.setattr(attempts, "AGAIN_SECONDS", 0.05)
    with Peer(broker, "worker/add") as watcher:
        watcher.client.unsubscribe("worker/add")
        results = queue.Queue()
        thread = threading.Thread(target=lambda: results.put(run(broker, "- {action: worker/add, a: 1, b: 2}")))
        with Peer(broker, "runner/start") as seen:
            thread.start()
            seen.next("runner/start")
        with serving(worker):
            assert results.get(timeout=15).exit_code == 0
        thread.join(5)


def test_a_service_that_copper_knows_is_started_when_nobody_is_there(broker, worker):
    with Starting(worker) as start:
        result = run(broker, "- {action: worker/add, a: 1, b: 2}", services=start)
    assert result.exit_code == 0


def test_a_reference_to_what_was_not_answered_fails_the_action_with_its_place(broker, worker):
    text = "- {action: worker/add, id: x, a: 1, b: 2}\n- {action: worker/add, a: '${x.total}', b: 4}"
    with serving(worker):
        result = run(broker, text)
    assert result.exit_code == 1
    assert result.actions[1].error == "workflow.yaml:2:3: ${x.total}: the answer of x has no total; it has id, sum"


def test_an_old_answer_that_the_broker_kept_is_not_taken_for_ours(broker, worker):
    with Peer(broker) as peer:
        peer.publish("worker/add/finish", {"sum": 99}, qos=1, retain=True)
    with serving(worker):
        assert run(broker, "- {action: worker/add, a: 1, b: 2}").actions[0].answer["sum"] == 3


def test_the_first_coppers_fetcher_is_understood(broker):
    """MQTT 3.1.1, an id of the broker's choice, QoS 0, status `up` not retained, a list as answer."""

    def fetch(client, _data, message) -> None:
        entry = message.payload.decode()
        client.publish("fetcher/fetch/start", entry)
        client.publish("fetcher/fetch/finish", f'[{entry[:-1]}, "path": "/x", "total_files": 2}}]')

    fetcher = Peer(broker, "fetcher/fetch", will=("fetcher/status", "disconnected"), on_message=fetch)
    fetcher.publish("fetcher/status", "up")
    result = run(
        broker, "- {action: fetcher/fetch, type: github, id: docs}\n- {action: fetcher/fetch, p: '${docs.path}/c'}"
    )
    fetcher.close()
    assert result.exit_code == 0
    assert result.actions[1].answer[0]["p"] == "/x/c"


def test_the_first_coppers_error_without_a_finish_fails_the_action(broker):
    def fetch(client, _data, _message) -> None:
        client.publish("fetcher/error", '{"error": "404"}')

    fetcher = Peer(broker, "fetcher/fetch", on_message=fetch)
    result = run(broker, "- {action: fetcher/fetch, type: github}")
    fetcher.close()
    assert (result.exit_code, result.actions[0].error) == (1, "404")


def test_a_broker_that_is_not_there_is_told_at_once():
    began = time.monotonic()
    one = Runner(parse("- action: a/b"), "mqtt://127.0.0.1:1", RUN, {})
    with pytest.raises(NoBrokerError, match=r"mqtt://127.0.0.1:1: no broker answers: Connection refused"):
        one.open()
    assert time.monotonic() - began < 5


def test_an_if_that_names_a_skipped_action_is_false(broker, worker):
    text = """
        - {action: worker/add, id: not, a: 1, b: 1, if: false}
        - {action: worker/add, a: 1, b: 1, if: '${not.sum}'}
        - {action: worker/add, a: 1, b: 1, if: '!${not.sum}'}
        - {action: worker/add, a: 1, b: '${not.sum}'}
    """
    with serving(worker):
        result = run(broker, text)
    assert [one.outcome for one in result.actions] == ["skipped", "skipped", "finished", "failed"]
    assert result.actions[3].error == "workflow.yaml:5:11: ${not.sum}: not has no answer, it did not finish"


def test_the_late_finish_of_a_first_copper_service_is_not_the_next_ones_answer(broker):
    asked = []

    def fetch(client, _data, message) -> None:
        asked.append(message.payload)
        if len(asked) == 1:
            client.publish("fetcher/error", '{"error": "unknown type"}')
            return
        client.publish("fetcher/fetch/finish", "[]")  # of the first
        client.publish("fetcher/fetch/start", message.payload)
        client.publish("fetcher/fetch/finish", f"[{message.payload.decode()}]")

    with Peer(broker, "fetcher/fetch", on_message=fetch):
        text = "- {action: fetcher/fetch, type: x, on_error: continue}\n- {action: fetcher/fetch, type: local}"
        result = run(broker, text)
    assert [one.outcome for one in result.actions] == ["failed", "finished"]
    assert result.actions[1].answer[0]["type"] == "local"


def test_two_runners_on_one_broker_each_have_their_own_answers(broker, worker):
    results = queue.Queue()

    def several(first: int) -> None:
        text = "\n".join(f"- {{action: worker/add, a: {first}, b: {n}}}" for n in range(10))
        one = Runner(parse(text), broker.url, f"20261124-120000-{first:04}", {})
        one.open()
        result = one.run_all()
        one.close(result)
        results.put((first, [action.answer["sum"] for action in result.actions]))

    with serving(worker):
        threads = [threading.Thread(target=several, args=[first]) for first in (100, 200)]
        for thread in threads:
            thread.start()
        found = dict(results.get(timeout=20) for _ in threads)
        for thread in threads:
            thread.join(10)
    assert found == {first: [first + n for n in range(10)] for first in (100, 200)}


def test_a_service_that_has_stopped_in_order_is_nobody(broker, worker, monkeypatch):
    monkeypatch.setattr(attempts, "READY_SECONDS", 0.1)
    with serving(worker):
        pass
    began = time.monotonic()
    result = run(broker, "- {action: worker/add, a: 1, b: 2}")
    assert result.actions[0].outcome == "nobody there"
    assert time.monotonic() - began < 5, "its session must not go on to take requests"


def test_answers_and_requests_of_5_mb_arrive(broker, worker):
    @worker.action
    def echo(text: str) -> dict:
        return {"text": text}

    reports = []
    with serving(worker):
        text = f"- {{action: worker/echo, id: big, text: {'x' * 900_000}}}\n- action: worker/echo\n  text: " + (
            "'" + "${big.text}" * 6 + "'"
        )
        result = run(broker, text, report=reports.append)
    assert result.exit_code == 0, result.actions[1].error[:200]
    assert len(result.actions[1].answer["text"]) == 5_400_000


def test_a_request_that_the_broker_does_not_take_fails(broker, worker):
    @worker.action
    def echo(text: str) -> dict:
        return {"text": text}

    with serving(worker):
        text = f"- {{action: worker/echo, id: big, text: {'x' * 900_000}}}\n- action: worker/echo\n  text: " + (
            "'" + "${big.text}" * 20 + "'"
        )
        result = run(broker, text)
    assert (result.exit_code, result.actions[1].outcome) == (1, "failed")
    assert "bytes are more than the broker takes" in result.actions[1].error


def test_a_payload_that_is_not_utf_8_is_an_answer_all_the_same(broker):
    def answer(client, _data, _message) -> None:
        client.publish("raw/act/progress", b"\xff")
        client.publish("raw/act/finish", b"\xff\xfe")

    with Peer(broker, "raw/act", on_message=answer):
        result = run(broker, "- action: raw/act")
    assert result.actions[0].answer == "\ufffd\ufffd"


def test_what_the_brokers_rules_forbid_is_told_at_once(tmp_path):
    (tmp_path / "acl").write_text("topic read #\ntopic write runner/#\n")
    (tmp_path / "acl").chmod(0o700)
    with Restartable(tmp_path, f"acl_file {tmp_path / 'acl'}") as broker:
        result = run(broker, "- action: a/b")
    assert (result.exit_code, result.actions[0].error) == (
        1,
        "the broker refuses a message to a/b: Not authorized",
    )


class Starting:
    """Starts a service when it is asked to, and stops it at the end."""

    def __init__(self, service) -> None:
        self.service = service
        self.started = None

    def start(self, name: str) -> bool:
        assert name == self.service.name
        self.started = serving(self.service)
        self.started.__enter__()
        return True

    def ended(self, name: str) -> str | None:
        return "" if name == self.service.name and self.started else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        wait_for(lambda: self.started)
        self.started.__exit__(None, None, None)

"""One fault at a time, on real Mosquitto: nothing is lost, and nothing is done twice."""

import json
import signal

import pytest

from copper import exchange
from copper.result import ActionResult
from tests.copper.faults import Proxy, RunnerProcess, ServiceProcess
from tests.copper.standins import RUN, Peer, Restartable, Running, wait_for

ONE = "- {action: worker/act, n: 1, seconds: 1}"
RETRIED = "- {action: worker/act, n: 1, seconds: 1, retry: {times: 5, delay: 50ms}}"


@pytest.fixture
def broker(tmp_path):
    with Restartable(tmp_path) as running:
        yield running


@pytest.fixture
def service(broker, tmp_path):
    with ServiceProcess(broker.url, tmp_path) as process:
        with Peer(broker, "worker/status") as peer:
            assert peer.next("worker/status") == "connected"
        yield process


def once(service) -> bool:
    return set(service.asked().values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_broker_restarted_before_the_request(broker, service, number):
    def restart() -> None:
        broker.end(number)
        broker.start()

    result = Running(broker.url, ONE, before=restart).result()
    assert (result.exit_code, once(service)) == (0, True), result


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_broker_restarted_between_start_and_finish(broker, service, number):
    run = Running(broker.url, ONE)
    service.wait_for_work()
    broker.end(number)
    broker.start()
    result = run.result()
    assert (result.exit_code, once(service)) == (0, True), result


def test_broker_restarted_while_the_answer_is_under_way(broker, tmp_path):
    """The answer is large, and the broker dies when the first bytes of it have come."""
    with Proxy(broker.port) as network, ServiceProcess(network.url, tmp_path) as service:
        run = Running(broker.url, "- {action: worker/act, n: 1, size: 5000000}")
        wait_for(lambda: network.passed > 100_000, what="the answer to be under way")
        broker.end()
        broker.start()
        result = run.result()
        assert (result.exit_code, once(service)) == (0, True), result.exit_code
    assert len(result.actions[0].answer["text"]) == 5_000_000


def test_service_killed_before_the_request_and_back_soon(broker, service):
    service.kill()
    run = Running(broker.url, ONE)
    service.start()
    result = run.result()
    assert (result.exit_code, once(service)) == (0, True), result


def test_service_killed_after_start_is_gone(broker, service, monkeypatch):
    monkeypatch.setattr(exchange, "BACK_SECONDS", 0.5)
    run = Running(broker.url, ONE)
    service.wait_for_work()
    service.kill()
    result = run.result(10)
    assert (result.exit_code, result.actions[0].outcome) == (3, "gone")
    assert result.actions[0].error == "worker went away while it worked"


def test_service_restarted_after_start_is_not_asked_the_same_again(broker, service):
    run = Running(broker.url, ONE)
    service.wait_for_work()
    service.kill()
    service.start()
    result = run.result(10)
    assert (result.actions[0].outcome, once(service)) == ("gone", True), result
    assert result.actions[0].error == "worker was started anew while it worked"


def test_service_restarted_after_start_works_on_a_new_attempt(broker, service):
    run = Running(broker.url, RETRIED)
    service.wait_for_work()
    service.kill()
    service.start()
    result = run.result(20)
    assert (result.exit_code, result.actions[0].attempts, once(service)) == (0, 2, True), result


def test_service_stopped_in_order_answers_before_it_goes(broker, service):
    run = Running(broker.url, RETRIED)
    service.wait_for_work()
    service.kill(signal.SIGTERM)
    service.start()
    result = run.result(20)
    assert (result.exit_code, result.actions[0].attempts, once(service)) == (0, 2, True), result


def test_request_delivered_twice(broker, service):
    with Peer(broker, "worker/act") as peer:
        run = Running(broker.url, ONE)
        peer.publish("worker/act", json.dumps(peer.next("worker/act")), qos=1)
        result = run.result()
    assert (result.exit_code, once(service)) == (0, True), result


def test_runner_killed_and_resumed(broker, service):
    """What finished stands; what was under way is asked for by the same id, so the service does it once."""
    text = "\n".join(f"- {{action: worker/act, n: {n}, seconds: 0.5}}" for n in (1, 2, 3))
    killed = RunnerProcess(broker.url, RUN, text)
    service.wait_for_work(2)
    earlier = {one["name"]: ActionResult(**one) for one in killed.kill()}
    assert list(earlier) == ["1"]
    result = Running(broker.url, text, earlier=earlier).result()
    assert (result.exit_code, once(service), service.asked().total()) == (0, True, 3), result
    assert [one.answer["n"] for one in result.actions] == [1, 2, 3]


@pytest.mark.parametrize("whose", ["the runner's", "the service's"])
def test_network_cut_for_a_while(broker, tmp_path, whose):
    with (
        Proxy(broker.port) as network,
        ServiceProcess(network.url if whose == "the service's" else broker.url, tmp_path) as service,
    ):
        run = Running(network.url if whose == "the runner's" else broker.url, ONE)
        service.wait_for_work()
        network.cut()
        service.wait_for_done()
        network.mend()
        result = run.result()
        assert (result.exit_code, once(service)) == (0, True), result


def test_two_runners_at_once_on_one_service(broker, service):
    text = "\n".join(f"- {{action: worker/act, n: {n}, needs: []}}" for n in range(20))
    runs = [Running(broker.url, text, f"{RUN}{number}") for number in range(2)]
    results = [run.result() for run in runs]
    assert [one.exit_code for one in results] == [0, 0]
    assert (once(service), service.asked().total()) == (True, 40)
    assert all([one.answer["n"] for one in result.actions] == list(range(20)) for result in results)


def test_finish_that_is_not_json(broker):
    def answer(client, _data, _message) -> None:
        client.publish("odd/act/finish", b"{not json: \xff")

    with Peer(broker, "odd/act", on_message=answer):
        result = Running(broker.url, "- action: odd/act").result()
    assert (result.exit_code, result.actions[0].answer) == (0, "{not json: \ufffd")


def test_finish_of_5_mb(broker, service):
    result = Running(broker.url, "- {action: worker/act, n: 1, size: 5000000}").result()
    assert (result.exit_code, len(result.actions[0].answer["text"]), once(service)) == (0, 5_000_000, True)


def test_finish_late_after_the_timeout_is_nobodys(broker):
    """A service that answers with ids, and one without."""
    text = """
        - {action: late/act, timeout: 300ms, on_error: continue}
        - {action: late/act, timeout: 10s}
    """
    with Peer(broker, "late/act") as late:
        run = Running(broker.url, text)
        first = late.next("late/act")
        late.publish("late/act/start", first)
        second = late.next("late/act")
        late.publish("late/act/finish", {"id": first["id"], "says": "late"}, qos=1)
        late.publish("late/act/start", second)
        late.publish("late/act/finish", {"id": second["id"], "says": "in time"}, qos=1)
        result = run.result()
    assert [one.outcome for one in result.actions] == ["timed out", "finished"]
    assert result.actions[1].answer["says"] == "in time"


def test_late_finish_without_an_id_is_not_the_next_ones(broker):
    text = "- {action: late/act, timeout: 300ms, on_error: continue}\n- {action: late/act, timeout: 10s}"
    with Peer(broker, "late/act") as late:
        run = Running(broker.url, text)
        late.publish("late/act/start", late.next("late/act"))
        second = late.next("late/act")
        late.publish("late/act/finish", "late", qos=1)
        late.publish("late/act/start", second)
        late.publish("late/act/finish", "in time", qos=1)
        result = run.result()
    assert (result.actions[0].outcome, result.actions[1].answer) == ("timed out", "in time")


def test_the_runners_death_is_heard_by_those_that_wait_for_their_turn(broker):
    """A runner that holds the only place of a service is killed: the next one gets it."""
    with Peer(broker, "old/act") as old:
        killed = RunnerProcess(broker.url, f"{RUN}1", "- {action: old/act, timeout: 60s}")
        old.next("old/act")
        with Peer(broker, "runner/turns") as heard:
            run = Running(broker.url, "- {action: old/act, timeout: 20s}", f"{RUN}2")
            wait_for(lambda: heard.next("runner/turns")["says"] == "has")
            killed.kill()
            old.next("old/act")
            old.publish("old/act/finish", "done", qos=1)
            assert run.result().actions[0].answer == "done"

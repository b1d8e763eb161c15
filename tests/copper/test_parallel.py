"""Actions that run at once: in the order of their needs, so many at a time, and each with its own answers."""

import queue
import threading

import pytest

from copper import ActionError, Service
from copper.runner import Runner
from copper.workflow import parse
from tests.copper.standins import Peer, serving, wait_for

RUN = "20261124-120000-ab12"


@pytest.fixture
def hall(broker):
    """A service whose action `meet` ends only when so many are in it as its request says."""
    service = Service("hall", broker=broker.url)
    service.inside, service.most, service.order = 0, 0, []
    changed = threading.Condition()

    @service.action
    def meet(name: str, count: int) -> dict:
        with changed:
            service.order.append(name)
            service.inside += 1
            service.most = max(service.most, service.inside)
            changed.notify_all()
            assert changed.wait_for(lambda: service.most >= count, 10)
            service.inside -= 1
        return {"name": name}

    @service.action
    def fail() -> None:
        raise ActionError("no")

    return service


def run(broker, text, name=RUN, **more):
    one = Runner(parse(text), broker.url, name, {}, **more)
    one.open()
    result = one.run_all()
    one.close(result)
    return result


def test_entries_that_need_nothing_run_at_once(broker, hall):
    text = "".join(f"- {{action: hall/meet, needs: [], name: n{one}, count: 3}}\n" for one in range(3))
    with serving(hall):
        result = run(broker, text)
    assert [one.answer["name"] for one in result.actions] == ["n0", "n1", "n2"]


def test_no_more_run_at_once_than_jobs_says(broker, hall):
    text = "".join(f"- {{action: hall/meet, needs: [], name: n{one}, count: 1}}\n" for one in range(6))
    with serving(hall):
        assert run(broker, text, jobs=1).exit_code == 0
    assert hall.most == 1


def test_an_entry_waits_for_all_that_it_needs(broker, hall):
    text = """
        - {action: hall/meet, id: a, needs: [], name: a, count: 2}
        - {action: hall/meet, id: b, needs: [], name: b, count: 2}
        - {action: hall/meet, id: c, needs: [a, b], name: 'after ${a.name} and ${b.name}', count: 1}
    """
    with serving(hall):
        result = run(broker, text)
    assert hall.order[2] == "after a and b"
    assert result.exit_code == 0


def test_after_a_failure_nothing_starts_and_what_runs_ends(broker, hall):
    text = """
        - {action: hall/meet, id: long, needs: [], name: long, count: 2}
        - {action: hall/fail, id: bad, needs: []}
        - {action: hall/meet, id: never, needs: [bad], name: never, count: 1}
        - {action: hall/meet, id: end, needs: [long], name: end, count: 1}
        - {action: hall/meet, id: sweep, needs: [bad], if: failure, name: sweep, count: 2}
    """
    with serving(hall):
        result = run(broker, text)
    assert [one.outcome for one in result.actions] == ["finished", "failed", "not run", "not run", "finished"]
    assert result.exit_code == 1


def test_a_service_that_knows_one_request_at_a_time_is_asked_one_at_a_time(broker):
    inside, most = [], []

    def act(client, _data, message) -> None:
        inside.append(message.payload)
        most.append(len(inside))
        threading.Timer(0.05, lambda: (inside.clear(), client.publish("old/act/finish", f'"{len(most)}"'))).start()

    text = "".join("- {action: old/act, needs: []}\n" for _ in range(4))
    with Peer(broker, "old/act", on_message=act):
        result = run(broker, text)
    assert [one.answer for one in result.actions] == ["1", "2", "3", "4"]
    assert max(most) == 1


def test_two_runners_take_turns_at_such_a_service(broker):
    inside, most, results = [], [], queue.Queue()

    def act(client, _data, message) -> None:
        inside.append(message.payload)
        most.append(len(inside))
        answer = message.payload.decode().partition('"x": "')[2].partition('"')[0]
        threading.Timer(0.02, lambda: (inside.clear(), client.publish("old/act/finish", f'"{answer}"'))).start()

    def one(name) -> None:
        text = "".join(f"- {{action: old/act, x: {name}{number}}}\n" for number in range(8))
        runner = Runner(parse(text), broker.url, f"20261124-120000-{name}", {})
        runner.open()
        result = runner.run_all()
        runner.close(result)
        results.put((name, [action.answer for action in result.actions]))

    with Peer(broker, "old/act", on_message=act):
        threads = [threading.Thread(target=one, args=[name]) for name in "ab"]
        for thread in threads:
            thread.start()
        found = dict(results.get(timeout=30) for _ in threads)
        for thread in threads:
            thread.join(10)
    assert found == {name: [f"{name}{number}" for number in range(8)] for name in "ab"}
    assert max(most) == 1


def test_a_runner_that_ends_leaves_the_status_of_another_that_goes_on(broker, hall):
    with serving(hall), Peer(broker, "runner/status") as peer:
        results = queue.Queue()
        text = "- {action: hall/meet, name: long, count: 2}"
        thread = threading.Thread(target=lambda: results.put(run(broker, text)))
        thread.start()
        wait_for(lambda: hall.order, what="the long one")
        other = Runner(parse("- {action: hall/fail}"), broker.url, "20261124-120000-cd34", {})
        other.open()
        other.close(other.run_all())
        said = ["connected", "connected", "disconnected", "connected"]
        assert [peer.next("runner/status") for _ in said] == said
        run(broker, "- {action: hall/meet, name: second, count: 1}", "20261124-120000-ef56")
        assert results.get(timeout=10).exit_code == 0
        thread.join(10)

"""`needs` is sequence, parallel and DAG; at most so many at a time; many requests open on one connection."""

import queue
import threading
import time
from dataclasses import replace

import pytest

from copper import Service
from copper.result import ActionResult
from copper.runner import Runner
from copper.workflow import parse
from tests.copper.standins import RUN, Peer, run, serving, wait_for


class Meeting:
    """A service whose action ends when so many work at the same time, or when it is let go; notes what it did."""

    def __init__(self, broker, together: int) -> None:
        self.service = Service("worker", broker=broker.url)
        self.order, self.most, self._now = [], 0, 0
        self._lock, self._all = threading.Lock(), threading.Event()

        @self.service.action
        def act(name: str, fails: bool = False) -> dict:
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
                self.order.append(name)
                if self._now == together:
                    self._all.set()
            self._all.wait(3)
            with self._lock:
                self._now -= 1
            if fails:
                raise ValueError(name)
            return {"name": name}


def entries(*given: str) -> str:
    """`NAME: NEEDS` each; without needs it needs the entry before."""
    lines = []
    for one in given:
        name, _, needs = one.partition(":")
        lines.append(f"- {{action: worker/act, id: {name}, name: {name}{f', needs: [{needs.strip()}]' if _ else ''}}}")
    return "\n".join(lines)


def test_entries_that_need_nothing_run_at_the_same_time(broker):
    meeting = Meeting(broker, 3)
    with serving(meeting.service):
        result = run(broker, entries("a:", "b:", "c:"))
    assert (meeting.most, result.exit_code) == (3, 0)
    assert [one.answer["name"] for one in result.actions] == ["a", "b", "c"]


def test_without_needs_they_run_one_after_the_other(broker):
    meeting = Meeting(broker, 1)
    with serving(meeting.service):
        run(broker, entries("a", "b", "c"))
    assert (meeting.most, meeting.order) == (1, ["a", "b", "c"])


def test_a_diamond_joins_again(broker):
    meeting = Meeting(broker, 2)
    reports = []
    with serving(meeting.service):
        meeting._all.set()
        run(broker, entries("a", "b: a", "c: a", "d: b, c"), report=reports.append)
    told = [(one.what, one.action.name) for one in reports]
    assert told.index(("started", "c")) < told.index(("ended", "b")) or told.index(("started", "b")) < told.index(
        ("ended", "c")
    )
    assert max(told.index(("ended", one)) for one in "bc") < told.index(("started", "d"))


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_more_run_at_a_time_than_is_said(broker, jobs):
    meeting = Meeting(broker, jobs)
    with serving(meeting.service):
        result = run(broker, entries("a:", "b:", "c:", "d:", "e:"), jobs=jobs)
    assert (meeting.most, result.exit_code) == (jobs, 0)


def test_when_one_fails_what_runs_beside_it_ends_and_nothing_new_starts(broker):
    meeting = Meeting(broker, 2)
    text = """
        - {action: worker/act, id: bad, name: bad, fails: true}
        - {action: worker/act, id: beside, name: beside, needs: []}
        - {action: worker/act, id: behind, name: behind, needs: [beside]}
        - {action: worker/act, id: tidy, name: tidy, needs: [bad, beside], if: always}
    """
    with serving(meeting.service):
        result = run(broker, text)
    outcomes = {one.name: one.outcome for one in result.actions}
    assert outcomes["bad"] == "failed"
    assert outcomes["beside"] == "finished"
    assert outcomes["tidy"] == "finished"
    assert outcomes["behind"] in {"not run", "finished"}  # which of the two ended first is the machine's
    assert result.exit_code == 1


def test_what_an_earlier_run_finished_is_not_run_again_and_its_answer_is_used(broker):
    meeting = Meeting(broker, 1)
    text = "- {action: worker/act, id: a, name: a}\n- {action: worker/act, id: b, name: '${a.name}-b'}"
    earlier = {"a": ActionResult("a", "worker/act", "finished", 1.0, 1, {"name": "kept"})}
    with serving(meeting.service):
        result = run(broker, text, earlier=earlier)
    assert (meeting.order, result.actions[1].answer["name"]) == (["kept-b"], "kept-b")
    assert result.actions[0] == replace(earlier["a"], reused=True)


def test_a_new_attempt_after_an_earlier_run_has_a_new_id(broker):
    earlier = {"1": ActionResult("1", "worker/act", "interrupted", 1.0, 2)}
    meeting = Meeting(broker, 1)
    with serving(meeting.service), Peer(broker, "worker/act") as peer:
        result = run(broker, "- {action: worker/act, name: x}", earlier=earlier)
        assert peer.next("worker/act")["id"] == f"{RUN}.1.3"
    assert result.actions[0].attempts == 3


class OneAtATime:
    """A service that knows neither ids nor correlation data, and whose owner counts what comes in between."""

    def __init__(self, broker) -> None:
        self.asked, self.most, self._open = [], 0, 0
        self.peer = Peer(broker, "old/act", on_message=self._take)

    def _take(self, client, _data, message) -> None:
        self._open += 1
        self.asked.append(message.payload)
        self.most = max(self.most, self._open)
        threading.Timer(0.02, self._answer, [client]).start()

    def _answer(self, client) -> None:
        self._open -= 1
        client.publish("old/act/finish", f"answer {len(self.asked)}")


def test_a_service_that_knows_no_ids_gets_one_request_at_a_time(broker):
    old = OneAtATime(broker)
    result = run(broker, "\n".join("- {action: old/act, needs: []}" for _ in range(6)))
    old.peer.close()
    assert (old.most, result.exit_code) == (1, 0)
    assert sorted(one.answer for one in result.actions) == [f"answer {n}" for n in range(1, 7)]


def test_also_across_several_runners_on_one_broker(broker):
    old = OneAtATime(broker)
    results = []

    def several(number: int) -> None:
        one = Runner(
            parse("\n".join("- {action: old/act, needs: []}" for _ in range(4))), broker.url, f"{RUN}{number}", {}
        )
        one.open()
        ready.wait(10)
        result = one.run_all()
        one.close(result)
        results.append(result)

    ready = threading.Barrier(3)
    threads = [threading.Thread(target=several, args=[n]) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    old.peer.close()
    answers = sorted(one.answer for result in results for one in result.actions)
    assert (old.most, len(old.asked)) == (1, 12)
    assert answers == sorted(f"answer {n}" for n in range(1, 13))


def test_a_runner_that_comes_while_another_waits_for_the_answer_waits_too(broker):
    old = Peer(broker, "old/act")
    results = []

    def alone(number: int) -> None:
        one = Runner(parse("- {action: old/act, timeout: 20s}"), broker.url, f"{RUN}{number}", {})
        one.open()
        result = one.run_all()
        one.close(result)
        results.append((number, result.actions[0].answer))

    first, second = (threading.Thread(target=alone, args=[n]) for n in (1, 2))
    first.start()
    old.next("old/act")
    with Peer(broker, "runner/turns") as heard:
        second.start()
        assert heard.next("runner/turns")["says"] == "wants"
        assert heard.next("runner/turns")["says"] == "has"
        with pytest.raises(queue.Empty):
            old.messages.get(timeout=0.7)  # longer than runners listen: the second would have asked by now
    old.publish("old/act/finish", "one", qos=1)
    old.next("old/act")
    old.publish("old/act/finish", "two", qos=1)
    for thread in (first, second):
        thread.join(20)
    old.close()
    assert sorted(results) == [(1, "one"), (2, "two")]


def test_the_status_of_runners_says_connected_until_the_last_has_gone(broker, tmp_path):
    first, second = (Runner(parse("- action: no/body"), broker.url, f"{RUN}{n}", {}) for n in (1, 2))
    first.open()
    second.open()
    with Peer(broker, "runner/status") as peer:
        assert peer.next("runner/status") == "connected"
        first.close(None)
        assert peer.next("runner/status") == "disconnected"
        wait_for(lambda: second._exchange.step(time.monotonic() + 0.1) or not peer.messages.empty())
        assert peer.next("runner/status") == "connected"
        second.close(None)
        assert peer.next("runner/status") == "disconnected"

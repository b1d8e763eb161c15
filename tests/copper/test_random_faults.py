"""Random faults, seeded: whatever dies and comes back, each request has one answer at most, and is worked on once.

A few schedules in the suite; 200 with COPPER_STRESS=1.
"""

import json
import os
import random
import signal
import threading
import time

import pytest

from copper.runner import Runner
from copper.workflow import parse
from tests.copper.faults import Proxy, ServiceProcess
from tests.copper.standins import Peer, Restartable

SCHEDULES = 200 if os.environ.get("COPPER_STRESS") == "1" else 5
RUN = "20261124-120000-ab12"

WORKFLOW = """
defaults: {timeout: 20s, retry: {times: 20, delay: 30ms, backoff: 1.3}}
actions:
  - {action: worker/act, id: a, n: 1, seconds: 0.1}
  - {action: worker/act, id: b, n: 2, seconds: 0.3}
  - {action: worker/act, id: c, n: 3, seconds: 0.05, needs: []}
  - {action: worker/act, id: d, n: 4, seconds: 0.2, needs: [c]}
  - {action: worker/act, id: e, n: 5, needs: [b, d]}
  - {action: worker/act, id: f, n: 6, seconds: 0.1}
"""


class Faults:
    """What happens to broker, service and network, in an order and at times that a seed says."""

    def __init__(self, seed: int, broker: Restartable, service: ServiceProcess, *networks: Proxy) -> None:
        self._random = random.Random(seed)
        self._broker, self._service = broker, service
        self._to_runner, self._to_service = networks
        self._over = threading.Event()
        self.kinds = [self.broker_restarts, self.runner_is_cut_off, self.service_is_cut_off]
        self.told: list[str] = []
        # a second copy for a service that was started anew would be new to it: so either copies or kills
        self.kinds.append(self.service_is_killed if seed % 2 else self.request_comes_twice)

    def play(self) -> None:
        for _ in range(self._random.randint(1, 4)):
            if self._over.wait(self._random.uniform(0, 0.6)):
                return
            kind = self._random.choice(self.kinds)
            self.told.append(kind.__name__)
            kind()

    def stop(self) -> None:
        self._over.set()

    def _for_a_while(self) -> None:
        time.sleep(self._random.choice([0, 0.05, 0.3]))

    def broker_restarts(self) -> None:
        self._broker.end(self._random.choice([signal.SIGKILL, signal.SIGTERM]))
        self._for_a_while()
        self._broker.start()
        self._service.start_again_if_it_ended()

    def runner_is_cut_off(self) -> None:
        self._to_runner.cut()
        self._for_a_while()
        self._to_runner.mend()

    def service_is_cut_off(self) -> None:
        self._to_service.cut()
        self._for_a_while()
        self._to_service.mend()
        self._service.start_again_if_it_ended()

    def service_is_killed(self) -> None:
        self._service.kill(self._random.choice([signal.SIGKILL, signal.SIGTERM]))
        self._for_a_while()
        self._service.start()

    def request_comes_twice(self) -> None:
        with Peer(self._broker, "worker/act") as peer:
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline and not self._over.is_set():
                if not peer.messages.empty():
                    peer.publish("worker/act", peer.messages.get().payload, qos=1)
                    return
                time.sleep(0.01)


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_nothing_is_lost_and_nothing_done_twice(seed, tmp_path):
    with (
        Restartable(tmp_path) as broker,
        Proxy(broker.port) as to_runner,
        Proxy(broker.port) as to_service,
        ServiceProcess(to_service.url, tmp_path) as service,
    ):
        answers: dict[str, set] = {}
        faults = Faults(seed, broker, service, to_runner, to_service)
        runner = Runner(parse(WORKFLOW), to_runner.url, RUN, {})
        hear = runner._exchange._take_word

        def note(event) -> None:
            if event.topic in {"worker/act/finish", "worker/act/error"}:
                answers.setdefault(json.loads(event.payload)["id"], set()).add((event.topic, event.payload))
            hear(event)

        runner._exchange._take_word = note
        runner.open()
        thread = threading.Thread(target=faults.play)
        thread.start()
        try:
            result = runner.run_all()
        finally:
            faults.stop()
            thread.join(20)
        runner.close(result)
        told = (seed, faults.told, result)
        assert [one.outcome for one in result.actions] == ["finished"] * 6, told
        assert [one.answer["n"] for one in result.actions] == [1, 2, 3, 4, 5, 6], told
        twice = {key: count for key, count in service.asked().items() if count > 1}
        assert not twice, told
        assert all(len(one) == 1 for one in answers.values()), (told, answers)

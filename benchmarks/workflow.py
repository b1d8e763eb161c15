"""Actions a second: what the runner, a service and a broker take for a request and its answer."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.table import show
from copper import Service
from copper.broker import open_broker
from copper.runner import Runner
from copper.workflow import parse

ROUNDS = 5
ACTIONS = 100


def workflow() -> None:
    """The built-in broker against Mosquitto."""
    rates = {
        kind: statistics.median(_actions_per_second(kind) for _ in range(ROUNDS)) for kind in ("mosquitto", "builtin")
    }
    rows = [(name, f"{rate:,.0f}", f"{rate / rates['mosquitto']:.2f}") for name, rate in rates.items()]
    show(("broker", "actions/s", ": Mosquitto"), rows)


def _actions_per_second(kind: str) -> float:
    with tempfile.TemporaryDirectory() as folder, open_broker(kind, Path(folder)) as broker:
        service = Service("echo", broker=broker.url)
        service.action(echo)
        thread = threading.Thread(target=service.serve)
        thread.start()
        try:
            runner = Runner(parse("- action: echo/echo\n" * ACTIONS), broker.url, "20260101-000000-abcd", {})
            runner.open()
            began = time.perf_counter()
            result = runner.run_all()
            took = time.perf_counter() - began
            runner.close(result)
            assert result.exit_code == 0, result
        finally:
            service.stop()
            thread.join()
    return ACTIONS / took


def echo() -> dict[str, object]:
    """Answers at once."""
    return {}

"""What Copper costs, as ratios against a peer in the same run: `make bench`.

Times of one machine say little about another; ratios in one table do.
"""

import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from copper import Service
from copper.broker import open_broker
from copper.runner import Runner
from copper.workflow import parse
from tracer.graph import Tally
from tracer.pipeline import Pipeline
from tracer.sources.file import read

ROUNDS = 5
ACTIONS = 100
MESSAGES = 20_000
LINE = re.compile(
    rb"(?:(\d+): )?(Received|Sending) PUBLISH (?:from|to) (.+) \(d\d, q\d, r\d, m\d+, '(.*)', \.\.\. \((\d+) bytes\)\)"
)


def actions_per_second(kind: str) -> float:
    """Actions that the runner, a service and a broker get done in a second."""
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


def echo() -> dict:
    """Answers at once."""
    return {}


def a_log(path: Path) -> None:
    """A log of 50 publishers, each with 10 topics and two subscribers, as Mosquitto 2.0.11 writes it."""
    lines = ["1: mosquitto version 2.0.11 starting"]
    for name in [f"pub{n}" for n in range(50)] + ["sub0", "sub1"]:
        lines += [
            "1: New connection from 127.0.0.1:4000 on port 1883.",
            f"1: New client connected from 127.0.0.1:4000 as {name} (p2, c1, k60).",
            "1: No will message specified.",
            f"1: Sending CONNACK to {name} (0, 0)",
        ]
    for name in ("sub0", "sub1"):
        lines += [f"1: Received SUBSCRIBE from {name}", "1: \tplant/# (QoS 0)", f"1: Sending SUBACK to {name}"]
    for n in range(MESSAGES):
        tail = f"(d0, q0, r0, m0, 'plant/line{n % 50}/sensor{n % 10}', ... ({n % 90} bytes))"
        at = 2 + n // 1000
        lines += [f"{at}: Received PUBLISH from pub{n % 50} {tail}"]
        lines += [f"{at}: Sending PUBLISH to sub{one} {tail}" for one in (0, 1)]
    path.write_text("\n".join(lines) + "\n")


def traced(path: Path) -> float:
    """Seconds from a log to its graph."""
    began = time.perf_counter()
    pipeline, tally = Pipeline(), Tally()
    for line in read(path):
        for event in pipeline.feed(line):
            tally.add(event)
    for event in pipeline.finish():
        tally.add(event)
    tally.graph(pipeline.counts)
    return time.perf_counter() - began


def matched(path: Path) -> float:
    """Seconds that one regular expression a line takes, which proves nothing: the peer."""
    began = time.perf_counter()
    seen: Counter = Counter()
    with path.open("rb") as file:
        for line in file:
            if match := LINE.match(line):
                seen[match[2], match[3], match[4]] += 1
    assert seen
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    rates = {
        kind: statistics.median(actions_per_second(kind) for _ in range(ROUNDS)) for kind in ("mosquitto", "builtin")
    }
    print(
        f"actions a second: Mosquitto {rates['mosquitto']:.0f}, built-in {rates['builtin']:.0f}"
        f" (ratio {rates['builtin'] / rates['mosquitto']:.2f})"
    )
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mosquitto.log"
        a_log(log)
        pairs = [(traced(log), matched(log)) for _ in range(ROUNDS)]
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"log to graph, {3 * MESSAGES:,} lines: {ours:.2f} s, a regular expression a line {theirs:.2f} s"
            f" (ratio {ours / theirs:.1f})"
        )


if __name__ == "__main__":
    main()

"""`copper-trace live`: which logs it shows, where, and how it ends."""

import signal
import socket
import subprocess
import sys

import pytest

from tests.copper.live_maps import drawn, live
from tests.copper.standins import wait_for
from tests.tracer.logs import connected, log_of, published, sent, subscribed
from tests.viz.live.systems import Listener, ask, told

BEGIN = [*connected("lamp"), *connected("panel"), *subscribed("panel", "lamp/#")]


def messages(topic, count, second=0):
    lines = [text for _ in range(count) for text in (published("lamp", topic), sent("panel", topic))]
    return "".join(f"{1800000000 + second}: {text}\n" for text in lines).encode()


def refused(folder, *words, **more):
    done = subprocess.run(
        [sys.executable, "-m", "copper.commands.entry", *words] if False else [sys.executable, "-c", (
            "import sys; sys.argv[0] = 'copper-trace'; from copper.commands.entry import copper_trace; copper_trace()"
        ), "live", *map(str, words)],
        cwd=folder, capture_output=True, text=True, timeout=30, check=False, **more,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_the_page_says_what_the_graph_command_says(tmp_path):
    log = tmp_path / "mosquitto.log"
    log.write_bytes(log_of(*BEGIN) + messages("lamp/state", 3))
    with live(tmp_path, log) as page:
        page.reads(log)
        with log.open("ab") as file:
            file.write(messages("lamp/power", 2, 61))
        page.reads(log)
        assert page.graph() == drawn(tmp_path, log)
        assert page.map()["counts"]["messages"] == 5


def test_a_log_that_is_not_there_yet_is_waited_for_and_one_that_vanishes_too(tmp_path):
    log = tmp_path / "mosquitto.log"
    with live(tmp_path, log) as page:
        assert "there is no such file yet" in page.said
        page.health(lambda health: any("there is no such file" in one for one in health["words"]))
        log.write_bytes(log_of(*BEGIN))
        page.health(lambda health: health["lines"] and not health["words"])
        log.unlink()
        page.health(lambda health: any("is gone; reading goes on" in one for one in health["words"]))
        log.write_bytes(log_of(*BEGIN) + messages("lamp/state", 1))
        page.health(lambda health: not health["words"])
        assert wait_for(lambda: page.map()["counts"]["messages"]) == 1

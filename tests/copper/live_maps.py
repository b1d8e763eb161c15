"""The command that serves the live map, run as a process of its own, and what its pages are told."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys

from tests.copper.standins import wait_for
from tests.viz.live.systems import Listener, told

ADDRESS = re.compile(r"live map: (http://[^:]+:(\d+)/\S*)")


class Running:
    """A process that serves the live map; `said` is what stands on its stderr."""

    token = ""

    def __init__(self, folder, *words, program="copper.commands.tracing", **environment):
        self.errors = (folder / "stderr.txt").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", program, *map(str, words)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, **environment},
        )
        wait_for(lambda: ADDRESS.search(self.said) or self.process.poll() is not None, 20, what="the address")
        found = ADDRESS.search(self.said)
        assert found, self.said
        self.address, self.port = found[1], int(found[2])

    @property
    def said(self):
        return os.pread(self.errors.fileno(), 1_000_000, 0).decode()

    def shows(self, graph, query=""):
        """Fail unless the page's graph is this one; what it has may be a second old."""
        has = {}

        def is_it():
            has.update(told(self.port, f"/download.json?{query}"))
            return has == graph

        with contextlib.suppress(AssertionError):
            wait_for(is_it, 5)
        assert has == graph

    def map(self, query=""):
        return told(self.port, f"/map.json?{query}&token={self.token}" if self.token else f"/map.json?{query}")

    def health(self, which=lambda _: True):
        """How the reading goes, as soon as it goes like that."""
        with Listener(self.port) as listener:
            return listener.next("health", which)

    def reads(self, *logs):
        """Wait until all of these files is read."""
        lines = sum(log.read_bytes().count(b"\n") for log in logs)
        return self.health(lambda health: health["lines"] == lines and not health["behind"])

    def close(self):
        """Whatever it does."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def end(self, number=signal.SIGTERM):
        """Its exit code."""
        self.process.send_signal(number)
        return self.process.wait(10)


@contextlib.contextmanager
def live(folder, *words, **more):
    running = Running(folder, "live", "--port", "0", *words, **more)
    try:
        yield running
    finally:
        running.close()


def drawn(folder, *logs):
    """The graph of the same by `copper-trace graph`."""
    data = subprocess.check_output(
        [sys.executable, "-m", "copper.commands.tracing", "graph", *map(str, logs)],
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    return json.loads(data)

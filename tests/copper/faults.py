"""What tests of faults play with: a network that can be cut, a service and a runner in processes that can be killed."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from tests.copper.standins import wait_for

SERVICE = """
import os, time
from copper import Service

service = Service("worker")

@service.action
def act(n, seconds=0.0, size=0, *, job):
    with open(os.environ["WORK"], "a") as work:
        work.write(job.entry["id"] + "\\n")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job.check()
        time.sleep(0.005)
    open(os.environ["WORK"] + ".done", "a").close()
    return {"n": n, "text": "x" * size}

service.run()
"""

RUNNER = """
import json, sys
from copper.runner import Runner
from copper.workflow import parse

url, run, text = sys.argv[1:]
runner = Runner(parse(text), url, run, {})
runner.report = lambda one: one.result and print(json.dumps(vars(one.result)), flush=True)
runner.open()
runner.close(runner.run_all())
"""


class Proxy:
    """A piece of network between clients and a broker, which can be cut and mended; `passed`: so many bytes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._is_cut = self._is_closed = False
        self.passed = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._is_closed:
            with contextlib.suppress(OSError):
                client, _ = self._server.accept()
                if self._is_cut or self._is_closed:
                    client.close()
                    continue
                try:
                    broker = socket.create_connection(("127.0.0.1", self._port), 1)
                except OSError:
                    client.close()
                    continue
                for one in (client, broker):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._pairs.append((client, broker))
                threading.Thread(target=self._pass_on, args=[client, broker], daemon=True).start()

    def _pass_on(self, client: socket.socket, broker: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                for one in select.select([client, broker], [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        raise ConnectionError
                    self.passed += len(data)
                    (broker if one is client else client).sendall(data)
        self._end(client, broker)

    @staticmethod
    def _end(*sockets: socket.socket) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def cut(self) -> None:
        """Nobody gets through any more."""
        self._is_cut = True
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            self._end(*pair)

    def mend(self) -> None:
        self._is_cut = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_closed = True
        self.cut()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


class ServiceProcess:
    """The service `worker`, of the SDK, in a process of its own; it notes in a file each request that it works on."""

    def __init__(self, url: str, folder: Path) -> None:
        self._environment = {**os.environ, "COPPER_BROKER": url, "WORK": str(folder / "work")}
        self._log = (folder / "service.log").open("ab")
        (folder / "work").touch()
        self.work = folder / "work"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVICE], env=self._environment, stdout=self._log, stderr=self._log
        )

    def start_again_if_it_ended(self) -> None:
        """As Docker's `restart: always` does: without a broker a service ends."""
        if self._process.poll() is not None:
            self.start()

    def kill(self, number: int = signal.SIGKILL) -> None:
        self._process.send_signal(number)
        self._process.wait(10)

    def asked(self) -> Counter:
        """How often each request was worked on, by its id."""
        return Counter(self.work.read_text().split())

    def wait_for_done(self) -> None:
        wait_for(Path(f"{self.work}.done").exists, what="the end of the work")

    def wait_for_work(self, count: int = 1) -> None:
        wait_for(lambda: self.asked().total() >= count, what="work")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self.kill()
        self._log.close()


class RunnerProcess:
    """A run in a process of its own, to be killed."""

    def __init__(self, url: str, run: str, text: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, url, run, text], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def kill(self) -> list[dict]:
        """Kill it; returns the results that it had until then."""
        self._process.kill()
        out, _ = self._process.communicate(timeout=10)
        return [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith(b"\n")]

"""Clients that tests play: services of ours in a thread, and stand-ins for the first Copper's services."""

import contextlib
import json
import queue
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from copper.runner import Runner
from copper.workflow import parse
from tests.needs import need


def wait_for(condition, seconds: float = 30.0, what: str = "it"):
    """What `condition` answers as soon as that is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.005)
    return found


class Peer:
    """A plain MQTT client: MQTT 3.1.1 with an id that the broker chooses, as the first Copper's services had."""

    def __init__(self, broker, *filters: str, will: tuple[str, str] | None = None, on_message=None) -> None:
        self.messages: queue.Queue = queue.Queue()
        self._subscribed = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "", protocol=paho.MQTTv311)
        self.client.on_message = on_message or (lambda _client, _data, message: self.messages.put(message))
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        if will:
            self.client.will_set(*will)
        parts = urlsplit(broker.url)
        self.client.connect(parts.hostname, parts.port)
        self.client.loop_start()
        if filters:
            wait_for(self.client.is_connected)
            self.client.subscribe([(one, 1) for one in filters])
            assert self._subscribed.wait(10)

    def publish(self, topic: str, value, **more) -> None:
        payload = value if isinstance(value, (str, bytes)) else json.dumps(value)
        info = self.client.publish(topic, payload, **more)
        wait_for(self.client.is_connected)
        info.wait_for_publish(10)

    def next(self, topic: str, seconds: float = 30.0):
        """The payload of the next message on a topic, decoded; other messages before it are passed over."""
        deadline = time.monotonic() + seconds
        while True:
            message = self.messages.get(timeout=max(0.01, deadline - time.monotonic()))
            if message.topic == topic:
                text = message.payload.decode()
                try:
                    return json.loads(text)
                except ValueError:
                    return text

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def die(self) -> None:
        """Cut the connection without a word: the broker sends the will."""
        self.client.loop_stop()
        self.client.socket().close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def running_with(text: str) -> list[str]:
    """The processes whose environment holds a text (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if text.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


def commands_with(text: str) -> list[str]:
    """The processes whose command line holds a text (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if text.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


RUN = "20261124-120000-ab12"


def run(broker, text, run=RUN, **more):
    """Run a workflow's text; returns the result."""
    one = Runner(parse(text), broker.url, run, {}, **more)
    one.open()
    result = one.run_all()
    one.close(result)
    return result


class Running:
    """A run in a thread; what comes in between opening and running is `before`, `result()` waits for its end."""

    def __init__(self, url: str, text: str, run: str = RUN, before=lambda: None, **more) -> None:
        self._results: queue.Queue = queue.Queue()
        self._runner = Runner(parse(text), url, run, {}, **more)
        self._runner.open()
        before()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        result = self._runner.run_all()
        self._runner.close(result)
        self._results.put(result)

    def result(self, seconds: float = 30):
        result = self._results.get(timeout=seconds)
        self._thread.join(10)
        return result


@contextlib.contextmanager
def serving(service):
    """A service of ours that serves in a thread as long as the block lasts."""
    failures = []

    def serve() -> None:
        try:
            service.serve()
        except Exception as error:  # noqa: BLE001  shown by the assertion below
            failures.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(10)
        assert not failures
        assert not thread.is_alive()


class Restartable:
    """A Mosquitto on one port that can be killed and come back; it keeps nothing on disk.

    Args:
        folder: for its configuration.
        more: further lines of that.
    """

    def __init__(self, folder: Path, *more: str) -> None:
        self._program = need("mosquitto")
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._conf = folder / "restartable.conf"
        lines = [f"listener {self.port} 127.0.0.1", "set_tcp_nodelay true", "user root", *more]
        self._conf.write_text("\n".join(["allow_anonymous true", *lines]) + "\n")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", self._conf], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._accepts, what="the broker")

    def _accepts(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self, number: int = signal.SIGKILL) -> None:
        self._process.send_signal(number)
        self._process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self.end()

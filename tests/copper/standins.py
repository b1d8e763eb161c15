"""Clients that tests play: services of ours in a thread, and stand-ins for the first Copper's services."""

import contextlib
import json
import queue
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


def wait_for(condition, seconds: float = 10.0, what: str = "it"):
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

    def next(self, topic: str, seconds: float = 10.0):
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

"""What a request and its answer cost through Mosquitto: against stock clients, a bare ping-pong, and for long."""

from __future__ import annotations

import asyncio
import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.processes import memory
from benchmarks.table import show
from copper.broker import open_broker
from copper.runner import Runner
from copper.workflow import parse

ROUNDS = 3
EXCHANGES = 40
ACTIONS = 1000
MANY = 10_000

SERVICE = """
from copper import Service
service = Service("echo")
@service.action
def echo(): return {}
service.run()
"""

PAHO_SERVICE = """
import sys, paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
client = paho.Client(CallbackAPIVersion.VERSION2)
client.on_message = lambda client, _, message: client.publish("echo/echo/finish", message.payload, qos=1)
client.on_connect = lambda client, *_: client.subscribe("echo/echo", 1)
client.on_subscribe = lambda client, *_: client.publish("echo/status", "up", qos=1, retain=True)
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
"""

AIOMQTT_SERVICE = """
import asyncio, sys, aiomqtt
async def main():
    async with aiomqtt.Client("127.0.0.1", int(sys.argv[1])) as client:
        await client.subscribe("echo/echo", qos=1)
        await client.publish("echo/status", "up", qos=1, retain=True)
        async for message in client.messages:
            await client.publish("echo/echo/finish", message.payload, qos=1)
asyncio.run(main())
"""


def delays() -> None:
    """Request → finish: ours, against stock clients on a Mosquitto with its stock configuration."""
    with _mosquitto(ours=True) as port, _service(SERVICE, port):
        found = {"copper": _run("- action: echo/echo\n" * EXCHANGES, port)}
    for name, code, ask in (("paho", PAHO_SERVICE, _paho_exchange), ("aiomqtt", AIOMQTT_SERVICE, _aiomqtt_exchange)):
        with _mosquitto(ours=False) as port, _service(code, port):
            found[f"stock {name}, stock mosquitto.conf"] = ask(port)
    ours = statistics.median(found["copper"])
    rows = [
        (
            name,
            f"{statistics.median(took) * 1e3:.2f}",
            f"{max(took) * 1e3:.2f}",
            f"{statistics.median(took) / ours:.0f}",
        )
        for name, took in found.items()
    ]
    show((f"request → finish, QoS 1, {EXCHANGES} times", "p50, ms", "most, ms", ": copper"), rows)


def actions() -> None:
    """Many actions in sequence, against a bare paho ping-pong on the same broker; and memory over ten times as many."""
    rates: dict[str, list[float]] = {"copper, actions in sequence": [], "bare paho ping-pong, TCP_NODELAY": []}
    ours, bare = rates.values()
    for _ in range(ROUNDS):
        with _mosquitto(ours=True) as port:
            with _service(SERVICE, port):
                ours.append(ACTIONS / sum(_run("- action: echo/echo\n" * ACTIONS, port)))
            with _service(PAHO_SERVICE, port):
                bare.append(ACTIONS / sum(_paho_exchange(port, ACTIONS)))
    best = statistics.median(bare)
    rows = [
        (name, f"{statistics.median(rate):,.0f}", f"{statistics.median(rate) / best:.2f}")
        for name, rate in rates.items()
    ]
    show((f"{ACTIONS:,} in sequence", "a second", ": bare"), rows)
    _memory()


def _memory() -> None:
    """The memory of runner and service while one workflow of many actions runs."""
    rows = []
    with _mosquitto(ours=True) as port, _service(SERVICE, port) as service:
        used: dict[int, tuple[int, int]] = {}
        done = 0

        def look(_took: float) -> None:
            nonlocal done
            done += 1
            if done in {MANY // 10, MANY // 2, MANY}:
                used[done] = memory(os.getpid()), memory(service)

        _run("- action: echo/echo\n" * MANY, port, look)
        rows = [(f"{count:,}", f"{runner / 1e6:.1f}", f"{other / 1e6:.1f}") for count, (runner, other) in used.items()]
    show((f"actions done, of {MANY:,}", "runner, MB", "service, MB"), rows)


def _run(text: str, port: int, each: Callable[[float], None] = lambda _: None) -> list[float]:
    """How long each action of a workflow took, in seconds."""
    took: list[float] = []
    began = time.perf_counter()

    def report(one: object) -> None:
        nonlocal began
        if getattr(one, "what", "") == "ended":
            now = time.perf_counter()
            took.append(now - began)
            began = now
            each(took[-1])

    runner = Runner(parse(text), f"mqtt://127.0.0.1:{port}", "20260101-000000-abcd", {}, report)
    runner.open()
    began = time.perf_counter()
    result = runner.run_all()
    runner.close(result)
    assert result.exit_code == 0, result
    return took


def _paho_exchange(port: int, count: int = EXCHANGES) -> list[float]:
    answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    ready: queue.SimpleQueue[None] = queue.SimpleQueue()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: answers.put(message.payload)
    client.on_subscribe = lambda *_: ready.put(None)
    client.connect("127.0.0.1", port)
    if count != EXCHANGES:  # the bare ping-pong: as quick as paho can be
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.loop_start()
    client.subscribe("echo/echo/finish", 1)
    ready.get(timeout=10)
    took = []
    for _ in range(count):
        began = time.perf_counter()
        client.publish("echo/echo", b'{"action":"echo/echo"}', qos=1)
        answers.get(timeout=10)
        took.append(time.perf_counter() - began)
    client.disconnect()
    client.loop_stop()
    return took


def _aiomqtt_exchange(port: int) -> list[float]:
    async def exchange() -> list[float]:
        took = []
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.subscribe("echo/echo/finish", qos=1)
            answers = aiter(client.messages)
            for _ in range(EXCHANGES):
                began = time.perf_counter()
                await client.publish("echo/echo", b'{"action":"echo/echo"}', qos=1)
                await anext(answers)
                took.append(time.perf_counter() - began)
        return took

    return asyncio.run(exchange())


@contextmanager
def _mosquitto(*, ours: bool) -> Iterator[int]:
    """The port of a Mosquitto with our configuration, or with nothing in it but a port."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if ours:
            broker = stack.enter_context(open_broker("mosquitto", Path(folder)))
            yield int(broker.url.rpartition(":")[2])
            return
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        process = subprocess.Popen(["mosquitto", "-p", str(port)], stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        yield port


@contextmanager
def _service(code: str, port: int) -> Iterator[int]:
    """A service in a process of its own; yields its process id when its status says that it is there."""
    environment = {**os.environ, "COPPER_BROKER": f"mqtt://127.0.0.1:{port}"}
    heard: queue.SimpleQueue[None] = queue.SimpleQueue()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: message.payload in {b"up", b"connected"} and heard.put(None)
    client.on_connect = lambda client, *_: client.subscribe("echo/status", 1)
    while True:
        try:
            client.connect("127.0.0.1", port)
            break
        except OSError:
            time.sleep(0.05)
    client.loop_start()
    process = subprocess.Popen([sys.executable, "-c", code, str(port)], env=environment, stderr=subprocess.DEVNULL)
    try:
        heard.get(timeout=20)
        yield process.pid
    finally:
        client.publish("echo/status", b"", qos=1, retain=True).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()
        process.terminate()
        process.wait()

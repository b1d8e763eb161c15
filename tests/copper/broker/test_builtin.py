"""The built-in broker as a program, and with the MQTT client that everybody has."""

import random
import signal
import subprocess
import sys
import threading

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests import brokers
from tests.copper.broker.wire import Socket, connect, wait_for

VERSIONS = [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5]
COMMAND = [sys.executable, "-m", "copper.broker.builtin"]


@pytest.mark.parametrize("kind", brokers.KINDS)
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_paho_clients_exchange_messages_of_qos_2(kind, version, tmp_path):
    arrived, ready = [], threading.Event()
    with brokers.running(kind, tmp_path) as broker:
        subscriber = mqtt.Client(CallbackAPIVersion.VERSION2, "paho-s", protocol=version)
        publisher = mqtt.Client(CallbackAPIVersion.VERSION2, "paho-p", protocol=version)
        subscriber.on_message = lambda _client, _data, message: arrived.append(message.payload)
        subscriber.on_subscribe = lambda *_: ready.set()
        subscriber.on_connect = lambda client, *_: client.subscribe("paho/+", qos=2)
        for client in (subscriber, publisher):
            client.connect("127.0.0.1", brokers.port_of(broker))
            client.loop_start()
        assert ready.wait(10)
        for at in range(50):
            publisher.publish("paho/t", str(at), qos=2).wait_for_publish(10)
        wait_for("all messages", lambda: len(arrived) == 50)
        for client in (subscriber, publisher):
            client.disconnect()
            client.loop_stop()
    assert arrived == [str(at).encode() for at in range(50)]


def test_any_bytes_on_the_socket_leave_the_broker_alive(tmp_path):
    chance = random.Random(4)
    with brokers.running("builtin", tmp_path) as broker:
        for at in range(60):
            client = Socket(brokers.port_of(broker))
            client.send(connect("x") * (at % 2) + chance.randbytes(chance.randrange(1, 200)))
            client.close()
        last = Socket(brokers.port_of(broker))
        last.send(connect("last"))
        assert last.receive() == b"\x20\x02\x00\x00"
        last.close()
        assert b"Traceback" not in broker.log.read_bytes()


@pytest.mark.parametrize("end", ["sigterm", "ctrl-c", "stdin"])
def test_program_prints_its_port_and_ends_when_told_to(end, tmp_path):
    log = tmp_path / "log"
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, "--log", str(log)], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        port = int(process.stdout.readline())
        client = Socket(port)
        client.send(connect("x"))
        assert client.receive()
        if end == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM if end == "sigterm" else signal.SIGINT)
        assert process.wait(10) == 0
        client.until_closed()
        assert b"for development" in process.stderr.read()
    assert log.read_bytes().endswith(b"mosquitto version 2.0.11 terminating\n")


def test_program_says_plainly_that_a_port_is_taken(tmp_path):
    with brokers.running("builtin", tmp_path) as broker:
        command = [*COMMAND, "--port", str(brokers.port_of(broker))]
        done = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False)
    assert done.returncode == 3
    assert b"can't start" in done.stderr
    assert b"Traceback" not in done.stderr

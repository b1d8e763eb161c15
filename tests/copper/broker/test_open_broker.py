"""What `open_broker` promises: a broker that takes connections inside the block, and is gone after it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest

from copper.broker import BrokerError, mosquitto, open_broker
from tests import brokers
from tests.copper.broker.wire import Socket, connect, publish, subscribe, wait_for
from tracer.errors import CopperError

HELD = """
import pathlib, signal, sys
from copper.broker import open_broker
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
with open_broker(sys.argv[1], pathlib.Path(sys.argv[2])) as broker:
    print(broker.url, flush=True)
    sys.stdin.read()
"""


def refuses(port):
    """Whether nobody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextlib.contextmanager
def holder(kind, folder):
    """Another process that holds a broker; gives the process and the broker's port."""
    command = [sys.executable, "-c", HELD, kind, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield process, int(process.stdout.readline().rpartition(b":")[2])
        finally:
            process.kill()


@pytest.mark.parametrize("kind", brokers.KINDS)
def test_broker_takes_connections_at_once_and_its_port_is_free_afterwards(kind, tmp_path):
    with brokers.running(kind, tmp_path / "a folder, with a space") as broker:
        assert broker.kind == kind
        port = brokers.port_of(broker)
        client = Socket(port)
        client.send(connect("x"))
        assert client.receive() == b"\x20\x02\x00\x00"
        client.close()
        wait_for("the log", lambda: b"Sending CONNACK to x (0, 0)" in broker.log.read_bytes())
    assert refuses(port)
    assert broker.log.read_bytes().rstrip().endswith(b"mosquitto version 2.0.11 terminating") or kind == "mosquitto"


@pytest.mark.parametrize("kind", brokers.KINDS)
def test_log_of_a_fresh_broker_holds_no_connection(kind, tmp_path):
    with brokers.running(kind, tmp_path) as broker:
        assert b"New connection" not in broker.log.read_bytes()


@pytest.mark.parametrize("kind", brokers.KINDS)
def test_log_is_written_line_by_line(kind, tmp_path):
    with brokers.running(kind, tmp_path) as broker:
        client = Socket(brokers.port_of(broker))
        client.send(connect("x") + subscribe(1, ("t", 0)) + publish("t", b"now"))
        line = b"Sending PUBLISH to x (d0, q0, r0, m0, 't', ... (3 bytes))\n"
        wait_for("the line", lambda: broker.log.read_bytes().endswith(line))
        client.close()


@pytest.mark.parametrize("kind", brokers.KINDS)
def test_broker_is_stopped_when_the_block_fails(kind, tmp_path):
    def fail():
        with brokers.running(kind, tmp_path) as broker:
            ports.append(brokers.port_of(broker))
            raise RuntimeError

    ports = []
    with pytest.raises(RuntimeError):
        fail()
    assert refuses(ports[0])


@pytest.mark.parametrize("kind", brokers.KINDS)
def test_broker_does_not_outlive_a_process_that_is_killed(kind, tmp_path):
    brokers.require(kind)
    with holder(kind, tmp_path) as (process, port):
        assert not refuses(port)
        process.kill()
        wait_for("the broker's end", lambda: refuses(port))


@pytest.mark.parametrize("kind", brokers.KINDS)
def test_ctrl_c_reaches_the_broker_only_through_us(kind, tmp_path):
    brokers.require(kind)
    with holder(kind, tmp_path) as (process, port):
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == b"interrupted\n"
        assert not refuses(port)


def test_mosquitto_is_preferred_where_it_is_installed(tmp_path, monkeypatch):
    brokers.require("mosquitto")
    with open_broker(None, tmp_path / "with") as broker:
        assert broker.kind == "mosquitto"
    monkeypatch.setattr(mosquitto, "installed", lambda: None)
    with open_broker(None, tmp_path / "without") as broker:
        assert broker.kind == "builtin"


def test_port_that_is_taken_meanwhile_is_passed_over(tmp_path, monkeypatch):
    brokers.require("mosquitto")
    free = mosquitto._free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], free()])
        monkeypatch.setattr(mosquitto, "_free_port", lambda: next(ports))
        with open_broker("mosquitto", tmp_path) as broker:
            assert brokers.port_of(broker) != taken.getsockname()[1]
            assert b"Address already in use" not in broker.log.read_bytes()


@pytest.mark.parametrize(
    ("where", "url"),
    [
        ("mqtt://example.org", "mqtt://example.org:1883"),
        ("mqtt://localhost:1884", "mqtt://localhost:1884"),
        ("mqtt://me:a%40b@localhost", "mqtt://me:a%40b@localhost:1883"),
        ("mqtt://[::1]:1883/", "mqtt://[::1]:1883"),
    ],
)
def test_url_is_used_as_it_is(where, url, tmp_path):
    with open_broker(where, tmp_path / "none") as broker:
        assert (broker.url, broker.kind, broker.log) == (url, "url", None)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "where",
    [
        "",
        "localhost",
        "localhost:1883",
        "http://h",
        "mqtt://",
        "mqtt://h:x",
        "mqtt://h:99999",
        "mqtt://h/t",
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(where, tmp_path):
    with (
        pytest.raises(CopperError, match=r"mqtt://HOST:PORT.*mosquitto or builtin") as caught,
        open_broker(where, tmp_path),
    ):
        pass
    assert caught.value.exit_code == 2


def test_password_is_not_shown_in_an_error(tmp_path):
    with pytest.raises(CopperError) as caught, open_broker("mqtts://me:secret@host/topic", tmp_path):
        pass
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", brokers.KINDS)
def test_folder_that_cannot_be_written_to_is_a_plain_error(kind, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CopperError, match="can't be written to"), brokers.running(kind, tmp_path / "file" / "run"):
        pass


def test_mosquitto_that_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(mosquitto, "installed", lambda: None)
    with (
        pytest.raises(BrokerError, match="not installed; install mosquitto") as caught,
        open_broker("mosquitto", tmp_path),
    ):
        pass
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(("script", "complaint"), [("exit 3", "it says nothing"), ("echo '1: Error: no' >&2", "no")])
def test_mosquitto_that_does_not_start_is_said(script, complaint, tmp_path, monkeypatch):
    program = tmp_path / "mosquitto"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(mosquitto, "installed", lambda: str(program))
    with pytest.raises(BrokerError, match=f"does not start: .*{complaint}"), open_broker("mosquitto", tmp_path):
        pass

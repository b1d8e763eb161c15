"""The live map's server: where it listens, what it tells, how it ends."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from copper import serving
from copper.live import address, serve
from copper.serving import listen
from tests.viz.live.systems import HOUSE, Listener, Spoken
from tracer.errors import CopperError
from viz.live.systems import Only

PROGRAM = """
from copper import serving
from copper.live import serve
from tests.viz.live.systems import HOUSE, Spoken
from viz.live.systems import Only
serve(Only(Spoken(*HOUSE)), "127.0.0.1", 0, started=lambda address: print(address, flush=True))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 1), (signal.SIGTERM, -15)])
def test_it_ends_within_a_second_of_ctrl_c_or_sigterm_whoever_looks_on(number, code):
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], **piped)
    try:
        port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
        with Listener(port) as one, Listener(port, "layout=columns"):
            one.next("map")
            began = time.monotonic()
            process.send_signal(number)
            process.wait(10)
            took = time.monotonic() - began
        said = process.stderr.read()
    finally:
        process.kill()
        process.communicate()
    assert took < 2
    assert "KeyboardInterrupt" in said if number == signal.SIGINT else not said
    assert "ERROR" not in said
    assert process.returncode in {code, -number}


def test_a_port_that_is_taken_is_told_with_what_to_do():
    with listen("127.0.0.1", 0, name="somebody", next_step="") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CopperError) as caught:
            serve(Only(Spoken(*HOUSE)), "127.0.0.1", port)
    assert str(caught.value) == (
        f"the live map at 127.0.0.1:{port}: can't listen there for HTTP: Address already in use;"
        " --port names another port, 0 a free one"
    )


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
def test_a_connection_whose_other_end_takes_nothing_is_cut(monkeypatch):
    monkeypatch.setattr(serving, "PATIENCE", 0.5)
    listening = listen("127.0.0.1", 0, name="somebody", next_step="")
    reader = socket.create_connection(listening.getsockname())
    accepted, _ = listening.accept()
    with listening, reader, accepted, pytest.raises(TimeoutError):
        accepted.sendall(bytes(50_000_000))


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("127.0.0.1", 70_000), ("no such name", 0)])
def test_where_nobody_can_listen_is_told(host, port):
    with pytest.raises(CopperError, match="can't listen there"):
        serve(Only(Spoken(*HOUSE)), host, port, "token")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_need_a_token(host):
    with pytest.raises(CopperError, match="whoever reaches this machine could look on; say a --token"):
        serve(Only(Spoken(*HOUSE)), host, 0)


def test_without_the_extra_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(CopperError, match="the live map needs Starlette and Uvicorn; pip install starlette uvicorn"):
        serve(Only(Spoken(*HOUSE)), "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("host", "token", "opened"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8123/"),
        ("::1", "", "http://[::1]:8123/"),
        ("0.0.0.0", "a&b", "http://127.0.0.1:8123/?token=a%26b"),
        ("plant.example", "x", "http://plant.example:8123/?token=x"),
    ],
)
def test_the_address_can_be_opened(host, token, opened):
    assert address(host, 8123, token) == opened


def test_what_commands_load_before_they_know_what_to_do_is_no_web_server():
    program = "import sys, copper.live, copper.serving, copper.web; print({'starlette', 'uvicorn'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "set()\n"

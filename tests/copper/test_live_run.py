"""`copper run --live`, and `copper-trace record --live`: the live map beside something else."""

import os
import pty
import signal
import socket
import subprocess
import sys

import pytest

from tests.copper.live_maps import ADDRESS, Running
from tests.copper.standins import wait_for
from tests.copper.test_demo import COPPER, copper
from tests.copper.test_live_command import BEGIN, log, messages  # noqa: F401
from tests.viz.live.systems import Listener, ask, told

SLOW = """\
import time
from copper import Job, Service
service = Service("slow")
@service.action
def work(*, job: Job) -> dict:
    import pathlib
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    return {}
service.run()
"""


@pytest.fixture
def slow(tmp_path):
    """A folder with a workflow of one action, which ends once there is a file `go`."""
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "w.yaml").write_text(
        f"services: {{slow: {{command: {sys.executable} {tmp_path}/slow.py}}}}\nactions: [{{action: slow/work}}]\n"
    )
    return tmp_path


def test_a_run_is_shown_while_it_goes_on_and_ends_as_it_would(slow):
    page = Running(slow, "run", "w.yaml", "--broker", "builtin", "--live", "--port", "0", program="copper")
    try:
        wait_for(lambda: "topic:slow/work" in page.map()["nodes"])
        assert page.process.poll() is None
        assert told(page.port, "/runs")[0]["name"] == "w.yaml"
        (slow / "go").touch()
        assert page.process.wait(20) == 0, page.said
        assert b"slow/work" in page.process.stdout.read()
    finally:
        page.close()


def test_the_page_stays_where_a_person_is_there_until_ctrl_c_and_the_exit_code_is_the_runs(slow):
    (slow / "w.yaml").write_text("- {action: fetcher/fetch, type: local, path: /no/such, resource: r}\n")
    us, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COPPER, "run", "w.yaml", "--broker", "builtin", "--live", "--port", "0"],
        cwd=slow, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    try:
        while b"the live map stays" not in said:
            said += os.read(us, 10_000)
        port = int(ADDRESS.search(said.decode())[2])
        with Listener(port) as listener:
            assert listener.next("health", lambda health: health["over"])["lines"]
            assert "service:runner" in told(port, "/map.json")["nodes"]
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 1
        assert b"fetcher/fetch" in process.stdout.read()
    finally:
        process.kill()
        process.communicate()
        os.close(us)


def test_a_port_that_is_taken_is_told_before_anything_runs(slow):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = copper("run", "w.yaml", "--live", "--port", str(taken.getsockname()[1]), cwd=slow)
    assert done.returncode == 2
    assert "--port names another port" in done.stderr
    assert not (slow / ".copper").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--live", "--broker", "mqtt://127.0.0.1:1"], "name it with --log"),
        (["--port", "1"], "--port is the live map's: say --live, too"),
    ],
)
def test_what_cant_be_shown_is_told_before_anything_runs(words, said, slow):
    done = copper("run", "w.yaml", *words, cwd=slow)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (slow / ".copper").exists()


def test_a_recorder_serves_the_map_of_its_log_and_the_runs_in_its_store(log):  # noqa: F811
    words = ["record", log, "--store", "store", "--live", "--port", "0", "--host", "0.0.0.0", "--token-file", "token"]
    page = Running(log.parent, *words)
    try:
        page.token = log.with_name("token").read_text().strip()
        assert ask(page.port, "/map.json")[0] == 403
        wait_for(lambda: page.map()["counts"]["messages"] == 3)
        with log.open("ab") as file:
            file.write(messages("lamp/power", 2))
        wait_for(lambda: page.map()["counts"]["messages"] == 5)
        with Listener(page.port, f"token={page.token}"):
            assert page.end() == 0
    finally:
        page.close()

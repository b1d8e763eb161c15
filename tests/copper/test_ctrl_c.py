"""Ctrl-C once calls off all that runs and reports; twice ends at once. The runner in a process, as a user has it."""

import signal
import subprocess
import sys
import time

from copper import Job, Service
from tests.copper.standins import Peer, serving

WORKFLOW = "\n".join(f"- {{action: worker/act, id: {one}, needs: []}}" for one in "abc") + "\n- {action: worker/act}\n"


def begin(broker, tmp_path, heard):
    """A run whose three actions are all under way."""
    (tmp_path / "w.yaml").write_text(WORKFLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "copper", "run", "w.yaml", "--broker", broker.url],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for _ in range(3):
        heard.next("worker/act/start", 20)
    return process


def test_ctrl_c_once_calls_off_all_that_runs_and_ends_with_130(broker, tmp_path):
    service = Service("worker", broker=broker.url)

    @service.action
    def act(*, job: Job) -> None:
        while True:
            job.check()
            time.sleep(0.005)

    with serving(service), Peer(broker, "worker/act/start", "worker/act/error") as heard:
        process = begin(broker, tmp_path, heard)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        errors = [heard.next("worker/act/error")["kind"] for _ in range(3)]
        out, _ = process.communicate(timeout=20)
    assert errors == ["cancelled"] * 3
    assert process.returncode == 130, out
    assert out.count("interrupted in") == 3, out
    assert "not run" in out
    assert time.monotonic() - began < 4


def test_ctrl_c_twice_ends_at_once_also_when_no_service_listens(broker, tmp_path):
    with Peer(broker, "worker/act", on_message=lambda client, _, message: client.publish("worker/act/start", b"{}")):
        (tmp_path / "w.yaml").write_text("- {action: worker/act}\n")
        with Peer(broker, "worker/act/start", "worker/act/cancel") as heard:
            process = subprocess.Popen(
                [sys.executable, "-m", "copper", "run", "w.yaml", "--broker", broker.url],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            heard.next("worker/act/start", 20)
            process.send_signal(signal.SIGINT)
            heard.next("worker/act/cancel")
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=20)
            assert time.monotonic() - began < 1.5
    assert process.returncode == 130, out
    assert "Traceback" not in out

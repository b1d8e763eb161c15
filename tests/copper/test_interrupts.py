"""Ctrl-C waits while something is started, and comes then."""

import os
import signal
import subprocess
import threading

import pytest

from copper.interrupts import held


def test_ctrl_c_comes_after_the_block_and_not_in_it():
    noted = []

    def start() -> None:
        with held():
            os.kill(os.getpid(), signal.SIGINT)
            noted.append("what was started")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert noted == ["what was started"]


def test_without_ctrl_c_all_is_as_before():
    before = signal.getsignal(signal.SIGINT)
    with held():
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_a_process_that_is_started_meanwhile_can_be_ended():
    with held():
        process = subprocess.Popen(["sleep", "60"])
    process.terminate()
    assert process.wait(5) == -signal.SIGTERM


def test_in_another_thread_it_does_nothing():
    passed = []

    def work() -> None:
        with held():
            passed.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(5)
    assert passed == [True]

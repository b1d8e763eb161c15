"""`copper-trace record` beside a real broker: stopped, killed, its log rotated, and nothing lost, nothing twice."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from copper.commands.recording import stored_graph
from tests import brokers
from tests.tracer.logs import connected, log_of, published
from tests.tracer.stores import opened, position, read_at_once, record_all, stored
from tracer.errors import CopperError
from tracer.store import is_store, losses

KILLS = 100 if os.environ.get("COPPER_STRESS") else 8
DEADLINE = 20.0
MAIN = (
    "from tracer import recorder; recorder.EVERY = 0.2; from copper.commands.entry import copper_trace; copper_trace()"
)
"""The command, committing more often than it does, so that more commits are cut short."""


def wait_for(condition, what):
    """Wait until it is true."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.005)


class Recorder:
    """A recorder that is a process of its own."""

    def __init__(self, log, folder):
        self.log, self.folder = log, folder
        self.process = self.began = None

    def start(self):
        self.began = self.place()
        command = [sys.executable, "-c", MAIN, "record", str(self.log), "--store", str(self.folder)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def is_there(self):
        """Whether this process reads the file that has the log's name now."""
        place = self.place()
        return place not in {None, self.began} and place[0] == self.log.stat().st_ino

    def place(self):
        """How far it has committed."""
        with contextlib.suppress(CopperError), opened(self.folder) as store:
            return store.execute("SELECT inode, offset FROM reading").fetchone()
        return None

    def has_all(self):
        """Whether all that the log has is in the store."""
        with contextlib.suppress(CopperError):
            return position(self.folder) == self.log.stat().st_size
        return False


@pytest.fixture
def recorder(tmp_path):
    one = Recorder(tmp_path / "broker" / "mosquitto.log", tmp_path / "store")
    yield one
    if one.process is not None and one.process.poll() is None:
        one.kill()


class Traffic:
    """Clients that publish and subscribe with all QoS, as fast as messages are taken."""

    def __init__(self, port, chance):
        self.port, self.chance = port, chance
        self.clients = []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.publish)
        self.came = 0

    def __enter__(self):
        for name in ("sensor.1", "sensor.2", "sink"):
            client = mqtt.Client(CallbackAPIVersion.VERSION2, name)
            client.on_message = self.count
            client.connect("127.0.0.1", self.port)
            client.loop_start()
            self.clients.append(client)
        wait_for(lambda: all(one.is_connected() for one in self.clients), "the connections")
        self.clients[2].subscribe([("plant/#", 1), ("plant/+/level", 2)])
        self.thread.start()
        return self

    def count(self, *_):
        self.came += 1

    def publish(self):
        while not self.end.is_set():
            client, qos = self.chance.choice(self.clients), self.chance.choice((0, 1, 2))
            sent = client.publish(f"plant/{self.chance.randint(1, 20)}/level", b"x" * self.chance.randint(0, 30), qos)
            sent.wait_for_publish(DEADLINE)

    def __exit__(self, *_):
        self.end.set()
        self.thread.join(DEADLINE)
        for client in self.clients:
            client.disconnect()
            client.loop_stop()


class Log:
    """The log of a Mosquitto that is stopped for a moment while it is rotated, and a copy of all its pieces."""

    def __init__(self, log, recorder, pieces):
        self.log, self.recorder, self.pieces = log, recorder, pieces
        self.copies = []
        self.count = 0
        conf = os.fsencode(log.with_name("mosquitto.conf"))
        found = [
            int(one.name)
            for one in Path("/proc").iterdir()
            if one.name.isdigit()
            and conf in words_of(one)
            and b"mosquitto" in words_of(one)[0]
            and len(words_of(one)) == 3
        ]
        (self.broker,) = found

    @contextlib.contextmanager
    def at_rest(self):
        os.kill(self.broker, signal.SIGSTOP)
        try:
            wait_for(lambda: state_of(self.broker) == "T", "the stop of the broker")
            yield
        finally:
            os.kill(self.broker, signal.SIGCONT)

    def keep(self, name=None):
        self.count += 1
        kept = self.pieces / f"{self.count:03}"
        if name is None:
            os.link(self.log, kept)
        else:
            shutil.copyfile(self.log, kept)
        self.copies.append(kept)

    def rename(self):
        """As logrotate does by itself: the broker writes to the renamed file until it is told."""
        self.keep()
        self.log.rename(self.log.with_name(f"mosquitto.log.{self.count}"))
        self.reopen()

    def copy_and_cut(self):
        with self.at_rest():
            self.keep("copy")
            shutil.copyfile(self.log, self.log.with_name(f"mosquitto.log.{self.count}"))
            os.truncate(self.log, 0)

    def delete(self):
        """The recorder must run: what is deleted before it is opened can't be read any more."""
        self.keep()
        self.log.unlink()
        self.reopen()

    def reopen(self):
        os.kill(self.broker, signal.SIGHUP)
        wait_for(self.log.exists, "the new log")

    def all(self):
        return b"".join(one.read_bytes() for one in self.copies) + self.log.read_bytes()


def words_of(process):
    with contextlib.suppress(OSError):
        return (process / "cmdline").read_bytes().split(b"\0")[:-1] or [b""]
    return [b""]


def state_of(process):
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def wait_for_messages(traffic, count):
    came = traffic.came
    wait_for(lambda: traffic.came >= came + count, "the messages")


def rotate_and_kill(log, recorder, traffic, chance):
    """One round: some traffic, then at a moment of its own the log is rotated, and at another the recorder killed."""
    if chance.random() < 0.25:
        # else it may be killed before it has come to anything
        place = recorder.place()
        wait_for(lambda: recorder.place() != place, "a commit")
    wait_for_messages(traffic, chance.randint(5, 60))
    how = chance.choice((log.rename, log.copy_and_cut, log.rename, log.copy_and_cut, log.delete, None))
    if how == log.delete:
        wait_for(recorder.is_there, "the recorder")
    first_killed = how != log.delete and chance.random() < 0.5
    if first_killed:
        recorder.kill()
    if how is not None:
        how()
    wait_for_messages(traffic, chance.randint(1, 30))
    if how == log.delete:
        # by then all of the old one is in the store
        wait_for(recorder.is_there, "the recorder")
    if not first_killed:
        recorder.kill()
    recorder.start()


@pytest.mark.timeout(600 if os.environ.get("COPPER_STRESS") else 60)
@pytest.mark.parametrize("seed", range(1))
def test_killed_at_any_moment_and_the_log_rotated_in_all_ways_nothing_is_lost_and_nothing_comes_twice(
    seed, tmp_path, recorder
):
    chance = random.Random(seed)
    (tmp_path / "pieces").mkdir()
    with brokers.running("mosquitto", tmp_path / "broker") as broker:
        log = Log(recorder.log, recorder, tmp_path / "pieces")
        recorder.start()
        wait_for(recorder.place, "the first commit")
        with Traffic(brokers.port_of(broker), chance) as traffic:
            for _ in range(KILLS):
                rotate_and_kill(log, recorder, traffic, chance)
    wait_for(recorder.has_all, "the recording of all")
    recorder.process.send_signal(signal.SIGTERM)
    assert recorder.process.communicate(timeout=DEADLINE)[1] == ""
    assert recorder.process.returncode == 0
    assert stored(recorder.folder) == read_at_once(log.all())


def copy_and_cut(log, name):
    """As logrotate's copytruncate; gives back what the log had."""
    held = log.read_bytes()
    log.with_name(name).write_bytes(held)
    os.truncate(log, 0)
    return held


def test_a_log_that_is_cut_twice_around_a_kill_loses_nothing(recorder):
    """The first cut leaves an empty log, which has no beginning to be known by when it is cut again."""
    log = recorder.log
    log.parent.mkdir()
    log.write_bytes(log_of(*connected("pump")))
    recorder.start()
    wait_for(recorder.has_all, "the first commit")
    with log.open("ab") as file:
        file.write(log_of(published("pump", "plant/1")))
    pieces = [copy_and_cut(log, "mosquitto.log.1")]
    wait_for(lambda: "plant/1" in stored(recorder.folder), "the rest of the first piece")
    recorder.kill()
    log.write_bytes(log_of(published("pump", "plant/2")))
    pieces.append(copy_and_cut(log, "mosquitto.log.2"))
    log.write_bytes(log_of(published("pump", "plant/3")))
    recorder.start()
    wait_for(lambda: "plant/3" in stored(recorder.folder), "the last piece")
    assert stored(recorder.folder) == read_at_once(b"".join(pieces) + log.read_bytes())


def test_a_log_that_is_cut_without_a_copy_is_said_and_counted(recorder):
    log = recorder.log
    log.parent.mkdir()
    log.write_bytes(log_of(*connected("pump")))
    recorder.start()
    wait_for(recorder.has_all, "the first commit")
    log.write_bytes(log_of(published("pump", "x")))
    wait_for(lambda: "topic:x" in stored(recorder.folder), "the log after the cut")
    recorder.process.send_signal(signal.SIGTERM)
    assert "was cut, and no copy of it is found" in recorder.process.communicate(timeout=DEADLINE)[1]
    with opened(recorder.folder) as store:
        assert losses(store) == 1


def test_ctrl_c_ends_it_with_130_and_everything_that_was_read_is_written(recorder):
    recorder.log.parent.mkdir()
    recorder.log.write_bytes(log_of(*connected("pump"), published("pump", "plant/level")))
    recorder.start()
    wait_for(recorder.has_all, "the first commit")
    recorder.process.send_signal(signal.SIGINT)
    assert recorder.process.communicate(timeout=DEADLINE)[1] == ""
    assert recorder.process.returncode == 130
    assert stored(recorder.folder) == read_at_once(recorder.log.read_bytes())


def test_a_store_and_its_runs_are_logs_of_the_command_line(recorder):
    recorder.log.parent.mkdir()
    run = [published("runner", f"runner/runs/7/{bound}") for bound in ("start", "finish")]
    recorder.log.write_bytes(log_of(*connected("pump"), published("pump", "plant/level"), *run))
    record_all(recorder.log, recorder.folder)
    assert is_store(recorder.folder)
    assert not is_store(recorder.log)
    assert "service:pump" in stored_graph(str(recorder.folder), None, by="service")
    for name in ("run:7", "run:last"):
        assert "topic:plant/level" not in stored_graph(name, recorder.folder, by="service")
    with pytest.raises(CopperError, match=r"run:7: in which store\?"):
        stored_graph("run:7", None, by="service")

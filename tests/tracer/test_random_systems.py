"""Random systems on real Mosquitto: what the log is said to tell, held against what every socket received.

In systems whose sessions, filters and wills are as their lines say, nothing may differ: no false sender, no delivery
missed, every live one `seen`. What MQTT 5 can say and Mosquitto never logs (how long a session outlives its
connection, which stored or own messages a filter does not want, how long a will waits) leaves some copies open
whose topic and size several messages have: those get no sender. Systems that are made of nothing but that
(`hidden`) are played too: their live deliveries must be right, and of all copies at most one in a hundred may be
given to the wrong one of several that look alike.

They are played on the Mosquitto that is installed, and on a 2.1 from the Docker image that
COPPER_TEST_MOSQUITTO_IMAGE names (copper-mosquitto:2.1), where Docker has it. COPPER_STRESS=1 plays many more;
COPPER_TEST_MOSQUITTO names another Mosquitto than the installed one.
"""

import os
import subprocess
from contextlib import closing
from functools import cache

import pytest

from tests.needs import need
from tests.tracer.mosquittos import mosquitto
from tests.tracer.systems import Player
from tests.tracer.truth import held_against

IMAGE = os.environ.get("COPPER_TEST_MOSQUITTO_IMAGE") or "copper-mosquitto:2.1"
on_both = pytest.mark.parametrize("image", [None, IMAGE], ids=lambda image: image or "installed")
stress = pytest.mark.skipif(os.environ.get("COPPER_STRESS") != "1", reason="only with COPPER_STRESS=1")
OPEN = 0.0005
"""The share of copies that may stay without a sender in long systems: of a client's own messages (MQTT 5)."""
WRONG = 0.01
"""The share of copies that may be given to the wrong sender in systems made of nothing but what is not logged."""


@cache
def lacks(image):
    """Why this image can't be run, if it can't."""
    asked = subprocess.run([need("docker"), "image", "inspect", image], capture_output=True, check=False, timeout=60)
    return asked.stderr.decode(errors="replace").strip() if asked.returncode else ""


def played(folder, seed, *, clients, moves, restarts=False, hidden=False, image=None, settings=()):
    """A player after its system, and the log."""
    if image is not None and lacks(image):
        pytest.skip(f"Docker does not run {image}: {lacks(image)}")
    folder.mkdir()
    settings = ("persistence true", f"persistence_location {folder}/", "max_queued_messages 5000", *settings)
    with mosquitto(folder, settings, image=image) as broker:
        player = Player(seed, broker, clients, hidden=hidden)
        with closing(player.net):
            player.play(moves, restarts=restarts)
    return player, broker.log.read_bytes()


def but_for_own(wrong):
    """What is wrong but that one copy of a client's own message has no sender: MQTT 5's no local is not logged."""
    missed = wrong.get("missed", {})
    if sum(missed.values()) != 1 or wrong.get("unnamed") != 1 or any(key[0] != key[1] for key in missed):
        return wrong
    edges = {key: count for key, count in wrong.pop("edges", {}).items() if key[0] != key[1]}
    left = {name: what for name, what in wrong.items() if name not in {"missed", "unnamed"}}
    return {**left, "edges": edges} if edges else left


@on_both
@pytest.mark.parametrize("seed", range(4))
def test_senders_and_graph_of_a_random_system_are_what_its_sockets_received(seed, image, tmp_path):
    player, log = played(tmp_path / "system", seed, clients=18, moves=70, restarts=seed == 3, image=image)
    assert but_for_own(held_against(player, log).wrong()) == {}


@on_both
def test_what_the_log_does_not_tell_leaves_live_deliveries_right(image, tmp_path):
    player, log = played(tmp_path / "system", 1, clients=18, moves=70, hidden=True, image=image)
    report = held_against(player, log)
    assert (report.not_live, report.not_seen) == ([], [])
    assert report.false.total() <= WRONG * report.deliveries


@stress
@pytest.mark.timeout(900)
@on_both
@pytest.mark.parametrize(("clients", "seeds"), [(10, 12), (25, 40), (50, 12), (100, 4), (150, 4)])
def test_long_random_systems_have_no_false_sender(clients, seeds, image, tmp_path):
    deliveries = open_ones = 0
    for seed in range(100, 100 + seeds):
        player, log = played(
            tmp_path / f"{seed}", seed, clients=clients, moves=150, restarts=seed % 4 == 3, image=image
        )  # fmt: skip
        report = held_against(player, log)
        deliveries += report.deliveries
        open_ones += report.unnamed
        assert report.false == {}, seed
        assert (report.out_of_order, report.not_live, report.not_seen) == ([], [], []), seed
        assert not any(report.publishes.values()), seed
        assert report.missed.total() <= report.unnamed, seed
    assert open_ones <= OPEN * deliveries


@stress
@pytest.mark.timeout(900)
@on_both
def test_long_systems_full_of_what_is_not_logged_are_nearly_right(image, tmp_path):
    deliveries = false = 0
    for seed in range(100, 120):
        player, log = played(tmp_path / f"{seed}", seed, clients=25, moves=150, hidden=True, image=image)
        report = held_against(player, log)
        deliveries += report.deliveries
        false += report.false.total()
        assert report.not_seen == []
    assert false <= WRONG * deliveries

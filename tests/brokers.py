"""Brokers for tests: which kinds this machine has, and how to start one.

`KINDS` are the parameters of a test that runs on the built-in broker and on real Mosquitto. Without
Mosquitto the second is skipped with its reason, or fails where COPPER_TEST_REQUIRE=all says that nothing may
be missing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from copper.broker import Broker, open_broker
from tests.needs import need

KINDS = ("builtin", "mosquitto")


def require(kind: str) -> None:
    """Skip the test that asks for a broker which is not installed, or fail it where nothing may be missing."""
    if kind == "mosquitto":
        need("mosquitto")


@contextlib.contextmanager
def running(kind: str, folder: Path) -> Iterator[Broker]:
    """A broker of a kind, with its files in `folder`, as long as the block lasts."""
    require(kind)
    with open_broker(kind, folder) as broker:
        yield broker


def port_of(broker: Broker) -> int:
    """The port in a broker's URL."""
    return int(broker.url.rpartition(":")[2])

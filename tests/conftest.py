"""What tests share: a real broker of each kind."""

import pytest

from tests import brokers


@pytest.fixture(params=brokers.KINDS)
def broker(request, tmp_path):
    """A broker that runs on a free loopback port: the built-in one, then real Mosquitto."""
    with brokers.running(request.param, tmp_path / "broker") as running:
        yield running

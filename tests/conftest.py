"""What tests share: a real broker of each kind, and what to do where a program is missing."""

import os
import shutil

import pytest

from copper.broker import open_broker


def need(program: str) -> str:
    """The path of a program; where it can't be had the test is skipped, or fails if COPPER_TEST_REQUIRE=all."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        reason = f"{program} is not installed"
        if os.environ.get("COPPER_TEST_REQUIRE") == "all":
            pytest.fail(f"{reason}, and COPPER_TEST_REQUIRE=all")
        pytest.skip(reason)
    return found


@pytest.fixture(params=["builtin", "mosquitto"])
def broker(request, tmp_path):
    """A broker that runs on a free loopback port: the built-in one, then real Mosquitto."""
    if request.param == "mosquitto":
        need("mosquitto")
    with open_broker(request.param, tmp_path / "broker") as running:
        yield running


@pytest.fixture
def mosquitto(tmp_path):
    """Real Mosquitto on a free loopback port."""
    need("mosquitto")
    with open_broker("mosquitto", tmp_path / "broker") as running:
        yield running

"""What to do where a program that a test runs for real is not installed."""

import os
import shutil

import pytest


def need(program: str) -> str:
    """The path of a program; where it can't be had the test is skipped, or fails if COPPER_TEST_REQUIRE=all."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        reason = f"{program} is not installed"
        if os.environ.get("COPPER_TEST_REQUIRE") == "all":
            pytest.fail(f"{reason}, and COPPER_TEST_REQUIRE=all")
        pytest.skip(reason)
    return found

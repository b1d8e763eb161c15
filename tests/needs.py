"""What to do where something that a test runs for real is not installed."""

import importlib
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parent.parent


def need(program: str) -> str:
    """The path of a program; where it can't be had the test is skipped, or fails if COPPER_TEST_REQUIRE=all."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    return found or _missing(f"{program} is not installed")


def need_file(pattern: str) -> Path:
    """The same for a file of the project's folder that tests/install-tools.sh brings."""
    found = sorted(ROOT.glob(pattern))
    return found[-1] if found else _missing(f"{pattern} is not there; tests/install-tools.sh brings it")


def need_library(module: str) -> None:
    """The same for a module of Python's that needs a library of the system's."""
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:
        _missing(f"{module} can't be imported: {error}")


def _missing(reason: str) -> NoReturn:
    if os.environ.get("COPPER_TEST_REQUIRE") == "all":
        pytest.fail(f"{reason}, and COPPER_TEST_REQUIRE=all")
    pytest.skip(reason)

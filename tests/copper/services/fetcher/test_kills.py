"""A fetcher that is killed at any moment leaves the old or the new, and the next fetch sweeps away what it left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from copper.services import folders

KILLS = 150 if os.environ.get("COPPER_STRESS") == "1" else 8

FETCH_FOR_EVER = """
import sys
from pathlib import Path
from copper.services.fetcher.fetch import fetch
from copper.services.fetcher.settings import Settings

sources, folder = Path(sys.argv[1]), Path(sys.argv[2])
number = 0
while True:
    entry = {"type": "local", "path": str(sources / "ab"[number % 2]), "resource": "r"}
    fetch(entry, Settings(folder), lambda *_: None)
    print(number, flush=True)
    number += 1
"""


@pytest.fixture
def sources(tmp_path):
    for name, count in (("a", 40), ("b", 60)):
        for number in range(count):
            (tmp_path / "sources" / name / f"d{number % 7}").mkdir(parents=True, exist_ok=True)
            (tmp_path / "sources" / name / f"d{number % 7}" / f"{number}.md").write_text(name)
    return tmp_path / "sources"


@pytest.mark.timeout(600 if os.environ.get("COPPER_STRESS") == "1" else 60)
def test_kill_at_any_moment_leaves_one_whole_version(fetcher, sources):
    rng = random.Random(7)
    folder = fetcher.settings.folder
    fetcher(type="local", path=str(sources / "a"), resource="r")
    whole = {name: {path.name for path in (sources / name).rglob("*.md")} for name in "ab"}
    for _ in range(KILLS):
        command = [sys.executable, "-c", FETCH_FOR_EVER, sources, folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            until = time.monotonic() + rng.random() * 0.1
            while time.monotonic() < until:
                assert (folder / "r").is_dir()
            child.send_signal(signal.SIGKILL)
        found = {path.name: path.read_text() for path in (folder / "r").rglob("*.md")}
        (version,) = set(found.values())
        assert set(found) == whole[version]
    fetcher(type="local", path=str(sources / "b"), resource="r", filter="*.md")
    assert set(fetcher.files("r").values()) == {"b"}
    assert fetcher.left_over() == []


def test_unchanged_fetch_sweeps_too(fetcher, sources):
    fetcher(type="local", path=str(sources / "a"), resource="r")
    (fetcher.settings.folder / ".r.new" / "half").mkdir(parents=True)
    (fetcher.settings.folder / ".r.new.aside").mkdir()
    assert fetcher(type="local", path=str(sources / "a"), resource="r")["changed"] is False
    assert fetcher.left_over() == []


def test_system_without_exchange_takes_two_steps_and_a_kill_between_is_mended(fetcher, sources, monkeypatch):
    monkeypatch.setattr(folders, "_exchanged", lambda *_: False)
    for name in "ab":
        fetcher(type="local", path=str(sources / name), resource="r")
        assert set(fetcher.files("r").values()) == {name}
    (fetcher.settings.folder / "r").rename(fetcher.settings.folder / ".r.new.old")
    assert fetcher(type="local", path=str(sources / "b"), resource="r")["changed"] is False
    assert set(fetcher.files("r").values()) == {"b"}
    assert fetcher.left_over() == []


def test_whole_resource_that_was_fetched_anew_forgets_what_lay_below(fetcher, sources):
    below = {"type": "local", "path": str(sources / "b"), "resource": "r", "dest": "d0"}
    fetcher(**below)
    fetcher(type="local", path=str(sources / "a"), resource="r")
    assert fetcher(**below)["changed"] is True
    assert set(fetcher.files("r/d0").values()) == {"b"}

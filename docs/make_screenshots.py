"""Takes the docs' pictures of the live map: a home whose log grows, in a real Chromium.

`python -m docs.make_screenshots` takes them all. They are looked at and not compared: other lines are lit each time.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from docs import systems, traffic
from tests import browser

PICTURES = Path(__file__).parent / "pictures"
BEFORE = 1800
"""Seconds of the log that are there already; the rest comes as it would."""
SHOTS = {
    "live": ("?open=topic:evcc/site/pvPower&tail=evcc/%23", {"viewport": {"width": 1440, "height": 900}}),
    "live-wall": ("?wall=1", {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}),
    "live-small": ("?open=service:home-assistant", {"viewport": {"width": 390, "height": 800}}),
}


def main() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as folder:
        log, stop = Path(folder) / "home.log", threading.Event()
        growing = threading.Thread(target=_grow, args=(log, stop))
        growing.start()
        command = [sys.executable, "-m", "copper.commands.tracing", "live", "--port", "0", log.name]
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as server:
            try:
                _take(_address(server))
            finally:
                server.terminate()
                stop.set()
                growing.join()


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise SystemExit("the live map was not served")


def _take(address: str) -> None:
    with browser.running() as chromium:
        for name, (query, options) in SHOTS.items():
            with browser.opened(chromium, address + query, **options) as visit:
                visit.page.wait_for_selector("#map .passes")
                visit.page.screenshot(path=PICTURES / f"{name}.png")


def _grow(log: Path, stop: threading.Event) -> None:
    """Write a home's log as if it were now."""
    begun = time.time()
    with log.open("w", encoding="utf-8") as out:
        for line in traffic.log_of(systems.SYSTEMS["home"](), seconds=2 * BEFORE):
            at, rest = line.split(":", 1)
            now = begun + int(at) - traffic.BEGIN - BEFORE
            if now > time.time():
                out.flush()
                if stop.wait(now - time.time()):
                    return
            out.write(f"{int(now)}:{rest}")


if __name__ == "__main__":
    main()

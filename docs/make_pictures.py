"""Draws the pictures of the docs anew: `make docs`. But for the run of the demo, they depend on no time or place.

The demo, the four systems of docs/systems.py in all layouts, and one of them compared with what became of it. Where a
log is small enough they are drawn as a user would, from the log on; the others from the graph that their log gives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx as nx

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs import systems, traffic
from viz.layout import LAYOUTS
from viz.picture import draw

PICTURES = Path(__file__).parent / "pictures"
TRACE = [sys.executable, "-m", "copper.commands.tracing", "graph"]
TITLES = {
    "workflow": "A runner and four services",
    "home": "A home",
    "plant": "A plant with 400 presses",
    "large": "A fleet of 4,850 devices",
}
MORE = {"home": ("html", "drawio")}
"""The formats other than svg, by system: one of each is enough to look at."""
LARGEST = 300_000
"""Bytes of an SVG: a page with four of them is still read."""


def demo() -> None:
    """The graph of `copper demo`."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "copper", "demo"], cwd=folder, check=True)
        (run,) = (Path(folder) / ".copper" / "runs").iterdir()
        graph = [*TRACE, str(run / "mosquitto.log"), "--title", "copper demo"]
        subprocess.run([*graph, "--layout", "columns", "--out", str(PICTURES / "demo-columns.svg")], check=True)
        shutil.copy(run / "deps.svg", PICTURES / "demo.svg")


def from_log(name: str) -> None:
    """A system's pictures from its log, by the command line."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / f"{name}.log"
        with log.open("w", encoding="utf-8") as out:
            out.writelines(traffic.log_of(systems.SYSTEMS[name]()))
        for layout, file in _files(name):
            # what was drawn before must not shine through: drawio keeps what people did to a file
            file.unlink(missing_ok=True)
            command = [*TRACE, log.name, "--title", TITLES[name], "--layout", layout, "--out", str(file)]
            subprocess.run(command, cwd=folder, check=True)


def compared() -> None:
    """What has changed in the home, as `copper-trace diff` draws it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, system in (("autumn.log", systems.home()), ("winter.log", systems.home_changed())):
            with (Path(folder) / name).open("w", encoding="utf-8") as out:
                out.writelines(traffic.log_of(system))
        file = PICTURES / "home-compared.svg"
        command = [*TRACE[:-1], "diff", "autumn.log", "winter.log", "--out", str(file)]
        done = subprocess.run(command, cwd=folder, check=False)
        if done.returncode != 1:
            sys.exit("the two homes should differ")


def from_graph(name: str) -> None:
    """A system's pictures without the detour over a log of some hundred MB."""
    graph: nx.MultiDiGraph[str] = traffic.graph_of(systems.SYSTEMS[name]())
    for layout, file in _files(name):
        file.write_bytes(draw(graph, file.suffix[1:], title=TITLES[name], layout=layout))


def _files(name: str) -> list[tuple[str, Path]]:
    """Layouts, each with the file that it is drawn into."""
    plain = [(layout, PICTURES / f"{name}-{layout}.svg") for layout in LAYOUTS if layout != "auto"]
    return plain + [("flow", PICTURES / f"{name}.{suffix}") for suffix in MORE.get(name, ())]


def main() -> None:
    """All pictures, each within a sane size."""
    os.environ["PYTHONHASHSEED"] = "random"
    PICTURES.mkdir(exist_ok=True)
    demo()
    for name in ("workflow", "home"):
        from_log(name)
    compared()
    for name in ("plant", "large"):
        from_graph(name)
    if heavy := [file.name for file in sorted(PICTURES.glob("*.svg")) if file.stat().st_size > LARGEST]:
        sys.exit(f"larger than {LARGEST:,} bytes: {', '.join(heavy)}")


if __name__ == "__main__":
    main()

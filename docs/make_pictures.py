"""Draws the pictures of the docs anew, each by the way a user would: `make docs`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURES = Path(__file__).parent / "pictures"


def demo() -> None:
    """The graph of `copper demo`."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "copper", "demo"], cwd=folder, check=True)
        (run,) = (Path(folder) / ".copper" / "runs").iterdir()
        graph = [sys.executable, "-m", "copper.commands.tracing", "graph", str(run / "mosquitto.log")]
        for layout in ("flow", "columns"):
            name = "demo.svg" if layout == "flow" else f"demo-{layout}.svg"
            command = [*graph, "--title", "copper demo", "--layout", layout, "--out", str(PICTURES / name)]
            subprocess.run(command, check=True)
        shutil.copy(run / "deps.svg", PICTURES / "demo.svg")


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    demo()

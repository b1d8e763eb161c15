"""The pictures of runs, drawn as each of them ends, from the store that a recorder writes meanwhile.

Comes in: a store, a folder. Goes out: `FOLDER/RUN/deps.svg`, `deps.drawio` and `graph.json`. A run whose last file is
there is not drawn again, and one that ended while nobody drew is drawn by the next who does.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from copper import sequence
from copper.output import write_aside
from tracer.errors import CopperError
from tracer.store import ended_runs, graph_of, open_store
from viz import picture

EVERY = 1.0
"""Seconds between two looks: a recorder commits as often."""
FILES = {"graph.json": "json", "deps.svg": "svg", "deps.drawio": "drawio"}
"""In the order in which they are written."""


@contextmanager
def drawing(store: Path, folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Draw runs as they end, as long as the block lasts; those that end with it are drawn, too."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(EVERY):
            draw(store, folder, say)

    thread = threading.Thread(target=look, name="pictures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        draw(store, folder, say)


def draw(store: Path, folder: Path, say: Callable[[str], None]) -> None:
    """Draw all runs that have ended and are not drawn."""
    try:
        with closing(open_store(store)) as connection:
            for run in ended_runs(connection):
                place = folder / run.run
                if not (place / list(FILES)[-1]).exists():
                    graph = graph_of(connection, run, source=f"run:{run.run}")
                    graph.graph["actions"] = sequence.of_store(connection, run)
                    place.mkdir(parents=True, exist_ok=True)
                    for name, kind in FILES.items():
                        write_aside(place / name, picture.compose(graph, kind, title=f"run {run.run}").data)
                    say(f"drew {place / 'deps.svg'}")
    except CopperError as error:
        if store.exists() and any(store.iterdir()):
            say(str(error))
    except (OSError, sqlite3.Error) as error:
        say(f"{folder}: the pictures of runs can't be written: {error}")

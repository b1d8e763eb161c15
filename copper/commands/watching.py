"""`copper watch`: a run, and another whenever the workflow or a local source has changed.

watchdog tells when to look; whether something has changed, sizes and times of the files say. What changes while a run
goes on brings one more run after it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from copper import references, workflow
from copper.commands import running, show
from copper.commands.running import Asked
from copper.document import read_document
from copper.workflow import Workflow
from tracer.errors import CopperError

QUIET_SECONDS = 0.3
"""Editors write in several steps: nothing must have changed for so long."""
LOOK_SECONDS = 2.0
"""How often is looked without a word of the system's: of a network's file system it may know nothing."""
IGNORED = {".copper", ".git", "__pycache__"}

State = dict[str, tuple[int, int]]


def watch(asked: Asked) -> int:
    """Run until Ctrl-C.

    Raises:
        CopperError: the file is not there.
        KeyboardInterrupt: Ctrl-C.
    """
    file = asked.workflow or Path()
    read_document(file)
    while True:
        places = sources(file)
        before = state(places)
        try:
            running.run(asked, None)
        except CopperError as error:
            show.words(str(error))
        show.words(f"watching {', '.join(show.near(place) for place in places)}; Ctrl-C ends")
        _wait(places, before)
        show.words("")


def sources(file: Path) -> list[Path]:
    """The workflow's file, and what its fetches copy from this machine."""
    found = [file]
    try:
        checked: Workflow = workflow.load(file)
    except CopperError:
        return found
    for action in checked.actions:
        path = action.entry.get("path")
        if action.entry.get("type") == "local" and isinstance(path, str) and not any(references.find(path)):
            found.append(Path(path))
    return list(dict.fromkeys(found))


def state(places: list[Path]) -> State:
    """Size and time of every file in these places."""
    return {str(file): mark for place in places for file in _files(place) if (mark := _mark(file)) is not None}


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders[:] = [one for one in folders if one not in IGNORED]
        yield from (Path(folder, name) for name in names)


def _mark(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _wait(places: list[Path], before: State) -> None:
    """Until something is otherwise than before, and has been left alone for a moment."""
    changed = threading.Event()
    observer: Any = Observer()
    for folder in {place if place.is_dir() else place.absolute().parent for place in places}:
        if folder.is_dir():
            observer.schedule(_Wakes(changed), str(folder), recursive=folder in places)
    observer.daemon = True
    observer.start()
    try:
        while (now := state(places)) == before:
            changed.wait(LOOK_SECONDS)
            changed.clear()
        while (later := state(places)) != now or changed.wait(QUIET_SECONDS):
            now = later
            changed.clear()
    finally:
        observer.stop()
        observer.join()


class _Wakes(FileSystemEventHandler):
    def __init__(self, changed: threading.Event) -> None:
        self._changed = changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in {"opened", "closed_no_write"}:
            self._changed.set()

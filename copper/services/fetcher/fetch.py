"""From an entry to files in their place: the fetcher's path on one page.

Comes in: the entry, the settings, and a function to tell how far it is. Goes out: the answer, a mapping. Knows no MQTT.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from copper.service import ActionError
from copper.services.fetcher import entry as asked
from copper.services.fetcher import filter as chosen
from copper.services.fetcher.place import Place, Record
from copper.services.fetcher.settings import Settings
from copper.services.fetcher.source import Check, Found, Known, Request, Source
from copper.services.fetcher.sources import source as find_source
from copper.services.fetcher.tree import Tick, Tree
from copper.services.folders import locked, replaced, swept

UNITS = ("bytes", "kB", "MB", "GB", "TB")


def fetch(entry: Mapping[str, Any], settings: Settings, tick: Tick) -> dict[str, Any]:
    """Bring what `entry` asks for into its place; what is there already stays until the new is complete.

    Returns:
        The entry, extended by `resource`, `path` (absolute), `total_files` (in the source), `filtered_files` (kept),
        `size_bytes`, `size_text`, `duration` (seconds), `duration_text`, `version`, `changed`.

    Raises:
        ActionError: by its kind: "bad_request" (the entry), "not_found", "refused" (unsafe, too much, or not
            allowed), "bad_archive", "network", "timeout", "busy", "storage".
    """
    started = time.monotonic()
    request = Request(entry, chosen.keep(entry.get("filter")), settings)
    source = find_source(request)
    place = Place(settings.folder, asked.resource(entry, source.name), asked.dest(entry))

    def check() -> None:
        tick(0, 0, "")

    try:
        with locked(place.root, check=check, seconds=settings.limits.seconds):
            swept(place.target, place.work)
            record, changed = _bring(request, source, place, tick, check)
    except OSError as error:
        raise ActionError(f"{error.filename or settings.folder}: {error.strerror}", kind="storage") from error
    return {
        **entry,
        "resource": place.resource,
        **_answer(record, place, time.monotonic() - started),
        "changed": changed,
    }


def _bring(request: Request, source: Source, place: Place, tick: Tick, check: Check) -> tuple[Record, bool]:
    """The record of what is now in place, and whether that is new."""
    identity = {**source.identity, "filter": request.entry.get("filter")}
    record = place.remembered()
    if record is not None and record["identity"] != identity:
        record = None
    known = Known(record["version"], record["note"]) if record else None
    with source.look(known, check) as found:
        if record is not None and found.version == record["version"]:
            return record, False
        counts = _put(request, found, place, tick)
    record = {"identity": identity, "version": found.version, "note": dict(found.note), **counts}
    place.remember(record)
    return record, True


def _put(request: Request, found: Found, place: Place, tick: Tick) -> dict[str, int]:
    with replaced(place.target, place.work) as work:
        tree = Tree(work, request.keep, request.settings.limits, tick)
        found.write(tree)
        tree.finish()
        if tree.files == 0:
            said = f"the filter keeps none of its {tree.total} files" if tree.total else "there are no files"
            raise ActionError(said, kind="not_found")
        place.forget()
    return {"total_files": tree.total, "filtered_files": tree.files, "size_bytes": tree.size}


def _answer(record: Record, place: Place, duration: float) -> dict[str, Any]:
    return {
        "path": str(place.target),
        "total_files": record["total_files"],
        "filtered_files": record["filtered_files"],
        "size_bytes": record["size_bytes"],
        "size_text": size_text(record["size_bytes"]),
        "duration": round(duration, 3),
        "duration_text": duration_text(duration),
        "version": record["version"],
    }


def size_text(size: int) -> str:
    """A size for people: `size_text(1_234_567)` is "1.2 MB"."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{size} bytes" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def duration_text(seconds: float) -> str:
    """A duration for people: `duration_text(75)` is "1 min 15 s"."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"

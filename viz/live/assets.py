"""The files of the page: its own, and those that it shares with the page of `viz.formats`."""

from __future__ import annotations

import re
from importlib.resources import files

from viz.formats.page import style

LOOK = "look.css"
_SHARED = {"model.js", "parts.js", "tables.js", "map.js"}
_NAME = re.compile(r"live\.html|icon\.svg|[a-z][a-z_-]*\.(js|css)")


def asset(name: str) -> bytes | None:
    """A file of the page; None where there is none of this name."""
    if name == LOOK:
        return style().encode()
    folder = files("viz.formats.page") if name in _SHARED else files("viz.live") / "page"
    file = folder / name
    return file.read_bytes() if _NAME.fullmatch(name) and file.is_file() else None

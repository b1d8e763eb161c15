"""Names of logs → the files that they mean, the oldest first.

Comes in: what a user named: paths, patterns (`mosquitto.log*`), or sources that are no files. Goes out: one name for
each, in the order in which they were written: by the time of their first line, else by their rotation number.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from glob import has_magic, iglob
from itertools import chain
from pathlib import Path

from tracer.errors import CopperError
from tracer.sources import file
from tracer.sources.archive import DamagedError
from tracer.sources.clock import first_time
from tracer.sources.container import SCHEME

_ROTATED = re.compile(
    r"(?P<log>.+?)(?:\.(?P<number>\d{1,4})|[-.](?P<date>\d{8}(?:[-T]?\d{2,10})?))?(?:\.(?:gz|xz|zst))?", re.DOTALL
)
"""`NAME`, `NAME.2.gz` (logrotate, the higher the older), `NAME-20261124.xz` (logrotate with dateext)."""
_EMPTY = "~"
"""Sorts behind all times: an empty log was just begun."""


def parts(names: Iterable[str]) -> tuple[str, ...]:
    """The logs that are meant, the oldest first; each once.

    As named stay: sources that are no files, and what stands beside one.

    Raises:
        CopperError: a pattern matches no file, or a file can't be read.
    """
    found = {_identity(one): one for name in names for one in _matching(name)}
    logs = list(found.values())
    return tuple(logs if len(logs) < 2 or not all(map(_is_file, logs)) else _in_order(logs))


def _matching(name: str) -> list[str]:
    if not has_magic(name) or _is_file(name) or name.startswith(SCHEME):
        return [name]
    # Path.glob refuses patterns that begin at the root
    matched = [path for path in iglob(name, recursive=True) if _is_file(path)]  # noqa: PTH207
    if not matched:
        raise CopperError("no file matches this pattern", where=name, next_step="is the folder right?")
    return sorted(matched, key=lambda path: (Path(path).stat().st_mtime_ns, path))


def _is_file(name: str) -> bool:
    return Path(name).is_file()


def _identity(name: str) -> str:
    return os.path.realpath(name) if _is_file(name) else name


def _in_order(logs: list[str]) -> list[str]:
    begins = {log: _begin(log) for log in logs}
    rotated = {log: _ROTATED.fullmatch(log) for log in logs}
    ages = {log: _age(match) for log, match in rotated.items() if match is not None}
    siblings = len({match["log"] for match in rotated.values() if match is not None}) == 1
    if all(begin is not None for begin in begins.values()):
        return sorted(logs, key=lambda log: (begins[log], ages[log] if siblings else ()))
    return sorted(logs, key=lambda log: ages[log]) if siblings else logs


def _begin(log: str) -> str | None:
    """When a log begins, if it tells."""
    try:
        lines = file.read(Path(log))
        first = next(lines, None)
        return first_time(chain((first,), lines)) if first is not None else _EMPTY
    except DamagedError:
        return None


def _age(match: re.Match[str]) -> tuple[bool, str, int]:
    """Sorts the pieces of one log: those with a date, those with a number, then the log itself."""
    return match["number"] is None and match["date"] is None, match["date"] or "", -int(match["number"] or 0)

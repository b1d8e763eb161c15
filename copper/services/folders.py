"""Folders that services share: where they are, and how one is replaced as a whole.

Comes in: the environment, a target folder. Goes out: an empty work folder that takes the target's place when its
builder is done, so that readers see the old content or the new, never a mixture. Knows no service.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from copper.service import ActionError

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # renameat2(2)

RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, in any folder: a mount can lead there."""

PAUSE = 0.05
"""Seconds between two looks at a lock that another process holds."""


def fetch_folder() -> Path:
    """Where the fetcher puts resources, and others find them: COPPER_FETCH_DIR."""
    return Path(os.environ.get("COPPER_FETCH_DIR") or "./cache/fetch").absolute()


def web_folder() -> Path:
    """Where sites are built: COPPER_WEB_DIR."""
    return Path(os.environ.get("COPPER_WEB_DIR") or "./cache/web").absolute()


def is_plain(name: str) -> bool:
    """Whether `name` can be one visible folder and one level of a topic."""
    odd = not name.isprintable() or any(sign in "/\\+#:" for sign in name) or bool(RESERVED.fullmatch(name))
    return (
        bool(name)
        and not odd
        and name[-1] != "."
        and name[0] not in ".-~"
        and name == name.strip()
        and len(name) <= 120
    )


def plain(text: str, *, default: str) -> str:
    """The nearest plain name to `text`, which others wrote; `default` where nothing is left of it."""
    name = "".join(sign if is_plain("a" + sign + "a") else "-" for sign in text)
    name = name.strip().lstrip(".-~ ").strip()[:120].rstrip(". ")
    return name if is_plain(name) else default


@contextmanager
def locked(target: Path, *, check: Callable[[], None], seconds: float = 60.0) -> Iterator[None]:
    """Hold `target` for one at a time, across processes; the lock of a process that dies is free.

    Args:
        target: what is to be changed; the lock is the hidden file `.NAME.lock` beside it.
        check: called while waiting; what it raises ends the wait.
        seconds: how long to wait.

    Raises:
        ActionError: another process did not let go in time.
    """
    deadline = time.monotonic() + seconds
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("ab") as file:
        while not _lock(file.fileno()):
            check()
            if time.monotonic() > deadline:
                raise ActionError(f"{target.name} is being worked on by another", kind="busy", retryable=True)
            time.sleep(PAUSE)
        yield


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def replaced(target: Path, work: Path) -> Iterator[Path]:
    """An empty folder `work` that becomes `target` if the block ends well; else `target` stays as it was.

    Args:
        target: the folder to replace; it need not exist.
        work: a hidden path on the same file system, for one builder at a time (see `locked`); what an earlier one
            that was killed left there is removed.
    """
    swept(target, work)
    work.mkdir(parents=True)
    try:
        yield work
        target.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(target):
            work.rename(target)
        elif not _exchanged(work, target):
            target.rename(_old(work))
            work.rename(target)
    finally:
        swept(target, work)


def swept(target: Path, work: Path) -> None:
    """Remove what a builder that was killed left; where it was killed between two renames, the old takes its place."""
    old = _old(work)
    if os.path.lexists(old) and not os.path.lexists(target):
        old.rename(target)
    for path in (work, old, work.with_name(f"{work.name}.aside")):
        _remove(path)


def _old(work: Path) -> Path:
    """Where the target stands for a moment, on systems that can't exchange two folders at once."""
    return work.with_name(f"{work.name}.old")


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places in one step, so that nobody ever finds neither; False where that can't be done."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):  # not Linux, or a C library before 2018
        return False
    return bool(rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

"""Files of a source on their way into a work folder: checked, filtered, counted, written.

Comes in: names and contents that a stranger may have made. Goes out: files below one root, and nothing elsewhere.
Knows no source and no archive. Links are made last and by their real end, so that no file is ever written through one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from copper.service import ActionError
from copper.services.fetcher.filter import Keep
from copper.services.fetcher.settings import Limits

CHUNK = 256 * 1024

DEEPEST = 100
"""Folders within each other: a source of short names could else make millions of them."""

Tick = Callable[[int, int, str], None]
"""Called often: files done, files in all (0: not known), the file at hand. What it raises ends the fetch."""


class Readable(Protocol):
    """What contents are read from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""


def refused(message: str) -> ActionError:
    """The error for a source that is not to be trusted, or too much."""
    return ActionError(message, kind="refused")


class Tree:
    """A folder that is being filled.

    Attributes:
        total: files that the source has, as far as they were seen.
        files: files that were kept.
        size: bytes that were written.
        expected: how many files will come, where the source knows; else 0.
    """

    def __init__(self, root: Path, keep: Keep, limits: Limits, tick: Tick) -> None:
        self.total = self.files = self.size = self.expected = 0
        self._root = root
        self._keep = keep
        self._limits = limits
        self._tick = tick
        self._links: dict[Path, str] = {}
        self._folders = {root}

    @property
    def aside(self) -> Path:
        """Where a source may keep what it needs meanwhile: a folder beside, which it has to make."""
        return self._root.with_name(f"{self._root.name}.aside")

    def wants(self, name: str) -> bool:
        """Whether the file `name` (relative, with `/`) is kept; each file of the source is asked for once.

        Raises:
            ActionError: the name leads out of the folder, or there are too many files.
        """
        parts = name.split("/")
        if name.startswith("/") or ".." in parts or "\0" in name or not parts[-1]:
            raise refused(f"it holds a file that would land elsewhere: {name!r}")
        if len(parts) > DEEPEST:
            raise refused(f"it holds a file below more than {DEEPEST} folders: {name[:60]!r}…")
        self.total += 1
        if self.total > self._limits.files:
            raise refused(f"it has more than {self._limits.files} files (COPPER_FETCH_MAX_FILES)")
        return self._keep(name)

    def write(self, name: str, content: Readable, *, executable: bool = False) -> None:
        """Write a file that `wants` wanted.

        Raises:
            ActionError: it would be too much.
        """
        path = self._root / name
        with os.fdopen(self._open(path), "wb") as file:
            while chunk := content.read(CHUNK):
                self.size += len(chunk)
                if self.size > self._limits.size:
                    raise refused(f"it has more than {self._limits.size} bytes (COPPER_FETCH_MAX_BYTES)")
                file.write(chunk)
                self._tick(self.files, self.expected, name)
        if executable:
            path.chmod(path.stat().st_mode | 0o111)
        self.files += 1
        self._tick(self.files, self.expected, name)

    def link(self, name: str, target: str) -> None:
        """Note a symbolic link that `wants` wanted; `target` is what it says, relative to its own folder.

        Raises:
            ActionError: it leads to no name at all.
        """
        if not target or "\0" in target:
            raise refused(f"it holds a link that leads nowhere: {name!r}")
        self._links[self._root / name] = target

    def finish(self) -> None:
        """Make the links. One whose target was not kept is left out.

        Raises:
            ActionError: a link leaves the folder.
        """
        root = Path(os.path.realpath(self._root))
        for path, target in self._links.items():
            if Path(os.path.realpath(path.parent)) != root / path.parent.relative_to(self._root):
                raise refused(f"it holds a file below a link: {self._name(path)}")
            with _placed(self._name(path)):
                self._make(path.parent)
                path.unlink(missing_ok=True)
                path.symlink_to(target)
        for path, target in self._links.items():
            real = Path(os.path.realpath(path))
            if Path(target).is_absolute() or not real.is_relative_to(root):
                link = f"{self._name(path)} -> {target}"
                raise refused(f"it holds a link that leaves the folder: {link}; a filter can leave it out")
        for path in self._links:
            if os.path.exists(path):  # noqa: PTH110  Path.exists raises where the target is too long a name
                self.files += 1
            else:
                path.unlink()

    def _open(self, path: Path) -> int:
        with _placed(self._name(path)):
            self._make(path.parent)
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it; they count like files."""
        if folder in self._folders:
            return
        self._make(folder.parent)
        folder.mkdir(exist_ok=True)
        self._folders.add(folder)
        if len(self._folders) > self._limits.files:
            raise refused(f"it has more than {self._limits.files} folders (COPPER_FETCH_MAX_FILES)")

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


@contextmanager
def _placed(name: str) -> Iterator[None]:
    """What the file system can't hold, said as the source's fault."""
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise refused(f"it holds {name!r} as a file and as a folder") from None
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise refused(f"it holds a file whose name is too long: {name[:60]!r}…") from None

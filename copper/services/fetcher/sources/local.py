"""A file or folder of the machine that the fetcher runs on.

Keys: `path` (relative: to the fetcher's working folder). Version: a hash over path, size and time of change of each
file that is kept, so contents are read only when something changed. Sockets, pipes and devices are refused, links kept
as links; the fetcher's own folder is left out, so that `path: .` does not fetch what was fetched.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from copper.service import ActionError
from copper.services.fetcher.entry import needed
from copper.services.fetcher.source import Check, Found, Known, Request, Source
from copper.services.fetcher.tree import Tree, refused
from copper.services.folders import plain


def source(request: Request) -> Source:
    """The file or folder at `path`.

    Raises:
        ActionError: `path` is missing.
    """
    root = Path(needed(request.entry, "path")).resolve()

    @contextmanager
    def look(_known: Known | None, check: Check) -> Iterator[Found]:
        files = dict(_files(root, request.settings.folder.resolve(), check))
        folder = root if root.is_dir() else root.parent
        kept = {name: about for name, about in files.items() if request.keep(name)}
        yield Found(_version(kept), _writer(folder, list(files)))

    return Source(plain(root.name, default="local"), {"type": "local", "path": str(root)}, look)


def _files(root: Path, own: Path, check: Check) -> Iterator[tuple[str, os.stat_result]]:
    """All files and links: name, relative to the folder, and what the system says of it, sorted folder by folder."""
    if not root.exists():
        raise ActionError(f"{root} does not exist", kind="not_found")
    if root.is_file():
        yield root.name, root.lstat()
        return
    waiting = [""]
    while waiting:
        check()
        below = waiting.pop()
        folders = []
        for entry in _entries(root / below):
            name = f"{below}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                yield name, entry.stat(follow_symlinks=False)
            elif Path(entry.path) != own:
                folders.append(f"{name}/")
        waiting.extend(reversed(folders))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise ActionError(f"{error.filename}: {error.strerror}", kind="refused") from error


def _version(files: Mapping[str, os.stat_result]) -> str:
    lines = [f"{name}\0{one.st_size}\0{one.st_mtime_ns}\0{one.st_mode}\n" for name, one in files.items()]
    return f"sha256:{hashlib.sha256(os.fsencode(''.join(lines))).hexdigest()}"


def _writer(folder: Path, files: list[str]) -> Callable[[Tree], None]:
    def write(tree: Tree) -> None:
        tree.expected = len(files)
        for name in files:
            if tree.wants(name):
                _copy(folder / name, name, tree)

    return write


def _copy(path: Path, name: str, tree: Tree) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        tree.link(name, str(path.readlink()))
    elif stat.S_ISREG(mode):
        with os.fdopen(_open(path), "rb") as file:
            tree.write(name, file, executable=bool(mode & 0o100))
    else:
        raise refused(f"{path} is no ordinary file")


def _open(path: Path) -> int:
    """Open what was a file a moment ago: a link that took its place is not followed, a pipe not waited for."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)

"""A file or folder of the machine that the fetcher runs on.

Keys: `path` (relative: to the fetcher's working folder). Version: a hash over path, size and time of change of each
file that is kept, so contents are read only when something changed. Sockets, pipes and devices are refused, links kept
as links; the fetcher's own folder is left out, so that `path: .` does not fetch what was fetched.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
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
        files = list(_files(root, request.settings.folder.resolve(), check))
        kept = [name for name in files if request.keep(name)]
        folder = root if root.is_dir() else root.parent
        yield Found(_version(folder, kept), _writer(folder, files))

    return Source(plain(root.name, default="local"), {"type": "local", "path": str(root)}, look)


def _files(root: Path, own: Path, check: Check) -> Iterator[str]:
    """Names of all files and links, relative to the folder, sorted folder by folder."""
    if not root.exists():
        raise ActionError(f"{root} does not exist", kind="not_found")
    if root.is_file():
        yield root.name
        return
    for here, folders, names in os.walk(root, onerror=_unreadable):
        check()
        base = Path(here)
        links = [name for name in folders if (base / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in links and base / name != own)
        for name in sorted([*names, *links]):
            yield (base / name).relative_to(root).as_posix()


def _unreadable(error: OSError) -> None:
    raise ActionError(f"{error.filename}: {error.strerror}", kind="refused")


def _version(folder: Path, names: list[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        about = (folder / name).lstat()
        digest.update(os.fsencode(f"{name}\0{about.st_size}\0{about.st_mtime_ns}\0{about.st_mode}\n"))
    return f"sha256:{digest.hexdigest()}"


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

"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from tracer.errors import CopperError


def write_aside(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then rename it into place, so that nobody ever sees half a file.

    A link's target is what is replaced, and who may read the file stays so; what is no regular file (a device, a pipe)
    is written to as it is.

    Raises:
        CopperError: the folder does not exist or can't be written to.
    """
    try:
        there = path.resolve()
        if there.is_dir():
            raise IsADirectoryError(21, "it is a directory", str(path))
        if there.exists() and not there.is_file():
            there.write_bytes(data)
        else:
            _replace(there, data)
    except OSError as error:
        raise CopperError(
            f"can't be written: {error.strerror}",
            where=str(path),
            next_step="is the folder there, and yours to write to?",
        ) from error


def _replace(path: Path, data: bytes) -> None:
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:100]}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(_mode(path))
        temporary.replace(path)
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """Who may read and write it: as before, or where it is new, as an ordinary open() would have it."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0o666 & ~_umask()


def _umask() -> int:
    """The mask that an ordinary open() would have applied; NamedTemporaryFile always makes files 0600."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

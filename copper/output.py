"""Files are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tracer.errors import CopperError


def write_aside(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then rename it into place, so that nobody ever sees half a file.

    Raises:
        CopperError: the folder does not exist or can't be written to.
    """
    temporary = None
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a directory", str(path))
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(data)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise CopperError(f"can't be written: {error.strerror}", where=str(path)) from error


def _umask() -> int:
    """The mask that an ordinary open() would have applied; NamedTemporaryFile always makes files 0600."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

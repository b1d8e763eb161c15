"""Lines of standard input, as they come."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import BinaryIO

from tracer.errors import CopperError
from tracer.sources.archive import unpacked
from tracer.sources.lines import CHUNK, Line, cut


def read(stream: BinaryIO | None = None) -> Iterator[Line]:
    """The lines of `stream`, or of standard input, until it ends; each as soon as it is there. It may be compressed.

    Raises:
        CopperError: it can't be read, or holds no text.
    """
    return cut(chunks(stream), "-")


def chunks(stream: BinaryIO | None = None) -> Iterator[bytes]:
    """The same as bytes, not cut into lines."""
    return unpacked(_chunks(stream if stream is not None else _stdin()), "-")


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    try:
        # a raw stream gives what is there, and read1 does; read of a buffered one would wait until a whole chunk is
        while chunk := source.read1(CHUNK) if isinstance(source, io.BufferedReader) else source.read(CHUNK):
            yield chunk
    except OSError as error:
        raise CopperError(f"can't be read: {error.strerror}", where="standard input") from error


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise CopperError("is closed", where="standard input", next_step="give it a log, or name a file")
    # not through the buffer: its lock would be held by a thread that waits here when Python ends, which kills that
    return getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)

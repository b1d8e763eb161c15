"""Bytes of a compressed log → its bytes: gzip, xz and zstd, told by how they begin and not by their name.

What is not compressed passes as it is. Of an archive that is cut or damaged, what can be read comes first.
"""

from __future__ import annotations

import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, cast

from tracer.errors import CopperError

PIECE = 16 * 1024
"""Packed bytes to unpack at once: a dull log grows a thousandfold."""
ZSTD = b"\x28\xb5\x2f\xfd"
TOLD_BY = 6
"""Bytes by which they are told."""


class DamagedError(CopperError):
    """An archive has no end, or no sense from some place on; what stands before was given out."""


@dataclass(frozen=True)
class Kind:
    """A way to compress.

    Attributes:
        name: in words.
        unpacker: makes what unpacks one stream: zlib, lzma and zstd agree on `decompress`, `eof`, `unused_data`.
        error: what that raises.
    """

    name: str
    unpacker: Callable[[], Any]
    error: type[Exception]


def is_packed(first: bytes) -> bool:
    """Whether a file that begins so is compressed."""
    return first.startswith((b"\x1f\x8b", b"\xfd7zXZ\0", ZSTD))


def unpacked(chunks: Iterable[bytes], origin: str) -> Iterator[bytes]:
    """The bytes of a log, be it compressed or not.

    Args:
        chunks: as they were read; the first has TOLD_BY bytes, if there are so many.
        origin: the log, for errors.

    Raises:
        DamagedError: the archive is cut or damaged; everything before was given out.
        CopperError: it is compressed with zstd, and nothing that reads it is installed.
    """
    rest = iter(chunks)
    first = next(rest, b"")
    kind = _kind(first, origin)
    if kind is None:
        return chain((first,), rest)
    return _members(kind, chain((first,), rest), origin)


def open_unpacked(path: Path) -> BinaryIO:
    """A file to be read from any place: as it is, or what it holds where it is an archive.

    Raises:
        OSError: it can't be read.
        CopperError: as unpacked(); of an archive that is cut or damaged, what stands before is read first.
    """
    file = path.open("rb", buffering=0)
    try:
        first = file.read(TOLD_BY)
        file.seek(0)
        return file if _kind(first, str(path)) is None else cast("BinaryIO", _Unpacked(file, str(path)))
    except BaseException:
        file.close()
        raise


class _Unpacked(io.RawIOBase):
    """What an archive holds, as a file; going back begins anew."""

    def __init__(self, file: io.FileIO, origin: str) -> None:
        self._file = file
        self._origin = origin
        self._begin()

    def _begin(self) -> None:
        self._file.seek(0)
        self._chunks = unpacked(iter(lambda: self._file.read(PIECE), b""), self._origin)
        self._rest = b""
        self._place = 0
        self._error: DamagedError | None = None

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, fewer only at the end.

        Raises:
            DamagedError: it is cut or damaged, and all that stands before was read.
        """
        found = [self._rest]
        length = len(self._rest)
        while self._error is None and not 0 <= size <= length:
            try:
                chunk = next(self._chunks, None)
            except DamagedError as error:
                self._error = error
                break
            if chunk is None:
                break
            found.append(chunk)
            length += len(chunk)
        if not length and size and self._error is not None:
            raise self._error
        data = b"".join(found)
        data, self._rest = (data, b"") if size < 0 else (data[:size], data[size:])
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a byte, counted from the beginning."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation
        if offset < self._place:
            self._begin()
        while self._place < offset and self.read(min(offset - self._place, PIECE)):
            pass
        return self._place

    def tell(self) -> int:
        return self._place

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()
        super().close()


def _kind(first: bytes, origin: str) -> Kind | None:
    if first.startswith(b"\x1f\x8b"):
        return Kind("gzip", lambda: zlib.decompressobj(wbits=31), zlib.error)
    if first.startswith(b"\xfd7zXZ\0"):
        return Kind("xz", lzma.LZMADecompressor, lzma.LZMAError)
    return _zstd(origin) if first.startswith(ZSTD) else None


def _zstd(origin: str) -> Kind:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415  older Pythons have none

        return Kind("zstd", zstd.ZstdDecompressor, zstd.ZstdError)
    try:
        import zstandard  # noqa: PLC0415  an extra, which few need
    except ImportError as error:
        raise CopperError(
            "is compressed with zstd, which Python reads from 3.14 on",
            where=origin,
            next_step="pip install zstandard, or unpack it: zstd -dc LOG | copper-trace VERB -",
        ) from error
    return Kind("zstd", lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError)


def _members(kind: Kind, chunks: Iterable[bytes], origin: str) -> Iterator[bytes]:
    """What the streams of an archive hold: logs that were compressed apart may be put one behind the other."""
    member, read = kind.unpacker(), 0
    for piece in (chunk[at : at + PIECE] for chunk in chunks for at in range(0, len(chunk), PIECE)):
        data = piece
        while data:
            if member.eof:
                # tapes and block devices are filled up with zeros
                data = data.lstrip(b"\0")
                if not data:
                    break
                member = kind.unpacker()
            try:
                out = member.decompress(data)
            except (kind.error, EOFError) as error:
                raise _damaged(kind, origin, f"is damaged at or after byte {read:,}") from error
            data = member.unused_data if member.eof else b""
            yield out
        read += len(piece)
    if not member.eof:
        raise _damaged(kind, origin, f"ends in the middle, at byte {read:,}")


def _damaged(kind: Kind, origin: str, what: str) -> DamagedError:
    return DamagedError(
        f"the {kind.name} archive {what}; what could be read before was read",
        where=origin,
        next_step="copy it again from where it is whole",
    )

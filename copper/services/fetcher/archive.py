"""tar, tar.gz and zip archives that strangers made → files of a tree.

Comes in: an archive as a stream (tar) or an open file (zip). Goes out: its files, through `Tree`, which checks names
and counts. What only archives can do is refused here: device nodes, pipes, and bombs, told by unpacked bytes for each
packed one while they unpack, never by what a header promises. Knows nothing of where the archive came from.
"""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from copper.service import ActionError
from copper.services.fetcher.settings import Limits
from copper.services.fetcher.tree import Readable, Tree, refused

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
"""Names that are unpacked. By name, not content: a .docx is a zip, and nobody wants it unpacked."""

LONGEST_HEADER = 1024**2
"""Bytes of a tar header block (a long name, pax records): tarfile reads these into memory whole."""

LONGEST_LISTED = 46 + 256
"""Bytes of a file in a zip's list: what the format needs, and more name and notes than any packer writes."""

LONGEST_LINK = 4096
"""Bytes of a link's target: Linux knows no longer path."""


def stem(name: str) -> str | None:
    """The name of an archive without its suffix, None for what is no archive."""
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return None


def unpack(name: str, file: BinaryIO, tree: Tree, limits: Limits) -> None:
    """Unpack the archive called `name`, open at its start, into `tree`.

    Raises:
        ActionError: it is broken, or it is not to be trusted.
    """
    if name.lower().endswith(".zip"):
        unpack_zip(file, tree, limits)
    else:
        unpack_tar(file, tree, limits)


def unpack_tar(stream: Readable, tree: Tree, limits: Limits, *, strip: int = 0) -> None:
    """Unpack a tar or tar.gz as it arrives; `strip` leading folders of each name are dropped.

    Raises:
        ActionError: it is broken, or it is not to be trusted.
    """
    packed = _Counted(stream, limits.size)
    with _readable(), tarfile.open(fileobj=_plain(packed, limits), mode="r|", tarinfo=_Member) as tar:
        for number, member in enumerate(tar, start=1):
            if number > 2 * limits.files:  # folders and links count as well
                raise refused(f"it has more than {limits.files} files (COPPER_FETCH_MAX_FILES)")
            _take(tar, member, tree, strip)
            vars(tar)["members"] = []  # tarfile keeps them all, for a seek that a stream can't do


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, tree: Tree, strip: int) -> None:
    name = _relative(member.name, strip)
    if member.isdir() or not name:
        return
    if not (member.isreg() or member.issym()):
        what = "hard link" if member.islnk() else "device or pipe"
        raise refused(f"it holds a {what}: {member.name!r}")
    if not tree.wants(name):
        return
    if member.issym():
        tree.link(name, member.linkname)
        return
    content = tar.extractfile(member)
    if content is not None:
        tree.write(name, content, executable=bool(member.mode & 0o100))


def unpack_zip(file: BinaryIO, tree: Tree, limits: Limits) -> None:
    """Unpack a zip.

    Raises:
        ActionError: it is broken, encrypted, or it is not to be trusted.
    """
    size = file.seek(0, 2)
    if _listed(file, size) > limits.files:
        raise refused(f"it has more than {limits.files} files (COPPER_FETCH_MAX_FILES)")
    meter = _Meter(limits, lambda: size)
    with _readable(), zipfile.ZipFile(file) as archive:
        tree.expected = len(archive.infolist())
        for member in archive.infolist():
            # The standard says "/"; those who write "\" mean it.
            name = _relative(member.filename.replace("\\", "/"))
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
                raise refused(f"it holds a device or pipe: {member.filename!r}")
            if not name or member.is_dir() or not tree.wants(name):
                continue
            with archive.open(member) as content:
                metered = _Metered(content, meter)
                if kind == stat.S_IFLNK:
                    tree.link(name, metered.read(LONGEST_LINK).decode("utf-8", "surrogateescape"))
                else:
                    tree.write(name, metered, executable=bool(member.external_attr >> 16 & 0o100))


def _listed(file: BinaryIO, size: int) -> int:
    """How many files a zip can list at most: zipfile makes an object of each before one can be looked at.

    They stand between the files and the end record (APPNOTE 4.3.16, at most 65,557 bytes from the end) and take 46
    bytes each and more. Where its length can't be told, in zip64, all of the file may be such a list.
    """
    file.seek(max(0, size - 65_557))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    length = int.from_bytes(tail[place + 12 : place + 16], "little") if place >= 0 else 0
    if length == 0xFFFFFFFF:
        place = tail.rfind(b"PK\x06\x06")
        length = int.from_bytes(tail[place + 40 : place + 48], "little") if place >= 0 else size
    return min(length, size) // LONGEST_LISTED


def _relative(name: str, strip: int = 0) -> str:
    """The name without `.` parts and the first `strip` folders; "" if nothing is left."""
    if name.startswith("/"):
        raise refused(f"it holds a file that would land elsewhere: {name!r}")
    return "/".join([part for part in name.split("/") if part not in {"", "."}][strip:])


class _Member(tarfile.TarInfo):
    """A tar header; refuses what would make tarfile read without end or without measure."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0 or (self.size > LONGEST_HEADER and self.type in _HEADERS):
            raise refused("it holds a header that is too long")
        return cast("tarfile.TarInfo", super()._proc_member(tar))  # type: ignore[misc]


_HEADERS = {
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
}


class _Counted:
    """A stream that knows how many bytes were read from it, and how many may be: a server can send without end."""

    def __init__(self, stream: Readable, most: int) -> None:
        self.count = 0
        self._most = most
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self.count += len(chunk)
        if self.count > self._most:
            raise refused(f"it has more than {self._most} bytes (COPPER_FETCH_MAX_BYTES)")
        return chunk


class _Meter:
    """Compares what came out with what went in."""

    def __init__(self, limits: Limits, packed: Callable[[], int]) -> None:
        self._limits = limits
        self._packed = packed
        self._out = 0

    def add(self, count: int) -> None:
        self._out += count
        if self._out > self._limits.ratio_from and self._out > self._limits.ratio * self._packed():
            raise refused(f"it unpacks to more than {self._limits.ratio} times its size")


class _Metered:
    """A stream of unpacked bytes with a meter on it."""

    def __init__(self, stream: Readable, meter: _Meter) -> None:
        self._stream = stream
        self._meter = meter

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._meter.add(len(chunk))
        return chunk


def _plain(packed: _Counted, limits: Limits) -> BinaryIO:
    """The tar within; gzip or not is told by the first two bytes, since some servers unpack on the way."""
    head = packed.read(2)
    whole = _Again(head, packed)
    if head != b"\x1f\x8b":
        return cast("BinaryIO", whole)
    unpacked = gzip.GzipFile(fileobj=cast("BinaryIO", whole))
    return cast("BinaryIO", _Metered(unpacked, _Meter(limits, lambda: packed.count)))


class _Again:
    """A stream whose first bytes were looked at already."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._rest.read(size)


@contextmanager
def _readable() -> Iterator[None]:
    """Whatever the libraries say of a broken archive, said as our error."""
    broken = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, ValueError)
    try:
        yield
    except (RuntimeError, NotImplementedError) as error:  # zipfile: encrypted, or an unknown method
        raise ActionError(f"the archive can't be unpacked: {error}", kind="bad_archive") from error
    except broken as error:
        raise ActionError(f"the archive is broken: {error}", kind="bad_archive") from error

"""Bytes → lines. Cut at newlines alone: U+2028, U+0085 and the like are ordinary characters of ids and topics.

A log that came through Windows or a terminal ends its lines with CR LF: one CR before the newline belongs to it.
Mosquitto itself writes none there, since clients may not have control characters in ids and topics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tracer.errors import CopperError

CHUNK = 64 * 1024
"""Bytes to read at once; larger chunks fall out of the processor's cache."""
LONGEST = 64 * 1024
"""Bytes of a line that are kept. Mosquitto writes 999 at most, 1.6 some 1,100; a plugin may write more."""


class Line(NamedTuple):
    """One line of a log.

    Attributes:
        data: the line without its newline, be it LF or CR LF.
        number: its number in the log, from 1 on.
        offset: where it begins, in bytes.
        origin: the log: a path, `-`, or `docker:CONTAINER`.
        at: when it was written (ISO 8601, UTC), where the source knows that: it is finer than the log's own clock.
    """

    data: bytes
    number: int
    offset: int
    origin: str
    at: str | None = None


class Splitter:
    """Cuts chunks into lines, and keeps the begun last line until it ends.

    Attributes:
        offset: where the begun line begins, in bytes.
        number: the lines before it.
        origin: the log, as in Line.
    """

    def __init__(self, origin: str, offset: int = 0, number: int = 0) -> None:
        self.offset = offset
        self.number = number
        self.origin = origin
        self._begun = b""
        self._lost = 0

    @property
    def position(self) -> int:
        """How many bytes were taken in."""
        return self.offset + len(self._begun) + self._lost

    @property
    def has_begun(self) -> bool:
        """Whether what comes next goes on with a line."""
        return bool(self._begun)

    def refuse_binary(self, chunk: bytes) -> None:
        """Look at the first bytes of a log.

        Raises:
            CopperError: they hold a NUL byte, so this is no log.
        """
        if self.position == 0 and b"\0" in chunk:
            raise CopperError(
                "is a binary file, not a log of Mosquitto",
                where=self.origin,
                next_step="give the file that log_dest in mosquitto.conf names",
            )

    def skip(self, size: int, lines: int) -> None:
        """So many bytes, and the lines in them, were read elsewhere."""
        self.offset += size
        self.number += lines

    def whole(self, data: bytes) -> Line:
        """A line that was cut out elsewhere."""
        return self._line(data, 1)

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The lines that end in this chunk.

        Raises:
            CopperError: as refuse_binary().
        """
        self.refuse_binary(chunk)
        pieces = chunk.split(b"\n")
        for piece in pieces[:-1]:
            yield self._line(piece, 1)
        room = LONGEST - len(self._begun)
        self._begun += pieces[-1][:room]
        self._lost += len(pieces[-1][room:])

    def rest(self) -> Iterator[Line]:
        """The begun last line, when the log is over."""
        if self._begun:
            yield self._line(b"", 0)

    def _line(self, end: bytes, newline: int) -> Line:
        size = len(self._begun) + self._lost + len(end) + newline
        self.number += 1
        data = self._begun + end
        if not self._lost:
            data = data.removesuffix(b"\r")
        line = Line(data[:LONGEST], self.number, self.offset, self.origin)
        self.offset += size
        self._begun, self._lost = b"", 0
        return line


def cut(chunks: Iterable[bytes], origin: str) -> Iterator[Line]:
    """The lines of a log that is read to its end; where an error ends it, the begun last line still comes."""
    splitter = Splitter(origin)
    try:
        for chunk in chunks:
            yield from splitter.feed(chunk)
    except CopperError:
        yield from splitter.rest()
        raise
    yield from splitter.rest()

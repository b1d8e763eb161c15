"""The time before a line's text: found once in the first lines of a log, then split off every line.

Comes in: a line's bytes. Goes out: its text and its time. Mosquitto (src/logging.c) prints the epoch's seconds
and `: ` by default, nothing with `log_timestamp false`, and `strftime(log_timestamp_format)` and `: ` else.
It knows nothing of what lines say: who asks for the prefix brings the test for "that is one of ours".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

EPOCH = re.compile(rb"\A(\d{1,11}): ")
TIME_ERROR = b"Time error: "
"""Printed instead of a time where strftime failed (its result is longer than 50 bytes in 1.6, 1,000 in 2.x)."""
LONGEST = 200
"""Bytes before a text in which its time is looked for."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATES = (
    re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d\d)[-/.](?P<day>\d\d)"),
    re.compile(r"(?P<day>\d{1,2})[-/. ](?P<name>[A-Za-z]{3})[a-z]*[-/. ](?P<year>\d{4})"),
    re.compile(r"(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d{4})"),
    re.compile(r"(?P<name>[A-Za-z]{3})[a-z]*,? +(?P<day>\d{1,2})\b.*?\b(?P<year>\d{4})"),
    re.compile(r"\b(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?=\D|\d{4,6}\b)"),
)
CLOCKS = (
    re.compile(r"(?<!\d)(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<zone>Z|[+-]\d\d:?\d\d)\b)?"),
    re.compile(r"[T -](?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<zone>Z|[+-]\d\d:?\d\d)?\b"),
)


@dataclass(frozen=True, slots=True)
class Prefix:
    """How the lines of one log begin: `pattern` matches the whole prefix, None where there is none."""

    pattern: re.Pattern[bytes] | None

    def split(self, line: bytes) -> tuple[bytes, bytes | None] | None:
        """The text and the stamp of a line; None for a line that does not begin as the others do."""
        if self.pattern is None:
            return line, None
        match = self.pattern.match(line)
        if match is not None:
            return line[match.end() :], match.group(1)
        if line.startswith(TIME_ERROR):
            return line[len(TIME_ERROR) :], None
        return None


def find(line: bytes, is_ours: Callable[[bytes], bool | None]) -> Prefix | None:
    """The prefix that this line tells of, or None where the line can't tell.

    A stamp may hold `: ` itself, so every one is tried until the rest is a line that we know. It ends there also where
    that line (`is_ours` is None) does not tell: what stands behind, in a filter for example, may look like any line.
    """
    if EPOCH.match(line):
        return Prefix(EPOCH)
    is_text = is_ours(line)
    if is_text:
        return Prefix(None)
    end = line.find(b": ", 0, LONGEST)
    while end >= 0 and is_text is not None:
        is_text = is_ours(line[end + 2 :])
        if is_text:
            return Prefix(_shape(line[:end]))
        end = line.find(b": ", end + 1, LONGEST)
    return None


def _shape(stamp: bytes) -> re.Pattern[bytes]:
    """A pattern for stamps of the same strftime format: numbers and words may change, all else stays.

    Day and month names are UTF-8 in a localised broker; a day of the month or an hour (%e, %k) may be padded with a
    space, or need none.
    """
    pieces = re.findall(rb" *\d+| +|[A-Za-z\x80-\xff]+|.", stamp, re.DOTALL)
    return re.compile(rb"\A(" + b"".join(_piece(piece) for piece in pieces) + rb"): ")


def _piece(piece: bytes) -> bytes:
    if piece.strip(b" ").isdigit():
        return rb" *\d+"
    if not piece.strip(b" "):
        return rb" +"
    if piece in {b"+", b"-"}:
        return rb"[+-]"
    if piece.isalpha() or piece[0] >= 0x80:
        return rb"[A-Za-z\x80-\xff]+"
    return re.escape(piece)


def iso(stamp: bytes) -> str | None:
    """A stamp as ISO 8601 in UTC, no finer than it is; None where it has no date or no time of day.

    A stamp without a zone is the broker's local time; the log does not say which zone that is, and it is
    taken for UTC, which is what containers run in.
    """
    if stamp.isdigit() and len(stamp) <= 11:
        return datetime.fromtimestamp(int(stamp), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = stamp.decode("ascii", "replace")
    date, clock = _search(DATES, text), _search(CLOCKS, text)
    if date is None or clock is None:
        return None
    try:
        moment = _moment(date, clock)
    except (ValueError, OverflowError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if clock["second"] else "%Y-%m-%dT%H:%MZ")


def _search(patterns: tuple[re.Pattern[str], ...], text: str) -> dict[str, str] | None:
    for pattern in patterns:
        match = pattern.search(text)
        if match is not None:
            return match.groupdict()
    return None


def _moment(date: dict[str, str], clock: dict[str, str]) -> datetime:
    month = MONTHS.index(date["name"].lower()) + 1 if "name" in date else int(date["month"])
    local = datetime(
        int(date["year"]),
        month,
        int(date["day"]),
        int(clock["hour"]),
        int(clock["minute"]),
        int(clock["second"] or 0),
        tzinfo=timezone.utc,
    )
    zone = clock["zone"]
    if not zone or zone == "Z":
        return local
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return local - timedelta(minutes=minutes if zone[0] == "+" else -minutes)

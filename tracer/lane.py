"""The fast lane: lines of a log that are known beforehand are compared, and not read.

Most of a log is messages whose copies can be told beforehand. When one comes in, its plan (plans.py) has the very bytes
that Mosquitto prints for it: copies, packet identifiers and acknowledgement. If they stand there, the message is
counted, and the sessions are left as state.py would leave them. If anything else stands there, the lane stops before
the message, and its lines are read one by one. A test reads the same logs with it and without.
"""

from __future__ import annotations

from collections.abc import Callable

from tracer import grammar, prefix
from tracer.counting import Counting, Sums
from tracer.numbered import MORE, NO_ERROR, NUMBER, SENDING, STOP, Lines, Numbered
from tracer.pipeline import Pipeline
from tracer.planner import MID_DIGITS, Planner
from tracer.plans import BETWEEN, NEXT, QUOTE, Plan
from tracer.prefix import Prefix
from tracer.records import Record
from tracer.session import Session

KIND = 15
"""Bytes that tell apart the lines that come in."""

Read = Callable[[Lines, int, bytes], int]


class Lane:
    """Reads on where it can, from and to any `Received` line at which no message is being handed out.

    Attributes:
        wants_more: whether it stopped since the end of what it compares with is not there yet.
    """

    def __init__(self, pipeline: Pipeline, stamps: Prefix, sums: Sums) -> None:
        self.wants_more = False
        self._sessions = pipeline.state.sessions
        self._attribution = pipeline.state.attribution
        self._prefix = stamps
        self._counting = Counting(pipeline.counts, self._attribution.stored, sums)
        self._planner = Planner(self._sessions, self._attribution, self._counting)
        self._numbered = Numbered(self._attribution, self._planner, self._counting)
        # until the first line has told its time, no line begins like this
        self._counting.stamp = b"" if stamps.pattern is None else b"\n"
        self._readers: dict[bytes, Read] = {
            b"Received PUBACK": self._numbered.free,
            b"Received PUBCOM": self._numbered.free,
            b"Received PUBREC": self._numbered.received,
            b"Received PUBREL": self._numbered.release,
            b"Received PINGRE": self._numbered.ping,
        }

    @property
    def at(self) -> str | None:
        """The time of the last line that was read."""
        return self._counting.at

    def fold(self) -> None:
        """Hand on what was counted."""
        self._counting.fold()

    def run(self, lines: Lines, place: int) -> int:  # noqa: C901, PLR0912, PLR0915  the loop that all lines go through
        """Read on.

        Args:
            lines: of a log, without their newlines.
            place: of the first to read.

        Returns:
            The place of the first line that was not read.
        """
        # bytes.find and .startswith are slower than what is used here: they parse their arguments
        plan_of, size_of, receiver_of, reader_of = (
            self._planner.plain.get,
            self._planner.sizes.get,
            self._numbered.receivers.get,
            self._readers.get,
        )
        counting, numbered = self._counting, self._numbered
        counts, at, stamp, last = counting.counts, counting.at, counting.stamp, len(lines) - 1
        before, width = counts.lines, len(stamp)
        following, ahead = stamp + NEXT, len(stamp) + len(NEXT)
        freed: Session | None = None
        # what can be taken back still: the message before this line, if it had QoS 0
        newest: Plan | None = None
        weight = 0
        after = MORE
        while place <= last:
            line = lines[place]
            if line[:width] != stamp:
                after = self._new_second(line)
                if after < 0:
                    break
                newest, at, stamp, width = None, counting.at, counting.stamp, len(counting.stamp)
                following, ahead = stamp + NEXT, width + len(NEXT)
            body = line[width:]
            key, is_publish, text = body.rpartition(QUOTE)
            if is_publish:
                plan = plan_of(key)
                if plan is None:
                    if key[:KIND] == SENDING:
                        after = numbered.drain(lines, place, key, text, freed)
                        if after < 0:
                            break
                        place = after
                        continue
                    after = self._other(lines, place, key, text)
                    if after < 0:
                        break
                    place, freed, newest, weight = after, None, plan_of(key), size_of(text) or 0
                    continue
                form, size = plan.form, size_of(text)
                after = place + plan.lines
                if (
                    form is not None
                    and size is not None
                    and after <= last
                    and lines[after][:ahead] == following
                    and (size or not plan.retain)
                    and (
                        plan.lines == 1
                        or (plan.lines == 2 and lines[place + 1] == stamp + form + text)
                        or b"\n".join(lines[place + 1 : after])
                        == stamp + form.replace(BETWEEN, text + b"\n" + stamp) + text
                    )
                ):
                    if plan.messages:
                        plan.messages += 1
                        plan.bytes += size
                        plan.last = at
                    else:
                        counting.begin(plan, size)
                    if plan.retain:
                        counting.store(plan, size)
                    counts.lines += plan.lines
                    place, freed, newest, weight = after, None, plan, size
                    continue
                after = self._publish(lines, place, plan, text)
                if after < 0:
                    break
                place, freed, newest, weight = after, None, plan, size_of(text) or 0
                continue
            who, _, rest = body.rpartition(b"(")
            session = receiver_of(who)
            if session is not None and session.connected:
                mid, _, code = rest.partition(b",")
                number = mid[len(NUMBER) :]
                if code == NO_ERROR and number.isdigit() and len(number) <= MID_DIGITS and mid[: len(NUMBER)] == NUMBER:
                    session.inflight.pop(int(number), None)
                    counts.lines += 1
                    place, freed, newest = place + 1, session, None
                    continue
            read = reader_of(body[:KIND])
            after = read(lines, place, body) if read is not None else STOP
            if after < 0:
                break
            place, newest = after, None
            freed, numbered.freed = numbered.freed, None
        if newest is not None and not self._ends(lines[place]):
            place -= counting.take_back(newest, weight)
        self.wants_more = after == MORE and place <= last
        self._attribution.draining = freed.client if freed is not None else None
        counts.read_lines += counts.lines - before
        counts.packet_lines += counts.lines - before
        return place

    def _new_second(self, line: bytes) -> int:
        split = self._prefix.split(line)
        if split is None or split[1] is None:
            return STOP
        at = prefix.iso(split[1])
        # within one stretch, times only rise: so the first is the earliest, and the last the latest
        if self._counting.has_a_border(at):
            # the first event behind it has to be one that shows itself
            return STOP
        if at is None or self._counting.at is None or at < self._counting.at:
            self._counting.fold()
        self._counting.stamp, self._counting.at = line[: len(line) - len(split[0])], at
        return 0

    def _other(self, lines: Lines, place: int, key: bytes, text: bytes) -> int:
        """A message that has a packet identifier, or is of a flow that is new."""
        after = self._numbered.publish(lines, place, key, text)
        plan = self._planner.plain.get(key) if after == STOP else None
        return after if plan is None else self._publish(lines, place, plan, text)

    def _publish(self, lines: Lines, place: int, plan: Plan, text: bytes) -> int:
        """A message of QoS 0 that is not just as planned: the plan is over, or lines of another time follow it."""
        size, stamp = self._planner.size_of(text), self._counting.stamp
        if size is None or not (plan.holds or self._planner.renew(plan)) or plan.form is None:
            return STOP
        after = place + plan.lines
        if after >= len(lines):
            return MORE
        expected = stamp + plan.form.replace(BETWEEN, text + b"\n" + stamp) + text
        if plan.lines > 1 and b"\n".join(lines[place + 1 : after]) != expected:
            return STOP
        # what is sent last of all can still be taken back, but not before such a line
        can_be_taken_back = lines[after][: len(stamp) + len(NEXT)] == stamp + NEXT and (size or not plan.retain)
        if not can_be_taken_back and not self._ends(lines[after]):
            return STOP
        self._counting.count(plan, size)
        return after

    def _ends(self, line: bytes) -> bool:
        """Whether a line that only looks as if is one that takes nothing back of what stands before it."""
        split = self._prefix.split(line)
        record = grammar.read(split[0], self._sessions) if split is not None else None
        return isinstance(record, Record) and not record.inside

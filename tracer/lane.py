"""The fast lane: lines of a log that are known beforehand are compared, and not read.

Most of a log is messages whose copies can be told beforehand. When one comes in, its plan (plans.py) has the very bytes
that Mosquitto prints for it: copies, packet identifiers and acknowledgement. If they stand there, the message is
counted, and the sessions are left as state.py would leave them. If anything else stands there, the lane stops before
the message, and its lines are read one by one. A test reads the same logs with it and without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from tracer import plans, prefix
from tracer.copies import Message
from tracer.flows import Flow
from tracer.pipeline import Pipeline
from tracer.plans import AFTER_SIZE, RECEIVED, SIZE, Intake, Plan, Planned, masked
from tracer.prefix import Prefix
from tracer.sessions import Session

KIND = 15
"""Bytes that tell apart the lines that come in."""
NEXT = b"Received "
"""How a line begins that takes nothing back of what stands before it."""
MORE, STOP = -1, -2
"""Instead of a place: what follows is not there yet; the line here is none for the lane."""
PLANS_CAP = 50_000
"""Flows that are known at once."""
SIZES_CAP = 50_000

Read = Callable[[bytes, int], int]


class Sums(Protocol):
    """Where the sums go."""

    def carry(self, flow: Flow) -> None:
        """So many messages more."""

    def keep(self, flow: Flow, size: int) -> None:
        """A message of the flow, of `size` bytes, is the stored one of its topic now."""

    def has_a_border(self, at: str | None) -> bool:
        """Whether what was counted before this time must be handed on before it."""

    def cross(self, at: str | None) -> None:
        """All that was counted before this time is handed on."""

    def is_exact(self) -> bool:
        """Whether each event is wanted now, and no sums."""


class Lane:
    """Reads on where it can, from and to any `Received` line at which no message is being handed out.

    Attributes:
        wants_more: whether it stopped since the end of what it compares with is not there yet.
    """

    def __init__(self, pipeline: Pipeline, stamps: Prefix, sums: Sums) -> None:
        self.wants_more = False
        self._sessions = pipeline.state.sessions
        self._attribution = pipeline.state.attribution
        self._counts = pipeline.counts
        self._prefix = stamps
        self._sums = sums
        self._stamp = b"" if stamps.pattern is None else b"\n"
        self._at: str | None = None
        self._plans: dict[bytes, Plan] = {}
        self._intakes: dict[bytes, Intake] = {}
        self._releases: dict[tuple[str, str, bool], Plan] = {}
        self._sizes: dict[bytes, int] = {}
        self._counted: list[Flow] = []
        self._acked: str | None = None
        self._readers: dict[bytes, Read] = {
            b"Received PUBLIS": self._publish,
            b"Received PUBREL": self._release,
            b"Received PUBACK": self._acknowledged,
            b"Received PUBCOM": self._completed,
            b"Received PUBREC": self._received,
            b"Received PINGRE": self._ping,
        }

    def forget(self) -> None:
        """All plans; what was counted is handed on."""
        self.fold()
        self._plans.clear()
        self._intakes.clear()
        self._releases.clear()

    def fold(self) -> None:
        """Hand on what was counted."""
        counted, self._counted = self._counted, []
        for flow in counted:
            self._counts.events += flow.messages * (1 + len(flow.receivers))
            self._sums.carry(flow)
            flow.messages = 0

    # -- reading ----------------------------------------------------------------------------------------------

    def run(self, data: bytes, place: int) -> int:
        """Read on.

        Args:
            data: of a log.
            place: in it; a line begins there.

        Returns:
            The place of the first line that was not read.
        """
        self.wants_more = False
        self._acked = None
        before = self._counts.lines
        readers = self._readers
        stamp = self._stamp
        size = len(stamp)
        while True:
            if not data.startswith(stamp, place):
                if not self._new_second(data, place):
                    break
                stamp = self._stamp
                size = len(stamp)
            read = readers.get(data[place + size : place + size + KIND])
            if read is None:
                break
            after = read(data, place + size)
            if after < 0:
                self.wants_more = after == MORE
                break
            place = after
        self._attribution.draining = self._acked
        self._counts.read_lines += self._counts.lines - before
        self._counts.packet_lines += self._counts.lines - before
        return place

    def _new_second(self, data: bytes, place: int) -> bool:
        end = data.find(b"\n", place)
        split = self._prefix.split(data[place:end]) if end >= 0 else None
        if split is None or split[1] is None:
            self.wants_more = end < 0
            return False
        at = prefix.iso(split[1])
        # within one stretch, times only rise: so the first is the earliest, and the last the latest
        has_a_border = self._sums.has_a_border(at)
        if has_a_border or at is None or self._at is None or at < self._at:
            self.fold()
        if has_a_border:
            self._sums.cross(at)
        self._stamp, self._at = data[place : end - len(split[0])], at
        return True

    def _size(self, text: bytes) -> int | None:
        """The size of a payload from its text and all that stands behind it."""
        digits = text[: -len(AFTER_SIZE)]
        if not digits.isdigit() or text[len(digits) :] != AFTER_SIZE:
            return None
        if len(self._sizes) >= SIZES_CAP:
            self._sizes.clear()
        return self._sizes.setdefault(text, int(digits))

    def _publish(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        if end < 0:
            return MORE
        cut = data.rfind(SIZE, place, end)
        key = data[place + len(RECEIVED) : cut]
        cut += len(SIZE)
        text = data[cut : end + 1]
        size = self._sizes.get(text)
        if size is None:
            size = self._size(text)
            if size is None:
                return STOP
        plan = self._plans.get(key)
        if plan is None:
            return self._publish_numbered(data, place, end, cut, size)
        if not plan.route.is_current or not plan.publisher.connected:
            plan = self._plans[key] = self._again(plan)
        if plan.flow is None:
            return STOP
        lines = (text + self._stamp).join(plan.heads) + text
        after = cut + len(lines)
        if not data.startswith(lines, cut):
            return MORE if len(data) < after else STOP
        # what is sent last of all can still be taken back
        if data[after + len(self._stamp) : after + len(self._stamp) + len(NEXT)] != NEXT or (
            not data.startswith(self._stamp, after) and not self._begins_a_line(data, after)
        ):
            return MORE if len(data) < after + len(self._stamp) + len(NEXT) else STOP
        self._count(plan.flow, size, len(plan.heads))
        return after

    def _count(self, flow: Flow, size: int, lines: int) -> None:
        if flow.messages:
            flow.messages += 1
            flow.bytes += size
            flow.last = self._at
        else:
            flow.messages, flow.bytes = 1, size
            flow.first = flow.last = self._at
            self._counted.append(flow)
        if flow.retain:
            self._attribution.stored.take(
                Message(flow.sender, flow.topic, size, flow.qos, flow.retain, self._counts.lines)
            )
            self._sums.keep(flow, size)
        self._counts.lines += lines
        self._acked = None

    def _again(self, old: Plan) -> Plan:
        """A plan for the same messages, as things are now."""
        publisher = self._sessions.get(old.message.sender)
        if publisher is None or not publisher.connected:
            return old
        return plans.plan(old.message, publisher, self._sessions, self._attribution.routing)

    def _begins_a_line(self, data: bytes, place: int) -> bool:
        """Whether a line with another time begins here."""
        split = self._prefix.split(data[place : place + len(self._stamp) + len(NEXT)])
        return split is not None and split[0] == NEXT

    def _publish_numbered(self, data: bytes, place: int, end: int, cut: int, size: int) -> int:
        """A message that has a packet identifier, or one of a flow that is new."""
        key, number = masked(data[place + len(RECEIVED) : cut - len(SIZE)])
        if not number.isdigit():
            return STOP
        plan = self._plans.get(key)
        if plan is None:
            taken = self._intakes.get(key)
            if taken is not None and taken.publisher.connected:
                return self._take_in(data, end, taken, number, size)
            return self._meet(data, place, end, key)
        if not plan.route.is_current or not plan.publisher.connected:
            plan = self._plans[key] = self._again(plan)
        flow = plan.flow
        if flow is None:
            return STOP
        lines, full = self._lines(plan, data[cut : end + 1], number)
        if not data.startswith(lines, cut):
            return MORE if len(data) < cut + len(lines) else STOP
        plan.publisher.is_again(int(number), flow.topic, size, dup=False)
        self._hand_out(plan, flow, size, full)
        return cut + len(lines)

    def _meet(self, data: bytes, place: int, end: int, key: bytes) -> int:
        """A message of a flow that is new, or whose publisher is."""
        text = data[place:end]
        new = plans.intake(text, self._sessions)
        if new is None:
            return STOP
        if len(self._plans) + len(self._intakes) + len(self._releases) >= PLANS_CAP:
            self.forget()
        if isinstance(new, Intake):
            self._intakes[key] = new
        else:
            publisher = self._sessions.of(new.sender)
            whole = text[len(RECEIVED) : text.rfind(SIZE)]
            made = plans.plan(new, publisher, self._sessions, self._attribution.routing)
            self._plans[key if new.qos else whole] = made
        return self._publish(data, place)

    def _lines(self, plan: Plan, text: bytes, number: bytes) -> tuple[bytes, list[Planned]]:
        """All that is printed for a message, from its size on; and the copies that wait, since a window is full."""
        parts = [b""]
        full: list[Planned] = []
        for copy in plan.copies:
            session = copy.session
            if session is None:
                parts.append(copy.head)
            elif session.inflight and len(session.inflight) >= session.window:
                full.append(copy)
            else:
                parts.append(b"%b%d%b" % (copy.head, session.next_mid or 0, copy.tail))
        head, tail = plan.last
        between = text + self._stamp
        return b"%b%b%b%b%b" % (between.join(parts), between, head, number, tail), full

    def _hand_out(self, plan: Plan, flow: Flow, size: int, full: list[Planned]) -> None:
        """The message and its copies are as planned."""
        waiting = (*(copy.one for copy in full), *plan.away)
        for copy in plan.copies:
            session = copy.session
            if session is not None and not (full and copy in full):
                mid = session.next_mid or 0
                session.send(mid, flow.topic)
                session.anchor(mid)
        if waiting:
            message = Message(flow.sender, flow.topic, size, flow.qos, flow.retain, self._counts.lines)
            for one in waiting:
                self._attribution.routing.wait(one, message)
        for session in plan.drawing:
            session.draw()
        self._count(plan.without(flow, full) if full else flow, size, len(plan.copies) - len(full) + 2)

    def _take_in(self, data: bytes, end: int, taken: Intake, number: bytes, size: int) -> int:
        session = taken.publisher
        line = b"%bSending PUBREC to %b (m%b, rc0)\n" % (self._stamp, session.client.encode(), number)
        if not data.startswith(line, end + 1):
            return MORE if len(data) < end + 1 + len(line) else STOP
        message = Message(session.client, taken.topic, size, 2, taken.retain, self._counts.lines)
        session.receive(int(number), message)
        self._counts.lines += 2
        self._acked = None
        return end + 1 + len(line)

    def _release(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        found = self._numbered(data, place + len(b"Received PUBREL from "), end, b")")
        if found is None:
            return MORE if end < 0 else STOP
        session, number = found
        message = session.releasing.get(int(number))
        if message is None:
            return STOP
        plan = self._release_plan(session, message)
        if plan.flow is None:
            return STOP
        text = b"%d%b" % (message.size, AFTER_SIZE)
        lines, full = self._lines(plan, text, number)
        lines = lines[len(text) :]
        if not data.startswith(lines, end + 1):
            return MORE if len(data) < end + 1 + len(lines) else STOP
        del session.releasing[int(number)]
        self._hand_out(plan, plan.flow, message.size, full)
        return end + 1 + len(lines)

    def _release_plan(self, session: Session, message: Message) -> Plan:
        key = (session.client, message.topic, message.retain)
        plan = self._releases.get(key)
        if plan is None or not plan.route.is_current or plan.publisher is not session:
            like = replace(message, size=0)
            plan = self._releases[key] = plans.plan(like, session, self._sessions, self._attribution.routing)
        return plan

    def _acknowledged(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        return self._free(data, place + len(b"Received PUBACK from "), end)

    def _completed(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        return self._free(data, place + len(b"Received PUBCOMP from "), end)

    def _free(self, data: bytes, place: int, end: int) -> int:
        """A copy has arrived."""
        found = self._numbered(data, place, end, b", RC:0)")
        if found is None:
            return MORE if end < 0 else STOP
        session, number = found
        session.inflight.pop(int(number), None)
        self._counts.lines += 1
        self._acked = session.client
        return end + 1

    def _received(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        found = self._numbered(data, place + len(b"Received PUBREC from "), end, b")")
        if found is None:
            return MORE if end < 0 else STOP
        session, number = found
        line = b"%bSending PUBREL to %b (m%b)\n" % (self._stamp, session.client.encode(), number)
        return self._answered(data, end + 1, line)

    def _ping(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        if end < 0:
            return MORE
        client = data[place + len(b"Received PINGREQ from ") : end]
        if self._session(client) is None:
            return STOP
        return self._answered(data, end + 1, b"%bSending PINGRESP to %b\n" % (self._stamp, client))

    def _answered(self, data: bytes, place: int, line: bytes) -> int:
        """What came in changes nothing, if this is its answer."""
        if not data.startswith(line, place):
            return MORE if len(data) < place + len(line) else STOP
        self._counts.lines += 2
        self._acked = None
        return place + len(line)

    def _numbered(self, data: bytes, place: int, end: int, tail: bytes) -> tuple[Session, bytes] | None:
        """Whose line it is, and its packet identifier."""
        if end < 0 or data[end - len(tail) : end] != tail:
            return None
        cut = data.rfind(b" (Mid: ", place, end)
        number = data[cut + 7 : end - len(tail)]
        session = self._session(data[place:cut]) if cut >= 0 and number.isdigit() else None
        return None if session is None else (session, number)

    def _session(self, client: bytes) -> Session | None:
        try:
            return self._sessions.get(client.decode())
        except UnicodeDecodeError:
            return None

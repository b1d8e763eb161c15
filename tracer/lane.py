"""The fast lane: lines of a log that are known beforehand are compared, and not read.

Most of a log is messages whose copies can be told beforehand. When one comes in, its plan (plans.py) has the very bytes
that Mosquitto prints for it: copies, packet identifiers and acknowledgement. If they stand there, the message is
counted, and the sessions are left as state.py would leave them. If anything else stands there, the lane stops before
the message, and its lines are read one by one. A test reads the same logs with it and without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tracer import plans, prefix
from tracer.copies import Message
from tracer.flows import Flow
from tracer.pipeline import Pipeline
from tracer.plans import AFTER_SIZE, BETWEEN, NEXT, RECEIVED, SIZE, Intake, Plan, PlannedCopy, masked
from tracer.prefix import Prefix
from tracer.sessions import Session

KIND = 15
"""Bytes that tell apart the lines that come in."""
ACKNOWLEDGED = b"Received PUBACK from "
NUMBER = b" (Mid: "
NO_ERROR = b", RC:0)"
MORE, STOP = -1, -2
"""Instead of a place: what follows is not there yet; the line here is none for the lane."""
PLANS_CAP = 50_000
"""Flows that are known at once."""
NAMES_CAP = 50_000
"""Sizes, and clients, that are known by their bytes."""

Read = Callable[[bytes, int], int]


class Sums(Protocol):
    """Where the sums go."""

    def carry(self, flow: Flow) -> None:
        """So many messages more."""

    def keep(self, message: Message) -> None:
        """The message is the stored one of its topic now."""

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
        self._numbered: dict[bytes, Plan | Intake] = {}
        self._releases: dict[tuple[str, str, bool], Plan] = {}
        self._sizes: dict[bytes, int] = {}
        self._clients: dict[bytes, Session] = {}
        self._counted: list[Plan] = []
        self._freed: Session | None = None
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
        self._numbered.clear()
        self._releases.clear()

    def fold(self) -> None:
        """Hand on what was counted."""
        counted, self._counted = self._counted, []
        for plan in counted:
            self._hand_on(plan)

    def _hand_on(self, plan: Plan) -> None:
        for flow in plan.take_flows():
            self._counts.events += flow.messages * (1 + len(flow.receivers))
            self._sums.carry(flow)

    def run(self, data: bytes, place: int) -> int:  # noqa: C901, PLR0912, PLR0915  the loop that all lines go through
        """Read on.

        Args:
            data: of a log.
            place: in it; a line begins there.

        Returns:
            The place of the first line that was not read.
        """
        find, is_at = data.find, data.startswith
        plan_of, size_of, client_of, reader_of = self._plans.get, self._sizes.get, self._clients.get, self._readers.get
        counts, at, stamp = self._counts, self._at, self._stamp
        before = counts.lines
        received, acknowledged, ahead = stamp + RECEIVED, stamp + ACKNOWLEDGED, len(stamp) + len(NEXT)
        freed: Session | None = None
        after = STOP
        while True:
            if is_at(received, place):
                begin = place + len(received)
                cut = find(SIZE, begin)
                plan = plan_of(data[begin:cut])
                if plan is not None and plan.form is not None:
                    cut += 8
                    text = data[cut : find(b"\n", cut) + 1]
                    size = size_of(text)
                    lines = plan.form.replace(BETWEEN, text + stamp)
                    if is_at(lines, cut) and size is not None:
                        if plan.messages:
                            plan.messages += 1
                            plan.bytes += size
                            plan.last = at
                        else:
                            self._begin(plan, size)
                        if plan.retain:
                            self._store(plan, size)
                        counts.lines += plan.lines
                        place = cut + len(lines) - ahead
                        freed = None
                        continue
            elif is_at(acknowledged, place):
                begin = place + len(acknowledged)
                cut = find(NUMBER, begin)
                session = client_of(data[begin:cut])
                if session is not None and session.connected:
                    end = find(b"\n", cut)
                    number = data[cut + 7 : end - 7]
                    if data[end - 7 : end] == NO_ERROR and number.isdigit():
                        session.inflight.pop(int(number), None)
                        counts.lines += 1
                        freed = session
                        place = end + 1
                        continue
            elif not is_at(stamp, place):
                after = self._new_second(data, place)
                if after < 0:
                    break
                at, stamp = self._at, self._stamp
                received, acknowledged, ahead = stamp + RECEIVED, stamp + ACKNOWLEDGED, len(stamp) + len(NEXT)
                continue
            begin = place + len(stamp)
            read = reader_of(data[begin : begin + KIND])
            after = read(data, begin) if read is not None else STOP
            if after < 0:
                break
            place = after
            freed, self._freed = self._freed, None
        self.wants_more = after == MORE
        self._attribution.draining = freed.client if freed is not None else None
        counts.read_lines += counts.lines - before
        counts.packet_lines += counts.lines - before
        return place

    def _new_second(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        split = self._prefix.split(data[place:end]) if end >= 0 else None
        if split is None or split[1] is None:
            return MORE if end < 0 else STOP
        at = prefix.iso(split[1])
        # within one stretch, times only rise: so the first is the earliest, and the last the latest
        has_a_border = self._sums.has_a_border(at)
        if has_a_border or at is None or self._at is None or at < self._at:
            self.fold()
        if has_a_border:
            self._sums.cross(at)
        self._stamp, self._at = data[place : end - len(split[0])], at
        return place

    # -- messages of QoS 0, and what is not known yet -----------------------------------------------------------

    def _publish(self, data: bytes, place: int) -> int:
        """A message that is not just as planned: it is new, has a packet identifier, or others follow it."""
        end = data.find(b"\n", place)
        if end < 0:
            return MORE
        cut = data.rfind(SIZE, place, end) + len(SIZE)
        key = data[place + len(RECEIVED) : cut - len(SIZE)]
        text = data[cut : end + 1]
        size = self._size(text)
        if size is None or cut < len(SIZE):
            return STOP
        plan = self._plans.get(key)
        if plan is None:
            return self._publish_numbered(data, place, end, key, size)
        if not plan.holds and not self._renew(plan):
            return STOP
        if plan.form is None:
            return STOP
        lines = plan.form.replace(BETWEEN, text + self._stamp)[: -len(self._stamp) - len(NEXT)]
        after = cut + len(lines)
        if not data.startswith(lines, cut):
            return MORE if len(data) < after else STOP
        if not self._ends(data, after):
            return MORE if len(data) < after + len(self._stamp) + len(NEXT) else STOP
        self._count(plan, size)
        return after

    def _ends(self, data: bytes, place: int) -> bool:
        """Whether a line begins here that takes nothing back, though it may have another time."""
        split = self._prefix.split(data[place : place + len(self._stamp) + len(NEXT)])
        return split is not None and split[0] == NEXT

    def _size(self, text: bytes) -> int | None:
        """The size of a payload from its text and all that stands behind it."""
        size = self._sizes.get(text)
        if size is not None:
            return size
        digits = text[: -len(AFTER_SIZE)]
        if not digits.isdigit() or text[len(digits) :] != AFTER_SIZE:
            return None
        if len(self._sizes) >= NAMES_CAP:
            self._sizes.clear()
        return self._sizes.setdefault(text, int(digits))

    def _renew(self, plan: Plan) -> bool:
        """Plan anew, if the publisher is there."""
        publisher = self._sessions.get(plan.message.sender)
        if publisher is None or not publisher.connected:
            return False
        self._hand_on(plan)
        plan.publisher = publisher
        plans.renew(plan, self._sessions, self._attribution.routing)
        return True

    def _meet(self, data: bytes, place: int, end: int, key: bytes) -> int:
        """A message of a flow that is new, or whose publisher is."""
        text = data[place:end]
        message = plans.sample(text)
        publisher = self._sessions.get(message.sender) if message is not None else None
        if message is None or publisher is None or not publisher.connected:
            return STOP
        if len(self._plans) + len(self._numbered) + len(self._releases) >= PLANS_CAP:
            self.forget()
        if message.qos == 2:
            taken = self._numbered[key] = Intake(publisher, message.topic, message.retain)
            self._sessions.expect(taken, message.sender, message.topic)
        else:
            plan = Plan(message, publisher, message.retain)
            plans.renew(plan, self._sessions, self._attribution.routing)
            if message.qos:
                self._numbered[key] = plan
            else:
                self._plans[text[len(RECEIVED) : text.rfind(SIZE)]] = plan
        return self._publish(data, place)

    # -- messages with a packet identifier ----------------------------------------------------------------------

    def _publish_numbered(self, data: bytes, place: int, end: int, key: bytes, size: int) -> int:
        """A message that has a packet identifier, or one of a flow that is new."""
        key, number = masked(key)
        plan = self._numbered.get(key)
        if plan is None or not number.isdigit() or (isinstance(plan, Intake) and not plan.holds):
            return self._meet(data, place, end, key)
        if isinstance(plan, Intake):
            return self._take_in(data, end, plan, number, size)
        if not plan.holds and not self._renew(plan):
            return STOP
        full: list[PlannedCopy] = []
        after = self._compare(data, end, plan, b"%d%b" % (size, AFTER_SIZE), number, full)
        if after >= 0:
            plan.publisher.is_again(int(number), plan.message.topic, size, dup=False)
            self._hand_out(plan, size, full)
        return after

    def _compare(  # noqa: PLR0917  one loop, in which calls are dear
        self, data: bytes, end: int, plan: Plan, text: bytes, number: bytes, full: list[PlannedCopy]
    ) -> int:
        """Where the handling of a message with a packet identifier ends.

        Args:
            data: of the log.
            end: of the line that lets it in.
            plan: what is expected.
            text: the end of each line, from the size on.
            number: its packet identifier.
            full: to be filled with the copies that are not there: their receivers have a full window.
        """
        if plan.copies is None:
            return STOP
        stamp, place = self._stamp, end + 1
        for copy in plan.copies:
            session = copy.session
            if session is None:
                line = b"%b%b%b" % (stamp, copy.head, text)
            else:
                line = b"%b%b%d%b%b" % (stamp, copy.head, session.next_mid or 0, copy.tail, text)
            if data.startswith(line, place):
                place += len(line)
            elif len(data) < place + len(line):
                return MORE
            elif session is None or not session.inflight:
                return STOP
            else:
                full.append(copy)
        head, tail = plan.answer
        line = b"%b%b%b%b" % (stamp, head, number, tail)
        if data.startswith(line, place):
            return place + len(line)
        return MORE if len(data) < place + len(line) else STOP

    def _hand_out(self, plan: Plan, size: int, full: list[PlannedCopy]) -> None:
        """The message and its copies are as planned."""
        like = plan.message
        for copy in plan.copies or ():
            session = copy.session
            if session is not None and not (full and copy in full):
                mid = session.next_mid or 0
                session.send(mid, like.topic)
                session.anchor(mid)
        if full or plan.away:
            message = Message(like.sender, like.topic, size, like.qos, like.retain, self._counts.lines)
            for one in (*(copy.one for copy in full), *plan.away):
                self._attribution.routing.wait(one, message)
        for session in plan.drawing:
            session.draw()
        if not full:
            self._count(plan, size)
            return
        if not (plan.messages or plan.short):
            self._counted.append(plan)
        plan.count_short(full, size, self._at)
        if plan.retain:
            self._store(plan, size)
        self._counts.lines += plan.lines - len(full)

    def _count(self, plan: Plan, size: int) -> None:
        if plan.messages:
            plan.messages += 1
            plan.bytes += size
            plan.last = self._at
        else:
            self._begin(plan, size)
        if plan.retain:
            self._store(plan, size)
        self._counts.lines += plan.lines

    def _begin(self, plan: Plan, size: int) -> None:
        plan.messages, plan.bytes = 1, size
        plan.first = plan.last = self._at
        self._counted.append(plan)

    def _store(self, plan: Plan, size: int) -> None:
        like = plan.message
        message = Message(like.sender, like.topic, size, like.qos, like.retain, self._counts.lines)
        self._attribution.stored.take(message)
        self._sums.keep(message)

    def _take_in(self, data: bytes, end: int, taken: Intake, number: bytes, size: int) -> int:
        session = taken.publisher
        line = b"%bSending PUBREC to %b (m%b, rc0)\n" % (self._stamp, session.client.encode(), number)
        if not data.startswith(line, end + 1):
            return MORE if len(data) < end + 1 + len(line) else STOP
        message = Message(session.client, taken.topic, size, 2, taken.retain, self._counts.lines)
        session.receive(int(number), message)
        self._counts.lines += 2
        return end + 1 + len(line)

    def _release(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        found = self._whose(data, place + len(b"Received PUBREL from "), end, b")")
        if found is None:
            return MORE if end < 0 else STOP
        session, number = found
        message = session.releasing.get(int(number))
        if message is None or not session.connected:
            return STOP
        plan = self._release_plan(session, message)
        if not plan.holds and not self._renew(plan):
            return STOP
        full: list[PlannedCopy] = []
        after = self._compare(data, end, plan, b"%d%b" % (message.size, AFTER_SIZE), number, full)
        if after >= 0:
            del session.releasing[int(number)]
            self._hand_out(plan, message.size, full)
        return after

    def _release_plan(self, session: Session, message: Message) -> Plan:
        key = (session.client, message.topic, message.retain)
        plan = self._releases.get(key)
        if plan is None:
            like = Message(session.client, message.topic, 0, 2, message.retain, 0)
            plan = self._releases[key] = Plan(like, session, message.retain, holds=False)
        return plan

    # -- acknowledgements, and signs of life ----------------------------------------------------------------------

    def _acknowledged(self, data: bytes, place: int) -> int:
        return self._free(data, place + len(ACKNOWLEDGED))

    def _completed(self, data: bytes, place: int) -> int:
        return self._free(data, place + len(b"Received PUBCOMP from "))

    def _free(self, data: bytes, place: int) -> int:
        """A copy has arrived."""
        end = data.find(b"\n", place)
        found = self._whose(data, place, end, NO_ERROR)
        if found is None:
            return MORE if end < 0 else STOP
        session, number = found
        session.inflight.pop(int(number), None)
        self._counts.lines += 1
        self._freed = session
        return end + 1

    def _received(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        found = self._whose(data, place + len(b"Received PUBREC from "), end, b")")
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
        return place + len(line)

    def _whose(self, data: bytes, place: int, end: int, tail: bytes) -> tuple[Session, bytes] | None:
        """Whose line it is, and its packet identifier."""
        if end < 0 or data[end - len(tail) : end] != tail:
            return None
        cut = data.rfind(NUMBER, place, end)
        number = data[cut + len(NUMBER) : end - len(tail)]
        session = self._session(data[place:cut]) if cut >= 0 and number.isdigit() else None
        return None if session is None else (session, number)

    def _session(self, client: bytes) -> Session | None:
        session = self._clients.get(client)
        if session is not None and session.connected:
            return session
        try:
            session = self._sessions.get(client.decode())
        except UnicodeDecodeError:
            return None
        if session is not None:
            if len(self._clients) >= NAMES_CAP:
                self._clients.clear()
            self._clients[client] = session
        return session

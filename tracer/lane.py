"""The fast lane: lines of a log that are known beforehand are compared, and not read.

Most of a log is messages whose copies can be told beforehand. When one comes in, its plan (plans.py) has the very bytes
that Mosquitto prints for it: copies, packet identifiers and acknowledgement. If they stand there, the message is
counted, and the sessions are left as state.py would leave them. If anything else stands there, the lane stops before
the message, and its lines are read one by one. A test reads the same logs with it and without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from tracer import grammar, plans, prefix, waiting
from tracer.copies import Message, Subscription
from tracer.flows import Flow, Receiver
from tracer.pipeline import Pipeline
from tracer.plans import BETWEEN, MID, NEXT, QUOTE, SIZE_BEGIN, SIZE_END, Intake, Plan, masked
from tracer.prefix import Prefix
from tracer.records import Record
from tracer.sessions import Session

KIND = 15
"""Bytes that tell apart the lines that come in."""
SENDING = b"Sending PUBLISH"
NUMBER = b"Mid: "
NO_ERROR = b" RC:0)"
MID_DIGITS, SIZE_DIGITS = 5, 19
MORE, STOP = -1, -2
"""Instead of a place: what follows is not there yet; the line here is none for the lane."""
PLANS_CAP = 50_000
"""Flows that are known at once."""
NAMES_CAP = 50_000
"""Sizes, and clients, that are known by their bytes."""

Lines = list[bytes]
Read = Callable[[Lines, int, bytes], int]


class Sums(Protocol):
    """Where the sums go."""

    def carry(self, flow: Flow) -> None:
        """So many messages more."""

    def introduce(self, flow: Flow) -> None:
        """The first of messages that are carried later: who publishes, and who gets copies."""

    def keep(self, message: Message) -> None:
        """The message is the stored one of its topic now."""

    def has_a_border(self, at: str | None) -> bool:
        """Whether an event of this time would be counted elsewhere than those before it."""

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
        self._receivers: dict[bytes, Session] = {}
        self._names: dict[bytes, Session] = {}
        self._counted: list[Plan] = []
        self._drained: dict[tuple[str, str, str, int], Flow] = {}
        self._freed: Session | None = None
        self._stored: Message | None = None
        self._readers: dict[bytes, Read] = {
            b"Received PUBACK": self._free,
            b"Received PUBCOM": self._free,
            b"Received PUBREC": self._received,
            b"Received PUBREL": self._release,
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
        drained, self._drained = self._drained, {}
        for flow in drained.values():
            self._counts.events += flow.messages
            self._sums.carry(flow)

    def _hand_on(self, plan: Plan) -> None:
        for flow in plan.take_flows():
            self._counts.events += flow.messages * (1 + len(flow.receivers))
            self._sums.carry(flow)

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
            self._plans.get,
            self._sizes.get,
            self._receivers.get,
            self._readers.get,
        )
        counts, at, stamp, last = self._counts, self._at, self._stamp, len(lines) - 1
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
                at, stamp, width = self._at, self._stamp, len(self._stamp)
                following, ahead = stamp + NEXT, width + len(NEXT)
            body = line[width:]
            key, is_publish, text = body.rpartition(QUOTE)
            if is_publish:
                plan = plan_of(key)
                if plan is None:
                    if key[:KIND] == SENDING:
                        after = self._drain(lines, place, key, text, freed)
                        if after < 0:
                            break
                        place = after
                        continue
                    after = self._publish_numbered(lines, place, key, text)
                    if after < 0:
                        break
                    place, freed, newest = after, None, None
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
                        self._begin(plan, size)
                    if plan.retain:
                        self._store(plan, size)
                    counts.lines += plan.lines
                    place, freed, newest, weight = after, None, plan, size
                    continue
                after = self._publish(lines, place, plan, text)
                if after < 0:
                    break
                place, freed, newest = after, None, None
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
            freed, self._freed = self._freed, None
        if after == STOP and newest is not None and not self._ends(lines[place]):
            place -= self._take_back(newest, weight)
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
        if self._sums.has_a_border(at):
            # the first event behind it has to be one that shows itself
            return STOP
        if at is None or self._at is None or at < self._at:
            self.fold()
        self._stamp, self._at = line[: len(line) - len(split[0])], at
        return 0

    # -- messages of QoS 0, and what is not known yet -----------------------------------------------------------

    def _publish(self, lines: Lines, place: int, plan: Plan, text: bytes) -> int:
        """A message of QoS 0 that is not just as planned: the plan is over, or lines of another time follow it."""
        size = self._size(text)
        if size is None or not (plan.holds or self._renew(plan)) or plan.form is None:
            return STOP
        after = place + plan.lines
        if after >= len(lines):
            return MORE
        expected = self._stamp + plan.form.replace(BETWEEN, text + b"\n" + self._stamp) + text
        if plan.lines > 1 and b"\n".join(lines[place + 1 : after]) != expected:
            return STOP
        # what is sent last of all can still be taken back, but not before such a line
        if not self._ends(lines[after]):
            return STOP
        self._count(plan, size)
        return after

    def _size(self, text: bytes) -> int | None:
        """The size of a payload from its text and all that stands behind it."""
        size = self._sizes.get(text)
        if size is not None:
            return size
        digits = text[len(SIZE_BEGIN) : -len(SIZE_END)]
        if text != SIZE_BEGIN + digits + SIZE_END or not digits.isdigit() or len(digits) > SIZE_DIGITS:
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

    def _meet(self, lines: Lines, place: int, key: bytes, text: bytes) -> int:
        """A message of a flow that is new, or whose publisher is."""
        message = plans.sample(key)
        publisher = self._sessions.get(message.sender) if message is not None else None
        if message is None or publisher is None or not publisher.connected:
            return STOP
        if len(self._plans) + len(self._numbered) + len(self._releases) >= PLANS_CAP:
            self.forget()
        if message.qos == 2:
            taken = self._numbered[masked(key)[0]] = Intake(publisher, message.topic, message.retain)
            self._sessions.expect(taken, message.sender, message.topic)
        else:
            plan = Plan(message, publisher, message.retain)
            plans.renew(plan, self._sessions, self._attribution.routing)
            if not message.qos:
                self._plans[key] = plan
                return self._publish(lines, place, plan, text)
            self._numbered[masked(key)[0]] = plan
        return self._publish_numbered(lines, place, key, text)

    # -- messages with a packet identifier ----------------------------------------------------------------------

    def _publish_numbered(self, lines: Lines, place: int, key: bytes, text: bytes) -> int:
        """A message that has a packet identifier, or one of a flow that is new."""
        name, number = masked(key)
        plan = self._numbered.get(name)
        if plan is None or not number.isdigit() or (isinstance(plan, Intake) and not plan.holds):
            return self._meet(lines, place, key, text)
        size = self._size(text)
        if size is None:
            return STOP
        if isinstance(plan, Intake):
            return self._take_in(lines, place, plan, number, size)
        if not plan.holds and not self._renew(plan):
            return STOP
        after = self._hand_out(lines, place + 1, plan, text, size, number)
        if after >= 0:
            plan.publisher.is_again(int(number), plan.message.topic, size, dup=False)
        return after

    def _hand_out(  # noqa: C901, PLR0917  calls are dear in what is done for each message
        self, lines: Lines, place: int, plan: Plan, text: bytes, size: int, number: bytes
    ) -> int:
        """Where the handling of a message with a packet identifier ends, if it goes as planned.

        Args:
            lines: of the log.
            place: behind the line that lets it in.
            plan: what is expected. A copy that is not there waits, if its receiver's window can be full.
            text: the end of each line, from the size on.
            size: the same as a number.
            number: its packet identifier.
        """
        if plan.copies is None:
            return STOP
        if place + len(plan.copies) >= len(lines):
            # not all that can be expected is there yet
            return MORE
        stamp = self._stamp
        sent: list[tuple[Session, int]] = []
        full: list[Subscription] = []
        for session, head, tail, one in plan.copies:
            if session is None:
                if lines[place] != stamp + head + text:
                    return STOP
                place += 1
                continue
            mid = session.next_mid or 0
            if session.open:
                return STOP
            if lines[place] == b"%b%b%d%b%b" % (stamp, head, mid, tail, text):
                place += 1
                sent.append((session, mid))
            elif session.inflight:
                full.append(one)
            else:
                return STOP
        head, tail = plan.answer
        if lines[place] != stamp + head + number + tail:
            return STOP
        topic = plan.message.topic
        for session, mid in sent:
            session.inflight[mid] = topic
            session.next_mid = mid % 65535 + 1
            session.doubt = 0
        if full or plan.away:
            self._let_wait(plan, size, (*full, *plan.away))
        for session in plan.drawing:
            session.draw()
        if full:
            self._count_short(plan, size, full)
        else:
            self._count(plan, size)
        return place + 1

    def _let_wait(self, plan: Plan, size: int, ones: Iterable[Subscription]) -> None:
        like = plan.message
        message = Message(like.sender, like.topic, size, like.qos, like.retain, self._counts.lines)
        for one in ones:
            self._attribution.routing.wait(one, message)

    def _count_short(self, plan: Plan, size: int, waiting: list[Subscription]) -> None:
        if not (plan.messages or plan.short):
            self._counted.append(plan)
        flow = plan.count_short({one.client for one in waiting}, size, self._at)
        if flow.messages == 1:
            self._sums.introduce(flow)
        if plan.retain:
            self._store(plan, size)
        self._counts.lines += plan.lines - len(waiting)

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

    def _ends(self, line: bytes) -> bool:
        """Whether a line that only looks as if is one that takes nothing back of what stands before it."""
        split = self._prefix.split(line)
        record = grammar.read(split[0], self._sessions) if split is not None else None
        return isinstance(record, Record) and not record.inside

    def _take_back(self, plan: Plan, size: int) -> int:
        """The newest message is to be read line by line after all: how many lines."""
        plan.messages -= 1
        plan.bytes -= size
        self._counts.lines -= plan.lines
        if plan.retain and self._stored is not None:
            self._attribution.stored.take_back(self._stored)
        return plan.lines

    def _begin(self, plan: Plan, size: int) -> None:
        plan.messages, plan.bytes = 1, size
        plan.first = plan.last = self._at
        self._counted.append(plan)
        self._sums.introduce(plan.flow(plan.receivers))

    def _store(self, plan: Plan, size: int) -> None:
        like = plan.message
        message = Message(like.sender, like.topic, size, like.qos, like.retain, self._counts.lines)
        self._attribution.stored.take(message)
        self._sums.keep(message)
        self._stored = message

    def _take_in(self, lines: Lines, place: int, taken: Intake, number: bytes, size: int) -> int:
        session = taken.publisher
        if place + 1 >= len(lines):
            return MORE
        if lines[place + 1] != b"%bSending PUBREC to %b (m%b, rc0)" % (self._stamp, session.client.encode(), number):
            return STOP
        message = Message(session.client, taken.topic, size, 2, taken.retain, self._counts.lines)
        session.receive(int(number), message)
        self._counts.lines += 2
        return place + 2

    def _release(self, lines: Lines, place: int, body: bytes) -> int:
        found = self._whose(body, b")")
        if found is None:
            return STOP
        session, number = found
        message = session.releasing.get(int(number))
        if message is None or not session.connected:
            return STOP
        plan = self._release_plan(session, message)
        if not plan.holds and not self._renew(plan):
            return STOP
        text = b"%b%d%b" % (SIZE_BEGIN, message.size, SIZE_END)
        after = self._hand_out(lines, place + 1, plan, text, message.size, number)
        if after >= 0:
            del session.releasing[int(number)]
        return after

    def _release_plan(self, session: Session, message: Message) -> Plan:
        key = (session.client, message.topic, message.retain)
        plan = self._releases.get(key)
        if plan is None:
            like = Message(session.client, message.topic, 0, 2, message.retain, 0)
            plan = self._releases[key] = Plan(like, session, message.retain, holds=False)
        return plan

    def _drain(self, lines: Lines, place: int, key: bytes, text: bytes, session: Session | None) -> int:
        """A copy that has waited, for the client that just made place for it."""
        head, is_numbered, rest = key.partition(MID)
        number, _, tail = rest.partition(b", '")
        size = self._size(text)
        if session is None or not is_numbered or not number.isdigit() or len(number) > MID_DIGITS or size is None:
            return STOP
        if place + 1 >= len(lines):
            return MORE
        # what is sent last of all can still be taken back
        following = lines[place + 1][len(self._stamp) :]
        if lines[place + 1][: len(self._stamp)] != self._stamp or following[: len(NEXT)] not in {NEXT, SENDING[:9]}:
            return STOP
        if not session.waiting or session.waiting[0].message.size != size:
            return STOP
        first, message = session.waiting[0], session.waiting[0].message
        if tail != message.topic.encode() or head != b"Sending PUBLISH to %b (d0, q%d, r0" % (
            session.client.encode(),
            first.qos,
        ):
            return STOP
        copy = waiting.take_next(session, int(number))
        if copy is None:
            return STOP
        session.send(int(number), message.topic)
        self._count_drained(session, message, copy.qos)
        return place + 1

    def _count_drained(self, session: Session, message: Message, qos: int) -> None:
        key = (message.sender, session.client, message.topic, qos)
        flow = self._drained.get(key)
        if flow is None:
            receivers = (Receiver(session.client, qos, retain=False),)
            flow = Flow(message.sender, message.topic, qos, retain=False, receivers=receivers, has_waited=True)
            flow.first = self._at
            self._drained[key] = flow
            self._sums.introduce(flow)
        flow.messages += 1
        flow.bytes += message.size
        flow.last = self._at
        self._counts.lines += 1

    # -- acknowledgements, and signs of life ----------------------------------------------------------------------

    def _free(self, _lines: Lines, place: int, body: bytes) -> int:
        """A copy has arrived, and the next one is known by the bytes of its receiver's name."""
        found = self._whose(body, b"," + NO_ERROR)
        if found is None:
            return STOP
        session, number = found
        if len(self._receivers) >= NAMES_CAP:
            self._receivers.clear()
        self._receivers[body.rpartition(b"(")[0]] = session
        session.inflight.pop(int(number), None)
        self._counts.lines += 1
        self._freed = session
        return place + 1

    def _received(self, lines: Lines, place: int, body: bytes) -> int:
        found = self._whose(body, b")")
        if found is None:
            return STOP
        session, number = found
        return self._answered(lines, place, b"Sending PUBREL to %b (m%b)" % (session.client.encode(), number))

    def _ping(self, lines: Lines, place: int, body: bytes) -> int:
        _, is_ping, client = body.partition(b"Received PINGREQ from ")
        if not is_ping or self._session(client) is None:
            return STOP
        return self._answered(lines, place, b"Sending PINGRESP to %b" % client)

    def _answered(self, lines: Lines, place: int, body: bytes) -> int:
        """What came in changes nothing, if this is its answer."""
        if place + 1 >= len(lines):
            return MORE
        if lines[place + 1] != self._stamp + body:
            return STOP
        self._counts.lines += 2
        return place + 2

    def _whose(self, body: bytes, tail: bytes) -> tuple[Session, bytes] | None:
        """Whose line it is, and its packet identifier."""
        who, _, rest = body.rpartition(b"(")
        number = rest[len(NUMBER) : -len(tail)]
        if rest != NUMBER + number + tail or not number.isdigit() or len(number) > MID_DIGITS:
            return None
        session = self._names.get(who)
        if session is None or not session.connected:
            session = self._session(who.partition(b" from ")[2][:-1])
            if session is None or who[-1:] != b" ":
                return None
            if len(self._names) >= NAMES_CAP:
                self._names.clear()
            self._names[who] = session
        return session, number

    def _session(self, client: bytes) -> Session | None:
        try:
            return self._sessions.get(client.decode())
        except UnicodeDecodeError:
            return None

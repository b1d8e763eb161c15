"""The fast lane's lines with packet identifiers: messages of QoS 1 and 2, acknowledgements, and what these set free.

Each method gets the lines of the log and the place of one of them, and gives back the place behind what it read, or
MORE or STOP: then it has changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from tracer import waiting
from tracer.attribution import Attribution
from tracer.copies import Message, Subscription
from tracer.counting import Counting
from tracer.planner import MID_DIGITS, NAMES_CAP, Planner
from tracer.plans import MID, NEXT, SIZE_BEGIN, SIZE_END, Intake, Plan, masked
from tracer.session import Session

SENDING = b"Sending PUBLISH"
NUMBER = b"Mid: "
NO_ERROR = b" RC:0)"
MORE, STOP = -1, -2
"""Instead of a place: what follows is not there yet; the line here is none for the lane."""

Lines = list[bytes]


class Numbered:
    """Reads them.

    Attributes:
        receivers: who acknowledges, by the bytes of the line up to the packet identifier.
        freed: the client that just made place for another copy, if the last line did that.
    """

    def __init__(self, attribution: Attribution, planner: Planner, counting: Counting) -> None:
        self.receivers: dict[bytes, Session] = {}
        self.freed: Session | None = None
        self._attribution = attribution
        self._planner = planner
        self._counting = counting

    def publish(self, lines: Lines, place: int, key: bytes, text: bytes) -> int:
        """A message that has a packet identifier; or one of a flow that is new, which is planned for at least."""
        name, number = masked(key)
        plan = self._planner.numbered.get(name)
        if plan is None or not number.isdigit() or (isinstance(plan, Intake) and not plan.holds):
            plan = self._planner.meet(key)
        size = self._planner.size_of(text)
        if size is None:
            return STOP
        if isinstance(plan, Intake):
            return self._take_in(lines, place, plan, number, size)
        if plan is None or not plan.message.qos:
            return STOP
        if not plan.holds and not self._planner.renew(plan):
            return STOP
        after = self._hand_out(lines, place + 1, plan, text, size, number)
        if after >= 0:
            plan.publisher.is_again(int(number), plan.message.topic, size, dup=False)
        return after

    def _hand_out(  # noqa: C901, PLR0912, PLR0917  calls are dear in what is done for each message
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
        stamp = self._counting.stamp
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
            self._counting.count_short(plan, size, full)
        else:
            self._counting.count(plan, size)
        return place + 1

    def _let_wait(self, plan: Plan, size: int, ones: Iterable[Subscription]) -> None:
        like = plan.message
        message = Message(like.sender, like.topic, size, like.qos, like.retain, self._counting.counts.lines)
        for one in ones:
            self._attribution.routing.wait(one, message)

    def _take_in(self, lines: Lines, place: int, taken: Intake, number: bytes, size: int) -> int:
        session = taken.publisher
        if place + 1 >= len(lines):
            return MORE
        if lines[place + 1] != b"%bSending PUBREC to %b (m%b, rc0)" % (
            self._counting.stamp,
            session.client.encode(),
            number,
        ):
            return STOP
        message = Message(session.client, taken.topic, size, 2, taken.retain, self._counting.counts.lines)
        session.receive(int(number), message)
        self._counting.counts.lines += 2
        return place + 2

    def release(self, lines: Lines, place: int, body: bytes) -> int:
        """PUBREL: a message of QoS 2 is handed out."""
        found = self._whose(body, b")")
        if found is None:
            return STOP
        session, number = found
        message = session.releasing.get(int(number))
        if message is None or not session.connected:
            return STOP
        plan = self._planner.release(session, message)
        if not plan.holds and not self._planner.renew(plan):
            return STOP
        text = b"%b%d%b" % (SIZE_BEGIN, message.size, SIZE_END)
        after = self._hand_out(lines, place + 1, plan, text, message.size, number)
        if after >= 0:
            del session.releasing[int(number)]
        return after

    def drain(self, lines: Lines, place: int, key: bytes, text: bytes, session: Session | None) -> int:
        """A copy that has waited, for the client that just made place for it."""
        head, is_numbered, rest = key.partition(MID)
        number, _, tail = rest.partition(b", '")
        size = self._planner.size_of(text)
        if session is None or not is_numbered or not number.isdigit() or len(number) > MID_DIGITS or size is None:
            return STOP
        if place + 1 >= len(lines):
            return MORE
        # what is sent last of all can still be taken back
        following = lines[place + 1][len(self._counting.stamp) :]
        if lines[place + 1][: len(self._counting.stamp)] != self._counting.stamp or following[: len(NEXT)] not in {
            NEXT,
            SENDING[:9],
        }:
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
        self._counting.count_drained(session, message, copy.qos)
        return place + 1

    def free(self, _lines: Lines, place: int, body: bytes) -> int:
        """A copy has arrived, and the next one is known by the bytes of its receiver's name."""
        found = self._whose(body, b"," + NO_ERROR)
        if found is None:
            return STOP
        session, number = found
        if len(self.receivers) >= NAMES_CAP:
            self.receivers.clear()
        self.receivers[body.rpartition(b"(")[0]] = session
        session.inflight.pop(int(number), None)
        self._counting.counts.lines += 1
        self.freed = session
        return place + 1

    def received(self, lines: Lines, place: int, body: bytes) -> int:
        """PUBREC: its receiver has a copy of QoS 2."""
        found = self._whose(body, b")")
        if found is None:
            return STOP
        session, number = found
        return self._answered(lines, place, b"Sending PUBREL to %b (m%b)" % (session.client.encode(), number))

    def ping(self, lines: Lines, place: int, body: bytes) -> int:
        """A sign of life."""
        _, is_ping, client = body.partition(b"Received PINGREQ from ")
        if not is_ping or self._planner.session_of(body + b" ") is None:
            return STOP
        return self._answered(lines, place, b"Sending PINGRESP to %b" % client)

    def _answered(self, lines: Lines, place: int, body: bytes) -> int:
        """What came in changes nothing, if this is its answer."""
        if place + 1 >= len(lines):
            return MORE
        if lines[place + 1] != self._counting.stamp + body:
            return STOP
        self._counting.counts.lines += 2
        return place + 2

    def _whose(self, body: bytes, tail: bytes) -> tuple[Session, bytes] | None:
        """Whose line it is, and its packet identifier."""
        who, _, rest = body.rpartition(b"(")
        number = rest[len(NUMBER) : -len(tail)]
        if rest != NUMBER + number + tail or not number.isdigit() or len(number) > MID_DIGITS:
            return None
        session = self._planner.session_of(who)
        return None if session is None else (session, number)

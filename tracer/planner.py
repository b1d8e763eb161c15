"""The plans that are known, by the bytes of the lines that let their messages in.

Comes in: keys (plans.py). Goes out: a plan as things are now, or what a message of QoS 2 waits as.
"""

from __future__ import annotations

from tracer import plans
from tracer.attribution import Attribution
from tracer.copies import Message
from tracer.counting import Counting
from tracer.plans import SIZE_BEGIN, SIZE_END, Intake, Plan, masked
from tracer.session import Session
from tracer.sessions import Sessions

PLANS_CAP = 50_000
"""Flows that are known at once."""
NAMES_CAP = 50_000
"""Sizes, and clients, that are known by their bytes."""
MID_DIGITS, SIZE_DIGITS = 5, 19
HEADS = tuple(b"Received %b from " % kind for kind in (b"PUBACK", b"PUBREC", b"PUBREL", b"PUBCOMP", b"PINGREQ"))


class Planner:
    """Makes plans, and makes them anew.

    Attributes:
        plain: for messages of QoS 0, by the whole key.
        numbered: for others, by the key without its packet identifier.
        sizes: of payloads, by the text behind a topic's closing quote.
    """

    def __init__(self, sessions: Sessions, attribution: Attribution, counting: Counting) -> None:
        self.plain: dict[bytes, Plan] = {}
        self.numbered: dict[bytes, Plan | Intake] = {}
        self.sizes: dict[bytes, int] = {}
        self._releases: dict[tuple[str, str, bool], Plan] = {}
        self._names: dict[bytes, Session] = {}
        self._sessions = sessions
        self._routing = attribution.routing
        self._counting = counting

    def meet(self, key: bytes) -> Plan | Intake | None:
        """Plan for a message that is new, or whose publisher is; None where it has to be read."""
        message = plans.sample(key)
        publisher = self._sessions.get(message.sender) if message is not None else None
        if message is None or publisher is None or not publisher.connected:
            return None
        if len(self.plain) + len(self.numbered) + len(self._releases) >= PLANS_CAP:
            self._counting.fold()
            self.plain.clear()
            self.numbered.clear()
            self._releases.clear()
        if message.qos == 2:
            taken = self.numbered[masked(key)[0]] = Intake(publisher, message.topic, message.retain)
            self._sessions.expect(taken, message.sender, message.topic)
            return taken
        plan = Plan(message, publisher, message.retain)
        plans.renew(plan, self._sessions, self._routing)
        if message.qos:
            self.numbered[masked(key)[0]] = plan
        else:
            self.plain[key] = plan
        return plan

    def renew(self, plan: Plan) -> bool:
        """Plan anew, if the publisher is there."""
        publisher = self._sessions.get(plan.message.sender)
        if publisher is None or not publisher.connected:
            return False
        self._counting.hand_on(plan)
        plan.publisher = publisher
        plans.renew(plan, self._sessions, self._routing)
        return True

    def release(self, session: Session, message: Message) -> Plan:
        """The plan for what the PUBREL of a message brings; it may have to be renewed."""
        key = (session.client, message.topic, message.retain)
        plan = self._releases.get(key)
        if plan is None:
            like = Message(session.client, message.topic, 0, 2, message.retain, 0)
            plan = self._releases[key] = Plan(like, session, message.retain, holds=False)
        return plan

    def size_of(self, text: bytes) -> int | None:
        """The size of a payload; None for a text that has none."""
        size = self.sizes.get(text)
        if size is not None:
            return size
        digits = text[len(SIZE_BEGIN) : -len(SIZE_END)]
        if text != SIZE_BEGIN + digits + SIZE_END or not digits.isdigit() or len(digits) > SIZE_DIGITS:
            return None
        if len(self.sizes) >= NAMES_CAP:
            self.sizes.clear()
        return self.sizes.setdefault(text, int(digits))

    def session_of(self, who: bytes) -> Session | None:
        """The client of a line that begins with one of HEADS, the client, and a space."""
        session = self._names.get(who)
        if session is not None and session.connected:
            return session
        try:
            session = self._sessions.get(who.partition(b" from ")[2][:-1].decode())
        except UnicodeDecodeError:
            return None
        if session is None or who[-1:] != b" " or not who.startswith(HEADS):
            return None
        if len(self._names) >= NAMES_CAP:
            self._names.clear()
        self._names[who] = session
        return session

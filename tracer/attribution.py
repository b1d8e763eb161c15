"""Whose message is a copy that the broker sends? All that decides it stands in this file.

Comes in: messages that the broker took, wills that may be due, and `Sending PUBLISH` records. Goes out: the
sender, how the copy travelled (`via`) and how that is known (`proof`). It reads no text and makes no event.

The theory (Mosquitto 2.0 and later, src/handle_publish.c to src/database.c). One message is handed out in one
go: between the line that lets it in (Received PUBLISH at QoS 0 and 1, Received PUBREL at QoS 2, the end of a
connection for a will) and the first line that can't stand inside, every immediate copy is printed. That is the
*block*; a copy in it with the block's topic and size is the block's message: `seen`. Whoever matched and got
no copy has it queued, if its session is away or its inflight window full (routing.py, waiting.py). Stored
(retained) messages keep their last author.
1.6 prints no blocks: each copy is written at the next turn of its main loop, subscriber by subscriber. There
every copy waits in its subscriber's queue for a moment, and all is `inferred`.

Open ends. A Sending line is no arrival: what the socket's queue drops after the line is not known (s21, s31).
Will delay, session expiry, no local and retain handling (MQTT 5) are never logged, and an ACL that forbids reading
is silent: what hangs on them is a question with two answers, and packet identifiers tell which (questions.py). A will
that nobody gets at once has its place in the queues (the delay is a question, too); else it is known by its topic and
size. A will of which nobody gets a copy leaves no trace, so there is no event for it.

Rule for the next editor: a copy may be given a sender only for a reason that is written here, in the order of
`explain`, strongest first; if two senders are possible and nothing in the log decides, it is nobody's. Run the
truth test over the whole corpus and the long random systems (`make stress`) after each change: 0 false.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracer import renaming, topics, waiting
from tracer.copies import Copy, Message, Question, Subscription
from tracer.records import PublishOut
from tracer.routing import Dialect, Routing, Sent
from tracer.session import Session
from tracer.sessions import Sessions
from tracer.stored import Stored
from tracer.wills import Wills

LIVE, QUEUED, RETAINED, WILL, BROKER = "live", "queued", "retained", "will", "broker"
SEEN, INFERRED, NONE = "seen", "inferred", "none"


@dataclass(slots=True)
class Origin:
    """Where a copy comes from; `will`: the message where this copy is the first sign that it was published."""

    sender: str | None
    via: str
    proof: str
    will: Message | None = None


@dataclass(slots=True)
class Block:
    """The handling of one message, and the copies of it that were sent; of a will, `place` of the last in its order.

    `unsure`: several clients have a will that fits as well. `void`: copies were sent to nobody.
    `is_takeover`: it is the will of a client that another one with its id throws out.
    """

    message: Message
    sent: Sent = field(default_factory=Sent)
    place: int = -1
    unsure: bool = False
    void: bool = False
    is_takeover: bool = False


class Attribution:
    """The open block, the queues, the authors of stored messages and the wills that are due.

    Attributes:
        routing: who should get a copy, and the queues of those who did not.
        stopping: the broker ends: wills of all that are connected follow, in the order of their connections.
        wills: those that no line announces.
        draining: the client whose queue may be sent on now, since it acknowledged something or came back.
        stored: the messages that are kept with their topics.
    """

    def __init__(self, sessions: Sessions, dialect: Dialect) -> None:
        self.routing = Routing(sessions, dialect)
        self.stopping = False
        self.draining: str | None = None
        self.block: Block | None = None
        self.wills = Wills(sessions, dialect, self.routing)
        self._sessions = sessions
        self._dialect = dialect
        self.stored = Stored()
        self._replaying: Session | None = None
        self._is_looking = False
        self._of_takeover: Message | None = None

    # -- messages ---------------------------------------------------------------------------------------------

    def accept(self, message: Message) -> None:
        """The broker hands a message out now. Until close() the copies of it follow."""
        self.block = Block(message)
        self.stored.take(message)
        if self._dialect.batches:
            self.routing.queue(message, self.block.sent)

    def expect(self, will: Message) -> None:
        """The broker may publish this will now."""
        self.block = Block(will)

    def close(self) -> None:
        """The handling of the open block is over: whoever should have got a copy and did not has it queued."""
        block, self.block = self.block, None
        replaying, self._replaying = self._replaying, None
        if replaying is not None and not replaying.inflight:
            # who owes no acknowledgement got at once all that it gets
            waiting.forget_replays(replaying)
        if block is None or block.unsure or self._dialect.batches:
            return
        message = block.message
        if message.is_will and not message.announced and not block.void:
            if message.late:
                self.wills.due[message.sender] = message
            if self.routing.somebody_is_ready(message):
                return
            if not message.certain and block.is_takeover:
                self._of_takeover = message
                return
            if not message.certain:
                if not message.late:
                    self.wills.perhaps.append(message)
                message.question = Question()
                self.routing.queue(message, block.sent)
                return
            # nobody could be sent a copy at once: one that comes later will tell whether it was published
        if message.is_will and not message.announced:
            self.stored.take(message)
        self.routing.queue(message, block.sent)

    def cancel(self, client: str) -> Message | None:
        """The open block's message, if it is this publisher's: it was refused after all."""
        block = self.block
        if block is None or block.message.sender != client or block.message.is_will:
            return None
        self.block = None
        self.stored.take_back(block.message)
        return block.message

    def is_void(self, record: PublishOut) -> bool:
        """Whether a copy is sent to nobody: since 2.1 a client's will goes to itself, too, when its socket is closed.

        The copy waits then, be it of QoS 0, and is sent once more when the client comes back.
        """
        block, session = self.block, self._sessions.get(record.client)
        if block is None or (session is not None and session.connected) or not self._dialect.newest:
            return False
        will = block.message
        if not will.is_will or (will.sender, will.topic, will.size) != (record.client, record.topic, record.size):
            return False
        block.void = True
        return True

    def dropped(self) -> Message | None:
        """A copy of the open block's message was thrown away, since the client's queue is full."""
        return self.block.message if self.block is not None else None

    def subscribed(self, session: Session, filters: list[Subscription]) -> None:
        """A SUBSCRIBE was acknowledged: stored messages follow, or wait where the client owes acknowledgements."""
        self._replaying = session
        for one in filters:
            stored = self.stored.matching(one.plain)
            if session.has_options and session.keeps_retain is None:
                session.owed.update(message.topic for message in stored)
            question = Question() if session.has_options or one.group is not None else None
            place, spread = 0, sum(self._dialect.qos(one, message) > 0 for message in stored)
            for message in stored:
                qos = self._dialect.qos(one, message)
                if qos:
                    copy = Copy(message, qos, replay=one.logged, question=question, place=place, spread=spread)
                    self.routing.fallen_out += waiting.put(session, copy)
                    place += 1

    # -- copies -----------------------------------------------------------------------------------------------

    def explain(self, record: PublishOut, session: Session) -> Origin | None:
        """The origin of a copy; None where several wills or copies fit, and the next lines may tell which."""
        if self._looks_ahead(record, session):
            return None
        origin = self._of_last_wills(record, session) if self.stopping else None
        origin = origin or (
            self._of_block(record, session)
            or self._replayed(record, session)
            or self.waited(record, session)
            or self._of_group(record, session)
            or self._of_broker(record)
        )
        if origin is not None:
            return origin
        wills = [] if self._is_inside() else self.wills.candidates(record, session)
        if not wills:
            return self._unexplained(record, session)
        return self.publish_will(wills[0], record, session) if len(wills) == 1 or self.stopping else None

    def _is_inside(self) -> bool:
        """Whether a packet is being handled whose acknowledgement is still to come: no will comes before that."""
        block = self.block
        return block is not None and not block.message.is_will and block.message.qos > 0 and not self._dialect.batches

    def _looks_ahead(self, record: PublishOut, session: Session) -> bool:
        """Whether it hangs on an open question whose copy this is: with those sent next it may have one answer only."""
        if self.block is not None or self.draining != session.client or self._dialect.batches or self.stopping:
            return False
        keeps = self._keeps_retain(session)
        self._is_looking = self._is_looking or waiting.is_open(session, record, retain=keeps)
        return self._is_looking

    def look_back(self, records: list[PublishOut]) -> None:
        """All copies are sent that a client got in one go, from the first that hung on an open question."""
        session = self._sessions.get(records[0].client) if self._is_looking and records else None
        self._is_looking = False
        if session is not None:
            waiting.narrow(session, records, retain=self._keeps_retain(session))

    def _of_block(self, record: PublishOut, session: Session) -> Origin | None:
        block = self.block
        if block is None or self._dialect.batches:
            return None
        message = block.message
        if message.topic != record.topic or message.size != record.size:
            return None
        if record.retain and not (message.retain and self._keeps_retain(session)):
            return None
        if record.retain and record.topic in session.owed:
            session.owed.discard(record.topic)
            stored = self.stored.replay(record.topic, record.size, self._subscribed(session, record.topic))
            if stored is not None and stored.sender != message.sender:
                # it looks like this message, and like the one that was stored when the client subscribed
                return Origin(None, RETAINED, NONE)
        if self._is_inside():
            self.routing.learn(message, record, block.sent.copies.get(session.client, []))
        if block.sent.count(session.client) >= self._most(session, message.topic):
            return None
        if message.is_will:
            place = self.wills.place(message, record, session, block.place)
            if place is None:
                return None
            block.place = place
        return self._take(block, record, session)

    def _keeps_retain(self, session: Session) -> bool:
        """A live copy keeps the retain flag for bridges and MQTT 5 (retain as published) only."""
        return session.bridge or session.has_options

    def _most(self, session: Session, topic: str) -> int:
        """How many copies of one message a client can get."""
        filters = sum(one.client == session.client for one in self._sessions.matching(topic))
        return max(1, filters) if self.routing.gets_duplicates(session.client) else 1

    def _take(self, block: Block, record: PublishOut, session: Session) -> Origin:
        message = block.message
        block.sent.add(session.client, record.qos, record.mid if record.qos else 0)
        if session.owed:
            # stored messages that come late come before all others
            session.owed.clear()
            self._sessions.changed(session)
        if message.retain and session.keeps_retain is None:
            session.keeps_retain = record.retain
            self._sessions.changed(session)
        if block.unsure:
            return Origin(None, WILL, NONE)
        if message.is_will and not message.announced:
            self.stored.take(message)
        if message.is_will:
            return _inferred(message, WILL)
        return Origin(message.sender, LIVE, SEEN)

    def _replayed(self, record: PublishOut, session: Session) -> Origin | None:
        """A stored message, as it was when the client subscribed; it may come late, inside another's block."""
        if not record.retain:
            return None
        session.owed.discard(record.topic)
        queued = self.waited(record, session)
        if queued is not None:
            return queued
        if waiting.holds(session, record, replays=True):
            waiting.seen(session, record)
            return Origin(None, RETAINED, NONE)
        for name in renaming.names(session, record.topic):
            message = self.stored.replay(name, record.size, self._subscribed(session, name))
            if message is not None:
                waiting.seen(session, record)
                return _inferred(message, RETAINED)
        return None

    def _subscribed(self, session: Session, topic: str) -> int:
        """When the client last subscribed to a filter that matches, as a count of lines."""
        mine = [one.position for one in self._sessions.matching(topic) if one.client == session.client]
        return max(mine, default=0)

    def waited(self, record: PublishOut, session: Session) -> Origin | None:
        """A copy from the client's queue."""
        keeps = self._keeps_retain(session)
        copy = waiting.take(session, record, batches=self._dialect.batches, retain=keeps)
        if copy is None:
            return self.waited(record, session) if renaming.find_mount(session, record.topic, record.size) else None
        if copy.message.is_will and not copy.message.announced:
            self._was_published(copy.message)
        if copy.replay is not None:
            return _inferred(copy.message, RETAINED)
        via = (
            QUEUED
            if copy.late and (copy.qos or not self._dialect.batches)
            else (WILL if copy.message.is_will else LIVE)
        )
        return _inferred(copy.message, via)

    def _of_group(self, record: PublishOut, session: Session) -> Origin | None:
        """A copy that we thought another member of a $share group had: one whose session was gone (MQTT 5)."""
        if self.draining != session.client or waiting.holds(session, record, replays=False):
            return None
        for one in session.filters.values():
            if one.group is None or not topics.matches(one.plain, record.topic):
                continue
            key = (one.group, one.plain)
            for client in self._sessions.turns(*key):
                other = self._sessions.get(client)
                copy = waiting.take_shared(other, key, record) if other is not None else None
                if copy is not None:
                    waiting.seen(session, record)
                    return _inferred(copy.message, QUEUED)
        return None

    def _of_broker(self, record: PublishOut) -> Origin | None:
        if record.topic.startswith(("$SYS/", "$CONTROL/")):
            return Origin(None, BROKER, NONE)
        return None

    def _unexplained(self, record: PublishOut, session: Session) -> Origin:
        """The last resorts: a renamed copy of the block's message, or nobody knows whose."""
        block = self.block
        if block is not None and not self._dialect.batches and self._is_renamed(block.message, record, session):
            return self._take(block, record, session)
        waiting.seen(session, record)
        via = RETAINED if record.retain else (QUEUED if self.draining == session.client else BROKER)
        will = self.wills.one_of_perhaps(record, session)
        if will is not None:
            return _inferred(will, WILL if via == BROKER else via)
        return Origin(None, via, NONE)

    def _is_renamed(self, message: Message, record: PublishOut, session: Session) -> bool:
        """A copy under another topic; or one more than we thought possible (allow_duplicate_messages)."""
        if message.size != record.size or (record.retain and not self._keeps_retain(session)):
            return False
        if message.topic == record.topic:
            return message.retain or not record.retain
        return renaming.is_renamed(session, message.topic, record.topic)

    def is_expected(self, record: PublishOut) -> bool:
        """Whether the receiver can get this topic: its filters match it, or the open block's message has it."""
        session, block = self._sessions.get(record.client), self.block
        if session is None:
            return False
        is_own = block is not None and (block.message.topic, block.message.size) == (record.topic, record.size)
        return renaming.is_subscribed(session, record.topic) or (is_own and not session.filters)

    def _of_last_wills(self, record: PublishOut, session: Session) -> Origin | None:
        """The broker ends, and publishes all wills."""
        if self._dialect.batches:
            return None
        origin = self._of_block(record, session) or self._of_broker(record)
        if origin is not None:
            return origin
        wills = self.wills.at_the_end(record, session)
        if not wills:
            return None
        # a will without a delay comes before all others behind it
        return self.publish_will(wills[0], record, session, unsure=wills[0].late and len(wills) > 1)

    def of_undecided(self, record: PublishOut, session: Session, named: set[str]) -> Origin:
        """The origin of a copy that waited for the next lines; of several wills that of a client that they name.

        Where no line names a client, it is one whose delay is over; if there are several, nothing tells which.
        """
        origin = self._of_last_wills(record, session) if self.stopping else self._of_block(record, session)
        if origin is None and self.draining == session.client:
            origin = self._replayed(record, session) or self.waited(record, session) or self._of_group(record, session)
        if origin is not None:
            return origin
        wills = self.wills.candidates(record, session)
        if not wills:
            return self._unexplained(record, session)
        due = [will for will in wills if will.sender in self.wills.due]
        will = next((will for will in wills if will.sender in named), (due or wills)[0])
        return self.publish_will(will, record, session, unsure=will.sender not in named and len(due or wills) > 1)

    def taken_over(self, *, clean: bool) -> None:
        """The client whose will is being looked at was thrown out by a new one with its id, which may start `clean`."""
        if self.block is not None and self.block.message.is_will:
            self.block.is_takeover = True
            self.block.message.certain = self.block.message.certain or clean

    def took_over(self, client: str, *, present: bool) -> None:
        """A client is let in. A will of the one that it threw out was published if its session was not kept."""
        will, self._of_takeover = self._of_takeover, None
        if will is not None and will.sender == client and not present:
            self.stored.take(will)
            self.routing.queue(will, Sent())

    def restart(self) -> None:
        """The broker starts anew. If it ended in order, all wills were published: an absent client may have them."""
        if self.stopping and not self._dialect.batches:
            for will in (*self.wills.due.values(), *self.wills.armed()):
                self._pass_over(will)
        self.wills.due.clear()
        self.wills.last = None

    def _pass_over(self, will: Message) -> None:
        """At the end of the broker: this will was published, unless somebody would have got a copy at once."""
        if will.question is None and not self.routing.somebody_is_ready(will):
            self.stored.take(will)
            self.routing.queue(will, Sent())

    def _was_published(self, will: Message) -> None:
        """Without a line, since nobody got a copy at once."""
        if self.wills.due.get(will.sender) is will:
            del self.wills.due[will.sender]
        self.stored.take(will)

    def publish_will(self, will: Message, record: PublishOut, session: Session, *, unsure: bool = False) -> Origin:
        """This copy is of that will: its handling begins here. `unsure`: or of another one."""
        if self.draining == session.client and record.qos and not unsure:
            # it was published when nobody was there to get a copy at once; others may have it in their queues
            self.wills.due.pop(will.sender, None)
            self.wills.perhaps.append(will)
            waiting.seen(session, record)
            return _inferred(will, QUEUED)
        if record.retain and self._replaying is session and not unsure:
            self._was_published(will)
            waiting.seen(session, record)
            return _inferred(will, RETAINED)
        if self._dialect.batches:
            self.wills.published(will, in_order=False)
            self.accept(will)
            return self.waited(record, session) or _inferred(will, WILL)
        self.close()
        if self.stopping and not unsure:
            for earlier in self.wills.before(will):
                self._pass_over(earlier)
        if not unsure:
            self.wills.published(will, in_order=self.stopping)
            if will.question is not None:
                will.question.answer = False
                self.routing.doubt_turns(will)
        place = self.wills.place(will, record, session, -1)
        self.block = Block(will, place=-1 if place is None else place, unsure=unsure)
        return self._take(self.block, record, session)


def _inferred(message: Message, via: str) -> Origin:
    """The origin of a copy of this message; the first copy of a will shows that it was published."""
    is_first = message.is_will and not message.announced
    message.announced = True
    return Origin(message.sender, via, INFERRED, message if is_first else None)

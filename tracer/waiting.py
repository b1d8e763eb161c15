"""The queue of one subscriber: copies that were routed to it and not sent.

A copy is found again by its topic and size; of several, by its packet identifier. Mosquitto draws one for every
copy of QoS > 0 when it routes it, also for those that wait or are thrown away, so it can be counted on from
the last one that was seen. The queue is first in, first out, but for 2.0.11, where a new message can overtake it.
Copies that may never have been routed have a question (questions.py); where the count is off, the nearest is taken.
"""

from __future__ import annotations

from tracer import questions
from tracer.copies import Copy, Message, Question
from tracer.questions import Answers
from tracer.records import PublishOut
from tracer.session import Session

CAP = 5_000
"""Copies that wait for one client; Mosquitto's own max_queued_messages is 1,000 (100 up to 1.6)."""
FAR = 200
"""A copy whose packet identifier lies so far behind one that was sent is not coming any more."""
NEAR = 4
"""So far from the identifier that was thought it may be another copy: something was drawn, or was not."""
HALF = 32768


def put(session: Session, copy: Copy, *, shared: bool = False) -> bool:
    """Queue a copy (`shared`: or another member of its group has it); True where too many wait, and one is given up."""
    if copy.qos:
        copy.era, copy.mid, copy.doubt, copy.open = session.era, session.next_mid, session.doubt, session.open
        if shared:
            session.doubt += 1
        else:
            session.draw()
    if copy.question is not None:
        questions.ask(session, copy.question, draws=bool(copy.qos) and not shared)
    session.vague = _is_vague(copy, session) or (session.vague and bool(session.waiting))
    session.waiting.append(copy)
    if len(session.waiting) <= CAP:
        return False
    session.waiting.popleft()
    return True


def _is_vague(copy: Copy, session: Session) -> bool:
    """Whether another identifier than `copy.mid` would fit this copy too, or this one fits a copy before it."""
    other_era = bool(session.waiting) and session.waiting[-1].era != copy.era
    odd = copy.replay is not None or copy.question is not None or copy.group is not None or copy.mid is None
    return bool(other_era or odd or copy.doubt or copy.open or copy.spread)


def take_next(session: Session, mid: int) -> Copy | None:
    """Take the first copy out of the queue, if nothing but that one can have been sent with this identifier.

    It is what `take` would find in 2.x, and there is nothing to tidy up.
    """
    if not session.waiting or session.vague or session.facts or session.questions or session.bridge or session.mount:
        return None
    copy = session.waiting[0]
    if copy.mid != mid or copy.taken[0] or copy.message.is_will:
        return None
    copy.taken[0] = True
    return session.waiting.popleft()


def take(session: Session, record: PublishOut, *, batches: bool, retain: bool) -> Copy | None:
    """Take the copy that was sent out of the queue; None where none fits, or several do and nothing decides.

    Args:
        session: the receiver.
        record: the Sending line.
        batches: the broker is a 1.6, where every copy waits, and those of QoS 0 overtake the others.
        retain: copies of messages that came in with the flag can keep it.
    """
    if batches:
        fitting = _fitting(session, record, retain=retain)
        same = [copy for copy in fitting if copy.qos == record.qos]
        copy = next(iter(same or fitting), None)
    else:
        copy = _told(session, record, retain=retain)
    if copy is None:
        return None
    copy.taken[0] = True
    if copy.replay is not None:
        _confirm(session, copy, record.mid)
    if batches and not copy.late:
        _pass_over(session, copy)
    session.waiting.remove(copy)
    if copy.mid is not None and record.mid:
        _tidy(session, copy, record.mid)
    return copy


def is_open(session: Session, record: PublishOut, *, retain: bool) -> bool:
    """Whether it is several senders' only because of questions that the next copies may answer."""
    if not (session.questions and record.qos):
        return False
    answers = questions.possible(session, _about(session, [record], retain=retain))
    return (
        answers is not None
        and len({copy.message.sender for copy in _near(session, record, answers, retain=retain)}) > 1
    )


def narrow(session: Session, records: list[PublishOut], *, retain: bool) -> None:
    """These copies were sent one after the other: what is possible with all of them?"""
    left = questions.possible(session, _about(session, records, retain=retain))
    for record in records if left is not None else ():
        still = [one for one in left or () if record.qos and _near(session, record, [one], retain=retain)]
        left = still or left
    questions.learn(session, left)


def _near(session: Session, record: PublishOut, answers: list[Answers] | None, *, retain: bool) -> list[Copy]:
    """The copies that this one may be of, with one of these answers."""
    return [
        copy
        for copy in _fitting(session, record, retain=retain)
        if copy.qos == record.qos
        and questions.fits(copy, record.mid, None)
        and any(questions.fits(copy, record.mid, one) for one in answers or (None,))
    ]


def _about(session: Session, records: list[PublishOut], *, retain: bool) -> set[Question]:
    """The questions on which it hangs which copies these may be of."""
    questions.settle(session)
    copies = [copy for record in records for copy in _near(session, record, None, retain=retain)]
    asked = {question for copy in copies for question in copy.open}
    return asked | {copy.question for copy in copies if copy.question is not None}


def _told(session: Session, record: PublishOut, *, retain: bool) -> Copy | None:
    """The copy with this packet identifier; None where two senders are possible."""
    answers = questions.possible(session, _about(session, [record], retain=retain))
    near = _near(session, record, answers, retain=retain)
    if answers is not None and near and record.qos:
        left = [one for one in answers if any(questions.fits(copy, record.mid, one) for copy in near)]
        questions.learn(session, left)
    if not near:
        fitting = [copy for copy in _fitting(session, record, retain=retain) if copy.qos == record.qos]
        near = [copy for copy in fitting if _distance(copy.mid, record.mid) <= NEAR]
    if len({copy.message.sender for copy in near}) > 1:
        return None
    sure = [copy for copy in near if copy.question is None and copy.replay is not None]
    if len({copy.replay for copy in near}) > 1 and sure:
        # stored messages of several filters, and those of one may never have been routed
        near = sure
    return min(near, key=lambda copy: _distance(copy.mid, record.mid), default=None)


def _fitting(session: Session, record: PublishOut, *, retain: bool) -> list[Copy]:
    return [
        copy
        for copy in session.waiting
        if not copy.taken[0] and _fits(copy.message, record, session) and _may_have(copy, record, retain=retain)
    ]


def _pass_over(session: Session, taken: Copy) -> None:
    """1.6: those before it that need not wait for acknowledgements are not coming."""
    place = session.waiting.index(taken)
    ahead = [copy for copy in list(session.waiting)[:place] if copy.late]
    behind = list(session.waiting)[place:]
    session.waiting.clear()
    session.waiting.extend((*ahead, *behind))


def _confirm(session: Session, seen: Copy, mid: int) -> None:
    """One stored message that a filter brought is sent: so are all others, in an order that is not known."""
    if seen.question is not None:
        seen.question.answer = True
        questions.settle(session)
    for copy in session.waiting:
        if copy.replay == seen.replay and copy.mid == mid and copy.era == seen.era:
            copy.mid, seen.mid = seen.mid, mid
            copy.place, seen.place = seen.place, copy.place
            break


def take_shared(session: Session, group: tuple[str, str], record: PublishOut) -> Copy | None:
    """Take a copy for a $share group out of another member's queue, if all that fit are of one sender."""
    found = [
        copy
        for copy in session.waiting
        if copy.group == group and not copy.taken[0] and _fits(copy.message, record, session)
    ]
    if len({copy.message.sender for copy in found}) != 1:
        return None
    found[0].taken[0] = True
    session.waiting.remove(found[0])
    return found[0]


def drawn(session: Session, mid: int) -> None:
    """This packet identifier was drawn now. If it is lower than was thought, some copies were never routed."""
    was_open = bool(session.open)
    session.anchor(mid)
    if was_open and session.facts:
        questions.learn(session, questions.possible(session, set(session.questions)))


def holds(session: Session, record: PublishOut, *, replays: bool) -> bool:
    """Whether copies (`replays`: of stored messages) wait that this may be one of, though nothing decides which."""
    return bool(record.qos) and any(
        (copy.replay is not None or not replays) and copy.qos == record.qos and _fits(copy.message, record, session)
        for copy in session.waiting
    )


def seen(session: Session, record: PublishOut) -> None:
    """A copy that did not wait here has a packet identifier that was drawn now, or before those that wait since."""
    if not record.qos:
        return
    if session.next_mid is None or (record.mid - session.next_mid) % 65535 < HALF:
        session.anchor(record.mid)
        return
    if holds(session, record, replays=False):
        return
    later = [c for c in session.waiting if c.mid is not None and (c.mid - record.mid) % 65535 < HALF]
    for copy in later:
        copy.mid = (copy.mid or 0) % 65535 + 1
    if later and later[-1].era == session.era:
        session.skip_mids(1)


def forget_replays(session: Session) -> None:
    """Stored messages that were not sent after a SUBSCRIBE, though nothing kept them from it, do not wait."""
    for replay in [copy for copy in session.waiting if copy.replay is not None]:
        if replay.question is not None:
            replay.question.answer = False
            continue
        session.waiting.remove(replay)
        for copy in session.waiting:
            if copy.mid is not None and replay.mid is not None and copy.era == replay.era and copy.mid > replay.mid:
                copy.mid -= 1
        if replay.era == session.era:
            session.skip_mids(-1)
    questions.settle(session)


def _fits(message: Message, record: PublishOut, session: Session) -> bool:
    """A bridge sends under its own topic names, a client behind a mount point gets the topic without it."""
    if message.size != record.size:
        return False
    return message.topic in {record.topic, session.mount + record.topic} or session.bridge


def _may_have(copy: Copy, record: PublishOut, *, retain: bool) -> bool:
    """Whether the copy can have this line's retain flag: a replay always has it."""
    if copy.replay is not None:
        return record.retain
    return not record.retain or (retain and copy.message.retain)


def _distance(thought: int | None, mid: int) -> int:
    """How far a packet identifier is from the one that was thought; 0 where nothing is known."""
    if thought is None or not mid:
        return 0
    ahead = (mid - thought) % 65535
    return min(ahead, 65535 - ahead)


def _tidy(session: Session, taken: Copy, mid: int) -> None:
    """Give up what was before it in the queue, and put right what was counted on from the same copy."""
    in_step = taken.mid == mid and not taken.doubt and not taken.open
    while session.waiting:
        first = session.waiting[0]
        behind = (mid - first.mid) % 65535 if first.mid is not None else 0
        # with the count in step, those before it were thrown away; out of step, only what is far behind
        if not (0 if in_step and first.era == taken.era else FAR) < behind < HALF:
            break
        session.waiting.popleft()
    if taken.open:
        return
    by = mid - (taken.mid or mid)
    for copy in session.waiting:
        if copy.mid is not None and copy.era == taken.era:
            copy.mid = (copy.mid + by - 1) % 65535 + 1
            copy.doubt = max(0, copy.doubt - taken.doubt)
    if session.era == taken.era:
        session.skip_mids(by)
        session.doubt = max(0, session.doubt - taken.doubt)

"""The queue of one subscriber: copies that were routed to it and not sent.

A copy is found again by its topic and size; of several, by its packet identifier. Mosquitto draws one for every
copy of QoS > 0 when it routes it, also for those that wait or are thrown away, so it can be counted on from
the last one that was seen. The queue is first in, first out, but for 2.0.11, where a new message can overtake it.
Where the count is off by copies that were never routed (an ACL forbids them), the nearest is taken.
"""

from __future__ import annotations

from tracer.records import PublishOut
from tracer.sessions import Copy, Message, Session

CAP = 5_000
"""Copies that wait for one client; Mosquitto's own max_queued_messages is 1,000 (100 up to 1.6)."""
FAR = 200
"""A copy whose packet identifier lies so far behind one that was sent is not coming any more."""
HALF = 32768


def put(session: Session, copy: Copy) -> bool:
    """Queue a copy; True where too many wait, and the oldest is given up."""
    if copy.qos and session.next_mid is not None:
        copy.mid, copy.era = session.next_mid, session.era
        session.skip_mids(1)
    session.waiting.append(copy)
    if len(session.waiting) <= CAP:
        return False
    session.waiting.popleft()
    return True


def take(session: Session, record: PublishOut, *, batches: bool) -> Copy | None:
    """Take the copy that was sent out of the queue; None where none fits.

    Args:
        session: the receiver.
        record: the Sending line.
        batches: the broker is a 1.6, where every copy waits, and those of QoS 0 overtake the others.
    """
    fitting = [
        place
        for place, copy in enumerate(session.waiting)
        if not copy.taken[0] and _fits(copy.message, record, session)
    ]
    if not fitting:
        return None
    if batches:
        place = next((place for place in fitting if session.waiting[place].qos == record.qos), fitting[0])
    else:
        place = min(fitting, key=lambda place: _distance(session.waiting[place].mid, record.mid))
    copy = session.waiting[place]
    copy.taken[0] = True
    del session.waiting[place]
    if copy.mid is not None and record.mid:
        _tidy(session, copy, record.mid)
    return copy


def take_shared(session: Session, group: tuple[str, str], record: PublishOut) -> Copy | None:
    """Take a copy for a $share group out of the queue of a member that did not get it."""
    for place, copy in enumerate(session.waiting):
        if copy.group == group and not copy.taken[0] and _fits(copy.message, record, session):
            copy.taken[0] = True
            del session.waiting[place]
            return copy
    return None


def make_room(session: Session, mid: int) -> None:
    """A stored message that had to wait was sent: it drew its packet identifier before those that wait since."""
    if not mid:
        return
    for copy in session.waiting:
        if copy.mid is not None and (copy.mid - mid) % 65535 < HALF:
            copy.mid = copy.mid % 65535 + 1
            if copy.era == session.era:
                session.skip_mids(0)


def _fits(message: Message, record: PublishOut, session: Session) -> bool:
    """A bridge sends under its own topic names, a client behind a mount point gets the topic without it."""
    if message.size != record.size:
        return False
    return message.topic in {record.topic, session.mount + record.topic} or session.bridge


def _distance(thought: int | None, mid: int) -> int:
    """How far a packet identifier is from the one that was thought; 0 where nothing is known."""
    if thought is None or not mid:
        return 0
    ahead = (mid - thought) % 65535
    return min(ahead, 65535 - ahead)


def _tidy(session: Session, taken: Copy, mid: int) -> None:
    """Put right what was counted on from the same copy, and give up what lies far behind."""
    while session.waiting:
        oldest = session.waiting[0].mid
        if oldest is None or not FAR < (mid - oldest) % 65535 < HALF:
            break
        session.waiting.popleft()
    by = mid - (taken.mid or mid)
    if not by:
        return
    for copy in session.waiting:
        if copy.mid is not None and copy.era == taken.era:
            copy.mid = (copy.mid + by - 1) % 65535 + 1
    if session.era == taken.era:
        session.skip_mids(by)

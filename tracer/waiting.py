"""The queue of one subscriber: copies that were routed to it and not sent.

First in, first out. A copy is found again by its topic and size; of several, by the packet identifier that the
broker must have drawn for it when it routed it (its order is that of routing, also for copies that wait or are
thrown away), else the oldest. What is older than a copy that was sent was never queued, or thrown away.
"""

from __future__ import annotations

from tracer.records import PublishOut
from tracer.sessions import Copy, Message, Session

CAP = 5_000
"""Copies that wait for one client; Mosquitto's own max_queued_messages is 1,000 (100 up to 1.6)."""


def put(session: Session, copy: Copy) -> bool:
    """Queue a copy; False where too many wait already. Mosquitto too throws the newest away."""
    if copy.qos:
        copy.mid = session.draw_mid()
    if len(session.waiting) >= CAP:
        return False
    session.waiting.append(copy)
    return True


def take(session: Session, record: PublishOut, *, batches: bool) -> Copy | None:
    """Take the copy that was sent out of the queue; None where none fits.

    Args:
        session: the receiver.
        record: the Sending line.
        batches: the broker is a 1.6, where messages of QoS 0 overtake those that wait for the inflight window.
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
        place = next((place for place in fitting if session.waiting[place].mid == (record.mid or -1)), fitting[0])
    copy = session.waiting[place]
    copy.taken[0] = True
    if batches:
        del session.waiting[place]
        return copy
    for _ in range(place + 1):
        session.waiting.popleft()
    if copy.mid is not None and record.mid:
        _shift(session, record.mid - copy.mid)
    return copy


def _fits(message: Message, record: PublishOut, session: Session) -> bool:
    """A bridge sends under its own topic names, a client behind a mount point gets the topic without it."""
    if message.size != record.size:
        return False
    return message.topic in {record.topic, session.mount + record.topic} or session.bridge


def _shift(session: Session, by: int) -> None:
    """The packet identifiers were guessed wrong by so many: put the rest of the queue right."""
    if not by:
        return
    for copy in session.waiting:
        if copy.mid is not None:
            copy.mid = (copy.mid + by - 1) % 65535 + 1
    if session.next_mid is not None:
        session.next_mid = (session.next_mid + by - 1) % 65535 + 1

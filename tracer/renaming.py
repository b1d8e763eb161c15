"""Topics that are called otherwise in a Sending line than where they were received.

A bridge sends under a prefix of its own (`topic PATTERN out 2 LOCAL/ REMOTE/`), and a client behind a listener's
mount_point gets its topics without it (1.6, and since 2.0.12).
"""

from __future__ import annotations

from collections.abc import Iterator

from tracer import topics
from tracer.session import Session


def is_subscribed(session: Session, topic: str) -> bool:
    """Whether one of the client's filters matches a topic."""
    return any(topics.matches(one.plain, topic) for one in session.filters.values())


def is_renamed(session: Session, received: str, sent: str) -> bool:
    """Whether a message received under one topic can have gone to this client under the other.

    A mount point that shows itself so is remembered.
    """
    if session.bridge:
        return True
    if not received.endswith(sent) or is_subscribed(session, sent):
        return False
    session.mount = received.removesuffix(sent)
    return True


def names(session: Session, sent: str) -> Iterator[str]:
    """What a topic that was sent to this client may be called inside the broker, the likeliest first.

    The client's filters are logged with the mount point: it is how one of them begins.
    """
    yield sent
    if session.mount:
        yield session.mount + sent
    elif not is_subscribed(session, sent):
        for one in session.filters.values():
            levels = one.plain.split("/")[:-1]
            for count, level in enumerate(levels, start=1):
                if topics.is_wildcard(level):
                    break
                yield "/".join((*levels[:count], sent))


def find_mount(session: Session, sent: str, size: int) -> bool:
    """Whether a copy that waits for this client shows its mount point, which is remembered."""
    if session.mount or session.bridge or is_subscribed(session, sent):
        return False
    waiting = {copy.message.topic for copy in session.waiting if copy.message.size == size}
    found = next((name for name in names(session, sent) if name in waiting), sent)
    session.mount = found.removesuffix(sent)
    return bool(session.mount)

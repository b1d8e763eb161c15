"""Stored (retained) messages: whose they are.

Comes in: messages that the broker took. Goes out: the author of a stored message, for its replays.
"""

from __future__ import annotations

from collections import deque

from tracer import topics
from tracer.copies import Message

OWNERS_CAP = 4
"""Last authors of a stored message that are remembered, for replays that come late."""


class Stored:
    """The last messages with the retain flag on each topic."""

    def __init__(self) -> None:
        self._owners: dict[str, deque[Message]] = {}

    def take(self, message: Message) -> None:
        """A message is stored, if it has the flag; an empty one deletes what was."""
        if not message.retain:
            return
        if not message.size:
            self._owners.pop(message.topic, None)
            return
        self._owners.setdefault(message.topic, deque(maxlen=OWNERS_CAP)).append(message)

    def take_back(self, message: Message) -> None:
        """The message was refused after all."""
        owners = self._owners.get(message.topic)
        if owners and owners[-1] is message:
            owners.pop()

    def replay(self, topic: str, size: int, since: int) -> Message | None:
        """The message that a replay is of: as it was when the client subscribed (`since`, a count of lines)."""
        owners = [message for message in self._owners.get(topic, ()) if message.size == size]
        before = [message for message in owners if message.position <= since]
        return next(reversed(before or owners), None)

    def same(self, message: Message) -> Message | None:
        """The stored message that is this one, though another object."""
        return next((one for one in self._owners.get(message.topic, ()) if one == message), None)

    def matching(self, plain: str) -> list[Message]:
        """What a plain filter brings when a client subscribes to it."""
        names = self._owners if topics.is_wildcard(plain) else (plain,)
        return [self._owners[name][-1] for name in names if self._owners.get(name) and topics.matches(plain, name)]

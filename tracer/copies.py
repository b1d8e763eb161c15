"""Messages, the copies of them that wait for subscribers, and the subscriptions that bring them: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Question:
    """Something that the log does not say, on which it hangs whether copies were routed: MQTT 5's options.

    `answer`: whether they were; None as long as no packet identifier has told.
    """

    answer: bool | None = None


@dataclass(slots=True)
class Message:
    """What a publisher handed to the broker; `size` in bytes, `position` the count of lines read before it.

    For a will, `late` says that it may come any time later (MQTT 5: the delay is never logged), `certain` that
    nothing but an ACL, of which no line tells, can keep it from being published now; `announced` that a copy
    of it was seen, so that it was published; on `question` hangs whether it was, as soon as it could be.
    """

    sender: str
    topic: str
    size: int
    qos: int
    retain: bool
    position: int
    is_will: bool = False
    late: bool = False
    certain: bool = False
    announced: bool = False
    question: Question | None = None


Open = dict[Question, int]
"""How many packet identifiers were drawn, if those copies were routed."""


@dataclass(slots=True, eq=False)
class Copy:
    """A copy of a message that waits for one subscriber, or (shared) for one of several.

    `qos` is the lower one of message and subscription. `late`: its receiver was away, or its inflight window
    full (in 1.6 all other copies wait too, for a moment). `mid` is the packet identifier that the broker is
    thought to have drawn for it, None where that can't be told, counted on from a copy that was seen; `era` numbers
    these. `group` and plain filter of a $share group, one of whose members gets it; `taken` is one list for all of
    them whose queue may hold it: [True] once one got it. `question`: on this hangs whether it was routed at all (MQTT
    5 has options that keep a client's own messages, and stored ones, from it, and are not logged). `replay`: it is of
    a stored message, for this filter; `place` and `spread`: its number among so many, whose order is not known.
    `open`: draws before it that `mid` counts, and that may never have been; `doubt`: how many more there may have been.
    """

    message: Message
    qos: int
    late: bool = True
    mid: int | None = None
    era: int = 0
    group: tuple[str, str] | None = None
    taken: list[bool] = field(default_factory=lambda: [False])
    question: Question | None = None
    replay: str | None = None
    open: Open = field(default_factory=dict)
    doubt: int = 0
    place: int = 0
    spread: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """One filter of one session: `plain` without `$share/GROUP/`; `position` counts lines, as in Message."""

    client: str
    logged: str
    plain: str
    group: str | None
    qos: int
    position: int


@dataclass(frozen=True, slots=True)
class Group:
    """A $share group of one plain filter; one of its members, by client id, gets a message."""

    name: str
    plain: str
    members: dict[str, Subscription]


Leaf = Subscription | Group


@dataclass(slots=True, eq=False)
class Expectation:
    """What holds until something changes that it was made from: who gets a topic, or who is connected."""

    holds: bool = field(default=True, kw_only=True)

    def end(self) -> None:
        """Something has changed."""
        self.holds = False


@dataclass(slots=True, eq=False)
class Route:
    """Who gets what is published on one topic: its leaves, in Mosquitto's order; and what was planned from that."""

    leaves: tuple[Leaf, ...]
    planned: set[Expectation] = field(default_factory=set)

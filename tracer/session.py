"""One session: what is known of one client id, what is on its way to or from it, and how its identifiers are drawn.

A session outlives its connection where MQTT says so, and is known by its client id alone. Its waiting copies are
capped (waiting.py), its other books are bounded by MQTT (65,535 packet identifiers) or by the topics seen.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tracer.copies import Copy, Message, Open, Question, Subscription

RECENT_CAP = 256
"""Last QoS 1 messages of a publisher, to tell a message sent twice from two messages."""
OLDER = -1
"""Among the last messages of a publisher, instead of all before them: they are not known (outline.py)."""


@dataclass(slots=True)
class Session:
    """All that is known of one client id.

    `questions` are those that are open, `open` the draws since the count was last in step that hang on them; `facts`:
    so many of these draws never were. `owns`: by filter, whether it wants the client's own messages. `vague`: of some
    copy that waits it is not sure which identifier it has. `owed`: topics whose stored message may still come, late.
    """

    client: str
    connected: bool = False
    protocol: str | None = None
    had_five: bool = False
    clean: bool | None = None
    bridge: bool = False
    address: str | None = None
    port: int | None = None
    mount: str = ""
    will: Message | None = None
    strangers: int = 0
    goodbye: bool = False
    filters: dict[str, Subscription] = field(default_factory=dict)
    releasing: dict[int, Message] = field(default_factory=dict)
    recent: dict[int, tuple[str, int]] = field(default_factory=dict)
    inflight: dict[int, str] = field(default_factory=dict)
    window: int = 1
    next_mid: int | None = None
    era: int = 0
    doubt: int = 0
    open: Open = field(default_factory=dict)
    facts: list[tuple[Open, int]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    owns: dict[str, Question] = field(default_factory=dict)
    kept_away: set[tuple[str, str]] = field(default_factory=set)
    gets_own: set[str] = field(default_factory=set)
    keeps_retain: bool | None = None
    owed: set[str] = field(default_factory=set)
    waiting: deque[Copy] = field(default_factory=deque)
    vague: bool = False

    def forget(self) -> None:
        """The broker has no session of this client any more; its filters are Sessions' to forget."""
        self.releasing.clear()
        self.recent.clear()
        self.inflight.clear()
        self.waiting.clear()
        self.kept_away.clear()
        self.gets_own.clear()
        self.owns.clear()
        self.owed.clear()
        self.questions, self.facts, self.open = [], [], {}
        self.had_five = False
        self.next_mid = 1

    def receive(self, mid: int, message: Message) -> None:
        """A message of QoS 2 comes in, to be handed out at its PUBREL; a second PUBLISH of it changes nothing."""
        known = self.releasing.get(mid)
        if known is None or (known.topic, known.size) != (message.topic, message.size):
            self.releasing[mid] = message

    def is_again(self, mid: int, topic: str, size: int, *, dup: bool) -> bool:
        """Whether a message of QoS 1 is one that the broker took before (it hands it out again all the same)."""
        same = self.recent.pop(mid, None) == (topic, size)
        self.recent[mid] = (topic, size)
        if len(self.recent) > RECENT_CAP:
            del self.recent[next(iter(self.recent))]
        return dup and same

    def blank(self) -> None:
        """What messages have left behind is not known."""
        self.inflight.clear()
        self.waiting.clear()
        self.releasing.clear()
        self.kept_away.clear()
        self.owed.clear()
        self.questions, self.facts, self.open = [], [], {}
        self.doubt = 0
        self.recent = {OLDER: ("", 0)}

    def may_have_sent(self, mid: int) -> bool:
        """Whether it hangs on messages that are not known if one with this identifier is sent again."""
        return OLDER in self.recent and mid not in self.recent

    def recall(self, earlier: Session | None) -> None:
        """What came before the messages that are known is known now."""
        if self.recent.pop(OLDER, None) is not None and earlier is not None:
            known = {mid: sent for mid, sent in earlier.recent.items() if mid not in self.recent}
            self.recent = dict([*known.items(), *self.recent.items()][-RECENT_CAP:])

    def send(self, mid: int, topic: str) -> None:
        """A copy of QoS > 0 goes out, and is in flight until it is acknowledged."""
        self.inflight[mid] = topic
        self.window = max(self.window, len(self.inflight))

    def anchor(self, mid: int) -> None:
        """This packet identifier was the last one drawn for the client; they are drawn when a copy is routed."""
        short = 0 if self.next_mid is None else (self.next_mid - mid) % 65535
        if self.next_mid is None or short > sum(self.open.values()):
            self.era += 1
        elif self.open and not self.doubt:
            self.facts.append((self.open, short))
        self.open = {}
        self.next_mid = mid % 65535 + 1
        self.doubt = 0

    def draw(self) -> int | None:
        """The packet identifier that is drawn now, as far as it can be told."""
        mid = self.next_mid
        self.skip_mids(1)
        return mid

    def skip_mids(self, count: int) -> None:
        """So many were drawn, and are not seen."""
        if self.next_mid is not None:
            self.next_mid = (self.next_mid + count - 1) % 65535 + 1

    @property
    def is_lasting(self) -> bool:
        """Whether the session may outlive its connection. MQTT 5's session expiry interval is never logged."""
        return not self.clean or self.protocol == "5.0"

    @property
    def is_known(self) -> bool:
        """Whether anything is known that still holds if it comes back: be it how far its packet identifiers are."""
        has_any = self.filters or self.releasing or self.waiting or self.inflight
        return bool(has_any) or self.next_mid is not None

    @property
    def has_options(self) -> bool:
        """Whether its filters may have the options of MQTT 5, which are not logged, and outlive a connection."""
        return self.had_five or self.protocol in {"5.0", None}

    @property
    def may_be_gone(self) -> bool:
        """Whether the session may have ended with its connection, and no line says so (MQTT 5's session expiry)."""
        return not self.connected and self.protocol == "5.0"

    @property
    def is_full(self) -> bool:
        """Whether a message of QoS > 0 would have to wait.

        The size of the inflight window is never logged; it is at least the most that was seen in it.
        """
        return not self.connected or len(self.inflight) >= self.window

"""Our place in the rows before services that know one request at a time: what `turns.py` says, with a clock.

Comes in: words of other runners, the time, who of us wants or leaves. Goes out: words to say, and whether a request may
go now. A newcomer listens before it believes that nobody stands before it; where its own word does not come back, the
broker has no rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from copper import turns

QUIET_SECONDS = 0.5
"""How long we listen for other runners that have a request open, where another runner is on the broker."""

ECHO_SECONDS = 3.0
"""How long we wait to hear our own word in the row; a broker that keeps it from us has no rows."""


class Queueing:
    """The rows, as far as we stand in them.

    Args:
        say: says a word to all runners.

    Attributes:
        has_others: another runner was on the broker, at least once.
    """

    def __init__(self, say: Callable[[turns.Word], None]) -> None:
        self.has_others = False
        self._say = say
        self._turns = turns.Turns()
        self._asked: dict[str, float] = {}
        self._quiet_until: float | None = None

    def want(self, service: str, request: str) -> None:
        """A request that is not sent yet wants to be the service's next."""
        now = time.monotonic()
        if self._quiet_until is None:
            self._quiet_until = now + QUIET_SECONDS
        self._asked[request] = now
        self._say_all([self._turns.want(service, request)])

    def may_go(self, service: str, request: str, *, connected: bool) -> bool:
        """Whether it is the request's turn."""
        now = time.monotonic()
        if not self._turns.stands(service, request):
            return connected and now > self._asked.get(request, now) + ECHO_SECONDS
        # asked now: who wanted before us came before us
        is_quiet = not self.has_others or now >= (self._quiet_until or now)
        if is_quiet:
            self._turns.forget_doubtful()
        return is_quiet and self._turns.is_first(service, request)

    def hold(self, service: str, request: str) -> None:
        """A request is under way."""
        self._turns.hold(service, request)

    def leave(self, request: str) -> None:
        """A request is not waiting for its turn any more, or has had it."""
        self._asked.pop(request, None)
        word = self._turns.leave(request)
        if word is not None:
            self._say_all([word])

    def hear(self, word: turns.Word) -> None:
        """A runner says something, perhaps we ourselves."""
        self._say_all(self._turns.heard(word))

    def somebody_died(self) -> None:
        """A runner went away, and took its place with it."""
        self._listen_again(self._turns.somebody_died())

    def start_over(self) -> None:
        """The broker was away."""
        self._listen_again(self._turns.ask_again())

    def _listen_again(self, words: list[turns.Word]) -> None:
        if words:
            now = time.monotonic()
            self._quiet_until = now + QUIET_SECONDS
            self._asked |= dict.fromkeys(self._turns.waiting, now)
            self._say_all(words)

    def _say_all(self, words: Iterable[turns.Word]) -> None:
        for word in words:
            self._say(word)

"""The life of one request, from sent to its one end: a pure machine, fed with messages and a clock.

    sent ──► accepted ──► (progress …) ──► finished | failed | gone | nobody | timed out

What comes in: messages of the service, the broker's acknowledgement, the time. What goes out: a `state`, and an
`Outcome` when it has ended. It publishes nothing, reads no clock, knows no MQTT client.

Every request ends: by the service's finish or error, by its will (gone), by the broker's word that nobody subscribes
(nobody), by silence where nothing says that anybody is there (nobody), or by its timeout.

Whose answer is it? One that carries our id or our correlation data is ours, one with another's is not. One with
neither comes from a service that knows one request at a time: it is ours, since the runner keeps one open at most.
Unless it comes before the service has started on ours, while it works on another runner's request, or while an
earlier request of ours still has its finish to come: the first Copper's fetcher says for an unknown type first
`fetcher/error`, then a finish with an empty list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from math import isfinite
from typing import Any

from copper import wire

SILENCE_SECONDS = 15.0
"""How long a request may stay without `start` where no status says that the service is there: a monitor on `#` hides
from the broker's acknowledgement that nobody serves the topic."""


class State(Enum):
    """How far a request is."""

    SENT = "sent"
    ACCEPTED = "accepted"
    FINISHED = "finished"
    FAILED = "failed"
    GONE = "gone"
    NOBODY = "nobody there"
    TIMED_OUT = "timed out"


ENDS = frozenset({State.FINISHED, State.FAILED, State.GONE, State.NOBODY, State.TIMED_OUT})


@dataclass(frozen=True)
class Progress:
    """How far the service says it is: `done` of `total` (in `unit`), or a `message` alone."""

    done: float | None = None
    total: float | None = None
    unit: str = ""
    message: str = ""


@dataclass
class Request:
    """One attempt at an action.

    Attributes:
        topic: the action's topic.
        id: what the entry was published with.
        correlation: the MQTT 5 Correlation Data it was published with.
        sent: when, in seconds of the caller's clock.
        timeout: seconds after which it is given up.
        known: the service's status says that it is there.
        owed: a finish without an id may still come for an earlier request.
        starts: the service is known to say `start` before it finishes.
        state: how far it is.
        answer: what the service finished with, when it has.
        error: what went wrong, in plain words, when something has.
        retryable: whether trying again may help.
        progress: the last progress.
        anonymous: what ended it carried neither id nor correlation data.
    """

    topic: str
    id: str
    correlation: bytes
    sent: float
    timeout: float
    known: bool = False
    owed: bool = False
    starts: bool = False
    state: State = State.SENT
    answer: Any = None
    error: str = ""
    retryable: bool = False
    progress: Progress | None = None
    anonymous: bool = False
    _others: bool = field(default=False, repr=False)

    @property
    def ended(self) -> bool:
        """Whether it has its one end; nothing changes after that."""
        return self.state in ENDS

    def deadline(self) -> float:
        """When `at` must be asked next, in seconds of the caller's clock."""
        if self.state is State.SENT and not self.known:
            return self.sent + min(self.timeout, SILENCE_SECONDS)
        return self.sent + self.timeout

    def message(self, topic: str, value: Any, correlation: bytes | None) -> None:
        """Something was published by the service."""
        if self.ended or not self._is_ours(topic, value, correlation):
            return
        if topic == wire.start(self.topic):
            self.state, self.starts = State.ACCEPTED, True
        elif topic == wire.progress(self.topic):
            self.state = State.ACCEPTED
            self.progress = _progress(value)
        elif topic == wire.finish(self.topic):
            self.state, self.answer = State.FINISHED, value
        elif topic in self._errors():
            self.state, self.error = State.FAILED, _error(value)
            self.retryable = isinstance(value, dict) and value.get("retryable") is True
        self.anonymous = correlation is None and id_in(value) is None

    def leaves_finish(self) -> bool:
        """Whether a finish without an id may still come for this request, which has ended."""
        if self.state is State.FAILED:
            return self.anonymous
        return self.state is State.TIMED_OUT or (self.owed and self.state is not State.FINISHED)

    def status(self, payload: str) -> None:
        """The service's status changed while the request was open."""
        if self.ended:
            return
        if payload in wire.READY:
            self.known = True
        elif payload == wire.DISCONNECTED:
            self.gone("went away")

    def gone(self, what: str) -> None:
        """The service can't answer any more, or does not know the request any more; `what` happened to it."""
        if not self.ended:
            did = "before it answered" if self.state is State.SENT else "while it worked"
            self.state, self.retryable = State.GONE, True
            self.error = f"{wire.service_of(self.topic)} {what} {did}"

    def nobody(self) -> None:
        """The broker says that nobody subscribes to the topic."""
        if self.state is State.SENT:
            self.state = State.NOBODY
            self.error = f"nobody subscribes to {self.topic}"

    def refused(self, words: str) -> None:
        """The broker does not pass the request on."""
        if not self.ended:
            self.state, self.error = State.FAILED, f"the broker refuses a message to {self.topic}: {words}"

    def at(self, now: float) -> None:
        """The clock stands at `now`."""
        if self.ended or now < self.deadline():
            return
        if self.state is State.SENT and not self.known and self.timeout > SILENCE_SECONDS:
            self.state = State.NOBODY
            self.error = f"nobody took the request on {self.topic} within {SILENCE_SECONDS:g} s"
        else:
            self.state, self.retryable = State.TIMED_OUT, True
            self.error = f"no answer within {self.timeout:g} s"

    def _is_ours(self, topic: str, value: Any, correlation: bytes | None) -> bool:
        ends = topic == wire.finish(self.topic) or topic in self._errors()
        if correlation is not None:
            return correlation == self.correlation
        given = id_in(value)
        if given is not None:
            if given != self.id:
                self._others = topic == wire.start(self.topic) or (self._others and not ends)
            return bool(given == self.id)
        if self.state is not State.SENT or not ends:
            return True
        if self._others:
            self._others = False
            return False
        if self.owed and topic == wire.finish(self.topic) and (self.starts or value == []):
            self.owed = False
            return False
        return True

    def _errors(self) -> tuple[str, str]:
        return wire.error(self.topic), wire.service_error(wire.service_of(self.topic))


def id_in(value: Any) -> Any:
    """The id in a payload: of an object, of the one in a list, or of the one in an object (`{"build": entry}`)."""
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(one, dict):
        return None
    if "id" not in one and len(one) == 1:
        (one,) = one.values()
    return one.get("id") if isinstance(one, dict) else None


def _progress(value: Any) -> Progress:
    if not isinstance(value, dict):
        return Progress(message=str(value))
    return Progress(
        done=_number(value.get("done")),
        total=_number(value.get("total")),
        unit=str(value.get("unit") or ""),
        message=str(value.get("message") or ""),
    )


def _number(value: Any) -> float | None:
    """A count that can be shown; None for what is no number, or none that a float holds."""
    try:
        return value if isinstance(value, (int, float)) and isfinite(value) else None
    except OverflowError:
        return None


def _error(value: Any) -> str:
    """The sentence of an error payload; a service may send anything."""
    said = value.get("error", value) if isinstance(value, dict) else value
    return said if isinstance(said, str) and said else f"{wire.encode(said).decode()}"

"""Exactly one answer for each request: the first that is given counts, and is kept for requests that come twice.

What comes in: keys of requests and their answers. What goes out: whether a request is new, and what was answered. It
knows no MQTT. Safe from any thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

REMEMBERED = 256
"""How many answers are kept."""

REMEMBERED_BYTES = 64_000_000
"""How large the answers that are kept may be in sum; the last one is kept in any case."""


@dataclass(frozen=True)
class Answer:
    """What was answered: the topic, and the payload (JSON)."""

    topic: str
    payload: bytes


class Answers:
    """The open requests, and the answers of the last ones."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._given: OrderedDict[str, Answer] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def begin(self, key: str) -> bool:
        """Whether this request is new; from now on it is open."""
        with self._lock:
            if key in self._open or key in self._given:
                return False
            self._open.add(key)
            return True

    def give(self, key: str, answer: Answer, *, keep: bool) -> bool:
        """Whether this is the request's first answer, the only one to be sent; `keep` it for one that comes twice."""
        with self._lock:
            if key not in self._open:
                return False
            self._open.remove(key)
            if keep:
                self._given[key] = answer
                self._bytes += len(answer.payload)
            while len(self._given) > REMEMBERED or (self._bytes > REMEMBERED_BYTES and len(self._given) > 1):
                _, forgotten = self._given.popitem(last=False)
                self._bytes -= len(forgotten.payload)
            return True

    def given(self, key: str) -> Answer | None:
        """What was answered; None while the request is open."""
        with self._lock:
            return self._given.get(key)

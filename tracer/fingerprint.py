"""A pipeline's state → bytes that are the same where two of them will do the same with all lines to come.

What was made to be quicker (routes, plans), what only counts, and what no line to come can ask for is left out; so is
the order of names that are only looked up. Where two parts share one object, so must those of the other state.
Left out too are the last messages of a publisher, and wills that may have been published long ago: whoever compares
joins them (`recall` of sessions.py and wills.py).
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from operator import attrgetter
from types import MethodType
from typing import Any

from tracer.copies import Copy, Message
from tracer.pipeline import Counts, Pipeline
from tracer.routing import Routing
from tracer.session import Session
from tracer.sessions import Sessions
from tracer.state import State
from tracer.tree import Tree
from tracer.wills import Wills

LEFT_OUT: dict[type, tuple[str, ...]] = {
    # `_stamp` only saves reading the same time twice
    Pipeline: ("_stamp",),
    State: ("_now", "_handlers"),
    Routing: ("fallen_out",),
    Sessions: ("_by_client", "_routes", "_routed", "_expected", "begun_late", "unsettled", "_removed"),
    Session: ("recent", "window", "era", "vague", "keeps_retain"),
    Wills: ("perhaps",),
    Copy: ("era",),
    Message: ("announced",),
}
PLAIN = (str, int, bool, bytes, type(None))


def fingerprint(pipeline: Pipeline, wills: int) -> bytes:
    """The same for pipelines that go on alike.

    Args:
        pipeline: whose state.
        wills: of those that may have been published, how many are compared, the last ones.

    Raises:
        TypeError: the state holds something that is not known here.
    """
    walk = _Walk(batches=pipeline.state.is_old)
    walk.take(pipeline)
    perhaps = pipeline.state.attribution.wills.perhaps
    walk.take(list(perhaps)[len(perhaps) - wills :])
    return hashlib.sha256("\n".join(walk.told).encode("utf-8", "surrogatepass")).digest()


class _Walk:
    """Goes through a state, each object once."""

    def __init__(self, *, batches: bool) -> None:
        self.told: list[str] = []
        self._batches = batches
        self._era = 0
        self._seen: dict[int, int] = {}
        self._getters: dict[type, Callable[[Any], tuple[Any, ...]]] = {}
        self._kinds: dict[type, Callable[[Any], None]] = {
            tuple: self._row,
            list: self._shared_row,
            deque: self._shared_row,
            set: self._names,
            dict: self._in_order,
            OrderedDict: self._in_order,
            Counts: self._lines,
            Sessions: self._sessions,
            Session: self._session,
            Copy: self._copy,
            Message: self._message,
            Tree: self._tree,
            re.Pattern: self._pattern,
            MethodType: self._method,
        }

    def take(self, value: Any) -> None:
        """Tell of a value, and all that belongs to it."""
        kind = type(value)
        if kind in PLAIN:
            self.told.append(repr(value))
            return
        special = self._kinds.get(kind)
        if special is not None:
            special(value)
        elif not self._is_known(value):
            self._fields(value)

    def _is_known(self, value: Any) -> bool:
        """Whether it was told of before; else it has a number from now on."""
        number = self._seen.setdefault(id(value), len(self._seen))
        self.told.append(f"@{number}")
        return number != len(self._seen) - 1

    def _fields(self, value: Any) -> None:
        kind = type(value)
        get = self._getters.get(kind)
        if get is None:
            get = self._getters[kind] = _getter(value)
        self.told.append(kind.__name__)
        for one in get(value):
            self.take(one)

    def _row(self, values: Iterable[Any]) -> None:
        self.told.append("(")
        for one in values:
            self.take(one)
        self.told.append(")")

    def _shared_row(self, values: Any) -> None:
        if not self._is_known(values):
            self._row(values)

    def _names(self, values: set[Any]) -> None:
        self.told.append(repr(sorted(values, key=repr)))

    def _in_order(self, values: dict[Any, Any]) -> None:
        for key, value in values.items():
            self.take(key)
            self.take(value)
        self.told.append("}")

    def _lines(self, counts: Counts) -> None:
        """Positions in the log are compared; all else only counts."""
        self.told.append(repr(counts.lines))

    def _sessions(self, sessions: Sessions) -> None:
        every = sorted(sessions, key=lambda one: one.client)
        for session in every:
            self.take(session)
        # wills are published in the order in which their clients connected
        self.told.append(repr([one.client for one in sessions if one.will is not None]))
        self._fields(sessions)

    def _session(self, session: Session) -> None:
        if self._is_known(session):
            return
        self._era = session.era
        self._fields(session)
        if self._batches:
            self.take(session.window)
        # only a first copy asks whether those before it were vague
        self.take(session.vague and bool(session.waiting))
        if session.has_options or session.bridge:
            self.take(session.keeps_retain)

    def _copy(self, copy: Copy) -> None:
        if not self._is_known(copy):
            self._fields(copy)
            self.take(self._era - copy.era)

    def _message(self, message: Message) -> None:
        if not self._is_known(message):
            self._fields(message)
            self.take(message.is_will and message.announced)

    def _tree(self, tree: Tree[Any, Any]) -> None:
        for name, key, value in sorted(tree.__getstate__(), key=lambda one: one[0]):
            self.take((name, key, value))

    def _pattern(self, pattern: re.Pattern[bytes]) -> None:
        self.take((pattern.pattern, pattern.flags))

    def _method(self, method: MethodType) -> None:
        self.take(method.__name__)


def _getter(value: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Gives the fields of all objects of one class, but those that are left out."""
    kind = type(value)
    if not kind.__module__.startswith("tracer."):
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} is no part of a state")
    names = [*getattr(kind, "__slots__", ()), *sorted(getattr(value, "__dict__", ()))]
    kept = [name for name in names if name not in LEFT_OUT.get(kind, ())]
    if not kept:
        return lambda _: ()
    if len(kept) == 1:
        (only,) = kept
        return lambda one: (getattr(one, only),)
    return attrgetter(*kept)

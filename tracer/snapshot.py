"""A pipeline's state as bytes and back, so that reading can go on where it stopped.

Comes in: a Pipeline. Goes out: bytes, and a Pipeline that does with the next line what the first one would have
done. The bytes are a pickle, since the state is a web of objects that know each other; it is read by an unpickler
that makes only the tracer's own classes, deques and ordered dicts, and calls nothing else.
The bytes name the shape of these classes: after a change of one of them they are refused, never misread.
"""

from __future__ import annotations

import copyreg
import hashlib
import io
import pickle
import re
import sys
import zlib
from collections import OrderedDict, deque
from functools import cache
from types import MethodType, ModuleType
from typing import Any

from tracer import (
    attribution,
    connections,
    copies,
    events,
    grammar,
    messages,
    pipeline,
    prefix,
    records,
    routing,
    stored,
    subscribing,
    tree,
    wills,
)
from tracer import session as session_module
from tracer import sessions as sessions_module
from tracer import state as state_module
from tracer.errors import CopperError
from tracer.pipeline import Pipeline
from tracer.sessions import Sessions
from tracer.sources import lines
from tracer.tree import Tree

VERSION = 1
"""Raise it when what the state means changes, though its classes look the same."""
MODULES: tuple[ModuleType, ...] = (
    attribution,
    connections,
    copies,
    events,
    grammar,
    lines,
    messages,
    pipeline,
    prefix,
    records,
    routing,
    session_module,
    sessions_module,
    state_module,
    stored,
    subscribing,
    tree,
    wills,
)
"""Whose classes the state is made of. None of them opens, starts or asks anything."""
CONTAINERS = {("collections", "deque"): deque, ("collections", "OrderedDict"): OrderedDict}
PROTOCOL = 4


class StateError(CopperError):
    """The bytes are no state of this version of Copper."""


def save(state: Pipeline) -> bytes:
    """The state of a pipeline."""
    file = io.BytesIO()
    _Pickler(file, protocol=PROTOCOL).dump(state)
    return _shape() + zlib.compress(file.getvalue(), 1)


def load(data: bytes) -> Pipeline:
    """The pipeline whose state was saved.

    Raises:
        StateError: it is of another version, damaged, or was made by somebody else.
    """
    shape = _shape()
    if not data.startswith(shape):
        raise StateError("the state is of another version of Copper")
    try:
        loaded = _Unpickler(io.BytesIO(zlib.decompress(data[len(shape) :]))).load()
    except (pickle.UnpicklingError, zlib.error, EOFError, LookupError, AttributeError, TypeError, ValueError) as error:
        raise StateError(f"the state is damaged: {error}") from error
    if not isinstance(loaded, Pipeline):
        raise StateError("the state is none of a pipeline")
    return loaded


class _Pickler(pickle.Pickler):
    """Leaves out what can be found again, and spells methods and patterns in our own words."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, MethodType):
            return method, (value.__self__, value.__name__)
        if isinstance(value, re.Pattern):
            return pattern, (value.pattern, value.flags)
        if isinstance(value, Sessions):
            return copyreg.__newobj__, (Sessions,), {**vars(value), "_routes": {}, "_routed": Tree(), "_expected": {}}  # type: ignore[attr-defined]
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Makes what MODULES define, plain containers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in CONTAINERS:
            return CONTAINERS[module, name]
        if module == __name__ and name in {"method", "pattern"}:
            return globals()[name]
        found = _classes().get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a state")
        return found


def method(owner: Any, name: str) -> Any:
    """A method of one of the state's objects; `owner` is still empty when this is asked."""
    if type(owner) not in _classes().values():
        raise pickle.UnpicklingError(f"{name} is no method of a state's object")
    return MethodType(vars(type(owner))[name], owner)


def pattern(text: bytes, flags: int) -> re.Pattern[bytes]:
    """A compiled pattern."""
    return re.compile(text, flags)


@cache
def _classes() -> dict[tuple[str, str], type]:
    return {
        (module.__name__, name): value
        for module in MODULES
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }


@cache
def _shape() -> bytes:
    """What the classes keep: their slots, and the names that their `__init__` knows."""
    told = [str(VERSION), f"{sys.version_info.major}.{sys.version_info.minor}"]
    for (module, name), value in sorted(_classes().items()):
        code = getattr(vars(value).get("__init__"), "__code__", None)
        told.append(f"{module}.{name} {vars(value).get('__slots__', ())} {code.co_names if code else ()}")
    return b"copper-state %b\n" % hashlib.sha256("\n".join(told).encode()).hexdigest().encode()

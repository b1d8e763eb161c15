"""Python's search for garbage, put off while a log is read and a graph and its picture are made.

Of a large log some 200,000 edges are made and none goes before the end. Looking through them all again and again,
whether one may go, took a third of the time. What is read makes no garbage of the kind that must be searched for:
three quarters of a million lines take the same memory with and without.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept() -> Iterator[None]:
    """Let what is no longer used lie, for as long as this lasts."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

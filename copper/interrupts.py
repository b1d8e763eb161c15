"""Ctrl-C comes at any moment, also between the start of a process and our note of it: then nobody would stop it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

HELD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM until the end of the block, where they come as they would have.

    Handlers are exchanged, the signals are not blocked: a process that is started meanwhile would inherit that. Only
    the main thread gets signals; in another there is nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda given, _: came.append(given)) for number in HELD}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if came:
            signal.raise_signal(came[0])

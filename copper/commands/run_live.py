"""`copper run --live`: the live map of the run's broker, served while the run goes on, and after it as long as wanted.

Whatever can be wrong with it is found before anything runs; after that it can't spoil the run.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from copper.commands.show import words
from tracer.errors import CopperError

if TYPE_CHECKING:
    from collections.abc import Callable

    from copper.following import Following
    from copper.launch import Place
    from tracer.watching import Batch


class Page:
    """The page that is served.

    Args:
        address: where.
        following: what shows the run's broker.
        ends: whether the broker ends with the run.
    """

    def __init__(self, address: str, following: Following, *, ends: bool) -> None:
        self._address = address
        self._following = following
        self._ends = ends

    def follow(self, log: Path) -> None:
        """The broker is there, and this is its log."""
        from tracer.watching import watch  # noqa: PLC0415  only where it is asked for

        self._following.follow(str(log), partial(watch, str(log)))

    def stay(self) -> None:
        """Where a person is there, until Ctrl-C; else the page ends with the run."""
        if self._ends:
            self._following.end()
        if sys.stderr is None or not sys.stderr.isatty():
            return
        words(f"the live map stays at {self._address} until Ctrl-C")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


@contextmanager
def served(port: int, place: Place) -> Iterator[Page]:
    """Serve it as long as the block lasts.

    Raises:
        CopperError: the extra is missing, nobody may listen there, or the broker's log is not known.
    """
    from copper.following import Following  # noqa: PLC0415  only where it is asked for
    from copper.live import beside  # noqa: PLC0415
    from copper.showing import Showing  # noqa: PLC0415

    if not place.is_own and place.log is None:
        raise CopperError(
            "this broker's log is not known, and the live map shows what stands there",
            where="--live",
            next_step="name it with --log",
        )
    following = Following("the run's broker", _nothing_yet)
    showing = Showing(following, place.folder / "runs")
    try:
        with beside(showing, "127.0.0.1", port) as page:
            words(f"live map: {page.address}")
            yield Page(page.address, following, ends=place.is_own)
    finally:
        showing.stop()


def _nothing_yet(_: Callable[[Batch], None], stop: threading.Event) -> None:
    stop.wait()

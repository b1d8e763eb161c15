"""The live map of some systems, served: until Ctrl-C, or beside something else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from copper.serving import listen, need_web, server
from tracer.errors import CopperError

if TYPE_CHECKING:
    import uvicorn

    from viz.live.systems import Systems

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
STOP_SECONDS = 1


def serve(
    systems: Systems, host: str, port: int, token: str = "", started: Callable[[str], None] = lambda _: None
) -> None:
    """Serve the live map until Ctrl-C or SIGTERM, which come as they would have once all viewers were told.

    Args:
        systems: what can be shown.
        host: where to listen; other machines can reach it only where it is none of loopback, and with a token.
        port: the same; 0 is one that is free.
        token: what a browser must know; empty: nothing.
        started: called with the address to open, once it can be.

    Raises:
        CopperError: the extra is missing, nobody may listen there, or other machines could without a token.
    """
    with _listening(systems, host, port, token) as (run, _, opened):
        started(opened)
        run()


@dataclass(frozen=True)
class Served:
    """A live map that is served.

    Attributes:
        address: what to open in a browser.
        end: ends it; it does not wait for that, so it may be called wherever one can't wait.
    """

    address: str
    end: Callable[[], None]


@contextmanager
def beside(systems: Systems, host: str, port: int, token: str = "") -> Iterator[Served]:
    """Serve the live map as long as the block lasts.

    Args:
        systems: as `serve` has it, and all others too.
        host: the same.
        port: the same.
        token: the same.

    Raises:
        CopperError: as `serve`.
    """
    with _listening(systems, host, port, token) as (run, running, opened):
        thread = threading.Thread(target=run, name="live map", daemon=True)
        thread.start()

        def end() -> None:
            running.should_exit = True

        try:
            yield Served(opened, end)
        finally:
            end()
            thread.join(STOP_SECONDS + 1)


@contextmanager
def _listening(
    systems: Systems, host: str, port: int, token: str
) -> Iterator[tuple[Callable[[], None], uvicorn.Server, str]]:
    """What serves, until the server is told to end; that server; the address to open."""
    need_web("the live map")
    from viz.live.guard import LOOPBACK as NAMES  # noqa: PLC0415  an extra
    from viz.live.server import App  # noqa: PLC0415

    is_ours = host in LOOPBACK
    if not is_ours and not token:
        raise CopperError(
            "whoever reaches this machine could look on", where=host, next_step="say a --token, or leave --host out"
        )
    with listen(host, port, name="the live map", next_step="--port names another port, 0 a free one") as listening:
        app = App(systems, token, NAMES if is_ours else None)
        running = server(app, STOP_SECONDS, app.end)
        try:
            yield (
                lambda: running.run(sockets=[listening]),
                running,
                address(host, int(listening.getsockname()[1]), token),
            )
        finally:
            app.close()


def address(host: str, port: int, token: str = "") -> str:
    """What to open in a browser."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}/" + ("?" + urlencode({"token": token}) if token else "")

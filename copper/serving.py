"""HTTP by Uvicorn (the extra `web`): a port to listen on, and a server that ends when it is told to.

Comes in: an ASGI application. What it answers is its own affair; errors of the port and of the extra are for people.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracer.errors import CopperError

if TYPE_CHECKING:
    import uvicorn

PATIENCE = 60.0
"""Seconds after which a connection is cut whose other end takes nothing of what it is sent."""
_LAST_PORT = 65_535


def need_web(what: str, where: str | None = None) -> None:
    """Find out that the extra is there.

    Args:
        what: needs it.
        where: of whom.

    Raises:
        CopperError: it is not installed.
    """
    try:
        import starlette  # noqa: F401, PLC0415  an extra, which few need
        import uvicorn  # noqa: F401, PLC0415
    except ImportError as error:
        raise CopperError(
            f"{what} needs Starlette and Uvicorn", where=where, next_step="pip install starlette uvicorn"
        ) from error


def listen(host: str, port: int, *, name: str, next_step: str) -> socket.socket:
    """A socket that listens; port 0 is one that is free.

    Args:
        host: a name or an address of this machine.
        port: the same.
        name: who listens, for the error.
        next_step: what to do if nobody may.

    Raises:
        CopperError: nobody may listen there, or somebody does.
    """
    where = f"{name} at {host}:{port}"
    if not 0 <= port <= _LAST_PORT:
        raise CopperError("can't listen there for HTTP: there is no such port", where=where, next_step=next_step)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        # the rest of it says again where
        why = str(error.strerror).partition(" (while attempting")[0]
        raise CopperError(f"can't listen there for HTTP: {why}", where=where, next_step=next_step) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; what is accepted there has it, too
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(PATIENCE * 1000))
    return listening


def server(app: Any, stop_seconds: int, ending: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """A server for an application; `run(sockets=[…])` serves until `should_exit` is set, or Ctrl-C or SIGTERM come.

    Args:
        app: what answers.
        stop_seconds: how long answers that are on their way may take once it is to end.
        ending: called on the event loop when it is to end, before that is waited for.
    """
    import uvicorn  # noqa: PLC0415  an extra

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            ending()
            await super().shutdown(sockets)
            # whoever does not read what is on its way would keep its connection for ever
            for connection in list(self.server_state.connections):
                if connection.transport is not None:
                    connection.transport.abort()
            await asyncio.sleep(0)

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=stop_seconds,
        server_header=False,
    )  # fmt: skip
    return Server(config)

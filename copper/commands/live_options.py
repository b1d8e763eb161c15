"""The options of everything that serves the live map: where it listens, and what a browser must know."""

from __future__ import annotations

import functools
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from copper.commands.trace_options import option
from tracer.errors import CopperError

PORT = 8123
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,200}")
_MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe())' makes one"


@dataclass(frozen=True)
class At:
    """Where the live map listens.

    Attributes:
        port: 0 is one that is free.
        host: an address of this machine.
        token: what a browser must know; empty where it need know nothing.
    """

    port: int = PORT
    host: str = "127.0.0.1"
    token: str = ""


_OPTIONS = (
    option(
        "--port", type=click.IntRange(0, 65_535), default=PORT, help=f"Where the page is ({PORT}); 0 is a free one."
    ),
    option(
        "--host",
        metavar="ADDR",
        default="127.0.0.1",
        help="Listen on this address instead of this machine's own (127.0.0.1); needs a token.",
    ),
    option("--token", default="", help="Only a browser that knows it sees the page."),
    option(
        "--token-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The token stands there; one is made where there is none.",
    ),
)


def live_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a verb its `At` in place of the options; it asks for it where it serves a page."""

    @functools.wraps(verb)
    def with_place(*args: Any, port: int, host: str, token: str, token_file: Path | None, **more: Any) -> Any:
        return verb(*args, at=functools.partial(_at, port, host, token, token_file), **more)

    decorated: Callable[..., Any] = with_place
    for one in reversed(_OPTIONS):
        decorated = one(decorated)
    return decorated


def _at(port: int, host: str, token: str, token_file: Path | None) -> At:
    """What was asked for.

    Raises:
        CopperError: other machines could look on, or the token is no good.
    """
    from copper.live import LOOPBACK  # noqa: PLC0415  `--help` must be quick

    if token and token_file is not None:
        raise CopperError("--token and --token-file both say the token", next_step="leave one of them out")
    where = "--token" if token_file is None else str(token_file)
    token = token if token_file is None else _read(token_file)
    if token and not _TOKEN.fullmatch(token):
        raise CopperError("a token is 8 letters or more, of A-Z a-z 0-9 . _ ~ -", where=where, next_step=_MAKE_ONE)
    if host not in LOOPBACK and not token:
        raise CopperError(
            "whoever reaches this machine could look on",
            where=f"--host {host}",
            next_step=f"say --token TOKEN (or COPPER_TRACE_TOKEN) too, or --token-file FILE; {_MAKE_ONE}",
        )
    return At(port, host, token)


def _read(file: Path) -> str:
    """The token in a file, which nobody else may read where it is made here."""
    try:
        try:
            made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_text(encoding="utf-8").strip()
        token = secrets.token_urlsafe()
        with os.fdopen(made, "w", encoding="ascii") as stream:
            stream.write(token + "\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CopperError(f"the token can't be kept there: {why}", where=str(file)) from error
    return token

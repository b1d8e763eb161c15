"""Which broker: one that runs already (a URL), Mosquitto, or the built-in one.

In comes what the user asked for, out comes the address of a broker that accepts connections, and the log
it writes. Knows nothing of workflows, clients or the tracer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from copper.access import PORTS
from copper.broker import builtin, mosquitto
from copper.broker.process import BrokerError
from copper.mqtt import shown
from tracer.errors import CopperError

__all__ = ["Broker", "BrokerError", "open_broker"]

ALLOWED = "say mqtt://HOST, mqtt://HOST:PORT, mqtt://USER:PASSWORD@HOST:PORT, mqtts:// for TLS, mosquitto or builtin"


@dataclass(frozen=True)
class Broker:
    """A broker that can be connected to.

    Attributes:
        url: `mqtt://host:port` or `mqtts://host:port`, with `user:password@` where the user gave one.
        kind: "url" where somebody else runs it, "mosquitto" or "builtin" where Copper started it.
        log: its log file where Copper started it, else None.
    """

    url: str
    kind: Literal["url", "mosquitto", "builtin"]
    log: Path | None


@contextlib.contextmanager
def open_broker(where: str | None, folder: Path) -> Iterator[Broker]:
    """Have a broker as long as the block lasts.

    Args:
        where: `mqtt://[user:password@]host[:port]` is used as it is (port 1883 unless said), and `mqtts://` (8883);
            "mosquitto" and "builtin" start that one; None starts Mosquitto where it is installed, else the
            built-in one.
        folder: where a started broker puts `mosquitto.log` and `mosquitto.conf`; made if it is missing.

    Yields:
        A broker that accepts connections; one that was started here is stopped at the end of the block.

    Raises:
        CopperError: `where` says none of this, or the folder can't be written to.
        BrokerError: the broker did not start.
    """
    if where not in (None, "mosquitto", "builtin"):
        yield Broker(_checked(where), "url", None)
        return
    folder = _made(folder)
    if where == "builtin" or (where is None and mosquitto.installed() is None):
        with builtin.running(folder) as (port, log):
            yield Broker(f"mqtt://127.0.0.1:{port}", "builtin", log)
    else:
        with mosquitto.running(folder) as (port, log):
            yield Broker(f"mqtt://127.0.0.1:{port}", "mosquitto", log)


def _checked(where: str) -> str:
    """The URL of a broker with its port said.

    Raises:
        CopperError: it is no URL of a broker.
    """
    try:
        parts = urlsplit(where)
        port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError as error:
        raise CopperError(f"no broker's address: {error}", where=shown(where), next_step=ALLOWED) from error
    if (
        parts.scheme not in PORTS
        or port == 0
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise CopperError("no broker's address", where=shown(where), next_step=ALLOWED)
    account = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{account}{host}:{port}"


def _made(folder: Path) -> Path:
    """The folder, which exists and can be written to, as an absolute path.

    Raises:
        CopperError: it can't be made or written to.
    """
    try:
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mosquitto.log").write_bytes(b"")
    except OSError as error:
        raise CopperError(f"can't be written to: {error.strerror}", where=str(folder)) from error
    return folder

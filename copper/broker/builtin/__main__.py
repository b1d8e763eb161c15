"""`python -m copper.broker.builtin`: a small MQTT broker on 127.0.0.1, for development.

Prints its port as the first line of its standard output, and ends on SIGTERM, on Ctrl-C, or when its
standard input closes, so that it never outlives whoever started it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading

from copper.broker.builtin.server import HOST, serve

NOTICE = (
    "Copper's built-in MQTT broker: small, for development on a machine without Mosquitto. "
    "Install Mosquitto for anything else."
)


def main() -> int:
    """Run the broker; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m copper.broker.builtin", description=NOTICE)
    parser.add_argument("--port", type=int, default=0, help=f"port on {HOST}; 0, the default, takes a free one")
    parser.add_argument("--log", help="the file that the log is appended to; the default is standard error")
    asked = parser.parse_args()
    print(NOTICE, file=sys.stderr)  # noqa: T201 (words go to standard error, the port to standard output)
    try:
        log_file = 2 if asked.log is None else os.open(asked.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        asyncio.run(_serve(asked.port, log_file))
    except (OSError, OverflowError) as error:
        print(f"The built-in broker can't start: {error}", file=sys.stderr)  # noqa: T201
        return 3
    return 0


async def _serve(port: int, log_file: int) -> None:
    """Serve until a signal comes or standard input closes."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_until_input_closes, args=(loop, stop), daemon=True).start()
    await serve(port, log_file, lambda taken: print(taken, flush=True), stop)  # noqa: T201


def _until_input_closes(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait for the end of standard input. os.read: the interpreter may end while this thread waits."""
    while os.read(0, 1024):
        pass
    if not loop.is_closed():
        loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main())

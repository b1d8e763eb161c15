"""Lines of a container's log, by its name or id: what it wrote to stdout and stderr, in that order.

Docker puts its own time (nanoseconds, UTC) before each line; it is split off and kept as the line's `at`. The SDK of
Docker is an extra, and is loaded only here, when a container is asked for.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from tracer.errors import CopperError
from tracer.sources.lines import Line, cut

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

SCHEME = "docker:"
REST = 0.05
"""Seconds without a line until it is said that nothing came."""
AWAY = 0.2
"""Seconds between two looks at a container that does not run."""
AHEAD = 1000
"""Lines that are read before they are asked for."""

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?")


def read(name: str) -> Iterator[Line]:
    """The lines that a container has written up to now; it may have ended.

    Args:
        name: `docker:` and the container's name or id.

    Raises:
        CopperError: there is no SDK, no daemon, or no such container, or its log can't be read.
    """
    with _words(name), _client() as client:
        yield from _lines(_find(client, name), name, follow=False)


def follow(name: str, stop: threading.Event, at_rest: Callable[[], None]) -> Iterator[Line]:
    """The lines of a container from its first, then those that it writes, until `stop` is set.

    A container that ends, or is removed and made anew under its name, is waited for.

    Args:
        name: as read() has it; it must be there at the beginning.
        stop: set it to end the following.
        at_rest: called when everything was read and nothing came for a moment.

    Raises:
        CopperError: as read().
    """
    with _words(name), _client() as client:
        _find(client, name)
        reader = _Reader(client, name)
        thread = threading.Thread(target=reader.run, daemon=True)
        thread.start()
        try:
            while True:
                ends = stop.is_set()
                try:
                    yield reader.found.get(timeout=REST)
                except queue.Empty:
                    if reader.error is not None:
                        raise reader.error from None
                    if ends:
                        return
                    at_rest()
        finally:
            reader.end()
            thread.join()


class _Reader:
    """Reads a container's log, again and again from where it stood, into a queue."""

    def __init__(self, client: DockerClient, name: str) -> None:
        self.found: queue.Queue[Line] = queue.Queue(AHEAD)
        self.error: CopperError | None = None
        self._client = client
        self._name = name
        self._ended = threading.Event()
        self._stream: Any = None
        self._id: str | None = None
        self._number = 0
        self._second = 0
        self._in_second = 0

    def run(self) -> None:
        """Read until the end is asked for, or nothing can be read."""
        try:
            with _words(self._name):
                while not self._ended.is_set():
                    self._read_on()
                    self._ended.wait(AWAY)
        except CopperError as error:
            self.error = error

    def end(self) -> None:
        """Let go of the log, also while it is waited for."""
        self._ended.set()
        if self._stream is not None:
            self._stream.close()

    def _read_on(self) -> None:
        """Read while the container runs; `since` is in whole seconds, so what was read of its second comes again."""
        from docker.errors import NotFound  # noqa: PLC0415  an extra

        try:
            container = _find(self._client, self._name)
            if container.id != self._id:
                # made anew: none of its lines was read
                self._id, self._second, self._in_second = container.id, 0, 0
            since = {"since": self._second} if self._second else {}
            lines = _lines(container, self._name, self._take, follow=True, **since)
            for line in islice(lines, self._in_second, None):
                self._keep(line)
        except NotFound:
            self._stream = None

    def _take(self, stream: Any) -> None:
        self._stream = stream
        if self._ended.is_set():
            stream.close()

    def _keep(self, line: Line) -> None:
        second = _second(line.at) if line.at is not None else 0
        if second > self._second:
            self._second, self._in_second = second, 0
        self._in_second += second == self._second
        self._number += 1
        while not self._ended.is_set():
            try:
                return self.found.put(line._replace(number=self._number), timeout=AWAY)
            except queue.Full:
                continue
        return None


def _lines(
    container: Container, name: str, take: Callable[[Any], None] | None = None, **options: Any
) -> Iterator[Line]:
    stream = container.logs(stream=True, timestamps=True, **options)
    if take is not None:
        take(stream)
    return map(_timed, cut(_apart(stream), name))


def _apart(entries: Iterable[bytes]) -> Iterator[bytes]:
    """Entries of Docker's log, each on a line of its own: a line that a killed program had begun has no end."""
    begun = False
    for entry in entries:
        if begun and _STAMP.match(entry):
            yield b"\n"
        yield entry
        begun = not entry.endswith(b"\n")


def _timed(line: Line) -> Line:
    stamp = _STAMP.match(line.data)
    if stamp is None:
        return line
    return line._replace(data=line.data[stamp.end() :], at=stamp.group(1).decode())


def _second(at: str) -> int:
    whole = datetime.strptime(at[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(whole.timestamp())


def _find(client: DockerClient, name: str) -> Container:
    return client.containers.get(name.removeprefix(SCHEME))


@contextmanager
def _client() -> Iterator[DockerClient]:
    from docker import from_env  # noqa: PLC0415  an extra

    client = from_env()
    try:
        yield client
    finally:
        client.close()


@contextmanager
def _words(name: str) -> Iterator[None]:
    """The errors of Docker's SDK, as ours."""
    try:
        from docker.errors import APIError, DockerException, NotFound  # noqa: PLC0415  an extra
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  comes with it
    except ImportError as error:
        raise CopperError(
            "needs Docker's SDK for Python",
            where=name,
            next_step="pip install docker, or: docker logs CONTAINER 2>&1 | copper-trace VERB -",
        ) from error
    try:
        yield
    except NotFound as error:
        raise CopperError("there is no such container", where=name, next_step="docker ps -a lists them") from error
    except APIError as error:
        raise CopperError(f"can't be read: {error.explanation}", where=name) from error
    except (DockerException, HTTPError, OSError) as error:
        raise CopperError(
            f"Docker does not answer: {error}",
            where=name,
            next_step="is its daemon running, may you use it, and is DOCKER_HOST right?",
        ) from error

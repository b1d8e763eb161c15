"""The fetcher's HTTP client: asks only where it may, sends a token only where it belongs, and ends in time.

Comes in: addresses that anyone on the broker can have written. Goes out: answers, their bodies as streams. Proxies,
.netrc and the like of the environment are not used: a proxy would be asked for addresses that we can't check.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urljoin, urlsplit

import requests
import requests.adapters
import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from copper.service import ActionError
from copper.services.fetcher.address import connect
from copper.services.fetcher.entry import bad
from copper.services.fetcher.settings import Settings
from copper.services.fetcher.tree import refused

HOPS = 5
"""How many redirects are followed; GitHub needs one, a mirror two or three."""

REDIRECTS = {301, 302, 303, 307, 308}

FAILURES = (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError)
"""What goes wrong on a connection; requests' errors are OSErrors."""


def check_url(url: str) -> None:
    """Refuse what is no plain address of the web.

    Raises:
        ActionError: another scheme, no host, or a password in it, which would end up in payloads and logs.
    """
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:
        raise bad(f"url is no address: {url!r}") from None
    if parts.username is not None or parts.password is not None:
        raise bad("url must not hold a name or password")
    # Two readers of addresses may disagree on where a host ends at these, and a token would go to the wrong one.
    if "\\" in url or " " in url:
        raise bad(f"url must hold neither spaces nor backslashes: {url!r}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine:
        raise bad(f"url must begin with https:// or http:// and name a host, not {url!r}")


def origin(url: str) -> tuple[str, str | None, int]:
    """Scheme, host and port: what a token is for."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


class Answer:
    """A server's answer; its body is read as it arrives.

    Attributes:
        url: the address that answered, after redirects.
        status: the HTTP status.
        headers: by name, upper and lower case alike.
        length: bytes of the body, None if the server does not say.
    """

    def __init__(self, web: Web, response: requests.Response) -> None:
        self.url = response.url
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        length = response.headers.get("Content-Length", "")
        self.length = int(length) if length.isascii() and length.isdigit() else None
        self._web = web
        self._raw = response.raw

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes of the body, none at its end.

        Raises:
            ActionError: the connection broke, or time is up.
        """
        try:
            body: bytes = self._raw.read(size if size >= 0 else None)
        except (*FAILURES, ValueError) as error:  # http.client: a chunk of negative length
            raise self._web.failure(self.url, error) from None
        self._web.check_time(self.url)
        return body

    def error(self) -> ActionError:
        """What to say when the status is not what was hoped for."""
        said = f"{self.url} answered HTTP {self.status}"
        if self.status in {404, 410}:
            return ActionError(said, kind="not_found")
        if self.status in {408, 425, 429} or self.status >= 500:
            return ActionError(said, kind="network", retryable=True)
        return ActionError(said, kind="refused")


class Web:
    """The connections of one fetch.

    Args:
        settings: whether private addresses may be asked, and the limits.
        trusted: an address whose host may be private, because the one who runs the fetcher named it.
        authorization: a header, sent to the origin of `trusted`, and to no other.
    """

    def __init__(self, settings: Settings, *, trusted: str | None = None, authorization: str | None = None) -> None:
        self._settings = settings
        self._trusted = origin(trusted) if trusted else None
        self._authorization = authorization
        self._session = _session(self._connect)
        self._sockets: list[socket.socket] = []
        self._expired = threading.Event()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Web:  # noqa: PYI034  Self is of Python 3.11
        timer = threading.Timer(self._settings.limits.seconds, self._expire)
        timer.daemon = True
        timer.start()
        self._stack.callback(timer.join)
        self._stack.callback(timer.cancel)
        self._stack.callback(self._session.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for `url`, and for where it redirects to, each address checked anew.

        Raises:
            ActionError: an address may not be asked, the connection failed, or time is up.
        """
        for _ in range(HOPS + 1):
            response = self._ask(url, headers or {})
            if response.status_code not in REDIRECTS or "Location" not in response.headers:
                return Answer(self, response)
            url = next_url(url, response.headers["Location"])
        raise refused(f"{url}: more than {HOPS} redirects")

    def failure(self, url: str, error: BaseException) -> ActionError:
        """A connection's trouble as our error; the library's text may hold what we sent, so it is not repeated."""
        if self._expired.is_set():
            return self._too_long(url)
        return ActionError(f"{url}: {_reason(error)}", kind="network", retryable=True)

    def check_time(self, url: str) -> None:
        """To be asked after each read: a connection that was ended from here looks like one that came to its end.

        Raises:
            ActionError: time is up.
        """
        if self._expired.is_set():
            raise self._too_long(url)

    def _too_long(self, url: str) -> ActionError:
        said = f"{url} took longer than {self._settings.limits.seconds:g} s (COPPER_FETCH_MAX_SECONDS)"
        return ActionError(said, kind="timeout", retryable=True)

    def _ask(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        check_url(url)
        sent = {"User-Agent": "copper-fetcher", "Accept-Encoding": "identity", **headers}
        if self._authorization and origin(url) == self._trusted:
            sent["Authorization"] = self._authorization
        idle = self._settings.limits.idle
        try:
            response = self._session.get(url, headers=sent, stream=True, allow_redirects=False, timeout=idle)
        except FAILURES as error:
            raise self.failure(url, error) from None
        self._stack.callback(response.close)
        self.check_time(url)
        return response

    def _connect(self, host: str, port: int) -> socket.socket:
        """A checked connection that ends when time is up."""
        trusted = self._trusted is not None and self._trusted[1:] == (host, port)
        private = trusted or self._settings.allow_private
        made = connect(host, port, seconds=self._settings.limits.idle, allow_private=private)
        # Shutting down a twin ends the connection, also where TLS has wrapped the original meanwhile.
        twin = made.dup()
        self._sockets.append(twin)
        self._stack.callback(twin.close)
        if self._expired.is_set():
            self._expire()
        return made

    def _expire(self) -> None:
        """Time is up. Read time-outs do not help against a server that sends a byte now and then; this does."""
        self._expired.set()
        for twin in self._sockets:
            with contextlib.suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)


def _session(dial: Callable[[str, int], socket.socket]) -> requests.Session:
    """A session that connects by `dial` alone (urllib3's own SOCKS support overrides the same method)."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self.host, self.port or 80)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self.host, self.port or 443)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    session = requests.Session()
    session.trust_env = False
    adapter = requests.adapters.HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def next_url(url: str, location: str) -> str:
    """Where a redirect leads.

    Raises:
        ActionError: out of https.
    """
    following = urljoin(url, location)
    if url.startswith("https:") and not following.startswith("https:"):
        raise refused(f"{url} redirects from https to {following}")
    return following


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words."""
    while (error.__cause__ or error.__context__) is not None:
        error = error.__cause__ or error.__context__ or error
    if isinstance(error, socket.gaierror):
        return "no such host, or no network"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"the connection broke ({type(error).__name__})"

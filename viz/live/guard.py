"""Who may ask the live map, and what a browser may do with the answer. An ASGI application round another.

The page shows names that anybody on the broker may choose, on a port that any page in the same browser can reach. So a
name of the host that is none of ours is turned away (a page of elsewhere whose name was made to lead here), pages of
other origins are, too, and who has no token, where there is one. Nothing but GET and HEAD is understood.
"""

from __future__ import annotations

import hmac
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
COOKIE = "copper-live"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Lets in who may ask.

    Args:
        inner: what answers them.
        token: what they must know; empty where everybody who reaches the port may ask.
        hosts: the names that a request may call us by; None: any, since we listen for other machines.
    """

    def __init__(self, inner: ASGIApp, token: str = "", hosts: frozenset[str] | None = LOOPBACK) -> None:
        self._inner = inner
        self._token = token
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the other answer; the rules for browsers come with every answer."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return

        async def send_ruled(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refused(scope) or self._asked_for_token(scope)
        await (answer or self._inner)(scope, receive, send_ruled)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] not in {"GET", "HEAD"}:
            return _no("the live map is only looked at: GET and HEAD", 405, {"Allow": "GET, HEAD"})
        host = headers.get("host", "")
        if not self._is_ours(host, scope):
            return _no(f"{host or 'a request without a host'} is not a name of this map; open it as localhost")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return _no(f"pages of {origin} may not ask here")
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return _no("pages of elsewhere may not ask here")
        return None

    def _is_ours(self, host: str, scope: Scope) -> bool:
        if self._hosts is None:
            return True
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname, parts.port
        except ValueError:
            return False
        ours = (scope.get("server") or (None, None))[1]
        return name in self._hosts and (port or 80) == (ours or port or 80)

    def _asked_for_token(self, scope: Scope) -> Response | None:
        """None where it is known; a page that keeps it and goes on where it is in the address."""
        if not self._token:
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = next((value for name, value in pairs if name == "token"), None)
        if given is None:
            if self._knows(_cookie(Headers(scope=scope).get("cookie", ""))):
                return None
            return _no("a token is needed: open the address that was printed when the map was started")
        if not self._knows(given):
            return _no("this is not the token: open the address that was printed when the map was started")
        rest = urlencode([pair for pair in pairs if pair[0] != "token"])
        if scope["path"] != "/":
            scope["query_string"] = rest.encode("latin-1")
            return None
        # Not a redirect: a browser that comes from a page of elsewhere would leave a strict cookie out of that.
        to = escape(f"/?{rest}" if rest else "/")
        page = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={to}"><title>…</title>'
        answer = HTMLResponse(page)
        answer.set_cookie(COOKIE, self._token, httponly=True, samesite="strict", path="/")
        return answer

    def _knows(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token.encode())


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _no(why: str, status: int = 403, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(why + "\n", status, headers)

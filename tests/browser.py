"""Chromium for the tests of what people open in one, by Playwright's sync API.

A browser lives as long as one test module, not as the whole run: while Playwright's sync API is up, its loop
counts as running in this thread, and every `asyncio.run` of another module would fail. A start takes under a second.
No browser is downloaded: the one that is installed runs, with nothing but this machine in reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

from tests.needs import need

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # whatever gets round the routes below (prefetched names, sockets) finds no host
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_ELSEWHERE = re.compile(r"^(?!file:|data:|blob:|about:|(?:http|ws)s?://(?:127\.0\.0\.1|localhost)[:/])")
_PATIENCE = 10_000.0
"""Milliseconds that an action or an expectation waits for; a test has a minute."""


@dataclass
class Visit:
    """An open page, and what happened on it since.

    Attributes:
        page: Playwright's.
        errors: errors on its console, and exceptions that nobody caught.
        requests: the addresses of all that it asked for, its own first.
        strayed: those of them that would have left this machine; they were blocked.
        dialogs: what `alert` and its like said; they were dismissed.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@contextmanager
def running() -> Iterator[Browser]:
    """Start Chromium; it ends with the block."""
    program = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS, headless=True)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str | Path = "about:blank", **options: Any) -> Iterator[Visit]:
    """Open a page with a profile of its own.

    Args:
        browser: a running one.
        address: a URL, or the path of a file.
        options: of `Browser.new_context`, such as `color_scheme="dark"`, `viewport={"width": 900, "height": 700}`,
            `reduced_motion="reduce"`.
    """
    context = browser.new_context(**options)
    try:
        context.set_default_timeout(_PATIENCE)
        visit = Visit(context.new_page())
        _watch(visit)
        visit.page.goto(address.absolute().as_uri() if isinstance(address, Path) else address)
        yield visit
    finally:
        context.close()


def _watch(visit: Visit) -> None:
    def block(route: Route) -> None:
        visit.strayed.append(route.request.url)
        route.abort()

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.errors.append(message.text)

    def asked(request: Request) -> None:
        visit.requests.append(request.url)

    def dismiss(dialog: Any) -> None:
        visit.dialogs.append(dialog.message)
        dialog.dismiss()

    visit.page.context.route(_ELSEWHERE, block)
    visit.page.on("console", said)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("request", asked)
    visit.page.on("dialog", dismiss)

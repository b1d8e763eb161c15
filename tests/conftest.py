"""What tests share: a real broker of each kind, a real browser."""

import signal
from contextlib import ExitStack

import pytest

from tests import brokers

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol():
    """A command that a test runs in our process takes Ctrl-C and SIGTERM for itself; the next test has them again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return (yield)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture(params=brokers.KINDS)
def broker(request, tmp_path):
    """A broker that runs on a free loopback port: the built-in one, then real Mosquitto."""
    with brokers.running(request.param, tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="module")
def chromium():
    """A real Chromium; `tests.browser` says why it lives no longer than a module."""
    from tests import browser  # noqa: PLC0415 (who runs no browser test needs no Playwright)

    with browser.running() as running:
        yield running


@pytest.fixture
def visit(chromium):
    """Opens a page: `visit(url_or_path, **context_options)` → `tests.browser.Visit`. All are closed after the test."""
    from tests import browser  # noqa: PLC0415

    with ExitStack() as open_pages:
        yield lambda *address, **options: open_pages.enter_context(browser.opened(chromium, *address, **options))

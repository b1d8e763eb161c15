"""An exception of a handler as the answer to its request: what went wrong, of which kind, whether to try again.

What comes in: an exception. What goes out: plain values. A bug of the handler's goes to standard error, too.
"""

from __future__ import annotations

import traceback
from typing import Any

from copper.job import ActionError
from tracer.errors import CopperError


def said(error: BaseException) -> dict[str, Any]:
    """An exception as the payload of an error topic, without the request's id."""
    if isinstance(error, ActionError):
        return {"error": str(error), "kind": error.kind, "retryable": error.retryable, **error.more}
    if isinstance(error, CopperError):
        return {"error": str(error), "kind": "failed", "retryable": False}
    traceback.print_exception(type(error), error, error.__traceback__)
    return {"error": f"{type(error).__name__}: {error}", "kind": "bug", "retryable": False}

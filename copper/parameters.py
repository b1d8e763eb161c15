"""A handler's parameters: which keys of a request it gets, and what `SERVICE/info` says of them.

What comes in: a function, a request. What goes out: arguments, or what is missing. It calls nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from copper.job import ActionError, Job

Handler = Callable[..., Any]


def arguments(handler: Handler, job: Job) -> dict[str, Any]:
    """The keys of the request that the handler's parameters name.

    Raises:
        ActionError: the request is no JSON object, or a parameter without a default is missing.
    """
    entry = job.entry
    if not isinstance(entry, dict):
        raise ActionError("the request is no JSON object", kind="bad_request")
    parameters = inspect.signature(handler).parameters.values()
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters):
        found = dict(entry)
    else:
        found = {one.name: entry[one.name] for one in parameters if one.name in entry}
    missing = [
        one.name
        for one in parameters
        if one.default is inspect.Parameter.empty
        and one.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        and one.name not in found
        and one.name != "job"
    ]
    if missing:
        raise ActionError(f"the request lacks {', '.join(missing)}", kind="bad_request")
    if any(one.name == "job" for one in parameters):
        found["job"] = job
    return found


def described(handler: Handler) -> dict[str, Any]:
    """What an action takes, for `SERVICE/info`: its parameters, and which of them must be there."""
    parameters = [
        one
        for one in inspect.signature(handler).parameters.values()
        if one.name != "job" and one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    return {
        "parameters": [one.name for one in parameters],
        "required": [one.name for one in parameters if one.default is inspect.Parameter.empty],
        "text": inspect.getdoc(handler) or "",
    }

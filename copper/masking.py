"""Secrets stay secret: in what is shown and kept, their values are `***`.

Comes in: a workflow, the environment, the broker's URL. Goes out: a `Mask`. A secret is the value of a variable that
the workflow or its env file uses and whose name says so (TOKEN, SECRET, PASSWORD, KEY …), and the broker's password;
so is what stands before the @ of any URL, where it holds a password. What is shorter than LEAST is no secret: it would
stand in every other word. What is published on the broker is not masked: the service needs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from copper import access, references
from copper.result import ActionResult, Report, Result
from copper.workflow import Workflow

NAMES = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(?:^|_)(?:PASS|PWD|KEY|AUTH|PAT)(?:_|$)", re.IGNORECASE
)
LEAST = 4
"""Signs of a secret, at least."""
MASKED = "***"
IN_URL = r"(?<=://)[^\s/?#@:\"'<>]*:[^\s/?#\"'<>]+(?=@)"
"""Who somebody is at an address, and the password: `https://USER:PASSWORD@host`."""


class Mask:
    """Covers these texts wherever they stand."""

    def __init__(self, secrets: Iterable[str]) -> None:
        longest_first = sorted({one for one in secrets if len(one) >= LEAST}, key=len, reverse=True)
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), IN_URL]))

    def text(self, text: str) -> str:
        """The text without secrets."""
        return self._pattern.sub(MASKED, text)

    def value(self, value: Any) -> Any:
        """The same for whatever JSON can hold."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(one) for key, one in value.items()}
        return [self.value(one) for one in value] if isinstance(value, (list, tuple)) else value


def mask(workflow: Workflow, environment: Mapping[str, str], given: Iterable[str], broker: str | None) -> Mask:
    """What to cover in a run.

    Args:
        workflow: that runs.
        environment: what `${env.…}` stands for.
        given: names from an env file.
        broker: its URL.
    """
    used = {
        reference.variable
        for action in workflow.actions
        for _, reference in references.find([action.entry, action.condition])
        if reference and reference.variable
    }
    named = {text for action in workflow.actions for text in _texts(action.entry) if text in environment}
    names = {name for name in {*used, *given, *named} if NAMES.search(name)}
    names.add(access.PASSWORD)
    return Mask([*(environment.get(name, "") for name in names), *_password(broker)])


def report(one: Report, secrets: Mask) -> Report:
    """A report without secrets."""
    progress = one.progress and replace(one.progress, message=secrets.text(one.progress.message))
    return replace(one, progress=progress, result=one.result and action_result(one.result, secrets))


def result(one: Result, secrets: Mask) -> Result:
    """A result without secrets."""
    return replace(one, actions=tuple(action_result(action, secrets) for action in one.actions))


def action_result(one: ActionResult, secrets: Mask) -> ActionResult:
    """How an action ended, without secrets."""
    return replace(one, answer=secrets.value(one.answer), error=secrets.text(one.error))


def hides(value: Any) -> bool:
    """Whether a value that was kept stands there without its secrets."""
    return MASKED in json.dumps(value)


def _texts(value: Any) -> Iterable[str]:
    """The texts of an entry: one may be the name of a variable (`token_env`)."""
    return (one for one in value.values() if isinstance(one, str))


def _password(broker: str | None) -> Iterable[str]:
    try:
        password = urlsplit(broker or "").password
    except ValueError:
        return ()
    return (password, unquote(password)) if password else ()

"""`${…}` in a workflow: the answer of an earlier action, or an environment variable.

    ${docs.path}          the key `path` of what the action `docs` answered (deeper: ${docs.site.index})
    ${docs}               the whole answer
    ${env.THEME:-light}   an environment variable, and what stands for it where it is not set, or empty
    $${                   the two characters ${

There are no operators, so there is no expression engine. A reference that is all of a string keeps its type;
a one-element list as answer stands for its element (that is what the first Copper's fetcher answers).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tracer.errors import CopperError

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_ANSWER = re.compile(r"[A-Za-z0-9_-]+(\.[^.{}]+)*")
_ENV = re.compile(r"env\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?P<default>.*))?", re.DOTALL)


class BrokenReferenceError(CopperError):
    """A reference that leads nowhere."""


class NoAnswerError(BrokenReferenceError):
    """A reference to an action that has no answer: it was skipped or failed."""


@dataclass(frozen=True)
class Reference:
    """What stands between `${` and `}`.

    Attributes:
        text: as it is written, for messages.
        action: the id of the action whose answer is meant, or None for an environment variable.
        path: the keys into that answer.
        variable: the environment variable's name, or None.
        default: what stands for a variable that is not set, or None.
    """

    text: str
    action: str | None = None
    path: tuple[str, ...] = ()
    variable: str | None = None
    default: str | None = None


def parse(text: str) -> Reference | None:
    """The inside of `${…}`, or None where it is none of ours."""
    if env := _ENV.fullmatch(text):
        return Reference(text, variable=env["name"], default=env["default"])
    if _ANSWER.fullmatch(text):
        action, *path = text.split(".")
        return Reference(text, action=action, path=tuple(path))
    return None


def find(value: Any) -> Iterator[tuple[str, Reference | None]]:
    """Every reference in a value, as (text, reference); None where it can't be read."""
    if isinstance(value, str):
        for match in _REFERENCE.finditer(value):
            if match[1] is not None:
                yield match[1], parse(match[1])
    elif isinstance(value, dict):
        for one in value.values():
            yield from find(one)
    elif isinstance(value, list):
        for one in value:
            yield from find(one)


def resolve(value: Any, answers: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    """`value` with every reference replaced by what it stands for.

    Raises:
        BrokenReferenceError: a key or a variable that is not there.
        NoAnswerError: what is referred to has no answer.
    """
    if isinstance(value, dict):
        return {key: resolve(one, answers, environment) for key, one in value.items()}
    if isinstance(value, list):
        return [resolve(one, answers, environment) for one in value]
    if not isinstance(value, str):
        return value
    alone = _REFERENCE.fullmatch(value)
    if alone and alone[1] is not None:
        return _meaning(alone[1], answers, environment)
    return _REFERENCE.sub(
        lambda match: "${" if match[1] is None else _text(_meaning(match[1], answers, environment)), value
    )


def _meaning(text: str, answers: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    reference = parse(text)
    if reference is None:
        raise BrokenReferenceError(f"${{{text}}} can't be read")
    if reference.variable is not None:
        found = environment.get(reference.variable)
        if not found and reference.default is not None:
            return reference.default
        if found is None:
            raise BrokenReferenceError(
                f"the environment variable {reference.variable} is not set",
                next_step=f"set it, or write ${{env.{reference.variable}:-a default}}",
            )
        return found
    action = reference.action or ""
    if action not in answers:
        raise NoAnswerError(f"${{{text}}}: {action} has no answer, it did not finish")
    value = answers[action]
    for key in reference.path:
        value = _only(value)
        if not isinstance(value, dict) or key not in value:
            raise BrokenReferenceError(f"${{{text}}}: the answer of {action} has no {key}", next_step=_offer(value))
        value = value[key]
    return _only(value)


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _offer(value: Any) -> str | None:
    return f"it has {', '.join(map(str, value))}" if isinstance(value, dict) and value else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""What services say that they take (`SERVICE/info`) against what a workflow asks of them, before anything runs.

Comes in: a checked workflow, and the infos of services. Goes out: problems, each with its place in the file. Values
that are only known later (references) are not looked at; a key that a service does not know is a problem only where it
looks like a slip, since an entry may hold more than its service reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Any

import jsonschema

from copper import references, wire
from copper.document import Problem
from copper.workflow import RESERVED, Action


def problems(actions: Iterable[Action], infos: Mapping[str, Any]) -> list[Problem]:
    """What the actions ask for and their services don't take.

    Args:
        actions: of a workflow.
        infos: what services say on `SERVICE/info`, by their names; what is no such info is passed over.
    """
    found = [problem for action in actions for problem in _of_action(action, infos.get(wire.service_of(action.topic)))]
    return sorted(found, key=lambda problem: (problem.line, problem.column))


def _of_action(action: Action, info: Any) -> Iterator[Problem]:
    offered = info.get("actions") if isinstance(info, dict) else None
    if not isinstance(offered, dict):
        return
    service, _, name = action.topic.partition("/")
    if name not in offered:
        near = get_close_matches(name, offered, 1)
        what = f"{service} has no action {name}; it has {', '.join(map(str, offered))}"
        yield _problem(action, "action", what + (f"; did you mean {near[0]}?" if near else ""))
        return
    schema = offered[name].get("parameters") if isinstance(offered[name], dict) else None
    if isinstance(schema, dict):
        yield from _of_parameters(action, schema)


def _of_parameters(action: Action, schema: dict[str, Any]) -> Iterator[Problem]:
    known = schema.get("properties")
    known = known if isinstance(known, dict) else {}
    later = {key for key, value in action.entry.items() if any(references.find(value))}
    given = {key: value for key, value in action.entry.items() if key not in later}
    for key in action.entry:
        near = get_close_matches(key, known, 1, 0.8) if key not in known and key not in RESERVED else []
        if near and near[0] not in action.entry:
            yield _problem(action, key, f"{action.topic} has no parameter {key}; did you mean {near[0]}?")
    needed = schema.get("required")
    missing = [name for name in needed if name not in action.entry] if isinstance(needed, list) else []
    if missing:
        yield _problem(action, "action", f"{action.topic} needs {', '.join(map(str, missing))}")
    for name, one in known.items():
        if name in given and (what := _wrong(given[name], one, schema.get("$defs"))):
            yield _problem(action, name, f"`{name}` of {action.topic}: {what}")


def _wrong(value: Any, schema: Any, definitions: Any) -> str:
    """What is wrong with a value; an empty text where nothing is."""
    try:
        whole = {"$defs": definitions or {}, **schema}
        error = jsonschema.exceptions.best_match(_Lenient(whole).iter_errors(value))
    except Exception:  # noqa: BLE001  the schema is whatever a service made it
        return ""
    return "" if error is None else error.message


def _is_number(text: Any) -> bool:
    try:
        return isinstance(text, str) and isfinite(float(text))
    except ValueError:
        return False


def _is_text(_: Any, value: Any) -> bool:
    """A number will do for a text, as it does for the SDK."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _is_whole(_: Any, value: Any) -> bool:
    return _USUAL.is_type(value, "integer") or (_is_number(value) and float(value).is_integer())


def _is_any_number(_: Any, value: Any) -> bool:
    """So will a text with a number in it for a number."""
    return _USUAL.is_type(value, "number") or _is_number(value)


_USUAL = jsonschema.Draft202012Validator.TYPE_CHECKER
_Lenient = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    type_checker=_USUAL.redefine_many({"string": _is_text, "number": _is_any_number, "integer": _is_whole}),
)


def _problem(action: Action, key: str, what: str) -> Problem:
    file, line, column = action.places.get(key, action.where).rsplit(":", 2)
    return Problem(file, int(line), int(column), what)

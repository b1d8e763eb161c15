"""A handler's parameters: which keys of a request it gets, checked by their type hints, and what `SERVICE/info` says.

What comes in: a function, a request. What goes out: arguments, or what is wrong with the request; the parameters as
JSON Schema. It calls nothing. Hints are read and checked by pydantic. A number will do for a text, and a text with a
number in it for a number: in YAML nobody thinks of quotes.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from typing import Any

from copper.job import ActionError, Job

Handler = Callable[..., Any]


class Parameters:
    """What a handler takes, but its job.

    Attributes:
        names: of the parameters.
        schema: as JSON Schema, an object with a property for each.
        text: what the handler's docstring says.
    """

    def __init__(self, handler: Handler) -> None:
        import pydantic  # noqa: PLC0415  it takes time, and `--help` of a command that knows services must be quick

        parameters = inspect.signature(handler).parameters
        self._takes_job = "job" in parameters
        self._takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
        hints, fields = _hints(handler), {}
        self.names = [name for name, one in parameters.items() if name != "job" and one.kind in _NAMED]
        for number, name in enumerate(self.names):
            default = parameters[name].default
            asked = ... if default is inspect.Parameter.empty else default
            # other names than the parameters': pydantic does not have them all
            fields[f"p{number}"] = (hints.get(name, Any), pydantic.Field(asked, alias=name))
        config = pydantic.ConfigDict(arbitrary_types_allowed=True, coerce_numbers_to_str=True)
        self._model: type[pydantic.BaseModel] = pydantic.create_model(handler.__name__, __config__=config, **fields)  # type: ignore[call-overload]
        self._error = pydantic.ValidationError
        self.schema = _schema(self._model)
        self.text = inspect.getdoc(handler) or ""

    def arguments(self, job: Job) -> dict[str, Any]:
        """What the handler is called with for a request.

        Raises:
            ActionError: the request is no JSON object, a parameter without a default is missing, or one is of
                another type.
        """
        entry = job.entry
        if not isinstance(entry, dict):
            raise ActionError("the request is no JSON object", kind="bad_request")
        try:
            made = self._model.model_validate(entry)
        except self._error as error:
            raise ActionError("; ".join(_said(error.errors(include_url=False))), kind="bad_request") from None
        found = {key: value for key, value in entry.items() if key not in self.names} if self._takes_all else {}
        names = enumerate(self.names)
        found |= {name: getattr(made, f"p{number}") for number, name in names if f"p{number}" in made.model_fields_set}
        if self._takes_job:
            found["job"] = job
        return found


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _hints(handler: Handler) -> dict[str, Any]:
    """The handler's type hints; none where they name what is not there."""
    try:
        return typing.get_type_hints(handler, include_extras=True)
    except (NameError, TypeError, AttributeError):
        return {}


def _schema(model: Any) -> dict[str, Any]:
    """JSON Schema of the parameters; where a type has none, any value will do."""
    try:
        schema: dict[str, Any] = {"properties": {}, **model.model_json_schema(by_alias=True)}
    except Exception:  # noqa: BLE001  types of the service's own have whatever reason to have no schema
        names = [one.alias for one in model.model_fields.values()]
        schema = {"type": "object", "properties": {name: {} for name in names}}
        needed = [one.alias for one in model.model_fields.values() if one.is_required()]
        schema |= {"required": needed} if needed else {}
    for one in schema["properties"].values():
        # pydantic's own, made of our names
        one.pop("title", None)
    return {key: value for key, value in schema.items() if key != "title"}


def _said(errors: Any) -> Iterator[str]:
    """What is wrong, in plain words; what is missing in one sentence."""
    missing = [str(error["loc"][0]) for error in errors if error["type"] == "missing" and len(error["loc"]) == 1]
    if missing:
        yield f"the request lacks {', '.join(missing)}"
    told: set[Any] = set()
    for error in errors:
        name = error["loc"][0] if error["loc"] else "the request"
        if (error["type"] != "missing" or len(error["loc"]) > 1) and name not in told:
            told.add(name)
            yield f"{name}: {error['msg'][:1].lower()}{error['msg'][1:]}"

"""The workflow file as JSON Schema, for editors: `copper schema`.

Made of the same names and patterns by which a file is checked (workflow.py, policy.py, origin.py). An editor knows no
more than these: circles, ids that are not there and references are only told by `copper check`.
"""

from __future__ import annotations

from typing import Any

from copper import origin, policy, workflow

ADDRESS = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a workflow file."""
    return {
        "$schema": ADDRESS,
        "title": "Copper workflow",
        "description": "A list of actions, or a mapping with services, defaults and actions.",
        "oneOf": [{"$ref": "#/$defs/actions"}, {"$ref": "#/$defs/long"}],
        "$defs": {
            "long": {
                "type": "object",
                "properties": {
                    "services": {
                        "description": "Where services come from; without it they are whoever is on the broker.",
                        "type": "object",
                        "propertyNames": {"pattern": r"^[^/+#$.][^/+#]*$"},
                        "additionalProperties": {"$ref": "#/$defs/service"},
                    },
                    "defaults": {
                        "description": "For actions that say nothing themselves.",
                        "type": "object",
                        "properties": _policies(),
                        "additionalProperties": False,
                    },
                    "actions": {"$ref": "#/$defs/actions"},
                },
                "required": ["actions"],
                "additionalProperties": False,
            },
            "actions": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/action"}},
            "action": {
                "description": "It is published as it stands on the topic that `action` names.",
                "type": "object",
                "properties": {**_reserved(), **_policies()},
                "required": ["action"],
            },
            "service": {
                "type": "object",
                "properties": {
                    "core": {"description": "One that comes with Copper.", "enum": list(origin.CORE)},
                    "command": {"description": "A program and its arguments.", "type": "string", "minLength": 1},
                    "build": {"description": "A folder or URL with a Dockerfile.", "type": "string", "minLength": 1},
                    "image": {"description": "A Docker image.", "type": "string", "minLength": 1},
                    "mode": {"description": "How long a container lives.", "enum": list(origin.MODES)},
                    "idle": {"description": "When a lambda goes to sleep.", "$ref": "#/$defs/duration"},
                },
                "oneOf": [{"required": [key]} for key in origin.KINDS],
                "additionalProperties": False,
            },
            "duration": {
                "description": "Seconds, or such as 90s, 5m, 1h30m, 500ms.",
                "oneOf": [
                    {"type": "number", "minimum": 0, "maximum": policy.LONGEST},
                    {"type": "string", "minLength": 1, "pattern": f"^{policy.DURATION.pattern}$"},
                ],
            },
        },
    }


def _reserved() -> dict[str, Any]:
    names = {"type": ["string", "integer"]}
    return {
        "action": {
            "description": "The topic of the service's endpoint.",
            "type": "string",
            "pattern": "^[^+#$][^+#]*$",
        },
        "id": {
            "description": "A name, so that other entries can refer to this one.",
            "anyOf": [{"type": "string", "pattern": f"^{workflow.ID.pattern}$"}, {"type": "integer", "minimum": 0}],
        },
        "needs": {
            "description": "The ids of the entries that must have run before; by default the entry before.",
            "anyOf": [names, {"type": "array", "items": names}],
        },
        "if": {
            "description": "${id.key}, !${id.key}, always, failure, true or false.",
            "anyOf": [{"type": "boolean"}, {"type": "string", "pattern": f"^({workflow.CONDITION.pattern})$"}],
        },
        "with": {"description": "Keys that are laid over the entry.", "type": "object"},
    }


def _policies() -> dict[str, Any]:
    count = {"type": "integer", "minimum": 0, "maximum": policy.MOST}
    return {
        "timeout": {"description": "How long the answer may take; by default 10m.", "$ref": "#/$defs/duration"},
        "retry": {
            "description": "How often to try again.",
            "anyOf": [
                count,
                {
                    "type": "object",
                    "properties": {
                        "times": count,
                        "delay": {"$ref": "#/$defs/duration"},
                        "backoff": {"type": "number", "minimum": 0, "maximum": policy.MOST},
                    },
                    "additionalProperties": False,
                },
            ],
        },
        "on_error": {"description": "Whether a failure ends the run.", "enum": list(policy.ON_ERROR)},
    }

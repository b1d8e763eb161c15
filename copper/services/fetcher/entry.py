"""What a request asks for, checked: names that stay inside, and texts where texts must be.

Comes in: the entry, a mapping that anyone on the broker can have written. Goes out: its values, or an ActionError of
kind "bad_request" that names the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copper.service import ActionError
from copper.services.folders import is_plain

Entry = Mapping[str, Any]


def bad(message: str) -> ActionError:
    """The error for an entry that can't be worked on as it stands."""
    return ActionError(message, kind="bad_request")


def text(entry: Entry, key: str) -> str | None:
    """The text at `key`, None where there is none.

    Raises:
        ActionError: something else than a text, or an empty one, or one with control characters.
    """
    value = entry.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value or any(ord(sign) < 32 for sign in value):
        raise bad(f"{key} must be a text on one line, not {value!r}")
    return value


def needed(entry: Entry, key: str) -> str:
    """The text at `key`, which must be there.

    Raises:
        ActionError: it isn't, or it is no text.
    """
    value = text(entry, key)
    if value is None:
        raise bad(f"type {entry.get('type')} needs {key}")
    return value


def resource(entry: Entry, default: str) -> str:
    """The name under which the result is found.

    Raises:
        ActionError: the name could leave its folder or is no level of a topic.
    """
    name = text(entry, "resource") or default
    if not is_plain(name):
        raise bad(f"resource must be a plain name without / \\ + # and no leading dot, not {name!r}")
    return name


def dest(entry: Entry) -> tuple[str, ...]:
    """The folders below the resource into which the files go; none where the entry doesn't say.

    Raises:
        ActionError: they would lead elsewhere.
    """
    value = text(entry, "dest")
    parts = tuple(part for part in (value or "").split("/") if part not in {"", "."})
    if (value or "").startswith("/") or not all(map(is_plain, parts)):
        raise bad(f"dest must be a relative folder below the resource, not {value!r}")
    return parts

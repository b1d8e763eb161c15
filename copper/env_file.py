"""A file of environment variables (`--env-file`): lines such as NAME=value, as docker compose and others read them.

What comes in: a path. What goes out: names and values. Parsed by python-dotenv; `${OTHER}` in a value is not replaced,
so that a password may hold a dollar sign.
"""

from __future__ import annotations

from pathlib import Path

from dotenv.parser import parse_stream

from tracer.errors import CopperError


def read(path: Path) -> dict[str, str]:
    """The variables of a file; a name without `=` is empty.

    Raises:
        CopperError: it can't be read, or a line says no variable.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            bindings = list(parse_stream(file))
    except OSError as error:
        raise CopperError(f"can't be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise CopperError("this is not a text in UTF-8", where=str(path)) from error
    found: dict[str, str] = {}
    for one in bindings:
        if one.error:
            where = f"{path}:{one.original.line}"
            raise CopperError("this is no variable", where=where, next_step="write NAME=value, or # before a comment")
        if one.key is not None:
            found[one.key] = one.value or ""
    return found

"""Where files can come from. To add a source: a module beside this one with `source`, and a line in SOURCES."""

from __future__ import annotations

from collections.abc import Callable

from copper.services.fetcher.entry import bad, text
from copper.services.fetcher.source import Request, Source
from copper.services.fetcher.sources import git, github, local, url

SOURCES: dict[str, Callable[[Request], Source]] = {
    "git": git.source,
    "github": github.source,
    "local": local.source,
    "url": url.source,
}
"""By the entry's `type`."""


def source(request: Request) -> Source:
    """The source that an entry asks for.

    Raises:
        ActionError: there is no such type, or the entry lacks what its type needs.
    """
    name = text(request.entry, "type")
    if name not in SOURCES:
        said = "the entry has no type" if name is None else f"type {name!r} is not known"
        raise bad(f"{said}; known are {', '.join(SOURCES)}")
    return SOURCES[name](request)

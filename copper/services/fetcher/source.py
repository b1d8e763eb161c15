"""What every source gives: a name, which version is there now, and its files.

`sources/*.py` make these from an entry; `fetch` uses them without knowing which kind it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from copper.services.fetcher.entry import Entry
from copper.services.fetcher.filter import Keep
from copper.services.fetcher.settings import Settings
from copper.services.fetcher.tree import Tree

Check = Callable[[], None]
"""Raises when the request was called off."""


@dataclass(frozen=True)
class Known:
    """What was fetched last time: its version, and what the source noted beside it."""

    version: str
    note: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a source has now.

    Attributes:
        version: changes when any file does.
        write: puts the files into a tree; not called if the version is known already.
        note: what helps the source next time, for example an ETag.
    """

    version: str
    write: Callable[[Tree], None]
    note: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One entry's source.

    Attributes:
        name: what the resource is called if the entry doesn't say.
        identity: what is asked for; another identity is another thing, whatever its version.
        look: finds out the version, with what was known (or None); connections end with the context.
    """

    name: str
    identity: Mapping[str, str | None]
    look: Callable[[Known | None, Check], AbstractContextManager[Found]]


@dataclass(frozen=True)
class Request:
    """An entry with its filter, and how this fetcher works."""

    entry: Entry
    keep: Keep
    settings: Settings

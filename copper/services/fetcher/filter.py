"""Which files of a source are kept: gitignore patterns with inverted sense, for all sources alike.

Comes in: the entry's `filter` (a string, a list, or nothing). Goes out: a function from a file's path, relative and
with `/`, to whether it is kept.

A pattern selects what a line of .gitignore would ignore: `docs/` all below docs, `*.md` at any depth, `content/*` all
that lies in content, also deeper, because a folder that is selected is selected whole; `content/*.md` only the pages
directly in content. `!` takes back what an earlier pattern selected, and the last pattern that matches decides. A
filter of `!` patterns only starts from everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pathspec import PathSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from copper.services.fetcher.entry import bad

Keep = Callable[[str], bool]


def keep(patterns: Any) -> Keep:
    """The filter as a function.

    Raises:
        ActionError: it is neither a text nor a list of texts, or no gitignore pattern.
    """
    if patterns is None:
        return lambda _path: True
    lines = patterns.splitlines() if isinstance(patterns, str) else patterns
    if not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
        raise bad(f"filter must be a pattern or a list of patterns, not {patterns!r}")
    if all(line.startswith(("!", "#")) or not line.strip() for line in lines):
        lines = ["*", *lines]
    try:
        # Not GitIgnoreSpec: there `!drafts/` can't take back from `docs/**`, since git never looks into folders.
        return PathSpec.from_lines(GitIgnoreSpecPattern, lines).match_file
    except ValueError as error:
        raise bad(f"filter: {error}") from error

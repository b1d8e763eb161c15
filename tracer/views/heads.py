"""What names have in common: `line` of line1 to line9, `press-*` of press-001 to press-400."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

MOST = 0.8
"""So large a part of names must be of a kind, that the kind can be named after it."""

_NAMED = 3
_WORDS = re.compile(r"(?P<head>[^\W\d_]{2,}(?:[-_. ][^\W\d_]{2,})*)(?P<join>[-_. :]*)(?=\d)")
_WORD = re.compile(r"(?P<head>[^\W\d_]{2,})(?P<join>[-_. :]+|(?=\d))")
_NUMBERED = re.compile(r"[^-_. :/]*\d[^-_. :/]*")
_HEX = re.compile(r"(?=.*\d)[0-9a-fA-F]{4,}")
_LETTERS = re.compile(r"[^\W\d_]{2,}(?=\d)")


def common_head(names: Iterable[str]) -> str:
    """The words that names begin with, before a number or a separator; empty where they have none in common."""
    return _common(names)[0]


def group_name(names: Iterable[str]) -> str:
    """A name for all: `press-*`, `*-display`, or the first few of them."""
    ordered = sorted(names)
    head = "".join(_common(ordered))
    if head:
        return f"{head}*"
    tail = "".join(_common([name[::-1] for name in ordered]))
    if tail:
        return f"*{tail[::-1]}"
    return ", ".join([*ordered[:_NAMED], *(["\N{HORIZONTAL ELLIPSIS}"] if len(ordered) > _NAMED else [])])


def shape(name: str) -> str:
    """A name without its numbers; equal for the instances of a kind, and empty where it has none."""
    if not any(map(str.isdigit, name)):
        return ""
    return _NUMBERED.sub(_without_number, name)


def _without_number(match: re.Match[str]) -> str:
    letters = None if _HEX.fullmatch(match[0]) else _LETTERS.match(match[0])
    return (letters[0] if letters else "") + "#"


def _common(names: Iterable[str]) -> tuple[str, str]:
    """What most names begin with, and what separates it from the rest: all words before a number, else the first."""
    names = list(names)
    for pattern in (_WORDS, _WORD):
        found = Counter((match["head"], match["join"]) for name in names if (match := pattern.match(name)))
        head, count = min(found.items(), key=lambda item: (-item[1], item[0]), default=(("", ""), 0))
        if count >= MOST * len(names) and count:
            return head
    return "", ""

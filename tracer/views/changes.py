"""What is said of a node or an edge of a comparison (`comparing`), also of one that stands for several.

  `change`: `added` (only the later graph has it, or all that it stands for) or `gone` (only the earlier); missing else.
  `added`, `gone`: of how many that it stands for this holds, where it does not hold for all of them.
  edge: `messages_before` (in the earlier graph), and `lines` (how many edges it stands for, where that is not one).

Plain values; no graph is touched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

Change = Literal["added", "gone"]

CHANGES: tuple[Change, ...] = get_args(Change)
MANY = {"service": "members", "topic": "topics"}
"""Kind of a node → the attribute that says how many it stands for; an edge has `lines`."""

Attributes = Mapping[str, Any]


def changed(one: Attributes, many: str) -> dict[Change, int]:
    """How many of those that it stands for are new, and how many are gone.

    Args:
        one: attributes of a node or an edge.
        many: the attribute that says how many it stands for.
    """
    whole = one.get("change")
    size = int(one.get(many) or 1)
    return {each: size if whole == each else int(one.get(each) or 0) for each in CHANGES}


def together(several: Iterable[Attributes], many: str) -> dict[str, Any]:
    """What is said of several nodes or edges that are put together; nothing where none of them is new or gone."""
    counts = dict.fromkeys(CHANGES, 0)
    size = 0
    for one in several:
        size += int(one.get(many) or 1)
        for each, count in changed(one, many).items():
            counts[each] += count
    whole = next((each for each in CHANGES if counts[each] == size), None)
    return {"change": whole} if whole else {each: count for each, count in counts.items() if count}


def passed(edge: Attributes) -> int:
    """The messages that an edge carried, in either graph: what is gone has none now, but it was no idle one."""
    return int(edge["messages"] or edge.get("messages_before") or 0)

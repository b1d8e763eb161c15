"""What tells groups of one name apart: `dev-* cam` and `dev-* valve` instead of numbers.

Comes in: the topics that each of them has to do with. Goes out: a word for each, a level of all its topics and of no
other's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def telling_words(groups: Sequence[Iterable[str]]) -> list[str]:
    """A word for each group; empty where there is none.

    Args:
        groups: the topics of each, as they are drawn: `fleet/{site}/cam/{client}/event`.
    """
    levels = [[_words(topic) for topic in topics] for topics in groups]
    anywhere = [{word for words in each for word in words} for each in levels]
    found = []
    for number, each in enumerate(levels):
        others = set().union(*(words for place, words in enumerate(anywhere) if place != number))
        first = min(each, default=[])
        own = [word for word in first if word not in others and all(word in words for words in each)]
        found.append(own[0] if own else "")
    return found


def _words(topic: str) -> list[str]:
    return [level for level in topic.split("/") if level and level[0] not in "{+#"]

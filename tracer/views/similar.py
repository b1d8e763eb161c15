"""Topics that differ in a name only → one template for all of them: `plant/line3/press-017/temp` and the like.

Comes in: names of topics, and the client ids. Goes out: which topics become which template. Knows no graph.

Whether two levels beside each other (`press-017`, `press-018`) are two of a kind is told by what lies below them, and
by similarity: with equality, a fifth of the topics missing at random made a thousand templates of nine. `+` in
somebody's filter was tried as evidence, and is none: `zigbee2mqtt/+/+/set` would join lamps with thermometers.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from tracer.views.heads import MOST, common_head, shape

LEAST = 3
"""So many names at least become one."""

_SHARED = 0.5
"""Of what lies below the id that has less below it, so much must lie below the others too."""
_ALIKE = 0.8
"""Of all that lies below words, so much must lie below both (Jaccard)."""
_DEEPEST = 64
"""What lies deeper counts as one level."""
_COMPARED = 64
"""With so many groups, at most, a level is compared for each path below it: it bounds the time."""
_ANY = "\0any"
_CLIENT = "\0client"
_DIGIT = re.compile(r"\d")

Path = int
_END: Path = 0
_ONLY_END = frozenset({_END})


@dataclass(slots=True)
class _Level:
    """A level of topics, or several levels of a kind.

    Attributes:
        names: of the levels that it stands for.
        is_id: whether it is of a kind with others as ids are; what stands for many always is.
        topics: that end here.
        below: the paths from here to the ends of topics; a topic that ends here has an empty one.
    """

    names: set[str]
    is_id: bool = False
    topics: list[str] = field(default_factory=list)
    children: list[_Level] = field(default_factory=list)
    below: AbstractSet[Path] = frozenset()

    @property
    def is_many(self) -> bool:
        return len(self.names) > 1


@dataclass(slots=True)
class _Kind:
    """Levels that may become one."""

    levels: list[_Level]
    below: set[Path]
    are_ids: bool


def templates(topics: Iterable[str], clients: Collection[str] = ()) -> dict[str, str]:
    """The templates of those topics that have one.

    Args:
        topics: names of topics; filters too, whose wildcards are kept as they are.
        clients: ids, which may be levels of topics.
    """
    folding = _Folding(frozenset(clients))
    root = folding.tree(set(topics))
    # words last: whether those below one id are of a kind must not depend on how many of them it happened to use
    for with_words in (False, True):
        folding.fold(root, with_words=with_words)
    return folding.named(root)


class _Folding:
    def __init__(self, clients: frozenset[str]) -> None:
        self._clients = clients
        self._paths: dict[tuple[str, Path], Path] = {}
        self._from_ids: set[Path] = set()
        self._with_words = False

    def tree(self, topics: Iterable[str]) -> _Level:
        """The topics as a tree of their levels."""
        root = _Level(set())
        path, before = [root], [""]
        for levels in sorted([topic.split("/", _DEEPEST) for topic in topics]):
            same = 0
            for one, other in zip(levels, before, strict=False):
                if one != other or same == len(path) - 1:
                    break
                same += 1
            del path[same + 1 :]
            for name in levels[same:]:
                level = _Level(
                    {name}, is_id=name in self._clients or (bool(_DIGIT.search(name)) and not _is_fixed(name))
                )
                path[-1].children.append(level)
                path.append(level)
            path[-1].topics.append("/".join(levels))
            before = levels
        return root

    def fold(self, level: _Level, *, with_words: bool) -> None:
        """Join what is of a kind, from below: ids, or words too."""
        self._with_words = with_words
        for child in level.children:
            if child.children:
                self.fold(child, with_words=with_words)
            else:
                child.below = _ONLY_END
        self._settle(level)

    def _settle(self, level: _Level) -> None:
        """Join the children, which are settled."""
        level.children = self._joined(level.children)
        below = {_END} if level.topics else set()
        paths = self._paths
        for child in level.children:
            token = _ANY if child.is_id else next(iter(child.names))
            longer = [paths.setdefault((token, path), len(paths) + 1) for path in child.below]
            below.update(longer)
            if child.is_id:
                self._from_ids.update(longer)
        level.below = below

    def _joined(self, children: list[_Level]) -> list[_Level]:
        candidates: list[_Level] = []
        joined: list[_Level] = []
        for level in children:
            (candidates if level.is_id or self._is_word(level) else joined).append(level)
        if len(candidates) < 2:
            return children
        for kind in self._kinds(candidates):
            if sum(len(level.names) for level in kind.levels) < LEAST:
                joined += kind.levels
            else:
                joined.append(self._join(kind.levels))
        return joined

    def _join(self, levels: list[_Level]) -> _Level:
        """One level of several; below it, equal names are one, and the rest is looked at anew."""
        if len(levels) == 1:
            return levels[0]
        one = _Level(set().union(*[level.names for level in levels]))
        one.is_id = one.is_many or levels[0].is_id
        one.topics = [topic for level in levels for topic in level.topics]
        same: dict[str, list[_Level]] = defaultdict(list)
        for level in levels:
            for child in level.children:
                if child.is_many:
                    one.children.append(child)
                else:
                    same[next(iter(child.names))].append(child)
        one.children += [self._join(children) for children in same.values()]
        self._settle(one)
        return one

    def _kinds(self, children: list[_Level]) -> list[_Kind]:
        """Levels beside each other, those of a kind together."""
        found: list[_Kind] = []
        under: dict[Path, list[int]] = defaultdict(list)
        for level in sorted(children, key=self._order):
            below = self._compared(level)
            best = self._best(level, below, found, under)
            if best is None:
                best = len(found)
                found.append(_Kind([], set(), level.is_id))
            kind = found[best]
            kind.levels.append(level)
            kind.are_ids = kind.are_ids and level.is_id
            for path in below - kind.below:
                if len(under[path]) < _COMPARED:
                    under[path].append(best)
            kind.below |= below
        return found

    def _compared(self, level: _Level) -> AbstractSet[Path]:
        """What is compared: for ids with nothing below them, their form, or `co2` and `pm10` were of a kind."""
        if level.children or not level.is_id:
            return level.below
        name = min(level.names)
        form = _CLIENT if name in self._clients else shape(name)
        return {self._paths.setdefault((f"{_ANY}{form}", _END), len(self._paths) + 1)}

    def _best(
        self, level: _Level, below: AbstractSet[Path], found: list[_Kind], under: dict[Path, list[int]]
    ) -> int | None:
        """The place of the kind that a level is of, if any."""
        shared = Counter(place for path in below for place in under.get(path, ()))
        for place, count in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
            kind = found[place]
            if kind.are_ids and level.is_id:
                if count >= _SHARED * min(len(below), len(kind.below)):
                    return place
            elif all(map(self._is_word, (level, *kind.levels[:1]))) and count >= _ALIKE * len(below | kind.below):
                return place
        return None

    def _order(self, level: _Level) -> tuple[bool, int, str]:
        """Ids before words; then those with most below them, to which the others are compared."""
        return (not level.is_id, -len(level.below), min(level.names))

    def _is_word(self, level: _Level) -> bool:
        """Whether it may be one of a kind because of all that lies below it.

        `temp` and `status`, with nothing below them, are not. Nor are words with ids below them and nothing else:
        `sensor/{id}/config` and `light/{id}/config`, `NBIRTH/{node}` and `NDATA/{node}` are two kinds of topics.
        """
        if not self._with_words or not level.children or _is_fixed(min(level.names)):
            return False
        return len(level.below) > 1 or not self._from_ids.issuperset(level.below)

    def named(self, root: _Level) -> dict[str, str]:
        """The template of each topic that stands below a level which stands for many."""
        found: dict[str, str] = {}
        todo: list[tuple[_Level, list[str], bool]] = [(root, [], False)]
        while todo:
            level, path, is_many = todo.pop()
            if is_many and level.topics:
                found.update(dict.fromkeys(level.topics, "/".join(path)))
            single = {next(iter(child.names)) for child in level.children if not child.is_many}
            for child in level.children:
                name = self._name(child.names, single) if child.is_many else next(iter(child.names))
                todo.append((child, [*path, name], is_many or child.is_many))
        return found

    def _name(self, names: set[str], taken: set[str]) -> str:
        if sum(name in self._clients for name in names) >= MOST * len(names):
            name = "client"
        else:
            name = common_head(names) or "id"
        number, unique = 2, f"{{{name}}}"
        while unique in taken:
            unique = f"{{{name} {number}}}"
            number += 1
        return unique


def _is_fixed(name: str) -> bool:
    """Whether a level is itself and nothing else: wildcards, what the broker keeps apart, an empty one."""
    return not name or name in {"+", "#"} or name.startswith("$")

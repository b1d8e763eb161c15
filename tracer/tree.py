"""Names of levels (`a/b/c`) in a tree: filters to find those that match a topic, or topics that a filter matches.

Matching is as in topics.py; here it does not look at all names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

WILDCARDS = ("+", "#")
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(slots=True)
class _Node(Generic[Key, Value]):
    children: dict[str, _Node[Key, Value]] = field(default_factory=dict)
    values: dict[Key, Value] = field(default_factory=dict)


class Tree(Generic[Key, Value]):
    """Values by name and key; those of one name stay in the order in which they came."""

    def __init__(self) -> None:
        self._root: _Node[Key, Value] = _Node()

    def __getstate__(self) -> list[tuple[str, Key, Value]]:
        """Flat, since a name may have more levels than a pickle can nest."""
        nodes: list[tuple[tuple[str, ...], _Node[Key, Value]]] = [((), self._root)]
        for levels, node in nodes:
            nodes += [((*levels, level), child) for level, child in node.children.items()]
        return [("/".join(levels), key, value) for levels, node in nodes for key, value in node.values.items()]

    def __setstate__(self, state: list[tuple[str, Key, Value]]) -> None:
        """From what was flat."""
        self._root = _Node()
        for name, key, value in state:
            self.put(name, key, value)

    def put(self, name: str, key: Key, value: Value) -> None:
        """Note a value, or another one for a key that is there."""
        node = self._root
        for level in name.split("/"):
            child = node.children.get(level)
            if child is None:
                child = node.children[level] = _Node()
            node = child
        node.values[key] = value

    def remove(self, name: str, key: Key) -> None:
        """Forget what is noted under a name and key, which must be there."""
        path = [self._root]
        levels = name.split("/")
        for level in levels:
            path.append(path[-1].children[level])
        del path[-1].values[key]
        for parent, level, node in zip(reversed(path[:-1]), reversed(levels), reversed(path), strict=False):
            if node.values or node.children:
                return
            del parent.children[level]

    def of_topic(self, topic: str) -> Iterator[Value]:
        """The values whose names are filters that match a topic, in the order in which Mosquitto comes to them.

        At each level it looks at the level's own name first, then at `+`, then at `#`; and at `sport/#` before `sport`
        (src/subs.c, sub__search).
        """
        levels = topic.split("/")
        todo = [(self._root, 0)]
        while todo:
            node, depth = todo.pop()
            children = node.children
            if depth < 0:
                yield from node.values.values()
            elif depth == len(levels):
                if "#" in children:
                    yield from children["#"].values.values()
                yield from node.values.values()
            else:
                own = children.get(levels[depth])
                if depth or topic[:1] != "$":
                    if "#" in children:
                        todo.append((children["#"], -1))
                    if "+" in children:
                        todo.append((children["+"], depth + 1))
                if own is not None and levels[depth] not in WILDCARDS:
                    todo.append((own, depth + 1))

    def of_filter(self, plain: str) -> Iterator[Value]:
        """The values whose names are topics that a filter matches."""
        nodes = [self._root]
        is_first = True
        for level in plain.split("/"):
            if level == "#":
                break
            if level == "+":
                nodes = _children(nodes, is_first=is_first)
            else:
                nodes = [node.children[level] for node in nodes if level in node.children]
            is_first = False
        else:
            for node in nodes:
                yield from node.values.values()
            return
        while nodes:
            for node in nodes:
                yield from node.values.values()
            nodes = _children(nodes, is_first=is_first)
            is_first = False


def _children(nodes: list[_Node[Key, Value]], *, is_first: bool) -> list[_Node[Key, Value]]:
    """All that a wildcard stands for: on the first level, no names that begin with `$`."""
    return [child for node in nodes for name, child in node.children.items() if not (is_first and name[:1] == "$")]

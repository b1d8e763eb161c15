"""YAML with a line and a column on every value, and all mistakes at once.

What comes in: a file. What goes out: `Node`s, which give plain values, know where they stand, and say what is wrong
with themselves to `Problems`. It knows nothing of what a workflow is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

import yaml

from tracer.errors import CopperError

MAX_BYTES = 1_000_000
"""A workflow is written by hand; what is larger is another file named by mistake."""

MAX_VALUES = 200_000
"""Aliases are expanded, so a short text can hold a lot (the billion laughs)."""


@dataclass(frozen=True)
class Problem:
    """One mistake: where (line and column from 1), what, and the line itself."""

    file: str
    line: int
    column: int
    what: str
    source: str = ""

    def __str__(self) -> str:
        """`file:line:column: what`, then the line with a caret under it."""
        head = f"{self.file}:{self.line}:{self.column}: {self.what}"
        if not self.source.strip():
            return head
        cut = "".join(sign if sign.isprintable() else " " for sign in self.source[: self.column + 60])
        return f"{head}\n    {cut}\n    {' ' * (self.column - 1)}^"


class WorkflowError(CopperError):
    """All mistakes of a file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class Problems:
    """Collects mistakes until somebody asks."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._found: list[Problem] = []

    def add(self, node: Node, what: str) -> None:
        """Something is wrong with `node`."""
        self.add_at(node.line, node.column, what)

    def add_at(self, line: int, column: int, what: str) -> None:
        """Something is wrong at a place, counted from 1."""
        source = self._lines[line - 1] if line <= len(self._lines) else ""
        problem = Problem(self._file, line, column, what, source)
        if problem not in self._found:
            self._found.append(problem)

    def raise_if_any(self) -> None:
        """End here if anything is wrong.

        Raises:
            WorkflowError: with all that was found, in the order of the file.
        """
        if self._found:
            raise WorkflowError(sorted(self._found, key=lambda problem: (problem.line, problem.column)))


class Node:
    """A value of the file, and the key that it stands behind."""

    def __init__(self, document: Document, node: yaml.Node, key: Node | None = None) -> None:
        self._document = document
        self._node = node
        self.key = key
        self.line = node.start_mark.line + 1
        self.column = node.start_mark.column + 1
        self.is_mapping = isinstance(node, yaml.MappingNode)
        self.is_list = isinstance(node, yaml.SequenceNode)

    @property
    def where(self) -> str:
        """`file:line:column`."""
        return f"{self._document.file}:{self.line}:{self.column}"

    def value(self) -> Any:
        """The plain value: what JSON can hold; a date is the text that stands there."""
        return self._document.plain(self._node)

    def items(self) -> list[Node]:
        """The elements of a list."""
        return [Node(self._document, one) for one in self._node.value]

    def get(self, name: str) -> Node | None:
        """What stands behind a key of a mapping, or None."""
        return next((value for key, value in self._pairs() if key.value() == name), None)

    def keys(self, problems: Problems, allowed: Iterable[str] = ()) -> dict[str, Node]:
        """What stands behind each key of a mapping; says what is wrong with the keys.

        Args:
            problems: takes the mistakes.
            allowed: the keys that may stand there; empty means any.
        """
        found: dict[str, Node] = {}
        known = tuple(allowed)
        for key, value in self._pairs():
            name = str(key.value())
            if known and name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"allowed are {', '.join(known)}"
                problems.add(key, f"unknown key `{name}`; {hint}")
                continue
            found[name] = value
        return found

    def _pairs(self) -> list[tuple[Node, Node]]:
        pairs = []
        for key_node, value_node in self._document.pairs(self._node):
            key = Node(self._document, key_node)
            pairs.append((key, Node(self._document, value_node, key)))
        return pairs


class Document:
    """One YAML document; `root` is where to start.

    Raises:
        WorkflowError: from every method, when the text is not YAML or can't be JSON.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.problems = Problems(file, text)
        self._text = text
        self._values = 0
        self._limit: float = MAX_VALUES
        self._flat: set[int] = set()
        self._open: list[int] = []

    def root(self) -> Node:
        """The outermost value."""
        try:
            self._loader = yaml.SafeLoader(self._text)
            node = self._loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            self._not_yaml(error)
        except yaml.reader.ReaderError as error:
            before = self._text[: error.position]
            line, column = before.count("\n") + 1, error.position - before.rfind("\n")
            self._fail(line, column, f"a character that YAML does not allow: U+{int(error.character):04X}")
        except RecursionError:
            self._fail(1, 1, "nested too deeply")
        if node is None:
            self._fail(1, 1, "it is empty: a workflow is a list of actions")
        self.plain(node)  # every mistake of the YAML itself shows here, before anybody looks at a part of it
        self.problems.raise_if_any()
        self._limit = float("inf")
        return Node(self, node)

    def plain(self, node: yaml.Node) -> Any:
        """A node as a plain value."""
        self._values += 1
        if self._values > self._limit:
            self._fail(1, 1, f"it holds more than {MAX_VALUES:,} values")
        if id(node) in self._open:
            self._fail(node.start_mark.line + 1, node.start_mark.column + 1, "it holds itself")
        self._open.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return {self._key(key): self.plain(value) for key, value in self.pairs(node)}
            if isinstance(node, yaml.SequenceNode):
                return [self.plain(one) for one in node.value]
            return self._scalar(node)
        except RecursionError:
            self._fail(node.start_mark.line + 1, node.start_mark.column + 1, "nested too deeply")
        finally:
            self._open.pop()

    def pairs(self, node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
        """The keys and values of a mapping, merge keys (`<<`) resolved, double keys reported once."""
        if id(node) not in self._flat:
            self._flat.add(id(node))
            firsts: dict[Any, yaml.Node] = {}
            for key, _ in node.value:
                name = self._key(key)
                if name in firsts:
                    line = firsts[name].start_mark.line + 1
                    place = key.start_mark
                    self.problems.add_at(
                        place.line + 1, place.column + 1, f"the key `{name}` stands in line {line} too"
                    )
                firsts.setdefault(name, key)
            try:
                self._loader.flatten_mapping(node)  # type: ignore[arg-type]
            except yaml.MarkedYAMLError as error:
                self._not_yaml(error)
        return list(node.value)

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._fail(node.start_mark.line + 1, node.start_mark.column + 1, "a key is a word")
        return str(node.value)

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            value = self._loader.construct_object(node)
        except yaml.MarkedYAMLError as error:
            self._not_yaml(error)
        except (ValueError, OverflowError):
            self._loader.recursive_objects.pop(node, None)  # else the next look at it says that it holds itself
            value = node.value
        if isinstance(value, date):
            return node.value
        if isinstance(value, (bytes, set)) or (isinstance(value, float) and not isfinite(value)):
            self._fail(node.start_mark.line + 1, node.start_mark.column + 1, "a value that JSON can't hold")
        return value

    def _not_yaml(self, error: yaml.MarkedYAMLError) -> NoReturn:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self._fail(line, column, f"this is not YAML: {error.problem or error.context}")

    def _fail(self, line: int, column: int, what: str) -> NoReturn:
        self.problems.add_at(line, column, what)
        self.problems.raise_if_any()
        raise AssertionError


def read_document(path: Path) -> Document:
    """The text of a file.

    Raises:
        CopperError: there is no such file, it can't be read, or it is no text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # not a byte more: a device never ends
    except OSError as error:
        raise CopperError(
            f"can't be read: {error.strerror}", where=str(path), next_step="give the path of a workflow's YAML file"
        ) from error
    if len(data) > MAX_BYTES:
        raise CopperError(
            f"a workflow has at most {MAX_BYTES:,} bytes", where=str(path), next_step="is it the right file?"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CopperError(
            "this is not a text in UTF-8", where=f"{path}:{line}", next_step="a workflow is a YAML file"
        ) from error
    return Document(str(path), text)

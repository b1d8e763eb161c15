"""The YAML file that people write → a checked `Workflow`, with a position on every entry.

What comes in: the text of a file. What goes out: a `Workflow`, or a `WorkflowError` that holds *all* mistakes, each
with file, line, column, the line itself with a caret, and what is allowed. It runs nothing and asks nobody.

Root: the plain list of the first Copper, or a mapping `{services, defaults, actions}`; a list is exactly
`{actions: list}`. Each entry is published as it stands. Eight reserved keys, all optional but the first:
`action id needs if timeout retry on_error with`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from copper import origin, policy, references
from copper.document import Document, Node, Problem, Problems, WorkflowError, read_document
from copper.origin import CORE, ServiceSource
from copper.policy import Retry

__all__ = ["CORE", "Action", "Problem", "Retry", "ServiceSource", "Workflow", "WorkflowError", "load", "parse"]

RESERVED = ("action", "id", "needs", "if", "timeout", "retry", "on_error", "with")
SLIPS = tuple(word for word in RESERVED if len(word) >= 5)
ROOT_KEYS = ("services", "defaults", "actions")

ID = re.compile(r"[A-Za-z0-9_-]+")
CONDITION = re.compile(r"!?\$\{[^{}]*\}|always|failure")


@dataclass(frozen=True)
class Action:
    """One entry of a workflow.

    Attributes:
        name: its `id`, or its number in the file, counted from 1.
        topic: its `action`: the topic of the service's endpoint.
        entry: the whole entry as it stands, `with` laid over it.
        needs: the names of the actions that come before it.
        condition: its `if`: True, False, `always`, `failure`, `${…}` or `!${…}`.
        timeout: seconds.
        retry: how often it is tried again.
        on_error: `stop` or `continue`.
        where: `file:line:column`.
        places: the same of each of the entry's keys.
    """

    name: str
    topic: str
    entry: dict[str, Any]
    needs: tuple[str, ...] = ()
    condition: bool | str = True
    timeout: float = policy.DEFAULT_TIMEOUT
    retry: Retry = policy.NO_RETRY
    on_error: str = "stop"
    where: str = ""
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workflow:
    """What a file says, checked; the actions stand in an order in which they can run."""

    file: str
    actions: tuple[Action, ...]
    services: Mapping[str, ServiceSource] = field(default_factory=dict)


def load(path: Path) -> Workflow:
    """Read and check a workflow file.

    Raises:
        CopperError: the file can't be read.
        WorkflowError: there are mistakes in it; it holds all of them.
    """
    return _workflow(read_document(path))


def parse(text: str, file: str = "workflow.yaml") -> Workflow:
    """Check a workflow's text; `file` is the name for messages.

    Raises:
        WorkflowError: there are mistakes in it; it holds all of them.
    """
    return _workflow(Document(file, text))


def _workflow(document: Document) -> Workflow:
    problems = document.problems
    root = document.root()
    entries: Node | None = root
    services: dict[str, ServiceSource] = {}
    defaults: dict[str, Any] = {}
    if root.is_mapping:
        keys = root.keys(problems, allowed=ROOT_KEYS)
        services = origin.services(keys.get("services"), problems)
        defaults = policy.defaults(keys.get("defaults"), problems)
        entries = keys.get("actions")
        if entries is None:
            problems.add(root, "`actions` is missing: the list of what to run")
    if entries is not None and not entries.is_list:
        problems.add(entries, "a workflow is a list of actions, or a mapping with the keys " + origin.listed(ROOT_KEYS))
    items = entries.items() if entries is not None and entries.is_list else []
    if entries is not None and entries.is_list and not items:
        problems.add(entries, "there is no action in it")
    actions = _in_order(_actions(items, defaults, problems), items, problems)
    problems.raise_if_any()
    return Workflow(document.file, actions, services)


def _actions(items: list[Node], defaults: dict[str, Any], problems: Problems) -> list[Action]:
    actions: list[Action] = []
    firsts: dict[str, Node] = {}
    names = [_name(item, number) for number, item in enumerate(items, 1)]
    for number, (item, name) in enumerate(zip(items, names, strict=True)):
        if not item.is_mapping:
            problems.add(item, "an action is a mapping with the key `action`: the topic of a service's endpoint")
            continue
        keys = item.keys(problems)
        _check_keys(keys, problems)
        if name in firsts:
            problems.add(keys.get("id", item), f"the id {name} is taken by line {firsts[name].line}")
        firsts.setdefault(name, item)
        before = names[number - 1 : number] if number else []
        needs = _needs(keys.get("needs"), before, names, problems)
        _check_references(keys, name, names, problems)
        actions.append(_action(item, keys, name, needs, {**defaults, **policy.settings(keys, problems)}, problems))
    return actions


def _check_keys(keys: dict[str, Node], problems: Problems) -> None:
    """A key that is one slip away from a reserved one is taken for a slip; what a service wants goes under `with`."""
    for key, node in keys.items():
        meant = next((word for word in SLIPS if key not in RESERVED and _is_slip(key, word)), None)
        if meant and meant not in keys and meant != "action":
            what = f"unknown key `{key}`; did you mean `{meant}`? (a service's own key of that name goes under `with`)"
            problems.add(node.key or node, what)


def _is_slip(given: str, meant: str) -> bool:
    """Whether one sign is missing, too many, another, or two neighbours have changed places."""
    if abs(len(given) - len(meant)) > 1 or given == meant:
        return False
    start = next((i for i, (a, b) in enumerate(zip(given, meant, strict=False)) if a != b), min(len(given), len(meant)))
    rests = given[start:], meant[start:]
    swapped = rests[0][:2] == rests[1][:2][::-1] and rests[0][2:] == rests[1][2:]
    return swapped or rests[0][1:] == rests[1][1:] or rests[0][1:] == rests[1] or rests[0] == rests[1][1:]


def _name(item: Node, number: int) -> str:
    node = item.get("id") if item.is_mapping else None
    value = node.value() if node else None
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else str(number)


def _action(  # noqa: PLR0917  the parts of one entry, each already read
    item: Node, keys: dict[str, Node], name: str, needs: list[str], settings: dict[str, Any], problems: Problems
) -> Action:
    if "id" in keys and not ID.fullmatch(name):
        problems.add(keys["id"], "an id is made of letters, digits, _ and -")
    return Action(
        name=name,
        topic=_topic(item, keys, problems),
        entry=_entry(item, keys.get("with"), problems),
        needs=tuple(needs),
        condition=_condition(keys.get("if"), problems),
        where=item.where,
        places=_places(keys),
        **settings,
    )


def _places(keys: dict[str, Node]) -> dict[str, str]:
    over = keys.get("with")
    laid_over = over.keys(Problems("", "")) if over is not None and over.is_mapping else {}
    return {key: (node.key or node).where for key, node in {**keys, **laid_over}.items()}


def _entry(item: Node, over: Node | None, problems: Problems) -> dict[str, Any]:
    entry: dict[str, Any] = item.value()
    if over is None:
        return entry
    if not over.is_mapping:
        problems.add(over, "`with` is a mapping of keys to publish")
        return entry
    return {**{key: value for key, value in entry.items() if key != "with"}, **over.value()}


def _topic(item: Node, keys: dict[str, Node], problems: Problems) -> str:
    node = keys.get("action")
    if node is None:
        near = get_close_matches("action", keys, 1, 0.7)
        problems.add(
            keys[near[0]].key or item if near else item,
            "`action` is missing: the topic of a service's endpoint, such as fetcher/fetch"
            + (f"; did you mean it by `{near[0]}`?" if near else ""),
        )
        return ""
    topic = node.value()
    if not isinstance(topic, str) or not topic:
        problems.add(node, "`action` is the topic of a service's endpoint, such as fetcher/fetch")
        return ""
    if any(sign in topic for sign in "+#\0") or topic.startswith("$"):
        problems.add(node, "a topic to publish on holds no +, # or NUL and does not start with $")
    if len(topic.encode("utf-8", errors="replace")) > 65000:
        problems.add(node, "a topic has at most 65,000 bytes")
    return topic


def _needs(node: Node | None, before: list[str], names: list[str], problems: Problems) -> list[str]:
    if node is None:
        return before
    items = node.items() if node.is_list else [node]
    needed = []
    for item in items:
        value = str(item.value())
        if value in names:
            needed.append(value)
        else:
            near = get_close_matches(value, names, 1)
            problems.add(
                item, f"there is no action with the id {value}" + (f"; did you mean {near[0]}?" if near else "")
            )
    return needed


def _condition(node: Node | None, problems: Problems) -> bool | str:
    if node is None:
        return True
    value = node.value()
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and CONDITION.fullmatch(value):
        return value
    problems.add(node, "`if` is ${…}, !${…}, always, failure, true or false")
    return True


def _check_references(keys: dict[str, Node], name: str, names: list[str], problems: Problems) -> None:
    for node in keys.values():
        for text, reference in references.find(node.value()):
            if reference is None:
                problems.add(node, f"${{{text}}} can't be read: write ${{ID.KEY}} or ${{env.NAME:-default}}")
            elif reference.action is not None and reference.action not in names:
                near = get_close_matches(reference.action, names, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                problems.add(node, f"${{{text}}}: there is no action with the id {reference.action}{hint}")
            elif reference.action == name:
                problems.add(node, f"${{{text}}}: an action can't use its own answer")


def _in_order(actions: list[Action], items: list[Node], problems: Problems) -> tuple[Action, ...]:
    """The actions so that each comes after what it needs; else as they stand in the file."""
    place = {action.name: number for number, action in enumerate(actions)}
    before = {action.name: comes_after(action) & set(place) for action in actions}
    sorter = TopologicalSorter(before)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = error.args[1]
        node = min((item for item in items if item.where in {actions[place[name]].where for name in circle}), key=_line)
        problems.add(node, f"these need each other: {' → '.join(reversed(circle))}")
        return tuple(actions)
    ordered: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=place.__getitem__)
        ordered.append(ready.pop(0))
        sorter.done(ordered[-1])
    return tuple(actions[place[name]] for name in ordered)


def _line(node: Node) -> int:
    return node.line


def comes_after(action: Action) -> set[str]:
    """What an action waits for: what it needs, and what it uses the answers of, whether `needs` says so or not."""
    found = references.find([action.entry, action.condition])
    return {*action.needs, *(reference.action for _, reference in found if reference and reference.action)}

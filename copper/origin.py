"""Where the services of a workflow come from: the file's `services`.

What comes in: that node of the file. What goes out: a `ServiceSource` for each name, and mistakes said to `Problems`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from copper import policy
from copper.document import Node, Problems

SERVICE_KEYS = ("core", "command", "build", "image", "mode", "idle")
KINDS = SERVICE_KEYS[:4]
MODES = ("keep", "lambda", "once")
CORE = ("fetcher", "markdown")
"""The services that come with Copper."""


@dataclass(frozen=True)
class ServiceSource:
    """Where a service comes from: one that Copper brings along (`core`), or a `command` to run.

    `container`: it is a `build` or an `image`, where in the file this stands (`file:line:column`).
    """

    name: str
    core: str | None = None
    command: str | None = None
    container: str = ""


def services(node: Node | None, problems: Problems) -> dict[str, ServiceSource]:
    """What a file's `services` say; mistakes are said to `problems`."""
    if node is None:
        return {}
    if not node.is_mapping:
        problems.add(node, "`services` is a mapping from a service's name to where it comes from")
        return {}
    found = {}
    for name, one in node.keys(problems).items():
        if not name or any(sign in name for sign in "/+#\0") or name.startswith(("$", ".")):
            problems.add(one.key or one, "a service's name is the first level of its topics: no /, +, #, $ or . first")
        found[name] = _service(name, one, problems)
    return found


def _service(name: str, node: Node, problems: Problems) -> ServiceSource:
    if not node.is_mapping:
        problems.add(node, f"a service is a mapping with one of the keys {listed(KINDS)}")
        return ServiceSource(name)
    keys = node.keys(problems, allowed=SERVICE_KEYS)
    given = [key for key in KINDS if key in keys]
    if len(given) != 1:
        problems.add(node, f"a service needs one of the keys {listed(KINDS)}, it has {listed(given) or 'none'}")
        return ServiceSource(name)
    value = keys[given[0]].value()
    if given[0] == "core" and value not in CORE:
        problems.add(keys["core"], f"Copper's own services are {listed(CORE)}")
    elif not isinstance(value, str) or not value.strip():
        problems.add(keys[given[0]], f"`{given[0]}` is a text")
    elif given[0] == "command" and not _is_command(value):
        problems.add(keys["command"], "`command` is a program and its arguments; a quote in it is not closed")
    _check_container(keys, given[0], problems)
    container = (keys[given[0]].key or node).where if given[0] in {"build", "image"} else ""
    core_or_command = {given[0]: value} if not container else {}
    return ServiceSource(name, **core_or_command, container=container)


def _check_container(keys: dict[str, Node], kind: str, problems: Problems) -> None:
    """How long a service lives: `mode`, and for `lambda` how long it may be `idle`."""
    mode = keys["mode"].value() if "mode" in keys else "keep"
    if mode not in MODES:
        problems.add(keys["mode"], f"`mode` is {', '.join(MODES)}")
    elif "mode" in keys and kind not in {"build", "image"}:
        problems.add(keys["mode"], "`mode` is for containers: a service with `build` or `image`")
    if "idle" in keys:
        policy.duration(keys["idle"], "idle", problems)
        if mode != "lambda":
            problems.add(keys["idle"], "`idle` goes with `mode: lambda`")


def _is_command(text: str) -> bool:
    try:
        return bool(shlex.split(text))
    except ValueError:
        return False


def listed(words: Iterable[str]) -> str:
    """Words in a sentence."""
    return ", ".join(words)

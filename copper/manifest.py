"""MANIFEST: entries that a service works on as soon as it starts, from a YAML file that an environment variable names.

    fetcher:
      - {type: github, repository: MicroWebStacks/astro-big-doc, resource: docs}
    markdown:
      - {resource: docs}

What comes in: the file's path, the service's name. What goes out: its entries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from copper.document import read_document
from tracer.errors import CopperError

VARIABLE = "MANIFEST"


def entries(path: str, service: str) -> list[dict[str, Any]]:
    """What a service has to do at once; nothing where it is not named.

    Raises:
        CopperError: the file can't be read, or is no mapping from services to lists of entries.
    """
    document = read_document(Path(path))
    root = document.root()
    if not root.is_mapping:
        document.problems.add(root, "a manifest is a mapping from a service to a list of entries")
        document.problems.raise_if_any()
    found: list[dict[str, Any]] = []
    for name, node in root.keys(document.problems).items():
        if not node.is_list:
            document.problems.add(node, f"what {name} has to do is a list of entries")
            continue
        for item in node.items():
            if not item.is_mapping:
                document.problems.add(item, "an entry is a mapping")
            elif name == service:
                found.append(item.value())
    document.problems.raise_if_any()
    return found


def topic_of(entry: dict[str, Any], service: str, topics: list[str]) -> str:
    """The action that an entry is for: the one that it names (`fetch`, `fetcher/fetch`), else the service's first.

    Raises:
        CopperError: the service has no such action.
    """
    named = entry.get("action")
    if named is None and topics:
        return topics[0]
    for topic in topics:
        if named in {topic, topic.removeprefix(f"{service}/")}:
            return topic
    raise CopperError(f"{service} has no action {named}", where=VARIABLE, next_step=f"it has {', '.join(topics)}")

"""A graph that `copper-trace graph --out FILE.json` has written, as a LOG to draw again.

Comes in: a path. Goes out: the graph, checked, so that whatever draws it may trust each attribute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracer.errors import CopperError

if TYPE_CHECKING:
    import networkx as nx

    from copper.commands.trace_options import Chosen
    from tracer.graph import By

_HEAD = re.compile(rb'\s*\{\s*"(directed|edges|graph|multigraph|nodes)"\s*:')
"""How node-link JSON begins; a log of Docker's, JSON too, begins otherwise."""
_AGAIN = "write it again with copper-trace graph LOG --out FILE.json"


def is_one(path: str) -> bool:
    """Whether a file begins as a graph in JSON does; what is read from a pipe would be gone."""
    try:
        if path == "-" or not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            return _HEAD.match(file.read(200)) is not None
    except (OSError, ValueError):
        return False


def load(chosen: Chosen, by: By) -> nx.MultiDiGraph[str]:
    """Read the graph back.

    Args:
        chosen: whose one log it is.
        by: how clients are put into services, which is settled in a graph.

    Raises:
        CopperError: it is no graph that we wrote, or something is asked of it that only a log can tell.
    """
    import networkx as nx  # noqa: PLC0415  `--help` must be quick

    if len(chosen.logs) > 1:
        raise CopperError("a graph can't be a part of a log", where=chosen.names, next_step="name it alone")
    path = chosen.logs[0]
    if chosen.window is not None:
        raise CopperError(
            "a graph holds sums, not when each message was sent",
            where=path,
            next_step="leave --since, --until and --last out, or draw the log",
        )
    if by != "service":
        raise CopperError("in a graph it is settled which clients are a service", where=path, next_step="draw the log")
    data = _parsed(path)
    problem = next(_problems(data), None)
    if problem is not None:
        raise CopperError(problem, where=path, next_step=_AGAIN)
    found: nx.MultiDiGraph[str] = nx.MultiDiGraph(nx.node_link_graph(data, edges="edges"))
    return found


def _parsed(path: str) -> Any:
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise CopperError(f"can't be read: {error.strerror}", where=path) from error
    except json.JSONDecodeError as error:
        raise CopperError(
            f"it is no JSON from here on: {error.msg}",
            where=f"{path}:{error.lineno}:{error.colno}",
            next_step=_AGAIN,
        ) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise CopperError("it is no JSON", where=path, next_step=_AGAIN) from error


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_counts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_count, value))


_Checks = Mapping[str, Callable[[Any], bool]]
_SERVICE: _Checks = {
    "clients": _is_texts,
    "rule": _is_text_or_null,
    "connected": _is_flag,
    "addresses": _is_texts,
    "user": _is_text_or_null,
}
_TOPIC: _Checks = {"template": _is_flag, "filter": _is_flag, "retained_by": _is_text_or_null}
_EDGE: _Checks = {
    "messages": _is_count,
    "bytes": _is_count,
    "qos": _is_counts,
    "retained": _is_count,
    "first": _is_text_or_null,
    "last": _is_text_or_null,
}


def _is_change(value: Any) -> bool:
    return value in ("added", "gone")


_CHANGED: _Checks = {"change": _is_change, "added": _is_count, "gone": _is_count}
"""What a comparison adds."""
_VIEWED: _Checks = {"topics": _is_count, "kept": _is_count, "members": _is_count, "group": _is_text, "hidden": _is_text}
_VIEWED_EDGE: _Checks = {"topics": _is_count, "whole": _is_flag, "lines": _is_count, "messages_before": _is_count}
"""What views add; it need not be there."""
_SUBSCRIBE: _Checks = {**_EDGE, "filters": _is_texts}
_DELIVER: _Checks = {**_EDGE, "topic": _is_text, "seen": _is_count, "inferred": _is_count}


def _problems(data: Any) -> Iterator[str]:
    """What is not as `tracer.graph` and `tracer.views` document it, in the order of the file."""
    if not isinstance(data, dict) or not isinstance(data.get("graph"), dict) or "schema" not in data["graph"]:
        yield "it is JSON, but no graph of Copper's"
        return
    if data["graph"]["schema"] != 1:
        yield f"its schema is {data['graph']['schema']!r}, and this Copper knows 1"
        return
    if data.get("directed") is not True or data.get("multigraph") is not True:
        yield "it is not directed, or has no keys"
    compared = data["graph"].get("compared")
    sides = {"before", "after"}
    if compared is not None and not (
        isinstance(compared, dict) and compared.keys() == sides and all(map(_is_text, compared.values()))
    ):
        yield "what it compares is not as it should be"
    nodes: dict[str, str] = {}
    for place, node in enumerate(_list(data, "nodes")):
        where = f"nodes[{place}]"
        if not isinstance(node, dict) or node.get("kind") not in {"service", "topic"} or not _is_text(node.get("name")):
            yield f"{where} is no service or topic with a name"
            continue
        if node.get("id") != f"{node['kind']}:{node['name']}":
            yield f"{where} has not the id {node['kind']}:{node['name']}"
            continue
        yield from _wrong(where, node, _SERVICE if node["kind"] == "service" else _TOPIC, {**_VIEWED, **_CHANGED})
        nodes[node["id"]] = node["kind"]
    for place, edge in enumerate(_list(data, "edges")):
        yield from _edge(f"edges[{place}]", edge, nodes)


_ENDS = {"publish": ("service", "topic"), "deny": ("service", "topic"), "subscribe": ("topic", "service")}
_CHECKS = {"publish": _EDGE, "deny": _EDGE, "subscribe": _SUBSCRIBE}


def _edge(where: str, edge: Any, nodes: Mapping[str, str]) -> Iterator[str]:
    if not isinstance(edge, dict) or not all(map(_is_text, map(edge.get, ("source", "target", "key")))):
        yield f"{where} has no source, target and key"
        return
    key, ends = edge["key"], (nodes.get(edge["source"]), nodes.get(edge["target"]))
    if None in ends:
        yield f"{where} leads from or to a node that is not there"
    elif key not in _ENDS and not key.startswith("deliver:"):
        yield f"{where} has the key {key!r}, which is none of ours"
    elif ends != _ENDS.get(key, ("service", "service")):
        yield f"{where} is a {key} from a {ends[0]} to a {ends[1]}"
    else:
        yield from _wrong(where, edge, _CHECKS.get(key, _DELIVER), {**_VIEWED_EDGE, **_CHANGED})


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    found = data.get(name)
    return found if isinstance(found, list) else [None]


def _wrong(where: str, attributes: Mapping[str, Any], must: _Checks, may: _Checks) -> Iterator[str]:
    for name, is_fine in {**must, **may}.items():
        if (name in must or name in attributes) and not is_fine(attributes.get(name)):
            yield f"{where}: its {name} is missing, or is not as it should be"

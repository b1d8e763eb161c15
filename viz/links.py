"""Addresses that boxes and rows of a picture lead to, from a template such as `https://wiki/{kind}/{name}`.

In: the template that a user wrote, and the name of a service or topic. Out: an http(s) address, in which a name stays
a part of a path or query whatever a client chose to be called.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from tracer.errors import CopperError

_PLACE = re.compile(r"\{([^{}]*)\}")
_KNOWN = ("kind", "name")
_EXAMPLE = "write one as https://wiki.example.org/{kind}/{name}"


def check(template: str) -> None:
    """Whether links can be made from a template.

    Raises:
        CopperError: it is no http(s) address, or holds a placeholder that is none of ours, or one in its host: clients
            choose their names, and must not choose where a link leads.
    """
    where = f"links {template!r}"
    if not template.isprintable() or " " in template:
        raise CopperError("spaces and control characters stand in no address", where=where, next_step=_EXAMPLE)
    unknown = sorted({place for place in _PLACE.findall(template) if place not in _KNOWN})
    if unknown:
        raise CopperError(
            f"there is no {{{unknown[0]}}}", where=where, next_step="{kind} is service or topic, {name} its name"
        )
    if set("{}") & set(_PLACE.sub("", template)):
        raise CopperError("a brace is not closed, or not opened", where=where, next_step=_EXAMPLE)
    try:
        parts = urlsplit(template)
        scheme, host = parts.scheme, parts.hostname
        _ = parts.port
    except ValueError as error:
        raise CopperError(f"it is no address: {error}", where=where, next_step=_EXAMPLE) from error
    if scheme not in {"http", "https"} or not host:
        raise CopperError("links are http or https addresses with a host", where=where, next_step=_EXAMPLE)
    if "{" in parts.netloc:
        raise CopperError("clients choose their names, so none may stand in the host", where=where, next_step=_EXAMPLE)


def link(template: str, kind: str, name: str) -> str:
    """The address for a service or topic.

    Args:
        template: one that `check` lets pass; empty where there are no links.
        kind: `service` or `topic`.
        name: as the graph has it.

    Returns:
        The template with both percent-encoded, slashes too; empty without a template.
    """
    values = {"kind": kind, "name": quote(name, safe="", errors="surrogatepass")}
    return _PLACE.sub(lambda place: values[place[1]], template)

"""A link as the author wrote it → where it leads in the site, or that it leads nowhere.

Comes in: the tree of the folder, the page that holds the link, the address. Goes out: an address that works from that
page, opened from a disk or from any folder of a web server. Reads no file.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from copper.services.markdown.tree import SUFFIXES, Tree

SCHEMES = {"http", "https", "mailto", "tel"}
"""What a link may do besides leading to another page; `javascript:` and the like are none of it."""

PICTURES = ("data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp", "data:image/svg+xml")
"""Pictures within a page. In an <img>, not even an SVG runs scripts."""


@dataclass(frozen=True)
class Goal:
    """Where a link leads.

    Attributes:
        href: the address to write.
        kind: "external", "page", "file", "broken", or "refused" (not to be written at all).
        path: for a page its Markdown file, for a file the file.
        fragment: for a page, the id that must be on it, or "".
    """

    href: str
    kind: str
    path: str = ""
    fragment: str = ""


def resolve(tree: Tree, page: str, href: str) -> Goal:
    """Where `href` leads from the Markdown file `page`.

    Paths may be percent-encoded or not, relative to the page or, with a leading `/`, to the folder. A path may name a
    Markdown file with or without its suffix, its page in the site, a folder that a page speaks for, or any file.
    """
    href = href.strip()
    try:
        parts = urlsplit(href)
    except ValueError:
        return Goal(href, "broken")
    if parts.scheme or parts.netloc:
        return _elsewhere(tree, page, href, parts.scheme)
    fragment = unquote(parts.fragment)
    if not parts.path:
        return _to(tree, page, page, fragment)
    # What reads as encoded may also be a name with a % in it.
    for path in dict.fromkeys((unquote(parts.path), parts.path, href)):
        found = _find(tree, _from(page, path))
        if found is not None:
            return _to(tree, page, found, fragment if path != href else "")
    return Goal(href, "broken")


def _elsewhere(tree: Tree, page: str, href: str, scheme: str) -> Goal:
    if scheme in SCHEMES or (not scheme and href.startswith("//")):
        return Goal(href, "external")
    if scheme == "data" and href.lower().startswith(PICTURES):
        return Goal(href, "external")
    found = _find(tree, _from(page, unquote(href)))  # a file may be called "a:b.md"
    return _to(tree, page, found, "") if found else Goal("", "refused")


def _to(tree: Tree, page: str, goal: str, fragment: str) -> Goal:
    if goal in tree.files:
        return Goal(address(tree.pages[page], goal, fragment), "file", goal)
    if goal == page and fragment:
        return Goal(f"#{quote(fragment)}", "page", goal, fragment)
    return Goal(address(tree.pages[page], tree.pages[goal], fragment), "page", goal, fragment)


def _from(page: str, path: str) -> str | None:
    """A path within the folder, without `.` and `..`; None if it leads out of it."""
    joined = path.lstrip("/") if path.startswith("/") else posixpath.join(posixpath.dirname(page), path)
    normal = posixpath.normpath(joined) if joined else "."
    return None if normal == ".." or normal.startswith("../") else normal


def _find(tree: Tree, path: str | None) -> str | None:
    """The Markdown file or other file that is meant."""
    if path is None:
        return None
    if path in tree.pages or path in tree.files:
        return path
    index = tree.index("" if path == "." else path)
    if index is not None:
        return index
    for suffix in SUFFIXES:
        if (name := path.removesuffix(".html") + suffix) in tree.pages:
            return name
    return tree.sources.get(path)


def address(page: str, goal: str, fragment: str = "") -> str:
    """The address of `goal` as seen from `page`, both in the site: relative, percent-encoded."""
    path = quote(os.fsencode(posixpath.relpath(goal, posixpath.dirname(page) or ".")))
    return f"{path}#{quote(fragment)}" if fragment else path

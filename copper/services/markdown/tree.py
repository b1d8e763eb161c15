"""A folder of Markdown → which pages there are, what each is called in the site, and in which order they are read.

Comes in: a folder. Goes out: a `Tree` of plain values. Hidden files are left out; links to files are followed as long
as they stay inside, links to folders never.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from posixpath import basename, dirname, splitext

SUFFIXES = (".md", ".markdown")

INDEX = ("index", "readme")
"""Names, without suffix and in any case, of the page that speaks for its folder; the first that is there wins."""


STYLE = "_site/style.css"
"""Where the site's own style lies."""


@dataclass(frozen=True)
class Tree:
    """What lies in a folder; all paths are relative to it, with `/`.

    Attributes:
        root: the folder.
        pages: Markdown file → its page in the site.
        files: all other files, but for those in whose place the site has a page of its own.
    """

    root: Path
    pages: dict[str, str]
    files: frozenset[str]

    @cached_property
    def sources(self) -> dict[str, str]:
        """Page in the site → its Markdown file."""
        return {page: source for source, page in self.pages.items()}

    def index(self, folder: str) -> str | None:
        """The Markdown file that speaks for `folder` ("" is the root)."""
        return self.sources.get(f"{folder}/index.html" if folder else "index.html")


@dataclass
class Node:
    """An entry of the navigation: a folder, a page, or a folder that a page speaks for.

    Attributes:
        path: the Markdown file, or the folder if no page speaks for it.
        title: what is shown.
        page: the Markdown file, None for a bare folder.
        children: what lies in the folder, in order.
    """

    path: str
    title: str
    page: str | None
    children: list[Node] = field(default_factory=list)

    @property
    def first(self) -> str:
        """The Markdown file that is read first."""
        return next(iter(self.pages()))

    def pages(self) -> Iterable[str]:
        """The Markdown files of this node and all below, in reading order."""
        if self.page is not None:
            yield self.page
        for child in self.children:
            yield from child.pages()


def scan(root: Path, leave_out: Iterable[Path] = ()) -> Tree:
    """Look through a folder.

    Args:
        root: the folder.
        leave_out: folders that are not looked into, for example the one that the site goes to.

    Raises:
        OSError: a folder can't be read.
    """
    root = Path(os.path.realpath(root))
    out = {os.path.realpath(folder) for folder in leave_out}
    names: list[str] = []
    for here, folders, files in os.walk(root, onerror=_stop):
        folders[:] = [name for name in folders if name[0] != "." and os.path.realpath(Path(here, name)) not in out]
        found = [Path(here, name) for name in files if name[0] != "."]
        names += [path.relative_to(root).as_posix() for path in found if _is_inside(path, root)]
    names.sort()
    pages = _targets(names)
    shadowed = {*pages, *pages.values(), "index.html", STYLE}
    return Tree(root, pages, frozenset(names) - shadowed)


def _stop(error: OSError) -> None:
    raise error


def _is_inside(path: Path, root: Path) -> bool:
    real = Path(os.path.realpath(path))
    return real.is_file() and real.is_relative_to(root)


def _targets(names: list[str]) -> dict[str, str]:
    """The page of each Markdown file; no two get the same, also where case does not count."""
    sources = [name for name in names if name.lower().endswith(SUFFIXES)]
    taken: set[str] = set()
    pages: dict[str, str] = {}
    for name in sorted(sources, key=lambda name: (_index_rank(name), name)):
        target = next(page for page in _wishes(name) if page.casefold() not in taken)
        taken.add(target.casefold())
        pages[name] = target
    return {name: pages[name] for name in sources}


def _wishes(name: str) -> Iterator[str]:
    """Pages that a Markdown file could become, best first."""
    if _index_rank(name) < len(INDEX):
        yield posixpath.join(dirname(name), "index.html")
    yield f"{splitext(name)[0]}.html"
    yield f"{name}.html"
    for number in count(2):
        yield f"{name}-{number}.html"


def _index_rank(name: str) -> int:
    stem = splitext(basename(name))[0].lower()
    return INDEX.index(stem) if stem in INDEX else len(INDEX)


def spoken(name: str) -> str:
    """A title from the name of a file or folder: `02-getting_started.md` → "Getting started"."""
    stem = splitext(basename(name))[0] if name.lower().endswith(SUFFIXES) else basename(name)
    words = re.sub(r"^\d+[-_. ]+(?=\D)", "", stem).replace("_", " ").replace("-", " ").strip() or stem
    return words[:1].upper() + words[1:]


def navigation(tree: Tree, titles: dict[str, str], orders: dict[str, float]) -> Node:
    """The pages as they are listed and read: by `order` where a page has one, then by name, 2 before 10.

    Args:
        tree: the folder.
        titles: Markdown file → title.
        orders: Markdown file → its `order`, where it has one.
    """
    with_pages = {""} | {parent for name in tree.pages for parent in _parents(name)}

    def key(node: Node) -> tuple[float, list[tuple[int, int, str]], str]:
        return orders.get(node.page or "", float("inf")), _natural(node.path), node.path

    def build(folder: str) -> Node:
        index = tree.index(folder)
        inside = [Node(name, titles[name], name) for name in tree.pages if dirname(name) == folder and name != index]
        inside += [build(name) for name in with_pages if name and dirname(name) == folder]
        title = titles[index] if index else spoken(folder or tree.root.name)
        return Node(folder, title, index, sorted(inside, key=key))

    return build("")


def title_of(tree: Tree, name: str) -> str:
    """The title of a page that gives itself none: after its file, or after the folder that it speaks for."""
    folder = dirname(name)
    return spoken((folder or tree.root.name) if tree.index(folder) == name else name)


def _parents(name: str) -> Iterable[str]:
    while name := dirname(name):
        yield name


def _natural(path: str) -> list[tuple[int, int, str]]:
    """A sort key in which numbers count as numbers and case does not count."""
    parts = re.findall(r"\d+|\D+", splitext(basename(path))[0].casefold())
    return [(0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts]

"""Pages → a site in a folder: the build on one page.

Comes in: a folder of Markdown, the folder for the site, how it shall look. Goes out: the site, and what was found while
it was made. Pages hold no script and ask no other machine for anything that the author did not put there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from copper.service import ActionError
from copper.services.markdown.clean import clean
from copper.services.markdown.links import Goal, address, resolve
from copper.services.markdown.render import Document, render
from copper.services.markdown.tree import STYLE, Node, Tree, navigation, scan, title_of

PACKAGE = "copper.services.markdown"

THEMES = ("auto", "light", "dark")

ALL_OPEN = 60
"""Up to so many pages, every page lists all of them; in larger sites it lists those of its own folders."""

Tick = Callable[[int, int, str], None]
"""Called for each page: pages done, pages in all, its name. What it raises ends the build."""


@dataclass(frozen=True)
class Look:
    """How the site shall look: its title (None: that of its first page), and "auto", "light" or "dark"."""

    title: str | None = None
    theme: str = "auto"


@dataclass(frozen=True)
class Report:
    """What a build made: pages, files beside them, and links that lead nowhere as (page, link as written)."""

    pages: int
    files: int
    broken: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Site:
    """What all pages need; `order` is the Markdown files as they are read."""

    tree: Tree
    documents: dict[str, Document]
    titles: dict[str, str]
    root: Node
    order: list[str]
    look: Look
    template: jinja2.Template


@dataclass(frozen=True)
class _Body:
    """A page's cleaned HTML, the ids in it, and its links: as written, and where they lead."""

    html: str
    ids: set[str]
    links: list[tuple[str, Goal]]


def build(folder: Path, work: Path, look: Look, tick: Tick, *, leave_out: Iterable[Path] = ()) -> Report:
    """Build the site of `folder` in the empty folder `work`.

    Raises:
        ActionError: there is no Markdown.
        OSError: something can't be read or written.
    """
    tree = scan(folder, leave_out)
    if not tree.pages:
        raise ActionError(f"{folder} holds no Markdown (*.md)", kind="not_found")
    site = _read(tree, look, tick)
    bodies = {name: _body(site, name) for name in site.order}
    for name, body in bodies.items():
        _write(work / tree.pages[name], _page(site, name, body))
    if tree.index("") is None:
        _write(work / "index.html", _front_page(site))
    files = {goal.path for body in bodies.values() for _, goal in body.links if goal.kind == "file"}
    for name in sorted(files):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree.root / name, work / name)
    _write(work / STYLE, resources.files(PACKAGE).joinpath("style.css").read_text("utf-8"))
    return Report(len(site.order), len(files), tuple(_broken(bodies)))


def _read(tree: Tree, look: Look, tick: Tick) -> _Site:
    documents = {}
    for done, name in enumerate(tree.pages):
        tick(done, len(tree.pages), name)
        documents[name] = render((tree.root / name).read_text("utf-8-sig", errors="replace"))
    titles = {name: document.title or title_of(tree, name) for name, document in documents.items()}
    orders = {name: document.order for name, document in documents.items() if document.order is not None}
    root = navigation(tree, titles, orders)
    loader = jinja2.PackageLoader(PACKAGE, "")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return _Site(tree, documents, titles, root, list(root.pages()), look, environment.get_template("page.html.j2"))


def _body(site: _Site, name: str) -> _Body:
    links: list[tuple[str, Goal]] = []

    def link(tag: str, written: str) -> tuple[str, str] | None:
        goal = resolve(site.tree, name, written)
        links.append((written, goal))
        marked = goal.kind == "broken" or (tag == "a" and goal.kind == "external")
        return None if goal.kind == "refused" else (goal.href, goal.kind if marked else "")

    html, ids = clean(site.documents[name].html, link)
    return _Body(html, ids, links)


def _broken(bodies: dict[str, _Body]) -> Iterable[tuple[str, str]]:
    """Links that lead to no page, to no file, or to no place on a page."""
    for name, body in bodies.items():
        for written, goal in body.links:
            lost = goal.fragment not in {"", "top"} and goal.fragment not in bodies[goal.path].ids
            if goal.kind in {"broken", "refused"} or lost:
                yield name, written


def _page(site: _Site, name: str, body: _Body) -> str:
    document = site.documents[name]
    place = site.order.index(name)
    return _filled(
        site,
        name,
        title=site.titles[name],
        body=Markup(body.html),  # noqa: S704  `clean` wrote it
        has_heading=document.has_heading,
        contents=[heading for heading in document.headings if heading.level in {2, 3}],
        trail=_trail(site.root, name),
        before=site.order[place - 1] if place > 0 else None,
        after=site.order[place + 1] if place + 1 < len(site.order) else None,
    )


def _front_page(site: _Site) -> str:
    """The page that lists all others, for a folder whose root no page speaks for."""
    title = site.look.title or site.root.title
    return _filled(
        site, None, title=title, body=None, has_heading=False, contents=[], trail=[], before=None, after=site.order[0]
    )


def _filled(site: _Site, name: str | None, **about: Any) -> str:
    here = "index.html" if name is None else site.tree.pages[name]

    def url(goal: str) -> str:
        return address(here, site.tree.pages.get(goal, goal))

    is_small = len(site.order) <= ALL_OPEN
    return site.template.render(
        site_title=site.look.title or site.root.title,
        theme=site.look.theme,
        style=STYLE,
        root=site.root,
        name=name,
        titles=site.titles,
        url=url,
        shows=lambda node: is_small or name is None or f"{name}".startswith(f"{node.path}/"),
        **about,
    )


def _trail(node: Node, name: str) -> list[Node]:
    """The nodes from the root down to the page's folder; the page itself is not among them."""
    for child in node.children:
        if name == child.page and not child.children:
            return [node]
        if name.startswith(f"{child.path}/"):
            return [node] if name == child.page else [node, *_trail(child, name)]
    return []


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "replace"))  # a file's name, and so its title, can be any bytes

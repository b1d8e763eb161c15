"""A folder of Markdown, and the site that is made of it, read back as a browser would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from copper.services.markdown.site import Look, build


class Html(HTMLParser):
    """A page: its elements with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.source = path.read_text()
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data):
        self.text += data

    def all(self, tag, attribute):
        """The values of an attribute in all elements of a kind."""
        return [attrs[attribute] for name, attrs in self.elements if name == tag and attribute in attrs]

    def ids(self):
        return {attrs[key] for _, attrs in self.elements for key in ("id", "name") if key in attrs}


@dataclass
class Site:
    """`write` Markdown, `build` the site, then look at it."""

    source: Path
    out: Path
    ticks: list = field(default_factory=list)

    def write(self, name: str, text: str = "") -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def build(self, title=None, theme="auto"):
        self.out.mkdir()
        return build(self.source, self.out, Look(title, theme), lambda *tick: self.ticks.append(tick))

    def page(self, name: str = "index.html") -> Html:
        return Html(self.out / name)

    def files(self) -> list[str]:
        found = [path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file()]
        return sorted(name for name in found if name != "_site/style.css")

    def lost(self) -> list[tuple[str, str]]:
        """Local addresses in the site that a browser would not find, from a disk."""
        lost = []
        for path in self.out.rglob("*.html"):
            page = Html(path)
            for address in [*page.all("a", "href"), *page.all("img", "src"), *page.all("link", "href")]:
                parts = urlsplit(address)
                if parts.scheme:
                    continue
                goal = path.parent / unquote(parts.path) if parts.path else path
                fragment = unquote(parts.fragment)
                if not goal.is_file() or (fragment and fragment not in Html(goal).ids()):
                    lost.append((path.relative_to(self.out).as_posix(), address))
        return lost


@pytest.fixture
def site(tmp_path: Path) -> Site:
    source = tmp_path / "handbook"
    source.mkdir()
    return Site(source, tmp_path / "site")

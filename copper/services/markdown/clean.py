"""HTML of a page → the same HTML with only what can do no harm, each link looked at on the way.

Comes in: what the Markdown renderer made, with the raw HTML that the author wrote in it. Goes out: HTML written anew
from a list of known elements and attributes, with every element closed; nothing is passed through as it came.

Raw HTML is cleaned, not switched off, because pages written for GitHub use it (centred images, <details>, <br>,
<kbd>), and would show its source text otherwise. It is not trusted, because the fetcher brings pages from anywhere:
scripts, styles, frames, forms and event handlers go.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

_ELEMENTS = """
    a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4
    h5 h6 hr i img input ins kbd li mark ol p picture pre q s samp small span strong sub summary sup table tbody td
    tfoot th thead tr tt u ul var wbr
"""

ELEMENTS = frozenset(_ELEMENTS.split())

VOID = frozenset({"br", "col", "hr", "img", "input", "wbr"})

NO_TEXT = "iframe|math|noembed|noframes|noscript|object|plaintext|script|select|style|svg|template|textarea|title|xmp"

WITH_CONTENT = re.compile(rf"<({NO_TEXT})\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)

TAG_ALONE = re.compile(rf"</?({NO_TEXT})\b[^>]*>?", re.IGNORECASE)

EVERYWHERE = frozenset({"id", "class", "title", "lang", "dir"})

ATTRIBUTES = {
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height", "align"},
    "input": {"type", "checked", "disabled"},
    "ol": {"start", "type"},
    "li": {"value"},
    "details": {"open"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "p": {"align"},
    "div": {"align"},
    **{f"h{level}": {"align"} for level in range(1, 7)},
}

ALIGNMENTS = {f"text-align:{side}": side for side in ("left", "right", "center")}
"""How the renderer aligns a table's cells → what we write: pages have no style attributes."""

LinkOf = Callable[[str, str], tuple[str, str] | None]
"""Element and address as written → address in the site and a class; None drops the address."""


def drop(html: str) -> str:
    """One piece of raw HTML without the elements whose content is no text to read.

    Done piece by piece, so that a <script> that nobody closes does not swallow the rest of the page.
    """
    return TAG_ALONE.sub("", WITH_CONTENT.sub("", html))


def clean(html: str, link: LinkOf) -> tuple[str, set[str]]:
    """The HTML that may stay, and the ids in it that links can lead to."""
    cleaner = _Cleaner(link)
    cleaner.feed(html)
    cleaner.close()
    cleaner.close_all()
    return "".join(cleaner.out), cleaner.ids


class _Cleaner(HTMLParser):
    def __init__(self, link: LinkOf) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.ids: set[str] = set()
        self._link = link
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            return
        kept = self._attributes(tag, {name: value or "" for name, value in reversed(attrs)})
        if tag == "input" and kept.get("type") != "checkbox":
            return
        self.ids.update(value for name, value in kept.items() if name in {"id", "name"})
        self.out.append("".join([f"<{tag}", *(f' {name}="{escape(value)}"' for name, value in kept.items()), ">"]))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while (last := self._open.pop()) != tag:
                self.out.append(f"</{last}>")
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.out.append(escape(data, quote=False))

    def close_all(self) -> None:
        """End what the author left open, so that it does not swallow the rest of the page."""
        self.out += [f"</{tag}>" for tag in reversed(self._open)]

    def _attributes(self, tag: str, attrs: dict[str, str]) -> dict[str, str]:
        style = attrs.pop("style", "")
        if style in ALIGNMENTS:
            attrs["align"] = ALIGNMENTS[style]
        allowed = EVERYWHERE | ATTRIBUTES.get(tag, set())
        kept = {name: value for name, value in attrs.items() if name in allowed}
        for name in ("href", "src"):
            found = self._link(tag, kept.pop(name)) if name in kept else None
            if found is not None:
                kept[name] = found[0]
                kept["class"] = f"{kept.get('class', '')} {found[1]}".strip()
        if tag == "img":
            kept = {"alt": "", "loading": "lazy", **kept}
        if tag == "input":
            kept["disabled"] = ""
        return dict(sorted((name, value) for name, value in kept.items() if value or name != "class"))

"""One Markdown file → its HTML, title, headings and front matter.

Comes in: text in GitHub's Markdown (tables, task lists, footnotes, alerts, bare addresses) with front matter. Goes out:
a `Document`. Links are as the author wrote them, and raw HTML too: `clean` comes after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.gfm import gfm_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from copper.services.markdown.clean import drop

LONGEST_TO_COLOUR = 100_000
"""Characters of code; beyond, colours are of no use to a reader and take seconds."""


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its level (1-6), the id that leads to it, and its text."""

    level: int
    id: str
    text: str


@dataclass(frozen=True)
class Document:
    """A page before its links are settled.

    Attributes:
        html: what the Markdown says.
        title: from the front matter, else the first heading; None if there is neither.
        order: the front matter's `order`, where it is a number.
        headings: in their order.
    """

    html: str
    title: str | None
    order: float | None
    headings: tuple[Heading, ...]

    @property
    def has_heading(self) -> bool:
        """Whether the page shows a title of its own."""
        return any(heading.level == 1 for heading in self.headings)


def render(text: str) -> Document:
    """Read and render a page; there is no text that is no Markdown."""
    environment: dict[str, Any] = {}
    tokens = _parser().parse(text, environment)
    front = _front_matter(tokens)
    headings = tuple(_headings(tokens))
    title = front.get("title")
    if not isinstance(title, (str, int, float)) or not str(title).strip():
        title = headings[0].text if headings else None
    order = front.get("order")
    known = isinstance(order, (int, float)) and math.isfinite(order)
    html: str = _parser().renderer.render(tokens, _parser().options, environment)
    return Document(html, None if title is None else str(title).strip(), order if known else None, headings)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "highlight": _colour})
    gfm_plugin(parser, front_matter=True)
    anchors_plugin(parser, max_level=6)
    parser.add_render_rule("html_block", _raw)
    parser.add_render_rule("html_inline", _raw)
    return parser


def _raw(_renderer: RendererHTML, tokens: list[Token], index: int, _options: Any, _environment: Any) -> str:
    return drop(tokens[index].content)


def _colour(code: str, language: str, _attributes: str) -> str:
    """Code with a class on each word; as it is where the language is not known."""
    try:
        lexer = get_lexer_by_name(language) if language and len(code) <= LONGEST_TO_COLOUR else None
    except ClassNotFound:
        lexer = None
    if lexer is None:
        return escape(code, quote=False)
    lexer.stripnl = False
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


def _front_matter(tokens: list[Token]) -> dict[str, Any]:
    """The mapping at the top of the file; nothing where it is no YAML, since the page can be read all the same."""
    first = tokens[0] if tokens else None
    if first is None or first.type != "front_matter":
        return {}
    try:
        front = yaml.safe_load(first.content)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return front if isinstance(front, dict) else {}


def _headings(tokens: list[Token]) -> list[Heading]:
    return [
        Heading(int(opened.tag[1]), str(opened.attrGet("id") or ""), _text(inline).strip())
        for opened, inline in pairwise(tokens)
        if opened.type == "heading_open"
    ]


def _text(token: Token) -> str:
    """What a heading says, without its marks."""
    if token.type in {"text", "code_inline"}:
        return token.content
    if token.type in {"softbreak", "hardbreak"}:
        return " "
    return "".join(map(_text, token.children or []))

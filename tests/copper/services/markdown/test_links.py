"""Where a link leads, as its author meant it."""

from __future__ import annotations

from pathlib import Path

import pytest

from copper.services.markdown.links import resolve
from copper.services.markdown.tree import Tree

TREE = Tree(
    Path("/nowhere"),
    {
        "README.md": "index.html",
        "guide/README.md": "guide/index.html",
        "guide/run.md": "guide/run.html",
        "guide/100%.md": "guide/100%.html",
        "ref/a b.md": "ref/a b.html",
        "ref/deep/x.markdown": "ref/deep/x.html",
    },
    frozenset({"logo.png", "guide/img/a b.png", "guide/what?.txt", "a%20b.txt"}),
)


@pytest.mark.parametrize(
    ("page", "written", "href"),
    [
        ("README.md", "guide/run.md", "guide/run.html"),
        ("README.md", "./guide/run.md", "guide/run.html"),
        ("README.md", "/guide/run.md", "guide/run.html"),
        ("README.md", "guide/run.md#some-part", "guide/run.html#some-part"),
        ("README.md", "guide/run.html", "guide/run.html"),
        ("README.md", "guide/run", "guide/run.html"),
        ("README.md", "guide/run.md?plain=1", "guide/run.html"),
        ("README.md", "guide", "guide/index.html"),
        ("README.md", "guide/", "guide/index.html"),
        ("README.md", "guide/README.md", "guide/index.html"),
        ("README.md", ".", "index.html"),
        ("README.md", "ref/a%20b.md", "ref/a%20b.html"),
        ("README.md", "ref/a b.md", "ref/a%20b.html"),
        ("README.md", "guide/100%.md", "guide/100%25.html"),
        ("README.md", "guide/100%25.md", "guide/100%25.html"),
        ("README.md", "ref/deep/x.markdown", "ref/deep/x.html"),
        ("README.md", "a%20b.txt", "a%2520b.txt"),
        ("README.md", "guide/what%3F.txt", "guide/what%3F.txt"),
        ("README.md", "guide/what?.txt", "guide/what%3F.txt"),
        ("README.md", "logo.png?raw=true", "logo.png"),
        ("README.md", "#part", "#part"),
        ("guide/run.md", "../README.md", "../index.html"),
        ("guide/run.md", "..", "../index.html"),
        ("guide/run.md", "/", "../index.html"),
        ("guide/run.md", "../ref/a%20b.md#x", "../ref/a%20b.html#x"),
        ("guide/run.md", "/logo.png", "../logo.png"),
        ("guide/run.md", "img/a%20b.png", "img/a%20b.png"),
        ("guide/run.md", "run.md#x", "#x"),
        ("ref/deep/x.markdown", "../../guide/img/a b.png", "../../guide/img/a%20b.png"),
    ],
)
def test_link_leads_to(page, written, href):
    goal = resolve(TREE, page, written)
    assert (goal.href, goal.kind in {"page", "file"}) == (href, True)


@pytest.mark.parametrize(
    "written",
    ["nowhere.md", "guide/nowhere/", "../README.md", "/../README.md", "guide/img", "GUIDE/RUN.MD", "http://[", "ref/"],
)
def test_link_leads_nowhere(written):
    assert resolve(TREE, "README.md", written).kind == "broken"


@pytest.mark.parametrize(
    "written",
    [
        "https://example.org/a.md",
        "http://example.org",
        "mailto:a@example.org",
        "tel:123",
        "//example.org/a",
        "HTTPS://E.ORG",
    ],
)
def test_link_to_elsewhere_stays_as_it_is(written):
    goal = resolve(TREE, "README.md", written)
    assert (goal.href, goal.kind) == (written, "external")


@pytest.mark.parametrize(
    "written",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "x-apple:y",
    ],
)
def test_link_that_could_do_harm_is_not_written(written):
    assert resolve(TREE, "README.md", written).kind == "refused"

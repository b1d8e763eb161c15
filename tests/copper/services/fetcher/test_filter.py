"""Which files a filter keeps; the same for all sources."""

from __future__ import annotations

import pytest

from copper.service import ActionError
from copper.services.fetcher.filter import keep

FILES = ["README.md", "a.psd", "content/a.md", "content/a.psd", "content/deep/b.md", "docs/content/c.md", "ücht.md"]


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        (None, FILES),
        ("*.md", ["README.md", "content/a.md", "content/deep/b.md", "docs/content/c.md", "ücht.md"]),
        ("content/*", ["content/a.md", "content/a.psd", "content/deep/b.md"]),
        ("content/*.md", ["content/a.md"]),
        ("content/", ["content/a.md", "content/a.psd", "content/deep/b.md", "docs/content/c.md"]),
        ("/content/", ["content/a.md", "content/a.psd", "content/deep/b.md"]),
        (["content/*", "!*.psd"], ["content/a.md", "content/deep/b.md"]),
        (["content/*", "!deep/"], ["content/a.md", "content/a.psd"]),
        (["/content/**", "!deep/"], ["content/a.md", "content/a.psd"]),
        (["!content/", "content/a.md"], ["content/a.md"]),
        ("!*.psd", ["README.md", "content/a.md", "content/deep/b.md", "docs/content/c.md", "ücht.md"]),
        ("README.md\n/content/*.psd", ["README.md", "content/a.psd"]),
        ("ücht.md", ["ücht.md"]),
        ("nothing", []),
    ],
)
def test_filter_keeps(patterns, kept):
    assert list(filter(keep(patterns), FILES)) == kept


@pytest.mark.parametrize("patterns", [[], {}, 3, [3], "", ["a", None], ["!"]])
def test_filter_that_is_none_is_refused(patterns):
    with pytest.raises(ActionError, match="filter") as caught:
        keep(patterns)
    assert caught.value.kind == "bad_request"

"""What a reader of the built site meets."""

from __future__ import annotations

import os
import posixpath
from urllib.parse import quote

import pytest

from copper.service import ActionError


def beside(page, href):
    """Where a relative address leads from a page of the site."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), href))


@pytest.fixture
def handbook(site):
    """A folder with some of everything."""
    site.write("README.md", "# The handbook\n\n[run](guide/02-run.md#from-a-shell) ![map](guide/img/map.svg)\n")
    site.write("guide/02-run.md", "---\ntitle: Running\n---\n## Before\n\n### From a shell\n\n[home](../README.md)\n")
    site.write("guide/10-more.md", "# More\n\n![map](img/map.svg) [data](/data/table.csv)\n")
    site.write("guide/img/map.svg", "<svg/>")
    site.write("data/table.csv", "1,2")
    site.write("data/unused.csv", "3,4")
    site.write("reference/README.md", "# Reference\n")
    site.write("reference/deep/er/page.md", "no heading ![map](../../../guide/img/map.svg)\n")
    return site


def test_site_holds_the_pages_and_the_files_that_they_use(handbook):
    report = handbook.build()
    assert handbook.files() == [
        "data/table.csv",
        "guide/02-run.html",
        "guide/10-more.html",
        "guide/img/map.svg",
        "index.html",
        "reference/deep/er/page.html",
        "reference/index.html",
    ]
    assert (report.pages, report.files, report.broken) == (5, 2, ())


def test_every_address_in_the_site_leads_somewhere(handbook):
    handbook.build()
    assert handbook.lost() == []


def test_titles_come_from_front_matter_then_heading_then_name(handbook):
    handbook.build()
    titles = [
        handbook.page(name).source.split("<title>")[1].split("</title>")[0]
        for name in handbook.files()[1:]
        if ".html" in name
    ]
    assert titles == [
        "Running · The handbook",
        "More · The handbook",
        "The handbook",
        "Page · The handbook",
        "Reference · The handbook",
    ]


def test_every_page_shows_exactly_one_title(handbook):
    handbook.build()
    for name in handbook.files():
        if name.endswith(".html"):
            assert len([tag for tag, _ in handbook.page(name).elements if tag == "h1"]) == 1


def test_every_page_lists_all_pages_and_marks_itself(handbook):
    handbook.build()
    pages = [name for name in handbook.files() if name.endswith(".html")]
    for name in pages:
        page = handbook.page(name)
        here = [attrs["href"] for tag, attrs in page.elements if tag == "a" and attrs.get("aria-current")]
        assert here == [posixpath.basename(name)]
        linked = {beside(name, href) for href in page.all("a", "href")}
        assert set(pages) <= linked


def test_pages_are_read_in_order(handbook):
    handbook.build()
    trip, name = [], "index.html"
    while name:
        trip.append(name)
        onward = [attrs["href"] for _, attrs in handbook.page(name).elements if attrs.get("rel") == "next"]
        name = beside(name, onward[0]) if onward else None
    assert trip == [
        "index.html",
        "guide/02-run.html",
        "guide/10-more.html",
        "reference/index.html",
        "reference/deep/er/page.html",
    ]


def test_order_of_the_front_matter_comes_before_names(site):
    site.write("README.md", "# Home")
    for name, order in (("a", "3"), ("b", "1"), ("c", "-1.5"), ("d", "none"), ("e", None)):
        site.write(f"{name}.md", f"---\norder: {order}\n---\n# {name}\n" if order else f"# {name}\n")
    site.write("f/index.md", "---\norder: 2\n---\n# f\n")
    site.build()
    links = [href for href in site.page().all("a", "href") if href.endswith(".html")]
    assert list(dict.fromkeys(links)) == [
        "index.html",
        "c.html",
        "b.html",
        "f/index.html",
        "a.html",
        "d.html",
        "e.html",
    ]


def test_page_lists_its_headings(handbook):
    handbook.build()
    assert {"#before", "#from-a-shell"} <= set(handbook.page("guide/02-run.html").all("a", "href"))


def test_page_says_where_it_is(handbook):
    handbook.build()
    source = handbook.page("reference/deep/er/page.html").source
    trail = source.split('class="trail"')[1].split("</nav>")[0]
    words = [part.split("</")[0] for part in trail.split(">") if "</" in part and part.split("</")[0].strip()]
    assert words == ["The handbook", "Reference", "Deep", "Er", "Page"]


def test_folder_without_a_first_page_gets_one_that_lists_all(site):
    site.write("b.md", "# Bee")
    site.write("sub/a.md", "# Ay")
    report = site.build()
    page = site.page()
    assert {"b.html", "sub/a.html"} <= set(page.all("a", "href"))
    assert "Handbook" in page.text
    assert report.pages == 2
    assert site.lost() == []


def test_large_site_lists_on_each_page_only_what_is_near(site):
    for folder in range(7):
        for page in range(10):
            site.write(f"f{folder}/p{page}.md", f"# Page {folder}.{page}")
    site.build()
    page = site.page("f3/p5.html")
    assert "p9.html" in page.all("a", "href")
    assert "../f4/p9.html" not in page.all("a", "href")
    assert "../f4/p0.html" in page.all("a", "href")
    assert site.lost() == []


def test_title_and_theme_can_be_given(handbook):
    handbook.build(title='Our <b>"book"</b>', theme="dark")
    page = handbook.page()
    assert page.all("html", "data-theme") == ["dark"]
    assert 'Our <b>"book"</b>' in page.text
    assert "<b>" not in page.source


def test_site_asks_nobody_for_anything(handbook):
    handbook.build()
    for name in [*handbook.files(), "_site/style.css"]:
        text = (handbook.out / name).read_text()
        assert "http://" not in text
        assert "https://" not in text
        assert "<script" not in text
        assert "url(" not in text
        assert "@import" not in text


def test_hidden_files_and_what_lies_outside_are_left_out(handbook, tmp_path):
    (tmp_path / "secret.md").write_text("# Secret")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "page.md").write_text("# Secret")
    (handbook.source / "link.md").symlink_to("../secret.md")
    (handbook.source / "folder").symlink_to("../secret")
    (handbook.source / "round").symlink_to(".")
    (handbook.source / "inside.md").symlink_to("guide/10-more.md")
    handbook.write(".git/page.md", "# Git")
    handbook.write(".draft.md", "# Draft")
    handbook.write("z.md", "# Z\n\n[1](link.md) [2](folder/page.md) [3](../secret.md) [4](.git/page.md)")
    report = handbook.build()
    assert [link for _, link in report.broken if not link.startswith("i")] == [
        "link.md",
        "folder/page.md",
        "../secret.md",
        ".git/page.md",
    ]
    assert not any("Secret" in handbook.page(name).text for name in handbook.files() if name.endswith(".html"))
    assert handbook.page("inside.html").text.count("More") > 0


def test_pages_that_want_the_same_name_all_get_one(site):
    for name in ("README.md", "index.md", "readme.markdown", "a.md", "a.markdown", "A.md", "a.html", "index.html"):
        site.write(name, f"# I am {name}\n\n[me]({name})")
    report = site.build()
    assert report.pages == 6
    assert report.broken == ()
    assert site.page("index.html").text.count("I am index.md") > 0
    told = {
        site.page(name).source.split("<h1")[1].split(">")[1].split("<")[0]
        for name in site.files()
        if name.endswith("html")
    }
    assert told == {
        f"I am {name}" for name in ("README.md", "index.md", "readme.markdown", "a.md", "a.markdown", "A.md")
    }
    assert site.lost() == []


ODD = ["a b", "c#d", "50%25 off?", "qu\"o'te & <b>", "ünïcode 🐙", "a:b", "back\\slash", "javascript:x"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_work(site, name):
    site.write(
        "README.md", f"[encoded]({quote(f'{name} dir/{name}.md')}) ![picture]({quote(f'{name} dir/{name}.png')})"
    )
    site.write(f"{name} dir/{name}.md", "[home](../README.md) [second](second.md)")
    site.write(f"{name} dir/{name}.png", "picture")
    site.write(f"{name} dir/second.md", "# Second")
    report = site.build()
    assert report.broken == ()
    assert f"{name} dir/{name}.html" in site.files()
    assert f"{name} dir/{name}.png" in site.files()
    assert site.lost() == []


def test_names_that_are_no_utf8_do_not_stop_the_build(site):
    site.write("README.md", "# Home")
    site.write(os.fsdecode(b"latin-\xff.md"), "# Latin")
    assert site.build().pages == 2
    assert "Latin" in site.page().text


def test_bytes_that_are_no_utf8_and_a_byte_order_mark_are_read(site):
    (site.source / "a.md").write_bytes(b"\xef\xbb\xbf# With a mark\n\nlatin \xff\n")
    site.build()
    assert "With a mark" in site.page("a.html").text


def test_progress_names_the_pages(handbook):
    handbook.build()
    assert handbook.ticks[0][:2] == (0, 5)
    assert [name for _, _, name in handbook.ticks][:2] == ["README.md", "guide/02-run.md"]


def test_folder_without_markdown_is_an_error_that_says_so(site):
    site.write("a.txt", "text")
    with pytest.raises(ActionError, match=r"holds no Markdown \(\*\.md\)") as caught:
        site.build()
    assert caught.value.kind == "not_found"


def test_same_folder_gives_the_same_site(handbook, tmp_path):
    handbook.build()
    first = {name: (handbook.out / name).read_bytes() for name in handbook.files()}
    handbook.out.rename(tmp_path / "first")
    handbook.build()
    assert {name: (handbook.out / name).read_bytes() for name in handbook.files()} == first

"""From Markdown to HTML that can do no harm."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from copper.services.markdown.clean import ATTRIBUTES, ELEMENTS, EVERYWHERE, clean
from copper.services.markdown.render import render


def html(text, link=lambda _tag, href: (href, "")):
    return clean(render(text).html, link)[0]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("| a | b |\n|:-:|--:|\n| 1 | 2 |", '<td align="center">1</td>\n<td align="right">2</td>'),
        ("~~gone~~", "<s>gone</s>"),
        (
            "- [x] done\n- [ ] not",
            '<input checked="" class="task-list-item-checkbox" disabled="" type="checkbox">',
        ),
        ("see https://example.org.", '<a href="https://example.org">https://example.org</a>.'),
        ("a[^1]\n\n[^1]: note", '<a href="#fn1" id="fnref1">[1]</a>'),
        ("> [!NOTE]\n> text", 'class="markdown-alert markdown-alert-note"'),
        ("## A `b` c!", '<h2 id="a-b-c">A <code>b</code> c!</h2>'),
        ("# x\n\n# x", '<h1 id="x-1">'),
        ("## Ünïcode 日本", '<h2 id="ünïcode-日本">'),
        ("```python\nif x: pass\n```", '<span class="k">if</span>'),
        ("```nolanguage\n<b> & x\n```", "&lt;b&gt; &amp; x"),
        ("```\n\n  indented\n```", "<pre><code>\n  indented\n</code></pre>"),
        ("`<script>`", "<code>&lt;script&gt;</code>"),
        ("a<br>b", "a<br>b"),
        ("<kbd>Ctrl</kbd>", "<kbd>Ctrl</kbd>"),
        (
            '<p align="center">\n  <img src="a.png" width=40>\n</p>',
            '<img alt="" loading="lazy" src="a.png" width="40">',
        ),
        ("<details open><summary>s</summary>\n\n**b**\n\n</details>", '<details open="">'),
        ('<a name="here"></a>', '<a name="here"></a>'),
        ("text<!-- a comment -->", "<p>text</p>"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("&copy; &amp;lt;", "© &amp;lt;"),
    ],
)
def test_markdown_becomes(text, part):
    assert part in html(text)


HARMFUL = [
    "<script>alert(1)</script>",
    "a <script>alert(1)</script> b",
    "<script src=x>",
    "<ScRiPt >alert(1)</sCrIpT >",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x OnError='alert(1)'>",
    "<img/src=x/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<object data=x></object><embed src=x>",
    "<style>body{background:url(x)}</style>",
    "<p style='background:url(x)'>",
    "<form action=x><input type=submit><button>x</button></form>",
    "<base href=//x>",
    "<meta http-equiv=refresh content='0;url=//x'>",
    "<link rel=stylesheet href=//x>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<!--><img src=x onerror=alert(1)>-->",
    '<a title="&quot; onmouseover=&quot;alert(1)">x</a>',
    "<video src=x onerror=alert(1)></video>",
    "[x](<javascript:alert(1)>)",
    "```html\n<script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "# <script>alert(1)</script>",
    "<xmp><script>alert(1)</script></xmp>",
    "<p <script>alert(1)</script>",
]


class Found(HTMLParser):
    """Every element and attribute that a browser would see."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        self.found |= {tag, *(f"{tag} {name}" for name, _ in attrs)}


@pytest.mark.parametrize("text", HARMFUL)
def test_harmful_html_does_not_pass(text):
    made = html(f"{text}\n\n*after*", link=lambda _tag, href: None if "script" in href else (href, ""))
    browser = Found()
    browser.feed(made)
    known = {f"{tag} {name}" for tag in ELEMENTS for name in EVERYWHERE | ATTRIBUTES.get(tag, set())}
    assert browser.found <= ELEMENTS | known | {"img loading"}
    assert '="javascript:' not in made
    assert "after" in made


def test_harmful_attributes_do_not_pass():
    assert html("<img src=x onerror=alert(1)>") == '<img alt="" loading="lazy" src="x">'
    assert (
        html('<a title="&quot; onmouseover=&quot;x" onclick=y>z</a>')
        == '<p><a title="&quot; onmouseover=&quot;x">z</a></p>\n'
    )


def test_what_the_author_left_open_is_closed_and_what_was_not_open_is_not():
    assert html("<div><b>\n\ntext\n\n</main></article></body></p>").count("</div>") == 1
    made = html("<div><b>text\n\n</article></main></span>")
    assert "</article>" not in made
    assert "</main>" not in made
    assert made.endswith("</b></div>")


def test_script_that_nobody_closes_does_not_swallow_the_page():
    assert "after" in html("a <script> b\n\nafter")
    assert "after" in html("Use <style> or <svg> for it.\n\nafter")


@pytest.mark.parametrize(
    ("text", "title", "order"),
    [
        ("---\ntitle: T\norder: 3\n---\n# H", "T", 3),
        ("---\ntitle: 2026\norder: 1.5\n---\n", "2026", 1.5),
        ("---\ntitle: ''\norder: first\n---\n# H", "H", None),
        ("---\ntitle: [a]\norder: .nan\n---\n# H", "H", None),
        ("---\n: : not yaml [\n---\n# H", "H", None),
        ("---\n- a list\n---\n# H", "H", None),
        ("---\ntitle: !!python/object:os.system {}\n---\n# H", "H", None),
        ("## *Second* `level` [link](x)", "Second level link", None),
        ("text", None, None),
        ("", None, None),
        ("---\n\nno front matter\n\n---\n", None, None),
    ],
)
def test_front_matter(text, title, order):
    document = render(text)
    assert (document.title, document.order) == (title, order)


def test_front_matter_is_not_shown():
    assert html("---\ntitle: T\n---\ntext").strip() == "<p>text</p>"


@pytest.mark.parametrize(
    "text", ["\0", "[" * 3000, "> " * 500 + "x", "*" * 20_000, "![" * 2000, "<" * 5000, "`" * 5000 + "x"]
)
def test_strange_text_ends(text):
    assert isinstance(html(text), str)

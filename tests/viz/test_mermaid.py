"""Mermaid: what Mermaid itself makes of our file, in a real browser."""

import pytest

from tests import browser
from tests.needs import need_file
from tests.viz.graphs import GraphMaker, home, nasty, random_graph, workflow
from tracer.views import Choice
from viz.formats import mermaid
from viz.picture import compose, draw
from viz.text import label

TRAPS = (
    "style:x#5;", "classDef a:#fff;", "1. start", "- list", "*bold*", "_em_", "# head", "fa:fa-user", "$$x^2$$",
    "`code`", "**b**", "%%{init:{}}%%", "end", "#35;", "&lt;", "a\\nb", "<br/>", "[l](http://u)", "![i](u)", "¶ß",
    "ﬂ°°35¶ß", "{{a}}", "a|b", "~~~",
)  # fmt: skip
"""What means something to Mermaid, or to the Markdown that it reads in labels."""

RENDER = """async (text) => {
    mermaid.initialize({startOnLoad: false, securityLevel: 'strict'});
    const {svg} = await mermaid.render('g', text);
    document.body.innerHTML = svg;
    const nodes = [...document.querySelectorAll('g.node')];
    return {
        labels: Object.fromEntries(nodes.map(node => [node.id.split('-').at(-2), node.textContent])),
        lines: document.querySelectorAll('path.flowchart-link').length,
    };
}"""


@pytest.fixture(scope="module")
def page():
    script = need_file(".venv/npm/mermaid-*-mermaid.min.js")
    with browser.running() as chromium, browser.opened(chromium) as visit:
        visit.page.add_script_tag(path=script)
        yield visit


def drawn(page, graph, **more):
    answer = page.page.evaluate(RENDER, draw(graph, "mermaid", **more).decode())
    assert not page.errors
    assert not page.dialogs
    assert not page.strayed
    return answer


@pytest.mark.parametrize("graph", [workflow(), nasty(), nasty(TRAPS)], ids=["workflow", "nasty", "traps"])
def test_mermaid_shows_every_name_as_it_is_and_draws_every_line(page, graph):
    answer = drawn(page, graph)
    names = {node: label(name) for node, name in graph.nodes(data="name")}
    for kind in ("service", "topic"):
        ours = [
            names[node].replace("¶ß", "\\u00b6ß").replace("ﬂ°", "\\ufb02°")
            for node in sorted(graph)
            if node.startswith(kind)
        ]
        theirs = [answer["labels"][f"{kind[0]}{number}"] for number in range(len(ours))]
        assert theirs == ours
    assert answer["lines"] == sum("topic" not in edge for *_, edge in graph.edges(data=True))


def test_above_what_mermaid_draws_it_is_told_who_reaches_whom_and_says_so(page):
    graph = random_graph(12, 300, 900)
    raw = Choice(fold="off", group_by="off")
    picture = compose(graph, "mermaid", choice=raw)
    (note,) = (note for note in picture.notes if note.startswith("Mermaid can't draw all"))
    answer = drawn(page, graph, choice=raw)
    assert note in answer["labels"]["legend"]
    assert not [name for name in answer["labels"] if name.startswith("t")]
    pairs = {(one, two) for one, two, edge in graph.edges(data=True) if "topic" in edge}
    assert answer["lines"] == len(pairs)


@pytest.mark.parametrize(
    "graph", [random_graph(60, 300, 1800), nasty(tuple(f"{number}" + "中;" * 200 for number in range(390)))]
)
def test_no_file_is_larger_than_mermaid_reads(graph):
    text = mermaid.render(graph)
    assert len(text) <= mermaid.MOST_LETTERS
    assert sum(" --" in line or " -." in line for line in text.splitlines()) <= mermaid.MOST_LINES
    assert "more" in text


def lines(graph):
    return [line.strip() for line in draw(graph, "mermaid").decode().splitlines()]


def test_lines_say_how_sure_they_are_by_their_shape():
    make = GraphMaker()
    make.message("a", "writer", ["reader"])
    make.receive("b", "reader", {"writer": (0, 1)})
    make.receive("c", "reader", {})
    make.deny("writer", "d")
    written = lines(make.graph)
    for line in ("s1 --> t0", "t0 --> s0", "t1 -.-> s0", "t2 --o s0", "s1 --x t3"):
        assert line in written
    (legend,) = (line for line in written if line.startswith("legend"))
    for words in ("sender seen", "sender inferred", "nothing came", "refused by the broker"):
        assert words in legend


def test_what_only_a_part_has_is_dashed_and_the_legend_says_it():
    graph = home()
    graph.edges["topic:alarm/state", "service:node-red", "subscribe"]["whole"] = False
    text = draw(graph, "mermaid").decode()
    assert "stroke-dasharray:6 3" in text
    assert "dashed#58; only a part of them" in text

"""Where boxes and rows lead to, as a user says it."""

import pytest

from tests.viz.graphs import GraphMaker
from tracer.errors import CopperError
from viz.layout import lay_out
from viz.links import check, link
from viz.picture import compose

WIKI = "https://wiki.example.org/{kind}/{name}"


def test_a_box_and_a_row_lead_to_their_own_pages():
    make = GraphMaker()
    make.message("plant/temp", "writer", ["reader"])
    scene = lay_out(make.graph, layout="columns", links=WIKI)
    assert {box.link for box in scene.boxes} == {
        WIKI.format(kind="service", name=name) for name in ("writer", "reader")
    }
    assert [row.link for table in scene.tables for row in table.rows] == ["https://wiki.example.org/topic/plant%2Ftemp"]


def test_without_a_template_nothing_leads_anywhere():
    make = GraphMaker()
    make.message("t", "writer", ["reader"])
    assert {box.link for box in lay_out(make.graph, layout="columns").boxes} == {""}


@pytest.mark.parametrize(
    ("name", "encoded"),
    [("a b", "a%20b"), ("x/../y", "x%2F..%2Fy"), ('"><script>', "%22%3E%3Cscript%3E"), ("?q#f", "%3Fq%23f"),
     ("{kind}", "%7Bkind%7D"), ("主题", "%E4%B8%BB%E9%A2%98"), ("\ud800", "%ED%A0%80"), ("", "")],
)  # fmt: skip
def test_a_name_stays_a_part_of_the_address(name, encoded):
    assert link(WIKI, "topic", name) == f"https://wiki.example.org/topic/{encoded}"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("javascript:alert(1)//{name}", "http or https"),
        ("data:text/html,{name}", "http or https"),
        ("//example.org/{name}", "http or https"),
        ("wiki/{name}", "http or https"),
        ("https:///x", "http or https"),
        ("https://e.org/{topic}", "there is no {topic}"),
        ("https://e.org/{}", "there is no {}"),
        ("https://e.org/{name", "a brace is not closed"),
        ("https://{name}/x", "none may stand in the host"),
        ("https://{name}@e.org/x", "none may stand in the host"),
        ("https://e.org:port/{name}", "it is no address"),
        ("https://e.org/a b", "spaces"),
        ("https://e.org/\n{name}", "spaces and control characters"),
    ],
)
def test_what_is_no_safe_address_is_refused_in_words(template, words):
    with pytest.raises(CopperError, match=words):
        check(template)


def test_a_picture_is_not_made_with_links_that_are_none():
    with pytest.raises(CopperError):
        compose(GraphMaker().graph, "svg", links="javascript:{name}")

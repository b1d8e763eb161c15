"""The SVG file: well-formed whatever the names, complete, the same bytes every time."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.needs import need
from tests.viz.graphs import GraphMaker, home, nasty, workflow
from viz.picture import draw
from viz.text import shown

SVG = "{http://www.w3.org/2000/svg}"
ANY_NAME = st.text(st.characters(exclude_categories=()), max_size=60)


def svg(graph, layout="columns", **more):
    return draw(graph, "svg", layout=layout, **more).decode()


def texts(picture):
    return [text.text for text in ET.fromstring(picture).iter(f"{SVG}text")]


def tooltips(picture):
    return [title.text for title in ET.fromstring(picture).iter(f"{SVG}title")]


@given(st.lists(ANY_NAME, min_size=1, max_size=6, unique=True), ANY_NAME)
@settings(deadline=None, max_examples=60)
def test_any_names_at_all_give_well_formed_xml_that_says_them(names, title):
    picture = svg(nasty(names), title=title)
    heads = {tooltip.partition("\n")[0] for tooltip in tooltips(picture)}
    assert {shown(name) for name in names} <= heads


@pytest.mark.parametrize("layout", ["flow", "columns"])
@pytest.mark.parametrize("graph", [workflow(), home(), nasty()])
def test_every_service_and_topic_is_named(graph, layout):
    if layout == "flow":
        need("dot")
    heads = {tooltip.partition("\n")[0] for tooltip in tooltips(svg(graph, layout))}
    assert {shown(name) for _, name in graph.nodes(data="name")} <= heads


def test_names_stand_in_the_picture_as_text():
    written = texts(svg(workflow()))
    for text in ("runner", "fetcher", "markdown", "fetcher/", "fetch/finish", "build"):
        assert text in written


def test_markup_in_names_stays_text():
    make = GraphMaker()
    make.publish("<script>alert(1)</script>", "]]>&amp;")
    picture = svg(make.graph, title="</style><b>")
    assert not list(ET.fromstring(picture).iter(f"{SVG}script"))
    assert {"<script>alert(1)</script>", "]]>&amp;", "</style><b>"} <= set(texts(picture))


def test_a_picture_says_what_it_is_to_who_cannot_see_it():
    root = ET.fromstring(svg(workflow(), title="My run"))
    title, description = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "My run"
    assert description.text == "3 services, 19 topics, 25 messages in 3 s."


def test_two_pictures_on_one_page_do_not_share_ids():
    ids = [set(re.findall(r'id="([^"]+)"', svg(graph))) for graph in (workflow(), home())]
    assert not ids[0] & ids[1]


def test_both_themes_are_plain_rules():
    picture = svg(workflow())
    assert "prefers-color-scheme:dark" in picture
    assert "var(" not in picture


def test_inferred_idle_and_refused_lines_differ_by_more_than_their_colour():
    make = GraphMaker()
    make.receive("a", "reader", {"writer": (0, 1)})
    make.receive("b", "reader", {})
    make.deny("writer", "c")
    lines = {group.get("class").split(" t")[0]: group for group in ET.fromstring(svg(make.graph)).iter(f"{SVG}g")}
    assert [path.get("stroke-dasharray") for path in lines["e receive"]][2] == "1.5 4"
    assert "e receive idle" in lines
    assert len(lines["e deny k0"]) == len(lines["e receive"]) + 1


def test_hovering_a_service_leaves_its_own_lines_bright():
    picture = svg(workflow())
    key = re.search(r'<g class="n (k\d+)" data-n="\d+"><title>runner\n', picture)[1]
    assert f":has(.n.{key}:hover) .e.{key}{{opacity:1}}" in picture
    assert len(re.findall(rf'<g class="e [^"]*\b{key}\b', picture)) == 19

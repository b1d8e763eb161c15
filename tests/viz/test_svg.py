"""The SVG file: well-formed whatever the names, complete, the same bytes every time."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.needs import need
from tests.viz.graphs import GraphMaker, home, nasty, random_graph, workflow
from tracer.views import Choice
from viz.formats.svg import numbers, render
from viz.layout import lay_out
from viz.layout.tables import TIMES
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
    # As it is: some names are those of what views hide, or of what they put together.
    picture = svg(nasty(names), title=title, choice=Choice(fold="off", everything=True))
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


def test_a_group_is_drawn_with_a_second_box_behind_it_and_its_number_after_its_name():
    make = GraphMaker()
    make.publish("press-*", "t")
    make.graph.nodes["service:press-*"].update(members=1232, group="alike")
    (group,) = (each for each in ET.fromstring(svg(make.graph)).iter(f"{SVG}g") if each.get("data-n") == "0")
    behind, front = group.findall(f"{SVG}rect")
    assert float(behind.get("x")) > float(front.get("x"))
    assert float(behind.get("y")) < float(front.get("y"))
    name = group.find(f"{SVG}text")
    assert (name.text, name[0].text, name[0].get("dx")) == ("press-*", f"{TIMES}1,232", "5")


@pytest.mark.parametrize(
    ("style", "whole", "dashes"),
    [("proven", False, "6 3"), ("idle", False, "6 3"), ("inferred", False, "1.5 4"), ("partly", False, "7 3 1.5 3")],
)
def test_a_part_is_dashed_unless_what_is_inferred_weighs_more(style, whole, dashes):
    scene = lay_out(workflow(), layout="columns")
    (arrow,) = (one for one in scene.arrows if one.points and one.source == "topic:fetcher/fetch")
    drawn = render(replace(scene, arrows=(replace(arrow, style=style, whole=whole),), legend=()))
    assert re.findall(r'stroke-dasharray="([^"]*)"', drawn) == [dashes]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://wiki/a?b=1&c=\"'<", ["https://wiki/a?b=1&c=\"'<"]),
        ("HTTP://wiki/", ["HTTP://wiki/"]),
        ("javascript:alert(1)", []),
        (" https://wiki/", []),
        ("//wiki/", []),
        ("", []),
    ],
)
def test_only_addresses_of_the_web_become_links(address, found):
    scene = lay_out(workflow(), layout="columns")
    boxes = (replace(scene.boxes[0], link=address), *scene.boxes[1:])
    root = ET.fromstring(render(replace(scene, boxes=boxes)))
    links = list(root.iter(f"{SVG}a"))
    assert [link.get("href") for link in links] == found
    assert all(link.get("target") == "_top" for link in links)
    assert root.get("role") == ("group" if address else "img")


def test_a_page_finds_each_node_and_line_by_its_number():
    scene = lay_out(workflow(), layout="columns")
    places = numbers(scene)
    root = ET.fromstring(render(scene))
    shown_as = {group.get("data-n") for group in root.iter(f"{SVG}g") if group.get("data-n")}
    assert shown_as == {str(number) for number in places.values()}
    lines = [group for group in root.iter(f"{SVG}g") if group.get("data-e")]
    for group in lines:
        arrow = scene.arrows[int(group.get("data-e"))]
        assert (group.get("data-from"), group.get("data-to")) == (
            str(places[arrow.source]),
            str(places[arrow.target]),
        )
    assert len(lines) == sum(bool(arrow.points) for arrow in scene.arrows)


def test_a_picture_of_too_many_nodes_dims_nothing_instead_of_everything():
    assert ":hover) .e" not in render(lay_out(random_graph(200, 300, 400), layout="columns"))

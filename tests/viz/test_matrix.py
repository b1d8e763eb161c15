"""The matrix: a row for each topic, a column for each service, and a mark wherever they have to do with each other."""

import re
import xml.etree.ElementTree as ET

import pytest

from tests.viz.graphs import GraphMaker, home, nasty, random_graph, workflow
from viz.formats import svg
from viz.layout import lay_out

SVG = "{http://www.w3.org/2000/svg}"


def every_kind():
    """One cell of each kind."""
    make = GraphMaker()
    make.publish("writer", "proven")
    make.receive("proven", "reader", {"writer": (1, 0)})
    make.receive("inferred", "reader", {"writer": (0, 1)})
    make.receive("partly", "reader", {"writer": (1, 1)})
    make.receive("idle", "reader", {})
    make.receive("part", "reader", {"writer": (3, 0)})
    make.graph.edges["topic:part", "service:reader", "subscribe"].update(topics=3, whole=False)
    make.deny("writer", "denied")
    return make.graph


@pytest.mark.parametrize("graph", [workflow(), home(), nasty()])
def test_each_edge_of_the_graph_is_one_mark_in_its_row_and_column(graph):
    scene = lay_out(graph, layout="matrix")
    (table,) = scene.tables
    columns = {box.node: (box.x, box.x + box.width) for box in scene.boxes}
    rows = {row.node: (table.y + row.y, table.y + row.y + row.height) for row in table.rows}
    for mark in scene.marks:
        topic, service = (mark.source, mark.target) if mark.kind == "receive" else (mark.target, mark.source)
        assert columns[service][0] <= mark.x <= columns[service][1]
        assert rows[topic][0] <= mark.y <= rows[topic][1]
    kinds = {"publish": "publish", "subscribe": "receive", "deny": "deny"}
    edges = [(kinds[key], *ends) for *ends, key in graph.edges(keys=True) if key in kinds]
    assert sorted((mark.kind, mark.source, mark.target) for mark in scene.marks) == sorted(edges)


def test_a_matrix_has_no_lines_and_no_header_stands_for_rows():
    scene = lay_out(home(), layout="matrix")
    assert not any(arrow.points for arrow in scene.arrows)
    assert [row.label for row in scene.tables[0].rows][:2] == ["alarm/command", "alarm/state"]
    assert not any(each.source.startswith("topics:") for each in scene.marks)


def test_marks_differ_by_their_shapes_and_not_only_by_their_colour():
    picture = ET.fromstring(svg.render(lay_out(every_kind(), layout="matrix")))
    shapes = [
        tuple((part.tag, part.get("class"), part.get("stroke-dasharray"), part.get("r")) for part in group[2:])
        for group in picture.iter(f"{SVG}g")
        if group.get("data-m")
    ]
    assert len(shapes) == len(set(shapes)) == 7


def test_two_marks_of_one_cell_stand_beside_each_other():
    make = GraphMaker()
    make.message("t", "both", ["both"])
    publish, receive = sorted(lay_out(make.graph, layout="matrix").marks, key=lambda mark: mark.x)
    assert (publish.kind, receive.kind) == ("publish", "receive")
    assert receive.x - publish.x >= 9


def test_the_legend_of_a_matrix_shows_its_marks():
    scene = lay_out(every_kind(), layout="matrix")
    assert [entry.sample for entry in scene.legend] == [
        "publish", "receive", "partly", "inferred", "part", "idle", "deny",
    ]  # fmt: skip
    assert "data-e" not in svg.render(scene)


def test_under_the_mouse_a_row_and_a_column_light_up():
    picture = svg.render(lay_out(every_kind(), layout="matrix"))
    key = re.search(r'<g class="n (k\d+)" data-n="\d+"><title>reader\n', picture)[1]
    assert f":has(.n.{key}:hover,g.m.{key}:hover) .band.{key}{{opacity:1}}" in picture
    assert f'class="band m {key}"' in picture


def test_a_page_of_sixty_services_and_a_hundred_and_fifty_topics_is_a_matrix():
    scene = lay_out(random_graph(60, 150, 600), layout="matrix")
    assert (scene.layout, len(scene.boxes), len(scene.tables[0].rows)) == ("matrix", 60, 150)
    assert scene.width > max(box.x + box.width for box in scene.boxes)
    assert not scene.notes


def test_a_matrix_has_no_limit_but_says_that_it_is_large():
    scene = lay_out(random_graph(61, 150, 600), layout="matrix")
    assert len(scene.boxes) == 61
    assert scene.notes == ("Larger than a page: 61 services and 150 rows; an excerpt is easier to read.",)


def test_turned_names_stay_on_the_page():
    make = GraphMaker()
    make.publish("n" * 40, "t")
    scene = lay_out(make.graph, layout="matrix")
    (box,) = scene.boxes
    assert box.y + box.height > 200
    assert scene.width > box.x + 150

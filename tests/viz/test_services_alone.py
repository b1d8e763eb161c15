"""Graphs without topics: services, and lines between those whose messages reach each other."""

import itertools

import pytest

from tests.needs import need
from tests.viz.graphs import home, random_graph, workflow
from viz.layout import lay_out


def services_of(graph):
    alone = graph.copy()
    alone.remove_nodes_from([node for node, kind in graph.nodes(data="kind") if kind == "topic"])
    return alone


@pytest.fixture(params=["flow", "columns"])
def layout(request):
    if request.param == "flow":
        need("dot")
    return request.param


@pytest.mark.parametrize("graph", [workflow(), home()])
def test_each_pair_of_services_is_joined_by_one_line(layout, graph):
    alone = services_of(graph)
    scene = lay_out(alone, layout=layout)
    assert scene.layout == layout
    drawn = [(arrow.source, arrow.target) for arrow in scene.arrows if arrow.points]
    assert sorted(drawn) == sorted({edge[:2] for edge in alone.edges})
    assert {arrow.kind for arrow in scene.arrows} == {"deliver"}


def test_lines_begin_and_end_at_their_services(layout):
    scene = lay_out(services_of(workflow()), layout=layout)
    boxes = {(box.node, box.x): box for box in scene.boxes}
    for arrow in scene.arrows:
        for node, (x, y) in ((arrow.source, arrow.points[0]), (arrow.target, arrow.tip)):
            assert any(
                box.x - 3 <= x <= box.x + box.width + 3 and box.y - 3 <= y <= box.y + box.height + 3
                for (each, _), box in boxes.items()
                if each == node
            )


def test_in_a_flow_the_lines_are_labelled_and_no_label_lies_on_another():
    need("dot")
    scene = lay_out(services_of(home()), layout="flow")
    labels = [label for label in scene.labels if label.role == "line"]
    assert "9 topics" in {label.text.partition(",")[0] for label in labels}
    assert len(labels) == len(scene.arrows)
    for one, other in itertools.combinations(labels, 2):
        assert abs(one.y - other.y) > 9 or abs(one.x - other.x) > 80


def test_columns_name_who_sends_and_who_receives():
    scene = lay_out(services_of(workflow()), layout="columns")
    assert [label.text for label in scene.labels if label.role == "heading"] == ["SENDERS", "RECEIVERS"]
    assert scene.summary == "3 services, 18 deliveries in 3 s"


def test_too_many_services_for_a_flow_are_drawn_in_columns():
    scene = lay_out(services_of(random_graph(60, 100, 300)))
    assert scene.layout == "columns"
    assert scene.notes


def test_a_matrix_of_no_topics_is_drawn_in_columns_and_says_so():
    scene = lay_out(services_of(workflow()), layout="matrix")
    assert (scene.layout, scene.notes) == ("columns", ("Drawn in columns: a matrix needs topics.",))

"""A run's picture: which action came first, and what came of it."""

import xml.etree.ElementTree as ET

import pytest

from tests.needs import need
from tests.viz.graphs import GraphMaker, workflow
from tracer.views import simplified
from viz.formats import svg
from viz.layout import lay_out
from viz.picture import draw


def run(*actions):
    """The workflow, with its actions as `(action, outcome, seconds)`."""
    graph = workflow()
    graph.graph["actions"] = [
        {"number": number, "action": action, "outcome": outcome} | ({"seconds": seconds} if seconds else {})
        for number, (action, outcome, seconds) in enumerate(actions, start=1)
    ]
    return graph


TWICE = run(
    ("fetcher/fetch", "finished", 0.054), ("markdown/build", "failed", 0.231), ("fetcher/fetch", "timed out", None)
)


def listed(graph, layout="columns"):
    return [label.text for label in lay_out(graph, layout=layout).labels if label.role == "step"]


def test_the_requests_of_a_run_have_their_numbers_and_nothing_else_has():
    arrows = lay_out(TWICE, layout="columns").arrows
    assert {(arrow.source, arrow.target, arrow.order) for arrow in arrows if arrow.order} == {
        ("service:runner", "topic:fetcher/fetch", "1, 3"),
        ("service:runner", "topic:markdown/build", "2"),
    }


def test_an_action_whose_topic_was_folded_has_its_number_on_what_stands_for_it():
    make = GraphMaker()
    for number in range(24):
        make.message(f"worker/{number}", "runner", ["worker"])
    make.graph.graph["actions"] = [{"number": 1, "action": "worker/7", "outcome": "finished"}]
    drawn = simplified(make.graph).drawn()
    (arrow,) = [arrow for arrow in lay_out(drawn, layout="columns").arrows if arrow.kind == "publish"]
    assert (arrow.target, arrow.order) == ("topic:worker/{id}", "1")


def test_the_actions_are_listed_in_their_order_with_what_came_of_them():
    (line,) = listed(TWICE)
    assert line.split("  ·  ") == [
        "1 fetcher/fetch (54 ms)",
        "2 markdown/build (231 ms, ✘ failed)",
        "3 fetcher/fetch (✘ timed out)",
    ]


def test_a_long_run_is_listed_in_lines_that_stand_above_the_drawing():
    scene = lay_out(run(*[("fetcher/fetch", "finished", 1.5)] * 100), layout="columns")
    steps = [label for label in scene.labels if label.role == "step"]
    assert len(steps) > 5
    assert steps[-1].text.endswith("and 40 more")
    assert max(label.y for label in steps) < min(table.y for table in scene.tables) - 20
    assert {arrow.order for arrow in scene.arrows} == {"", "1, 2 +98"}


@pytest.mark.parametrize("layout", ["flow", "columns"])
def test_numbers_are_drawn_in_discs_beside_their_rows_and_explained(layout):
    if layout == "flow":
        need("dot")
    scene = lay_out(TWICE, layout=layout)
    discs = [
        (float(group[0].get("x")), float(group[0].get("y")), group[1].text)
        for group in ET.fromstring(svg.render(scene)).iter("{http://www.w3.org/2000/svg}g")
        if group.get("class") == "step"
    ]
    for table in scene.tables:
        for row in table.rows:
            for x, y, number in discs:
                if {"topic:fetcher/fetch": "1, 3", "topic:markdown/build": "2"}.get(row.node) == number:
                    assert abs(y + 7.5 - (table.y + row.y + row.height / 2)) < 8
                    assert min(abs(x - table.x), abs(x - table.x - table.width)) < 60
    assert sorted(number for *_, number in discs) == ["1", "1, 3", "2"], "two of them, and the legend's"


def test_a_graph_without_actions_has_neither_numbers_nor_a_list():
    scene = lay_out(workflow(), layout="columns")
    assert not listed(workflow())
    assert not [arrow for arrow in scene.arrows if arrow.order]
    assert "order" not in {entry.sample for entry in scene.legend}


def test_names_of_actions_are_shown_safely():
    (line,) = listed(run(("a\x07/b", "finished", None)))
    assert line == r"1 a\u0007/b"


@pytest.mark.parametrize(("name", "spelled"), [("mermaid", '|"1, 3"|'), ("dot", 'label="1, 3"')])
def test_formats_without_a_scene_number_the_requests_too(name, spelled):
    text = draw(TWICE, name).decode()
    assert text.count(spelled) == 1
    assert "order of the actions" in text.replace("#58;", ":")

"""Where things stand, and what happens where `dot` can't say it."""

import itertools
import json
import math
import os
import time
from pathlib import Path

import pytest

from tests.needs import need
from tests.viz.crossings import crossings
from tests.viz.graphs import GraphMaker, home, nasty, random_graph, workflow
from tracer.errors import CopperError
from viz.layout import engine, lay_out
from viz.scene import curve
from viz.text import sans_width


@pytest.fixture(params=["flow", "columns"])
def layout(request):
    if request.param == "flow":
        need("dot")
    return request.param


def fake_dot(folder, monkeypatch, script):
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("COPPER_DOT", str(program))


def narrow(*, received=False):
    """Names so short that the headings of the columns are wider than what stands below them."""
    make = GraphMaker()
    make.message("t", "p", ["r"] if received else [])
    return make.graph


def overlap(one, other):
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@pytest.mark.parametrize("graph", [workflow(), home(), nasty(), random_graph(20, 30, 60)])
def test_no_two_boxes_overlap_and_all_stand_on_the_page(graph, layout):
    scene = lay_out(graph, layout=layout)
    shapes = [*scene.boxes, *scene.tables]
    assert not [pair for pair in itertools.combinations(shapes, 2) if overlap(*pair)]
    assert all(each.x >= 0 and each.y >= 0 for each in shapes)
    assert all(each.x + each.width <= scene.width and each.y + each.height <= scene.height for each in shapes)


@pytest.mark.parametrize("graph", [workflow(), home()])
def test_every_line_begins_and_ends_at_its_service_and_its_row(graph, layout):
    scene = lay_out(graph, layout=layout)
    sides = {box.node: [] for box in scene.boxes}
    for box in scene.boxes:
        sides[box.node].append((box.x, box.y, box.width, box.height))
    for table in scene.tables:
        sides[table.node] = [(table.x, table.y, table.width, table.header_height)]
        for row in table.rows:
            sides[row.node] = [(table.x, table.y + row.y, table.width, row.height)]
    for arrow in scene.arrows:
        if arrow.points:
            assert any(near(arrow.points[0], side) for side in sides[arrow.source])
            assert any(near(arrow.tip, side) for side in sides[arrow.target])


def near(point, side, slack=2.5):
    (x, y), (left, top, width, height) = point, side
    return left - slack <= x <= left + width + slack and top - slack <= y <= top + height + slack


def test_no_line_of_the_workflow_runs_through_somebody_elses_box(layout):
    scene = lay_out(workflow(), layout=layout)
    for arrow in (arrow for arrow in scene.arrows if arrow.points):
        points = [curve(arrow.points, share / 20) for share in range(1, 20)]
        for box in scene.boxes:
            if box.node not in (arrow.source, arrow.target):
                assert not any(near(point, (box.x, box.y, box.width, box.height), 0) for point in points)


def test_columns_put_publishers_left_and_subscribers_right_of_the_topics():
    scene = lay_out(workflow(), layout="columns")
    (x,) = {table.x for table in scene.tables}
    assert sorted(box.label for box in scene.boxes if box.x < x) == ["fetcher", "markdown", "runner"]
    assert sorted(box.label for box in scene.boxes if box.x > x) == ["fetcher", "markdown", "runner"]
    assert [label.text for label in scene.labels if label.role == "heading"] == [
        "PUBLISHERS",
        "TOPICS",
        "MESSAGES",
        "SUBSCRIBERS",
    ]


def test_a_service_without_any_line_is_drawn_too(layout):
    make = GraphMaker()
    make.service("lonely")
    make.publish("writer", "t")
    assert {box.label for box in lay_out(make.graph, layout=layout).boxes} == {"lonely", "writer"}


def test_a_small_system_is_drawn_as_a_flow():
    need("dot")
    scene = lay_out(workflow())
    assert (scene.layout, scene.notes) == ("flow", ())


@pytest.mark.parametrize("graph", [random_graph(41, 10, 10), random_graph(30, 400, 450), nasty()])
def test_what_no_flow_can_show_is_drawn_in_columns_and_says_so(graph):
    scene = lay_out(graph)
    assert scene.layout == "columns"
    (note,) = scene.notes
    assert note.startswith("Drawn in columns: ")
    assert note in " ".join(label.text for label in scene.labels if label.role == "note")


@pytest.mark.parametrize("layout", ["auto", "flow"])
def test_without_dot_columns_are_drawn_with_a_note(monkeypatch, tmp_path, layout):
    monkeypatch.delenv("COPPER_DOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engine, "_WHEEL", "no-such-wheel")
    scene = lay_out(workflow(), layout=layout)
    assert scene.layout == "columns"
    (note,) = scene.notes
    assert note.startswith("Drawn in columns: Graphviz's dot is not installed; pip install")
    assert note in " ".join(label.text for label in scene.labels if label.role == "note")


def by_system_and_wheel(graph, monkeypatch):
    """The same flow from the dot of the system and from that of graphviz-pure."""
    monkeypatch.setenv("COPPER_DOT", need("dot"))
    one = lay_out(graph, layout="flow")
    monkeypatch.delenv("COPPER_DOT")
    monkeypatch.setenv("PATH", "")
    assert Path(engine.find_dot()).stem == "graphviz-pure"
    other = lay_out(graph, layout="flow")
    assert (one.layout, other.layout) == ("flow", "flow")
    return one, other


def test_the_wheel_places_the_workflow_as_the_systems_dot_does(monkeypatch):
    scenes = by_system_and_wheel(workflow(), monkeypatch)
    places = [{each.node: (each.x, each.y) for each in (*scene.boxes, *scene.tables)} for scene in scenes]
    assert places[0].keys() == places[1].keys()
    assert max(math.dist(places[0][node], there) for node, there in places[1].items()) <= 1


def test_where_the_wheel_decides_otherwise_its_picture_is_no_worse_a_knot(monkeypatch):
    # two versions of Graphviz, each with its own order where two are equally good
    one, other = (len(crossings(scene)) for scene in by_system_and_wheel(home(), monkeypatch))
    assert other <= one * 1.25


def test_what_copper_dot_names_goes_before_all_others(monkeypatch, tmp_path):
    fake_dot(tmp_path, monkeypatch, "echo")
    assert engine.find_dot() == str(tmp_path / "dot")


def test_a_slow_dot_is_ended_with_all_that_it_started_and_columns_are_drawn(monkeypatch, tmp_path):
    pid = tmp_path / "pid"
    fake_dot(tmp_path, monkeypatch, f"sleep 50 & echo $! > {pid}.new; mv {pid}.new {pid}; wait")
    scene = lay_out(workflow(), limit=1.0)
    assert scene.layout == "columns"
    assert scene.notes == ("Drawn in columns: dot took longer than 1 s.",)
    assert gone(int(pid.read_text()))


def gone(pid):
    """Whether a process ends within five seconds; one that only its parent has not yet asked about has ended."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "dot failed with exit code 3"),
        ("echo nonsense", "dot gave an answer that is not JSON"),
        ("head -c 100000 /dev/zero | tr '\\0' '['", "dot gave an answer that is not JSON"),
        ("echo '[]'", "dot gave an answer that is no graph"),
        ("echo '{}'", "dot gave an answer that can't be read"),
    ],
)
def test_a_broken_dot_is_no_broken_picture(monkeypatch, tmp_path, script, reason):
    fake_dot(tmp_path, monkeypatch, script)
    assert lay_out(workflow()).notes == (f"Drawn in columns: {reason}.",)


@pytest.mark.parametrize("nowhere", ["nan", "inf"])
def test_a_place_that_is_none_is_an_answer_that_cannot_be_read(monkeypatch, tmp_path, nowhere):
    make = GraphMaker()
    make.publish("a", "t")
    ends = [{"name": "n0", "pos": f"{nowhere},10"}, {"name": "n1", "pos": "90,10"}]
    line = {"id": "e0", "pos": "e,80,10 30,10 40,10 50,10 70,10"}
    fake_dot(tmp_path, monkeypatch, f"echo '{json.dumps({'bb': '0,0,100,20', 'objects': ends, 'edges': [line]})}'")
    assert lay_out(make.graph).notes == ("Drawn in columns: dot gave an answer that can't be read.",)


def test_copper_dot_that_names_no_program_is_said(monkeypatch):
    monkeypatch.setenv("COPPER_DOT", "no-such-program")
    assert lay_out(workflow()).notes == ("Drawn in columns: COPPER_DOT names no program: no-such-program.",)


def test_an_unknown_layout_is_refused_with_those_that_exist():
    with pytest.raises(CopperError, match="auto, flow, columns"):
        lay_out(workflow(), layout="circle")


def test_an_empty_graph_draws_a_sentence_instead_of_nothing():
    scene = lay_out(GraphMaker().graph)
    assert "Nothing to draw: no service and no topic was seen." in [label.text for label in scene.labels]


@pytest.mark.parametrize("graph", [narrow(), narrow(received=True), workflow()])
def test_headings_do_not_stand_on_each_other_nor_beyond_the_page(graph):
    scene = lay_out(graph, layout="columns")
    spans = []
    for heading in (label for label in scene.labels if label.role == "heading"):
        # Capitals of 11 points in the widest font, with the spacing of the heading's style.
        width = sans_width(heading.text, 11, bold=True) + 0.55 * len(heading.text)
        spans.append((heading.x - width, heading.x) if heading.end else (heading.x, heading.x + width))
    assert all(end + 6 <= begin for (_, end), (begin, _) in itertools.pairwise(spans))
    assert spans[-1][1] <= scene.width


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("/var/log/mosquitto.log", "mosquitto.log"),
        ("logs//mosquitto.log", "mosquitto.log"),
        ("-", "standard input"),
        ("/a/one.log, /a/two.log, /b/three.log", "one.log and 2 more"),
        ("", "Who publishes, who receives"),
    ],
)
def test_a_picture_without_a_title_is_named_after_its_log(source, title):
    graph = workflow()
    graph.graph["source"] = source
    assert lay_out(graph, layout="columns").title == title


def test_a_title_is_no_topic():
    assert lay_out(workflow(), title="/a//b\x07", layout="columns").title == r"/a//b\u0007"


def test_hidden_things_are_named_below_the_legend():
    scene = lay_out(workflow(), layout="columns", said=("hidden: $SYS (37 topics)",))
    (note,) = (label for label in scene.labels if label.role == "note")
    assert note.text == "hidden: $SYS (37 topics)"
    assert note.y > max(entry.y for entry in scene.legend)


def test_a_picture_of_nothing_but_hidden_things_says_so():
    scene = lay_out(GraphMaker().graph, said=("hidden: $SYS (37 topics)",))
    assert "Nothing is left to draw; why is said below." in [label.text for label in scene.labels]

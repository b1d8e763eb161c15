"""What holds for all formats: same graph, same nodes, same edges, same bytes."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import pytest

from tests.needs import need
from tests.tracer.logs import CORPUS, traced
from tests.viz.graphs import GraphMaker, home, nasty, workflow
from tests.viz.readers import CUT, NO_NAMES, READERS, of_graph
from tracer.errors import CopperError
from tracer.views import simplified
from viz.formats import FORMATS
from viz.picture import compose, draw, format_for
from viz.text import shown

GRAPHS = pytest.mark.parametrize("graph", [workflow(), home(), nasty()])


def dot_json(text):
    answer = subprocess.run([need("dot"), "-Tdot_json"], input=text, capture_output=True, timeout=30, check=True)
    return json.loads(answer.stdout)


@GRAPHS
def test_json_reads_back_as_the_same_graph(graph):
    back = nx.node_link_graph(json.loads(draw(graph, "json")), edges="edges")
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    assert sorted(back.edges(keys=True)) == sorted(graph.edges(keys=True))
    assert back.graph == graph.graph


@GRAPHS
def test_dot_reads_our_dot_with_all_nodes_and_edges(graph):
    parsed = dot_json(draw(graph, "dot"))
    assert len({node["name"] for node in parsed["objects"]}) == len(graph)
    names = [node["name"] for node in parsed["objects"]]
    ends = sorted((names[edge["tail"]], names[edge["head"]]) for edge in parsed["edges"])
    assert len(ends) == graph.number_of_edges()
    if all(node.isprintable() and node.isascii() and "\\" not in node for node in graph):
        assert set(names) == set(graph)
        assert ends == sorted(graph.edges())


def drawn_edges(graph):
    """The edges that pictures show, all but deliveries, as they are shown."""
    kinds = {"publish": "publish", "subscribe": "receive", "deny": "deny"}
    names = {node: shown(name) for node, name in graph.nodes(data="name")}
    edges = graph.edges(keys=True)
    return sorted((kinds[key], names[source], names[target]) for source, target, key in edges if key in kinds)


def drawio_edges(graph):
    cells = {each.get("id"): each for each in ET.fromstring(draw(graph, "drawio", layout="columns")).iter("object")}
    lines = [(each.get("kind"), each.find("mxCell")) for each in cells.values()]
    return sorted(
        (kind, cells[cell.get("source")].get("name"), cells[cell.get("target")].get("name"))
        for kind, cell in lines
        if cell.get("edge") and kind != "deliver"
    )


def svg_edges(graph):
    verbs = {
        "publishes": "publish",
        "was refused to publish": "deny",
        "receives": "receive",
        "waits for": "receive",
    }
    groups = ET.fromstring(draw(graph, "svg", layout="columns")).iter("{http://www.w3.org/2000/svg}g")
    for head in (group[0].text.partition("\n")[0] for group in groups if group.get("class").startswith("e ")):
        verb = next(verb for verb in verbs if f" {verb} " in head)
        first, _, second = head.partition(f" {verb} ")
        yield (verbs[verb], second, first) if verbs[verb] == "receive" else (verbs[verb], first, second)


@pytest.mark.parametrize("graph", [workflow(), nasty()])
@pytest.mark.parametrize("edges", [svg_edges, drawio_edges])
def test_pictures_draw_each_edge_of_the_graph_once(graph, edges):
    assert sorted(edges(graph)) == drawn_edges(graph)


def real(case):
    """The graph of a real log."""
    _, pipeline, tally = traced((CORPUS / case / "mosquitto.log").read_bytes())
    return tally.graph(pipeline.counts, source="mosquitto.log")


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - NO_NAMES.keys()))
@pytest.mark.parametrize(
    "graph",
    [workflow(), home(), nasty(), real("mosquitto-2.0.11-denied-acl"), real("mosquitto-2.0.11-sys-and-logtopic")],
    ids=["workflow", "home", "nasty", "denied", "sys"],
)
def test_same_log_same_services_topics_and_lines_in_every_format(name, graph):
    if name not in READERS:
        pytest.fail(
            f"tests/viz/readers.py has no reader for the format {name}: write one, or say there why it can't be"
        )
    held = FORMATS[name].holds
    expected = of_graph(simplified(graph).graph if held == "all" else simplified(graph).drawn(), CUT.get(name, shown))
    seen = READERS[name](draw(graph, name, layout="columns"))
    assert seen.services == expected.services
    assert seen.topics == expected.topics
    assert seen.lines == expected.lines
    assert seen.delivered in ({expected.delivered} if held == "all" else {expected.delivered, None})


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_empty_graph_is_a_whole_file_in_every_format(name):
    assert draw(GraphMaker().graph, name).strip()


def test_the_hash_seed_changes_no_byte():
    program = (
        "import hashlib, sys; from tests.viz.graphs import home; from viz.picture import draw; g = home()\n"
        "for name in ('svg', 'drawio', 'json', 'dot', 'mermaid', 'graphml', 'csv'):\n"
        "    for layout in ('auto', 'columns'):\n"
        "        print(name, hashlib.sha256(draw(g, name, layout=layout)).hexdigest())\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=50,
        ).stdout
        for seed in ("0", "12345")
    }
    assert len(answers) == 1


def test_a_picture_tells_what_went_otherwise_than_asked(monkeypatch):
    monkeypatch.setenv("COPPER_DOT", "no-such-program")
    assert compose(workflow(), "svg").notes
    assert not compose(workflow(), "svg", layout="columns").notes
    assert not compose(workflow(), "json").notes


@pytest.mark.parametrize(("path", "name"), [("deps.svg", "svg"), ("a/b.DRAWIO", "drawio"), ("x.y.json", "json")])
def test_the_suffix_chooses_the_format(path, name):
    assert format_for(path) == name


@pytest.mark.parametrize("path", ["deps.bmp", "deps", ".svg"])
def test_an_unknown_suffix_is_answered_with_the_known_ones(path):
    with pytest.raises(CopperError, match=", ".join(re.escape(known.suffix) for known in FORMATS.values())):
        format_for(path)


def test_an_unknown_format_is_answered_with_the_known_ones():
    with pytest.raises(CopperError, match=", ".join(FORMATS)):
        draw(workflow(), "bmp")


def monitored():
    """A reader of one topic, and a monitor of the broker's reports on itself."""
    make = GraphMaker()
    make.message("t", "writer", ["reader"])
    for topic in ("$SYS/broker/uptime", "$SYS/broker/version"):
        make.receive(topic, "monitor", {None: (1, 0)}, through="$SYS/#")
    return make.graph


HIDDEN = "hidden: $SYS (2 topics), and who uses nothing else: monitor"


@pytest.mark.parametrize("name", ["svg", "drawio"])
def test_pictures_hide_what_the_broker_says_of_itself_and_name_it(name):
    drawn = compose(monitored(), name, layout="columns")
    assert HIDDEN.encode() in drawn.data
    assert b"uptime" not in drawn.data
    assert drawn.notes == (HIDDEN,)


@pytest.mark.parametrize("name", [each.name for each in FORMATS.values() if each.holds == "all"])
def test_formats_of_data_hold_what_pictures_hide(name):
    drawn = compose(monitored(), name)
    assert b"$SYS/broker/uptime" in drawn.data
    assert b"monitor" in drawn.data
    assert not drawn.notes


def test_where_no_service_is_hidden_only_topics_are_named():
    graph = monitored()
    graph.add_edge("service:monitor", "topic:t", key="publish", **graph.edges["service:writer", "topic:t", "publish"])
    assert compose(graph, "svg", layout="columns").notes == ("hidden: $SYS (2 topics)",)


LONG = ("a" * 20_000, "x/" * 10_000, "\\" * 20_000, "\u202e" * 20_000, '\N{GREEK SMALL LETTER ALPHA}&"' * 9_000)


@pytest.mark.parametrize("topic", LONG)
@pytest.mark.parametrize(("name", "layout"), [("svg", "flow"), ("svg", "columns"), ("drawio", "columns")])
def test_a_very_long_topic_is_drawn_as_any_other(topic, name, layout):
    if layout == "flow":
        need("dot")
    make = GraphMaker()
    make.message(topic, "writer", ["reader"])
    drawn = compose(make.graph, name, layout=layout)
    assert not drawn.notes
    ET.fromstring(drawn.data)


@pytest.mark.parametrize("topic", LONG)
def test_dot_reads_names_longer_than_its_strings_and_tells_them_apart(topic):
    make = GraphMaker()
    for middle in ("one", "two"):
        make.message(f"{topic[: len(topic) // 2]}{middle}{topic[len(topic) // 2 :]}", "writer", ["reader"], 3)
    parsed = dot_json(draw(make.graph, "dot"))
    assert len({node["name"] for node in parsed["objects"]}) == len(make.graph) == 4
    assert len(parsed["edges"]) == make.graph.number_of_edges() == 6
    assert all(edge["tooltip"].endswith(": 3 messages") for edge in parsed["edges"])
    assert sum("…" in node["tooltip"] for node in parsed["objects"]) == 2

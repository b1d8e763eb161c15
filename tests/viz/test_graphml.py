"""GraphML: the same graph to NetworkX, and a file that others can read."""

import io
import json
import xml.etree.ElementTree as ET

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.viz.graphs import GraphMaker, home, nasty, workflow
from tests.viz.readers import as_written
from viz.picture import draw

ANY_NAME = st.text(st.characters(exclude_categories=()), max_size=30)


def back(graph):
    return nx.read_graphml(io.BytesIO(draw(graph, "graphml")), force_multigraph=True)


def key_as_written(edge):
    return tuple(map(as_written, edge))


@pytest.mark.parametrize("graph", [workflow(), home(), nasty()], ids=["workflow", "home", "nasty"])
def test_networkx_reads_back_the_same_nodes_edges_and_keys(graph):
    read = back(graph)
    assert {as_written(node) for node in read} == set(graph)
    assert sorted(map(key_as_written, read.edges(keys=True))) == sorted(graph.edges(keys=True))


def test_values_keep_their_types_and_lists_are_json():
    read = back(workflow())
    service = read.nodes["service:runner"]
    assert service["connected"] is True
    assert json.loads(service["clients"]) == ["runner-1"]
    assert "user" not in service
    edge = read.edges["topic:fetcher/fetch/finish", "service:runner", "subscribe"]
    assert edge["messages"] == 1
    assert json.loads(edge["qos"]) == [1]
    assert json.loads(edge["filters"]) == ["fetcher/fetch/finish"]
    assert read.graph["schema"] == 1


def test_an_attribute_of_several_types_is_text_everywhere():
    graph = workflow()
    graph.nodes["service:runner"]["odd"] = 1
    graph.nodes["service:fetcher"]["odd"] = "one"
    read = back(graph)
    assert (read.nodes["service:runner"]["odd"], read.nodes["service:fetcher"]["odd"]) == ("1", "one")


def test_edges_have_no_ids_for_ids_must_be_unique():
    edges = list(ET.fromstring(draw(workflow(), "graphml")).iter("{http://graphml.graphdrawing.org/xmlns}edge"))
    assert edges
    assert not [edge for edge in edges if edge.get("id")]


@given(st.lists(ANY_NAME, min_size=1, max_size=6, unique=True))
@settings(deadline=None, max_examples=60)
def test_any_names_at_all_come_back(names):
    make = GraphMaker()
    for name in names:
        make.publish(name, name)
    assert {as_written(node) for node in back(make.graph)} == set(make.graph)

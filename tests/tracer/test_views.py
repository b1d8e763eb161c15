"""Parts of a graph that are put aside before it is drawn."""

import networkx as nx

from tests.viz.graphs import GraphMaker
from tracer.views import hide_sys


def monitored():
    """A writer and its reader, a dashboard that reads both, a monitor that reads the broker's own topics only."""
    make = GraphMaker()
    make.message("t", "writer", ["reader", "dashboard"])
    for topic in ("$SYS/broker/uptime", "$SYS/broker/version"):
        for service in ("monitor", "dashboard"):
            make.receive(topic, service, {None: (1, 0)}, through="$SYS/#")
    make.service("lonely")
    return make


def test_the_brokers_own_topics_go_and_who_has_nothing_else_goes_with_them():
    view = hide_sys(monitored().graph)
    names = sorted(name for _, name in view.graph.nodes(data="name"))
    assert names == ["dashboard", "lonely", "reader", "t", "writer"]
    assert view.topics == ("$SYS/broker/uptime", "$SYS/broker/version")
    assert view.services == ("monitor",)


def test_deliveries_of_hidden_topics_go_too():
    make = GraphMaker()
    make.message("$SYS/bridged", "bridge", ["monitor"])
    make.message("t", "bridge", ["reader"])
    view = hide_sys(make.graph)
    assert [key for _, _, key in view.graph.edges(keys=True)] == ["publish", "deliver:t", "subscribe"]
    assert view.services == ("monitor",)


def test_only_the_level_sys_itself_is_hidden():
    make = GraphMaker()
    for topic in ("$SYS", "$SYS/#", "$SYSTEM/x", "a/$SYS/b", "$CONTROL/x"):
        make.publish("writer", topic)
    assert hide_sys(make.graph).topics == ("$SYS", "$SYS/#")


def test_the_graph_that_was_handed_in_stays_as_it_is():
    graph = monitored().graph
    before = graph.copy()
    view = hide_sys(graph)
    assert nx.utils.graphs_equal(graph, before)
    assert view.graph.graph == graph.graph


def test_a_graph_without_sys_topics_is_what_it_was():
    make = GraphMaker()
    make.message("t", "writer", ["reader"])
    view = hide_sys(make.graph)
    assert nx.utils.graphs_equal(view.graph, make.graph)
    assert (view.topics, view.services) == ((), ())

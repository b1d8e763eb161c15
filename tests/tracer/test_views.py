"""Parts of a graph that are put aside before it is drawn."""

import networkx as nx

from tests.viz.graphs import GraphMaker
from tracer.views import Choice, Remark, simplified


def monitored():
    """A writer and its reader, a dashboard that reads both, a monitor that reads the broker's own topics only."""
    make = GraphMaker()
    make.message("t", "writer", ["reader", "dashboard"])
    for topic in ("$SYS/broker/uptime", "$SYS/broker/version"):
        for service in ("monitor", "dashboard"):
            make.receive(topic, service, {None: (1, 0)}, through="$SYS/#")
    make.service("lonely")
    return make


def names(graph):
    return sorted(name for _, name in graph.nodes(data="name"))


def test_the_brokers_own_topics_go_and_who_has_nothing_else_goes_with_them():
    view = simplified(monitored().graph)
    assert names(view.drawn()) == ["dashboard", "lonely", "reader", "t", "writer"]
    assert view.remarks == (Remark("sys", 2, names=("monitor",)),)


def test_data_keeps_what_is_hidden_and_says_why():
    view = simplified(monitored().graph)
    hidden = {name for name, why in view.graph.nodes(data="hidden") if why == "sys"}
    assert hidden == {"topic:$SYS/broker/uptime", "topic:$SYS/broker/version", "service:monitor"}


def test_everything_can_be_drawn():
    view = simplified(monitored().graph, Choice(everything=True))
    assert nx.utils.graphs_equal(view.drawn(), monitored().graph)


def test_deliveries_of_hidden_topics_go_too():
    make = GraphMaker()
    make.message("$SYS/bridged", "bridge", ["monitor"])
    make.message("t", "bridge", ["reader"])
    view = simplified(make.graph)
    assert [key for _, _, key in view.drawn().edges(keys=True)] == ["publish", "deliver:t", "subscribe"]
    assert view.remarks[0].names == ("monitor",)


def test_only_the_level_sys_itself_is_hidden():
    make = GraphMaker()
    for topic in ("$SYS", "$SYS/#", "$SYSTEM/x", "a/$SYS/b", "$CONTROL/x"):
        make.publish("writer", topic)
    assert names(simplified(make.graph).drawn()) == ["$CONTROL/x", "$SYSTEM/x", "a/$SYS/b", "writer"]


def test_the_graph_that_was_handed_in_stays_as_it_is():
    graph = monitored().graph
    before = graph.copy()
    view = simplified(graph)
    assert nx.utils.graphs_equal(graph, before)
    remark = {"what": "sys", "count": 2, "drawn": 0, "names": ["monitor"]}
    assert view.graph.graph == {**graph.graph, "remarks": [remark]}


def test_a_graph_without_sys_topics_is_what_it_was():
    make = GraphMaker()
    make.message("t", "writer", ["reader"])
    view = simplified(make.graph)
    assert nx.utils.graphs_equal(view.graph, make.graph)
    assert view.remarks == ()

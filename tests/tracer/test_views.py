"""Parts of a graph that are put aside before it is drawn."""

import networkx as nx
import pytest

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


def looked_at(client, through="#", *, rule="anonymous"):
    """A writer, its reader, and a client that looks on."""
    make = GraphMaker()
    make.message("t", "writer", ["reader"])
    make.receive("t", "looker", {"writer": (1, 0)}, through=through)
    make.graph.nodes["service:looker"].update(clients=[client], rule=rule)
    return make


@pytest.mark.parametrize(
    "client",
    ["mqtt-explorer-4f1a", "MQTT-Explorer", "mqttx_9ab3f0", "mosq-dAbPvTpGzFtVXz3DSd", "mosqsub|4711-host",
     "mosquitto_sub", "MQTT_FX_Client", "mqttfx"],
)  # fmt: skip
def test_tools_to_look_around_with_are_hidden(client):
    view = simplified(looked_at(client, "t", rule="id").graph)
    assert names(view.drawn()) == ["reader", "t", "writer"]
    assert view.graph.nodes["service:looker"]["hidden"] == "debugger"
    assert view.remarks == (Remark("debuggers", 1, names=(client,)),)


@pytest.mark.parametrize("client", ["auto-0B6D92AB-8B3E-2B9E-6B6A-6C5E7A2F4D11", "0123456789ab"])
def test_who_is_anonymous_and_receives_everything_is_hidden(client):
    for rule in ("anonymous", "client"):
        assert "looker" not in names(simplified(looked_at(client, rule=rule).graph).drawn())
    assert "looker" in names(simplified(looked_at(client, "t").graph).drawn())


@pytest.mark.parametrize("rule", ["id", "username", "client"])
def test_a_service_that_keeps_everything_is_drawn(rule):
    assert "looker" in names(simplified(looked_at("historian", rule=rule).graph).drawn())


def test_who_publishes_is_drawn_whatever_it_looks_at():
    make = looked_at("mosq-dAbPvTpGzFtVXz3DSd")
    make.publish("looker", "go")
    assert "looker" in names(simplified(make.graph).drawn())


def test_a_filter_of_a_debugger_that_nothing_matches_is_hidden_too():
    make = looked_at("mqtt-explorer")
    make.receive("nothing/#", "looker", {}, through="nothing/#")
    make.receive("other/#", "looker", {}, through="other/#")
    make.receive("other/#", "reader", {}, through="other/#")
    assert names(simplified(make.graph).drawn()) == ["other/#", "reader", "t", "writer"]


def test_many_debuggers_are_named_by_their_service():
    make = looked_at("mqtt-explorer")
    make.graph.nodes["service:looker"]["clients"] = [f"mqttx_{number}" for number in range(20)]
    assert simplified(make.graph).remarks == (Remark("debuggers", 1, names=("looker",)),)

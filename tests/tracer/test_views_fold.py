"""What is put together so that a large graph can be read: templates, groups, shares, subtrees; and what adds up."""

import json
import os
import subprocess
import sys
from collections import Counter

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from docs import systems, traffic
from tests.viz.graphs import GraphMaker, workflow
from tracer.views import Choice, Remark, simplified


def fleet(devices=12, kept=lambda device, leaf: True):
    """Devices on three sites that publish `temp` and `state` and are told what to do; a store and a screen read."""
    make = GraphMaker()
    for number in range(devices):
        device = f"dev-{number:02}"
        for leaf in ("temp", "state"):
            if kept(number, leaf):
                topic = f"site{number % 3}/{device}/{leaf}"
                make.message(topic, device, ["store"], 2, through="+/+/+")
                if leaf == "state":
                    make.graph.nodes[f"topic:{topic}"]["retained_by"] = device
        command = f"site{number % 3}/{device}/do"
        make.receive(command, device, {})
        make.graph.nodes[f"topic:{command}"]["filter"] = True
    make.receive("site1/dev-01/temp", "screen", {"dev-01": (2, 0)}, through="site1/dev-01/temp")
    return make


def drawn(graph, **choice):
    return simplified(graph, Choice(**choice)).drawn()


def names(graph, kind):
    return sorted(name for _, name in graph.nodes(data="name") if graph.nodes[_]["kind"] == kind)


def test_a_small_graph_is_drawn_as_it_is():
    graph = workflow()
    view = simplified(graph)
    assert view.graph is graph
    assert view.remarks == ()


def test_alike_services_and_topics_are_one_each():
    view = simplified(fleet().graph)
    assert names(view.graph, "service") == ["dev-*", "screen", "store"]
    assert names(view.graph, "topic") == [f"{{site}}/{{dev}}/{leaf}" for leaf in ("do", "state", "temp")]
    assert view.remarks == (Remark("templates", 36, 3), Remark("grouped", 12, 1, ("dev-*",)))


def test_a_group_is_all_of_its_members():
    group = simplified(fleet().graph).graph.nodes["service:dev-*"]
    assert group["members"] == 12
    assert group["group"] == "alike"
    assert group["clients"] == [f"dev-{number:02}-1" for number in range(12)]


def test_a_template_counts_its_topics_and_who_keeps_messages_there():
    graph = simplified(fleet().graph).graph
    states, temps = (graph.nodes[f"topic:{{site}}/{{dev}}/{leaf}"] for leaf in ("state", "temp"))
    assert (states["template"], states["topics"], states["kept"], states["retained_by"]) == (True, 12, 12, "dev-*")
    assert (temps["topics"], temps["kept"], temps["retained_by"]) == (12, 0, None)
    assert graph.nodes["topic:{site}/{dev}/do"]["filter"]


def test_lines_are_added_up():
    graph = simplified(fleet().graph).graph
    edge = graph.edges["topic:{site}/{dev}/temp", "service:store", "subscribe"]
    assert (edge["messages"], edge["bytes"], edge["topics"], edge["filters"]) == (24, 960, 12, ["+/+/+"])
    deliver = graph.edges["service:dev-*", "service:store", "deliver:{site}/{dev}/temp"]
    assert (deliver["topic"], deliver["seen"], deliver["topics"]) == ("{site}/{dev}/temp", 24, 12)
    assert "whole" not in edge
    assert "whole" not in deliver


def test_who_receives_a_part_of_a_template_is_marked():
    graph = simplified(fleet().graph).graph
    edge = graph.edges["topic:{site}/{dev}/temp", "service:screen", "subscribe"]
    assert (edge["topics"], edge["whole"]) == (1, False)


def test_a_filter_with_wildcards_has_topics_that_nothing_was_seen_on():
    make = fleet()
    for number in range(12):
        if number != 5:
            make.receive(f"site{number % 3}/dev-{number:02}/do", "audit", {}, through="+/+/do")
    graph = simplified(make.graph).graph
    assert graph.edges["topic:{site}/{dev}/do", "service:audit", "subscribe"].get("whole", True)
    make.graph.nodes["topic:site2/dev-05/do"]["filter"] = False
    assert simplified(make.graph).graph.edges["topic:{site}/{dev}/do", "service:audit", "subscribe"]["whole"] is False


def test_in_a_fleet_it_is_enough_to_be_similar():
    graph = simplified(fleet(30, lambda device, leaf: (device + len(leaf)) % 4).graph).graph
    assert names(graph, "service") == ["dev-*", "screen", "store"]
    edge = graph.edges["service:dev-*", "topic:{site}/{dev}/temp", "publish"]
    # who has no such topic is no part of it
    assert (edge["topics"], edge.get("whole", True)) == (22, True)


def test_few_services_are_one_only_where_they_do_the_same():
    make = fleet()
    for number in range(4):
        for topic in ("a", "b")[: 1 + number % 2]:
            make.publish(f"web-{number}", f"web/{topic}")
    assert "web-3" in names(simplified(make.graph).graph, "service")


def test_a_denied_publish_does_not_part_a_group():
    make = fleet()
    make.deny("dev-03", "secret/x")
    graph = simplified(make.graph).graph
    edge = graph.edges["service:dev-*", "topic:secret/x", "deny"]
    assert (edge["messages"], edge["whole"]) == (1, False)


def test_groups_of_one_name_are_told_apart_by_a_word_of_their_topics_and_no_real_service_is_taken():
    make = fleet()
    make.publish("dev-*", "x")
    for number in range(50, 54):
        make.publish(f"dev-{number}", "cellar/flow")
    assert names(simplified(make.graph).graph, "service") == [
        "dev-*", "dev-* (2)", "dev-* (cellar)", "screen", "store"
    ]  # fmt: skip


def test_services_that_share_a_subscription_are_one():
    make = fleet()
    for number in range(2):
        make.receive("site0/dev-00/temp", f"ingest-{number}", {}, through="$share/in/site0/#")
    make.publish("ingest-1", "sums")
    make.receive("site0/dev-00/temp", "other", {}, through="$share/out/site0/#")
    view = simplified(make.graph)
    assert view.graph.nodes["service:ingest-*"]["group"] == "share"
    assert "other" in names(view.graph, "service")
    assert Remark("shared", 2, 1, ("ingest-*",)) in view.remarks


def by(**attributes):
    make = GraphMaker()
    for name, value in attributes.items():
        make.publish(name, f"{name}/x")
        make.graph.nodes[f"service:{name}"].update(value)
    make.receive("one/x", "two", {})
    return make.graph


def test_services_can_be_grouped_by_what_they_have_in_common_whatever_they_do():
    users = by(one={"user": "ann"}, two={"user": "ann"}, three={"user": None}, four={"user": None})
    assert names(drawn(users, group_by="user"), "service") == ["ann", "four", "three"]
    places = by(one={"addresses": ["10.0.0.1"]}, two={"addresses": ["10.0.0.1"]}, three={"addresses": []})
    assert names(drawn(places, group_by="address"), "service") == ["10.0.0.1", "three"]
    kinds = by(**{"web-a": {}, "web-b": {}, "one": {}, "two": {}})
    assert names(drawn(kinds, group_by="name"), "service") == ["one", "two", "web-*"]


def test_a_line_that_only_some_of_a_group_have_is_marked():
    users = by(one={"user": "ann"}, two={"user": "ann"})
    assert drawn(users, group_by="user").edges["topic:one/x", "service:ann", "subscribe"]["whole"] is False


def test_a_group_may_have_the_name_of_one_of_its_members():
    graph = drawn(by(ann={"user": "ann"}, one={"user": "ann"}, two={"user": None}), group_by="user")
    assert names(graph, "service") == ["ann", "two"]
    assert graph.nodes["service:ann"]["members"] == 2
    assert graph.edges["service:ann", "topic:ann/x", "publish"]["whole"] is False


def test_depth_makes_one_of_what_lies_deeper():
    make = GraphMaker()
    for topic in ("a/b/c/d", "a/b/c/e", "a/b/x", "a/b", "q"):
        make.message(topic, "w", ["r"])
    view = simplified(make.graph, Choice(depth=2))
    assert names(view.graph, "topic") == ["a/b", "a/b/#", "q"]
    assert view.graph.nodes["topic:a/b/#"]["topics"] == 3
    assert view.remarks == (Remark("collapsed", 3, 1, ("a/b/#",)),)


def test_subtrees_by_depth_that_are_too_many_are_told_as_they_are_drawn():
    make = GraphMaker()
    for number in range(200):
        make.publish("w", f"{words(number)}x/b{words(number)}")
        make.publish("w", f"{words(number)}x/c{words(number)}")
    view = simplified(make.graph, Choice(depth=1))
    (remark,) = view.remarks
    assert (remark.what, remark.count) == ("collapsed", 400)
    assert list(remark.names) == names(view.graph, "topic")
    assert remark.drawn == len(remark.names) <= 150


def test_depth_and_a_hidden_filter_of_the_same_name():
    make = GraphMaker()
    make.message("a/b", "w", ["r"])
    make.message("a/c", "w", ["r"])
    make.receive("a/#", "mqtt-explorer", {})
    graph = drawn(make.graph, depth=1)
    assert names(graph, "topic") == ["a/#"]
    assert graph.edges["service:w", "topic:a/#", "publish"]["messages"] == 2


def words(number):
    """A word of its own for each number, without a digit."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_more_rows_than_can_be_read_are_collapsed_from_below():
    make = GraphMaker()
    for place in range(10):
        for number in range(20):
            make.publish("w", f"plant/{words(place)}x/{words(number + 100 * place)}")
    view = simplified(make.graph)
    found = names(view.graph, "topic")
    assert 130 < len(found) <= 150
    assert sum(each.get("topics", 1) for _, each in view.graph.nodes(data=True) if each["kind"] == "topic") == 200
    remark = view.remarks[-1]
    assert (remark.what, remark.count, remark.names) == ("collapsed", 60, ("plant/ax/#", "plant/bx/#", "plant/cx/#"))


def test_a_thousand_first_levels_are_not_more_than_can_be_read():
    make = GraphMaker()
    for number in range(1000):
        make.publish("w", words(number))
    assert len(names(simplified(make.graph).graph, "topic")) == 150


def test_only_the_busiest_services_are_drawn():
    make = GraphMaker()
    for number in range(8):
        make.message(f"t/{words(number)}", f"writer{number}", ["reader"], 10 - number)
    view = simplified(make.graph, Choice(top=3))
    assert names(view.drawn(), "service") == ["reader", "writer0", "writer1"]
    assert names(view.drawn(), "topic") == ["t/a", "t/b", "t/c", "t/d", "t/e", "t/f", "t/g", "t/h"]
    assert view.remarks == (Remark("rest", 6),)
    assert len(view.graph) == len(make.graph)


def test_topics_that_only_the_others_use_go_with_them():
    make = GraphMaker()
    make.message("busy", "a", ["b"], 9)
    make.message("quiet", "c", ["d"])
    assert names(drawn(make.graph, top=2), "topic") == ["busy"]


def test_everything_hides_nothing_and_folds_all_the_same():
    make = fleet()
    make.receive("site0/dev-00/temp", "mqtt-explorer", {}, through="#")
    assert "mqtt-explorer" in names(drawn(make.graph, everything=True, top=1), "service")
    assert "dev-*" in names(drawn(make.graph, everything=True, top=1), "service")


def test_nothing_is_folded_where_that_is_not_wanted():
    graph = fleet().graph
    assert simplified(graph, Choice(fold="off", depth=1, group_by="name")).graph is graph


def test_a_view_says_what_stands_for_what():
    view = simplified(fleet().graph)
    assert view.of["service:dev-03"] == "service:dev-*"
    assert view.of["topic:site1/dev-01/temp"] == "topic:{site}/{dev}/temp"
    assert "service:store" not in view.of


LEVEL = st.sampled_from(
    ["", "a", "b", "room", "hall", "a1", "a2", "a3", "{id}", "+", "#", "$SYS", "$share", "é9", "x-7"]
)
NAME = st.lists(LEVEL, min_size=1, max_size=4).map("/".join)
MESSAGES = st.lists(
    st.tuples(st.integers(0, 30), NAME, st.lists(st.integers(0, 30), max_size=3), st.integers(0, 5)), max_size=60
)
CHOICES = st.builds(
    Choice,
    depth=st.sampled_from([None, None, 1, 2]),
    group_by=st.sampled_from(["alike", "name", "user", "off"]),
    top=st.sampled_from([3, 60]),
    everything=st.booleans(),
)


def made(messages):
    make = GraphMaker()
    for sender, topic, receivers, count in messages:
        edge = (f"service:svc-{sender}", f"topic:{topic}", "publish")
        if edge not in make.graph.edges:
            make.publish(f"svc-{sender}", topic, count)
        for receiver in receivers:
            if (f"topic:{topic}", f"service:svc-{receiver}", "subscribe") not in make.graph.edges:
                make.receive(topic, f"svc-{receiver}", {f"svc-{sender}": (count, 0)}, through=topic)
                make.graph.nodes[f"service:svc-{receiver}"]["user"] = "ann" if receiver % 2 else None
    return make.graph


def sums(graph):
    found = Counter()
    for _, _, key, edge in graph.edges(keys=True, data=True):
        kind = key.partition(":")[0]
        found.update({(kind, what): edge[what] for what in ("messages", "bytes", "retained")})
        found.update({("deliver", what): edge[what] for what in ("seen", "inferred") if what in edge})
    return found


@settings(max_examples=100, deadline=None)
@given(MESSAGES, CHOICES)
def test_nothing_is_lost_or_counted_twice(messages, choice):
    graph = made(messages)
    view = simplified(graph, choice)
    assert sums(view.graph) == sums(graph)
    nodes = view.graph.nodes
    behind = Counter(view.of.get(node, node) for node in graph)
    assert behind.keys() == set(nodes)
    for node, each in nodes(data=True):
        assert each.get("topics" if each["kind"] == "topic" else "members", 1) == behind[node]
        assert node == f"{each['kind']}:{each['name']}"
    for source, target, edge in view.graph.edges(data=True):
        topic = f"topic:{edge['topic']}" if "topic" in edge else source if source.startswith("topic:") else target
        assert edge.get("topics", 1) <= behind[topic]
        assert edge.get("whole", True) or behind[topic] > 1 or behind[source] > 1 or behind[target] > 1


@settings(max_examples=50, deadline=None)
@given(MESSAGES, CHOICES, st.randoms())
def test_the_order_of_nodes_and_edges_makes_no_difference(messages, choice, dice):
    graph = made(messages)
    other = nx.MultiDiGraph(**graph.graph)
    nodes, edges = list(graph.nodes(data=True)), list(graph.edges(keys=True, data=True))
    dice.shuffle(nodes)
    dice.shuffle(edges)
    other.add_nodes_from(nodes)
    for source, target, key, edge in edges:
        other.add_edge(source, target, key=key, **edge)
    one, two = simplified(graph, choice), simplified(other, choice)
    assert one.remarks == two.remarks
    assert nx.utils.graphs_equal(one.graph, two.graph)


SCRIPT = """
import json, networkx as nx
from docs import systems, traffic
from tracer.views import simplified
print(json.dumps(nx.node_link_data(simplified(traffic.graph_of(systems.home())).graph, edges="edges")))
"""


def test_a_view_is_the_same_whatever_the_hash_seed():
    here = json.dumps(nx.node_link_data(simplified(traffic.graph_of(systems.home())).graph, edges="edges"))
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    there = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_a_group_without_a_common_name_has_those_of_its_members():
    make = fleet()
    for name in ("scada", "pager", "kafka"):
        make.publish(name, "x")
    for name in ("one", "two", "three", "four"):
        make.publish(name, "y")
    for name in ("hall-screen", "door-screen", "roof-screen"):
        make.publish(name, "z")
    found = names(simplified(make.graph).graph, "service")
    assert found == ["*-screen", "dev-*", "four, one, three, …", "kafka, pager, scada", "screen", "store"]

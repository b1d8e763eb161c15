"""Events to a graph: nodes, edges and what stands on them."""

import json

import networkx as nx
import pytest

from tests.tracer.logs import START, connected, log_of, published, sent, subscribed, traced
from tracer import topics
from tracer.graph import Run, Tally
from tracer.pipeline import Counts

FETCH = [
    *connected("runner"), *subscribed("runner", "fetcher/fetch/finish", qos=1),
    *connected("fetcher.1", will="fetcher/status"), *subscribed("fetcher.1", "fetcher/fetch", "fetcher/stop"),
    published("runner", "fetcher/fetch", qos=1, mid=1, size=10), sent("fetcher.1", "fetcher/fetch", size=10),
    "Sending PUBACK to runner (m1, rc0)",
    published("fetcher.1", "fetcher/fetch/finish", size=20), sent("runner", "fetcher/fetch/finish", size=20),
    published("fetcher.1", "fetcher/status", retain=1, size=2),
]  # fmt: skip


def graph_of(*texts, by="service", window=None):
    events, pipeline, _ = traced(log_of(*texts))
    tally = Tally(window)
    for event in events:
        tally.add(event)
    return tally.graph(pipeline.counts, by=by, source="mosquitto.log")


def edges(graph):
    return {(source, target, key): data["messages"] for source, target, key, data in graph.edges(keys=True, data=True)}


def test_who_publishes_subscribes_and_reaches_whom():
    assert edges(graph_of(*FETCH)) == {
        ("service:runner", "topic:fetcher/fetch", "publish"): 1,
        ("topic:fetcher/fetch", "service:fetcher", "subscribe"): 1,
        ("service:runner", "service:fetcher", "deliver:fetcher/fetch"): 1,
        ("service:fetcher", "topic:fetcher/fetch/finish", "publish"): 1,
        ("topic:fetcher/fetch/finish", "service:runner", "subscribe"): 1,
        ("service:fetcher", "service:runner", "deliver:fetcher/fetch/finish"): 1,
        ("service:fetcher", "topic:fetcher/status", "publish"): 1,
        ("topic:fetcher/stop", "service:fetcher", "subscribe"): 0,
    }


def test_nodes_tell_clients_rule_and_state():
    graph = graph_of(*FETCH)
    assert graph.nodes["service:fetcher"] == {
        "kind": "service", "name": "fetcher", "clients": ["fetcher.1"], "rule": "id", "connected": True,
        "addresses": ["127.0.0.1"], "user": None,
    }  # fmt: skip
    assert graph.nodes["topic:fetcher/status"] == {
        "kind": "topic", "name": "fetcher/status", "template": False, "filter": False, "retained_by": "fetcher",
    }  # fmt: skip


def test_edges_tell_messages_bytes_qos_retained_and_times():
    data = graph_of(*FETCH).edges["service:fetcher", "topic:fetcher/status", "publish"]
    at = "2027-01-15T08:00:00Z"
    assert data == {"messages": 1, "bytes": 2, "qos": [0], "retained": 1, "first": at, "last": at}


def test_a_deliver_edge_tells_how_its_senders_are_known():
    stored = [*connected("P"), published("P", "t", retain=1), *connected("S"), *subscribed("S", "t")]
    graph = graph_of(*stored, sent("S", "t", retain=1), published("P", "t"), sent("S", "t"))
    data = graph.edges["service:P", "service:S", "deliver:t"]
    assert (data["topic"], data["messages"], data["seen"], data["inferred"]) == ("t", 2, 1, 1)


def test_two_publishers_and_two_subscribers_are_not_four_pairs():
    graph = graph_of(
        *connected("P"), *connected("Q"), *connected("A"), *connected("B"), published("P", "t"), sent("A", "t"),
        published("Q", "t"), sent("B", "t"),
    )  # fmt: skip
    delivers = {(source, target) for source, target, key in graph.edges(keys=True) if key.startswith("deliver")}
    assert delivers == {("service:P", "service:A"), ("service:Q", "service:B")}


def test_a_wildcard_connects_to_each_topic_that_was_seen():
    graph = graph_of(*connected("S"), *subscribed("S", "a/#", "b/+"), *connected("P"), published("P", "a/1"))
    assert graph.edges["topic:a/1", "service:S", "subscribe"]["filters"] == ["a/#"]
    assert graph.nodes["topic:b/+"]["filter"]
    assert "topic:a/#" not in graph


def test_a_filter_that_nothing_was_seen_on_is_a_topic_of_its_own():
    graph = graph_of(*connected("S"), *subscribed("S", "$share/g/t"))
    assert graph.nodes["topic:t"]["filter"]
    assert graph.edges["topic:t", "service:S", "subscribe"]["filters"] == ["$share/g/t"]


def test_refused_publishes_are_edges_of_their_own():
    denied = "Denied PUBLISH from P (d0, q0, r0, m0, 't', ... (4 bytes))"
    graph = graph_of(*connected("P"), denied, denied)
    assert edges(graph) == {("service:P", "topic:t", "deny"): 2}


def test_clients_of_one_service_are_one_node_and_its_edges_are_added():
    two = [*connected("S.1"), *connected("S.2"), *subscribed("S.1", "t"), *subscribed("S.2", "t")]
    texts = [*two, *connected("P"), published("P", "t"), sent("S.1", "t"), sent("S.2", "t"), "Client S.1 disconnected."]
    graph = graph_of(*texts)
    assert graph.nodes["service:S"]["clients"] == ["S.1", "S.2"]
    assert graph.nodes["service:S"]["connected"]
    assert graph.edges["service:P", "service:S", "deliver:t"]["messages"] == 2
    by_client = graph_of(*texts, by="client")
    assert (by_client.nodes["service:S.1"]["rule"], "service:S" in by_client) == ("client", False)


def test_nobody_is_connected_when_the_broker_has_ended():
    graph = graph_of(*FETCH, "mosquitto version 2.0.11 terminating")
    assert not any(data.get("connected") for _, data in graph.nodes(data=True))


def test_a_graph_is_plain_json_and_comes_back_from_it():
    graph = graph_of(*FETCH)
    data = nx.node_link_data(graph, edges="edges")
    again = nx.node_link_graph(json.loads(json.dumps(data)), edges="edges")
    assert nx.utils.graphs_equal(again, graph)
    assert graph.graph == {
        "schema": 1, "source": "mosquitto.log", "first": "2027-01-15T08:00:00Z", "last": "2027-01-15T08:00:00Z",
        "lines": len(START) + len(FETCH), "events": 12, "unknown_lines": 0, "ambiguous_lines": 0,
        "broker_version": "2.0.11",
    }  # fmt: skip


RUN = [
    published("runner", "runner/runs/R1/start"), *FETCH[-6:-1], published("runner", "runner/runs/R1/finish"),
    sent("watcher", "runner/runs/R1/finish"),
]  # fmt: skip
WATCHER = [*connected("watcher"), *subscribed("watcher", "runner/#")]


def test_a_window_counts_what_happened_in_a_run_only():
    before = [*FETCH, *WATCHER, *connected("gone"), published("gone", "x"), "Client gone disconnected."]
    after = [published("runner", "fetcher/fetch"), *connected("late"), published("late", "y")]
    graph = graph_of(*before, *RUN, *after, window=Run("R1"))
    assert edges(graph) == {
        ("service:runner", "topic:runner/runs/R1/start", "publish"): 1,
        ("service:runner", "topic:runner/runs/R1/finish", "publish"): 1,
        ("topic:runner/runs/R1/start", "service:watcher", "subscribe"): 0,
        ("topic:runner/runs/R1/finish", "service:watcher", "subscribe"): 1,
        ("service:runner", "service:watcher", "deliver:runner/runs/R1/finish"): 1,
        ("service:runner", "topic:fetcher/fetch", "publish"): 1,
        ("topic:fetcher/fetch", "service:fetcher", "subscribe"): 1,
        ("service:runner", "service:fetcher", "deliver:fetcher/fetch"): 1,
        ("service:fetcher", "topic:fetcher/fetch/finish", "publish"): 1,
        ("topic:fetcher/fetch/finish", "service:runner", "subscribe"): 1,
        ("service:fetcher", "service:runner", "deliver:fetcher/fetch/finish"): 1,
        ("topic:fetcher/stop", "service:fetcher", "subscribe"): 0,
    }
    assert {name for name in graph if name.startswith("service:")} == {
        "service:runner", "service:fetcher", "service:watcher",
    }  # fmt: skip


def test_a_window_is_open_from_start_to_the_last_delivery_of_finish():
    tally = Tally(Run("R1"))
    states = []
    for event in traced(log_of(*FETCH, *WATCHER, *RUN, published("runner", "x")))[0]:
        tally.add(event)
        states.append((getattr(event, "topic", ""), event.event, tally.is_open))
    opened = [(topic, kind) for topic, kind, is_open in states if is_open]
    assert opened[0] == ("runner/runs/R1/start", "publish")
    assert opened[-1] == ("runner/runs/R1/finish", "deliver")


def test_a_window_that_never_opens_is_an_empty_graph():
    assert len(graph_of(*FETCH, window=Run("R2"))) == 0


def test_counts_without_a_log_are_enough_for_a_graph():
    assert Tally().graph(Counts()).graph["lines"] == 0


@pytest.mark.parametrize(
    ("topic_filter", "topic", "fits"),
    [
        ("a", "a", True), ("a", "a/b", False), ("a/+", "a/b", True), ("a/+", "a", False), ("a/+", "a/", True),
        ("a/#", "a", True), ("a/#", "a/b/c", True), ("#", "a/b", True), ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False), ("$SYS/#", "$SYS/x", True), ("+/+", "/", True), ("+", "/a", False),
        ("a/+/c", "a/b/c", True), ("a/b", "a/b/c", False),
    ],
)  # fmt: skip
def test_a_filter_matches_as_mqtt_says(topic_filter, topic, fits):
    assert topics.matches(topic_filter, topic) == fits


@pytest.mark.parametrize(
    "text",
    [
        "Denied PUBLISH from A (d0, q1, r0, m1, 't', ... (8 bytes))",
        "Received SUBSCRIBE from A\n1800000000: \tt (denied)",
        "Dropped too large PUBLISH from A (d0, q1, r0, m1, 't', ... (8 bytes))",
        "Denied PUBLISH to A (q1, r0, 't', ... (3 bytes))",
        "Rejected PUBLISH from A, quota exceeded.",
        "Received UNSUBSCRIBE from A\n1800000000: \tt",
        "Received DISCONNECT from A\n1800000000: Client A disconnected.",
    ],
)
def test_who_was_there_before_the_log_began_is_in_no_way_a_surprise(text):
    services = {data["name"] for _, data in graph_of(text).nodes(data=True) if data["kind"] == "service"}
    assert services <= {"A"}

"""Two graphs are compared: what is new and gone, run ids, numbers of both, and what folding makes of it."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.errors import CopperError
from tracer.views import Choice, simplified
from tracer.views.comparing import compared, without_runs

RUN, OTHER = "20261127-101500-ab12", "20261128-111500-cd34"


def system(lines, *, source="log", run=""):
    """`lines`: "SERVICE TOPIC" publishes, "TOPIC > SERVICE" subscribes; each with a number of messages, if not 1."""
    graph = nx.MultiDiGraph(schema=1, source=source, first=None, last=None)

    def node(kind, name):
        more = {"clients": [name], "rule": "id", "connected": True, "addresses": [], "user": None}
        topic = {"template": False, "filter": False, "retained_by": None}
        if f"{kind}:{name}" not in graph:
            graph.add_node(f"{kind}:{name}", kind=kind, name=name, **(more if kind == "service" else topic))
        return f"{kind}:{name}"

    for line in lines:
        what, _, count = line.replace(RUN, run or RUN).partition(" = ")
        messages = int(count or 1)
        sums = {"messages": messages, "bytes": messages, "qos": [0], "retained": 0, "first": None, "last": None}
        if ">" in what:
            topic, service = what.split(" > ")
            graph.add_edge(node("topic", topic), node("service", service), key="subscribe", filters=[topic], **sums)
        else:
            service, topic = what.split()
            graph.add_edge(node("service", service), node("topic", topic), key="publish", **sums)
    return graph


def changes(graph):
    nodes = {node: each["change"] for node, each in graph.nodes(data=True) if "change" in each}
    edges = {edge[:3]: edge[3]["change"] for edge in graph.edges(keys=True, data=True) if "change" in edge[3]}
    return nodes | edges


def test_nothing_differs_from_itself():
    one = system(["lamp home/light", "home/light > panel"])
    assert changes(compared(one, one).graph) == {}


def test_what_only_one_has_is_new_or_gone():
    before = system(["lamp home/light", "home/light > panel", "home/light > old"])
    after = system(["lamp home/light", "home/light > panel", "lamp home/power"])
    assert changes(compared(before, after).graph) == {
        "service:old": "gone",
        ("topic:home/light", "service:old", "subscribe"): "gone",
        "topic:home/power": "added",
        ("service:lamp", "topic:home/power", "publish"): "added",
    }


def test_comparing_the_other_way_round_swaps_new_and_gone():
    one, two = system(["a t/1", "t/1 > b"]), system(["a t/1", "c t/2"])
    swap = {"added": "gone", "gone": "added"}
    forth, back = changes(compared(one, two).graph), changes(compared(two, one).graph)
    assert forth == {what: swap[change] for what, change in back.items()}


def test_edges_have_the_numbers_of_both():
    before, after = system(["a t = 3", "t > b = 5"]), system(["a t = 4"])
    graph = compared(before, after).graph
    kept, gone = graph.edges["service:a", "topic:t", "publish"], graph.edges["topic:t", "service:b", "subscribe"]
    assert (kept["messages"], kept["messages_before"]) == (4, 3)
    assert (gone["messages"], gone["messages_before"]) == (0, 5)


def waiting(lines, topic_filter, *services):
    """With subscriptions on which nothing came, by this filter."""
    graph = system([*lines, *(f"{topic_filter} > {service} = 0" for service in services)])
    graph.nodes[f"topic:{topic_filter}"]["filter"] = True
    return graph


def by_filter(graph, topic_filter):
    for *_, key, edge in graph.edges(keys=True, data=True):
        if key == "subscribe":
            edge["filters"] = [topic_filter]
    return graph


def test_a_filter_that_matches_nothing_any_more_is_no_new_subscription():
    before = by_filter(system(["lamp home/light", "home/light > panel"]), "home/+")
    after = waiting(["lamp shed/light"], "home/+", "panel")
    assert changes(compared(before, after).graph) == {
        "topic:home/light": "gone",
        ("service:lamp", "topic:home/light", "publish"): "gone",
        ("topic:home/light", "service:panel", "subscribe"): "gone",
        "topic:shed/light": "added",
        ("service:lamp", "topic:shed/light", "publish"): "added",
    }
    back = compared(after, before).graph
    assert "topic:home/+" not in back
    assert changes(back)["topic:home/light"] == "added"


def test_only_who_had_not_subscribed_by_a_filter_before_is_new_to_it():
    before = by_filter(system(["lamp home/light", "home/light > panel"]), "home/+")
    after = waiting(["lamp shed/light"], "home/+", "panel", "wall")
    found = compared(before, after).graph
    assert "change" not in found.nodes["topic:home/+"]
    assert "change" not in found.edges["topic:home/+", "service:panel", "subscribe"]
    assert found.edges["topic:home/+", "service:wall", "subscribe"]["change"] == "added"


def test_other_numbers_are_no_change():
    assert changes(compared(system(["a t = 3"]), system(["a t = 4"])).graph) == {}


def test_runs_do_not_differ_by_their_ids():
    lines = [f"runner runner/runs/{RUN}/start", f"runner/runs/{RUN}/start > tracer", f"x work/{RUN}/out", f"at-{RUN} t"]
    found = compared(system(lines), system(lines, run=OTHER))
    assert changes(found.graph) == {}
    assert found.of[f"topic:runner/runs/{OTHER}/start"] == "topic:runner/runs/{run}/start"
    assert found.graph.edges["topic:runner/runs/{run}/start", "service:tracer", "subscribe"]["filters"] == [
        "runner/runs/{run}/start"
    ]


def test_ids_that_are_no_runs_stay():
    found = compared(system([f"x work/{RUN}/out"]), system([f"x work/{RUN}/out"], run=OTHER))
    assert len(changes(found.graph)) == 4


def test_a_log_of_many_runs_has_each_of_their_topics_once():
    both = system([f"runner runner/runs/{run}/start" for run in (RUN, OTHER)])
    found = compared(system([f"runner runner/runs/{RUN}/start"]), both).graph
    assert changes(found) == {}
    assert found.edges["service:runner", "topic:runner/runs/{run}/start", "publish"]["messages"] == 2
    assert "topics" not in found.nodes["topic:runner/runs/{run}/start"]


def test_the_graphs_stay_as_they_are():
    before = system([f"runner runner/runs/{RUN}/start", "a t"])
    copy = before.copy()
    compared(before, system(["a t"]))
    assert dict(before.nodes(data=True)) == dict(copy.nodes(data=True))
    assert list(before.edges(keys=True, data=True)) == list(copy.edges(keys=True, data=True))


NAMES = st.sampled_from("abcd")
LINES = st.lists(
    st.tuples(NAMES, st.sampled_from(["t/1", "t/2", f"runner/runs/{RUN}/start"]), st.booleans()).map(
        lambda one: f"{one[1]} > {one[0]}" if one[2] else f"{one[0]} {one[1]}"
    ),
    unique=True,
    max_size=12,
)


@given(LINES, LINES)
@settings(max_examples=60, deadline=None)
def test_without_what_is_gone_it_is_the_later_graph_and_without_what_is_new_the_earlier(one, two):
    before, after = system(one), system(two, run=OTHER)
    both = compared(before, after).graph

    def without(change):
        nodes = {node for node, each in both.nodes(data=True) if each.get("change") != change}
        return nodes, {edge[:3] for edge in both.edges(keys=True, data=True) if edge[3].get("change") != change}

    def named(graph):
        plain = without_runs(graph)[0]
        return set(plain), set(plain.edges(keys=True))

    assert without("gone") == named(after)
    assert without("added") == named(before)


PLANT = [f"press-{number} plant/press-{number}/{what}" for number in range(1, 31) for what in ("temp", "state")]


def test_a_template_of_which_some_topics_are_new_says_how_many():
    graph = simplified(compared(system(PLANT[:-6]), system(PLANT)).graph).graph
    template = graph.nodes["topic:plant/{client}/temp"]
    assert (template["topics"], template["added"], template.get("change")) == (30, 3, None)
    group = next(each for _, each in graph.nodes(data=True) if each.get("members"))
    assert (group["members"], group["added"], group.get("change")) == (30, 3, None)
    edge = next(edge for *_, edge in graph.edges(data=True))
    assert (edge["lines"], edge["added"], edge.get("change")) == (30, 3, None)


def test_a_template_is_gone_once_all_of_it_is():
    graph = simplified(compared(system([*PLANT, "a t"]), system(["a t"])).graph).graph
    assert {each.get("change") for _, each in graph.nodes(data=True) if each["name"] not in {"a", "t"}} == {"gone"}
    assert sum(edge.get("change") == "gone" for *_, edge in graph.edges(data=True)) == 2


def test_what_is_gone_is_no_idle_subscription():
    found = compared(system(["a t", "t > b"]), system(["a t"])).graph
    assert "service:b" in simplified(found, Choice(view="active")).graph
    assert "service:b" in simplified(found, Choice(focus=("b",))).graph
    assert "service:a" in simplified(found, Choice(reaches=("b",))).graph


def test_folded_is_not_compared_with_unfolded():
    folded = simplified(system(PLANT)).graph
    with pytest.raises(CopperError, match="folded"):
        compared(system(PLANT), folded)
    assert changes(compared(folded, folded).graph) == {}


def test_a_comparison_is_not_compared():
    one = system(["a t"])
    with pytest.raises(CopperError, match="already"):
        compared(compared(one, one).graph, one)


def test_what_a_saved_graph_hides_is_compared_like_any_other():
    one = system(["a t", "$SYS/uptime > a"])
    saved = simplified(one).graph
    assert saved.nodes["topic:$SYS/uptime"]["hidden"]
    assert changes(compared(saved, one).graph) == {}

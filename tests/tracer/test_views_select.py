"""The part of a graph that is asked for."""

import networkx as nx
import pytest

from tests.viz.graphs import NASTY, GraphMaker, home, nasty
from tracer.errors import CopperError
from tracer.views import Choice, Remark, simplified
from viz.formats import json


def plant():
    """sensor → temp → logic, display; logic → valve → pump; pump → done → logic; a clock that nobody hears."""
    make = GraphMaker()
    make.message("temp", "sensor", ["logic", "display"], 9)
    make.message("valve", "logic", ["pump"], 2)
    make.message("done", "pump", ["logic"], 2)
    make.publish("clock", "time")
    return make


def names(graph):
    return sorted(name for _, name in graph.nodes(data="name"))


def drawn(graph, **choice):
    return simplified(graph, Choice(**choice)).drawn()


def near(graph, *focus, hops=1):
    return " ".join(names(drawn(graph, focus=focus, hops=hops)))


def upstream(graph, *reaches):
    return " ".join(names(drawn(graph, reaches=reaches)))


def test_near_a_service_are_its_topics_and_who_it_exchanges_messages_with():
    assert near(plant().graph, "pump") == "done logic pump valve"


def test_who_only_receives_the_same_is_not_near():
    assert near(plant().graph, "display") == "display sensor temp"


def test_a_topic_of_a_service_is_near_it_though_nobody_else_uses_it():
    assert near(plant().graph, "clock") == "clock time"


def test_near_a_topic_are_its_publishers_and_subscribers():
    assert near(plant().graph, "temp") == "display logic sensor temp"


def test_two_hops_go_on_from_whoever_is_near():
    assert near(plant().graph, "pump", hops=2) == "done logic pump sensor temp valve"
    assert near(plant().graph, "valve", hops=2) == "done logic pump sensor temp valve"
    for hops in (3, 10**12):
        assert near(plant().graph, "pump", hops=hops) == "display done logic pump sensor temp valve"


def test_no_hop_is_what_is_named_alone():
    assert near(plant().graph, "pump", "valve", hops=0) == "pump valve"


def test_two_names_are_both_near():
    assert near(plant().graph, "clock", "display") == "clock display sensor temp time"


@pytest.mark.parametrize("name", ["pump", "pump-1", "service:pump", "re:^pum"])
def test_a_service_is_found_by_its_name_its_client_and_its_node(name):
    assert near(plant().graph, name, hops=0) == "pump"


def test_a_filter_is_all_topics_that_it_matches():
    make = GraphMaker()
    for line in (1, 2):
        make.publish("gateway", f"plant/{line}/temp")
    make.publish("gateway", "plant/1/state")
    make.receive("plant/1/#", "reader", {})
    make.graph.nodes["topic:plant/1/#"]["filter"] = True
    assert near(make.graph, "plant/+/temp", hops=0) == "plant/1/# plant/1/temp plant/2/temp"
    assert near(make.graph, "plant/1/state", hops=0) == "plant/1/state"
    assert near(make.graph, "plant/1/#", hops=0) == "plant/1/# plant/1/state plant/1/temp"


def test_a_topic_of_a_template_finds_the_template():
    make = GraphMaker()
    make.topic("plant/{line}/temp", topics=9)
    make.topic("plant/{line}/state", topics=9)
    make.topic("deep/#", topics=9)
    assert near(make.graph, "plant/line3/temp", hops=0) == "plant/{line}/temp"
    assert near(make.graph, "plant/line3/#", hops=0) == "plant/{line}/state plant/{line}/temp"
    assert near(make.graph, "deep/down/below", hops=0) == "deep/#"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pmup", "the nearest are 'pump'"),
        ("PUMP", "the nearest are 'pump'"),
        ("isp", "the nearest are 'display'"),
        ("nothing/like/it/at/all", "there are 'clock', 'clock-1'"),
        ("", "no service, client or topic ''"),
        ("x" * 9999, r"topic 'x{40}…x{40}'; there are"),
        ("a#b", "no service, client or topic"),
        ("zone/#", "no service, client or topic"),
        ("re:^x", "no service, client or topic"),
        ("re:(", "no regular expression"),
        ("\u202ex\x07", r"topic '\\u202ex\\x07'"),
    ],
)
@pytest.mark.parametrize("option", ["focus", "reaches"])
def test_a_name_that_is_not_there_is_an_error_that_says_what_is_like_it(option, name, words):
    with pytest.raises(CopperError, match=words):
        simplified(plant().graph, Choice(**{option: (name,)}))


def test_in_an_empty_graph_there_is_no_name():
    with pytest.raises(CopperError, match="there are none at all"):
        simplified(GraphMaker().graph, Choice(focus=("x",)))


@pytest.mark.parametrize("name", NASTY)
def test_whatever_the_name_it_is_found(name):
    assert name in names(drawn(nasty(), focus=(name,), hops=0))


def test_deliveries_on_topics_that_are_gone_go_with_them():
    make = plant()
    make.message("other", "sensor", ["display"])
    view = simplified(make.graph, Choice(focus=("temp",)))
    assert {key for _, _, key in view.graph.edges(keys=True)} == {"publish", "subscribe", "deliver:temp"}


def test_what_is_not_near_is_counted_and_said():
    assert simplified(plant().graph, Choice(focus=("display",))).remarks == (Remark("focus", 6, names=("display",)),)


def debugged():
    """A writer and its reader, and who reads all and the broker's own topics; another reads these alone."""
    make = GraphMaker()
    make.message("t", "writer", ["reader", "all"])
    for service in ("all", "monitor"):
        make.receive("$SYS/uptime", service, {None: (1, 0)}, through="$SYS/#")
    return make.graph


def test_what_is_hidden_stays_so_near_what_is_named():
    assert near(debugged(), "all") == "all t writer"


def test_what_is_hidden_is_drawn_if_it_is_named_with_what_it_is_joined_with():
    view = simplified(debugged(), Choice(focus=("monitor",)))
    assert names(view.drawn()) == ["$SYS/uptime", "monitor"]
    assert [remark.what for remark in view.remarks] == ["focus"]
    assert near(debugged(), "$SYS/#") == "$SYS/uptime all monitor"


def test_no_hop_leads_over_what_is_hidden():
    make = GraphMaker()
    for topic, service in (("a", "one"), ("b", "two")):
        make.message(topic, service, ["explorer"])
    make.graph.nodes["service:explorer"]["hidden"] = "debugger"
    view = simplified(make.graph, Choice(focus=("one",), hops=5))
    assert (names(view.drawn()), names(view.graph)) == (["a", "one"], ["a", "explorer", "one"])


def test_upstream_is_what_messages_come_from_over_any_number_of_steps():
    assert upstream(plant().graph, "display") == "display sensor temp"
    assert upstream(plant().graph, "pump") == "done logic pump sensor temp valve"
    assert upstream(plant().graph, "valve") == "done logic pump sensor temp valve"
    assert upstream(plant().graph, "clock") == "clock"


def test_a_publisher_whose_messages_did_not_come_does_not_reach():
    make = GraphMaker()
    make.message("t", "one", ["a"])
    make.message("t", "two", ["b"])
    view = simplified(make.graph, Choice(reaches=("a",)))
    assert names(view.graph) == ["a", "one", "t"]
    assert view.remarks == (Remark("reaches", 2, names=("a",)),)
    assert upstream(make.graph, "t") == "one t two"


def test_where_the_log_does_not_tell_the_sender_all_publishers_reach():
    make = GraphMaker()
    make.publish("one", "t")
    make.publish("two", "t")
    make.receive("t", "a", {"one": (1, 0), None: (1, 0)})
    assert upstream(make.graph, "a") == "a one t two"


def test_a_subscription_that_nothing_came_through_leads_nowhere():
    make = GraphMaker()
    make.publish("one", "t")
    make.receive("t", "a", {})
    assert upstream(make.graph, "a") == "a"


def test_lines_that_lead_elsewhere_are_not_upstream():
    make = plant()
    make.message("temp", "pump", ["display"])
    edges = drawn(make.graph, reaches=("logic",)).edges(keys=True)
    assert ("service:pump", "topic:done", "publish") in edges
    assert ("service:pump", "topic:temp", "publish") not in edges


def test_active_leaves_out_what_nothing_went_through():
    make = plant()
    make.receive("error", "logic", {})
    make.receive("temp", "idler", {})
    make.receive("time", "logic", {})
    make.service("lonely")
    make.deny("stranger", "temp")
    view = simplified(make.graph, Choice(view="active"))
    assert names(view.drawn()) == [
        "clock",
        "display",
        "done",
        "logic",
        "pump",
        "sensor",
        "stranger",
        "temp",
        "time",
        "valve",
    ]
    assert view.remarks == (Remark("idle", 3),)
    assert not [edge for *_, edge in view.graph.edges(data=True) if not edge["messages"]]


def test_active_keeps_what_is_named():
    make = plant()
    make.service("lonely")
    assert names(drawn(make.graph, view="active", focus=("lonely",))) == ["lonely"]


def test_active_says_nothing_where_everything_is():
    assert simplified(plant().graph, Choice(view="active")).remarks == ()


def test_no_hop_leads_over_an_idle_subscription_of_an_active_view():
    make = plant()
    make.receive("time", "pump", {})
    assert near(make.graph, "clock") == "clock pump time"
    assert names(drawn(make.graph, view="active", focus=("clock",))) == ["clock", "time"]


def test_services_alone_are_joined_by_deliveries():
    make = plant()
    make.service("lonely")
    view = simplified(make.graph, Choice(view="services"))
    assert names(view.graph) == ["clock", "display", "logic", "lonely", "pump", "sensor"]
    assert {key for *_, key in view.graph.edges(keys=True)} == {"deliver:temp", "deliver:valve", "deliver:done"}
    assert view.remarks == (Remark("services", 4, drawn=4),)


def test_the_topics_that_services_alone_leave_out_are_counted_one_by_one():
    remarks = simplified(farm(), Choice(view="services")).remarks
    assert [(remark.what, remark.count) for remark in remarks] == [("grouped", 60), ("services", 180)]


def test_what_is_hidden_far_away_is_not_spoken_of():
    make = plant()
    make.receive("$SYS/uptime", "monitor", {None: (1, 0)}, through="$SYS/#")
    assert [remark.what for remark in simplified(make.graph, Choice(focus=("pump",))).remarks] == ["focus"]


def test_services_without_deliveries_stay_and_the_view_says_that_there_are_none():
    make = GraphMaker()
    make.publish("writer", "t")
    view = simplified(make.graph, Choice(view="services"))
    assert (names(view.graph), view.remarks) == (["writer"], (Remark("services", 1, drawn=0),))


def test_deliveries_of_hidden_topics_are_no_line_between_services():
    make = plant()
    make.message("$SYS/bridged", "clock", ["pump"])
    keys = {key for *_, key in drawn(make.graph, view="services").edges(keys=True)}
    assert keys == {"deliver:temp", "deliver:valve", "deliver:done"}


def test_views_and_focus_go_together():
    assert names(drawn(plant().graph, view="services", focus=("temp",))) == ["display", "logic", "sensor"]
    assert names(drawn(plant().graph, reaches=("pump",), focus=("sensor",))) == ["logic", "sensor", "temp"]


def test_the_graph_that_was_handed_in_stays_as_it_is():
    graph, same = home(), home()
    simplified(graph, Choice(view="active", focus=("node-red",), reaches=("telegraf",)))
    assert nx.utils.graphs_equal(graph, same)


@pytest.mark.parametrize(
    "choice",
    [
        Choice(),
        Choice(focus=("home-assistant",)),
        Choice(view="services"),
        Choice(view="active", reaches=("telegraf",)),
    ],
    ids=["all", "focus", "services", "reaches"],
)
def test_a_view_that_was_saved_is_the_same_view_again(choice):
    first = simplified(home(), choice)
    second = simplified(first.graph)
    assert (second.remarks, json.render(second.graph)) == (first.remarks, json.render(first.graph))


def test_what_was_hidden_when_it_was_saved_can_be_drawn():
    view = simplified(simplified(debugged()).graph, Choice(everything=True))
    assert (names(view.drawn()), view.remarks) == (["$SYS/uptime", "all", "monitor", "reader", "t", "writer"], ())


def test_services_that_were_saved_alone_can_be_focused_on():
    saved = simplified(plant().graph, Choice(view="services")).graph
    assert near(saved, "pump") == "logic pump"
    assert upstream(saved, "display") == "display sensor"


@pytest.mark.parametrize("remarks", [7, [7], [{"what": "x"}], [{"what": "sys", "count": "1", "drawn": 0, "names": []}]])
def test_remarks_that_are_none_are_refused_in_words(remarks):
    graph = plant().graph
    graph.graph["remarks"] = remarks
    with pytest.raises(CopperError, match="remark"):
        simplified(graph)


def farm():
    """Sixty devices with three topics each, and who stores what they say."""
    make = GraphMaker()
    for number in range(60):
        for what in ("temp", "state", "battery"):
            make.message(f"farm/dev{number}/{what}", f"dev-{number}", ["store"])
    return make.graph


def test_near_one_of_many_that_are_alike_it_alone_is_seen():
    assert near(farm(), "dev-7") == "dev-7 farm/dev7/battery farm/dev7/state farm/dev7/temp store"


def test_what_is_near_is_put_together_where_it_is_much():
    view = simplified(farm(), Choice(focus=("store",)))
    assert len(view.drawn()) < 9
    assert view.of["service:dev-7"] in view.graph


def test_what_is_seen_of_many_can_be_named():
    seen = {each["name"]: each["kind"] for _, each in simplified(farm()).drawn().nodes(data=True)}
    assert len(seen) < 9
    for name in seen:
        assert names(drawn(farm(), focus=(name,), hops=0)), name


@pytest.mark.parametrize("choice", [Choice(fold="off"), Choice(depth=1), Choice(group_by="user")])
def test_a_folded_view_that_was_saved_is_not_folded_otherwise(choice):
    with pytest.raises(CopperError, match="was folded when it was saved"):
        simplified(simplified(farm()).graph, choice)


def test_a_view_that_was_saved_unfolded_is_folded_when_it_is_drawn():
    saved = simplified(farm(), Choice(fold="off")).graph
    assert names(simplified(saved).drawn()) == names(simplified(farm()).drawn())


def test_messages_of_a_publisher_that_is_left_out_are_still_known_at_the_line_to_their_receiver():
    make = GraphMaker()
    make.message("own", "near", ["reader"], 2)
    make.publish("far", "own", 5)
    make.receive("own", "reader", {"near": (2, 0), "far": (1, 4)})
    view = simplified(make.graph, Choice(focus=("near",)))
    assert "service:far" not in view.graph
    edge = view.graph.edges["topic:own", "service:reader", "subscribe"]
    assert (edge["others_seen"], edge["others_inferred"]) == (1, 4)
    assert "others_seen" not in make.graph.edges["topic:own", "service:reader", "subscribe"]


def test_messages_of_a_publisher_that_is_not_among_the_busiest_are_still_known():
    make = GraphMaker()
    make.message("loud", "speaker", ["reader"], 9)
    make.publish("quiet", "soft")
    make.receive("soft", "reader", {"quiet": (0, 1)})
    view = simplified(make.graph, Choice(top=2))
    drawn = view.drawn()
    assert "service:quiet" not in drawn
    assert drawn.edges["topic:soft", "service:reader", "subscribe"]["others_inferred"] == 1
    assert "others_inferred" not in view.graph.edges["topic:soft", "service:reader", "subscribe"]


def test_what_came_from_who_is_left_out_is_added_up_where_topics_become_one():
    make = GraphMaker()
    for number in range(30):
        make.message(f"press/{number}/temp", "near", ["reader"])
        make.publish("far", f"press/{number}/temp")
        make.receive(f"press/{number}/temp", "reader", {"near": (1, 0), "far": (0, 2)})
    graph = simplified(make.graph, Choice(focus=("near",))).drawn()
    assert graph.edges["topic:press/{id}/temp", "service:reader", "subscribe"]["others_inferred"] == 60

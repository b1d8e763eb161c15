"""Which lines a graph becomes, and how sure they are."""

import pytest

from tests.viz.graphs import GraphMaker, home, workflow
from tracer.views import Choice, simplified
from viz.layout import lay_out
from viz.layout.tables import TIMES
from viz.lines import styles


def arrows(graph, kind="receive"):
    return [arrow for arrow in lay_out(graph, layout="columns").arrows if arrow.kind == kind]


@pytest.mark.parametrize(
    ("senders", "style"),
    [
        ({"a": (3, 0), "b": (1, 0)}, "proven"),
        ({"a": (0, 3)}, "inferred"),
        ({"a": (3, 0), "b": (0, 1)}, "partly"),
        ({"a": (1, 2)}, "partly"),
        ({}, "idle"),
        ({None: (2, 0)}, "inferred"),
        ({"a": (1, 0), None: (2, 0)}, "partly"),
    ],
)
def test_a_line_says_how_the_senders_of_its_messages_are_known(senders, style):
    make = GraphMaker()
    make.receive("t", "reader", senders)
    assert [arrow.style for arrow in arrows(make.graph)] == [style]


def test_the_tooltip_of_a_line_lists_the_senders_with_counts():
    make = GraphMaker()
    make.receive("t", "reader", {"a": (3, 1), "b": (0, 2), None: (4, 0)}, through="#")
    (arrow,) = arrows(make.graph)
    assert "reader receives t" in arrow.tooltip
    assert "subscribed to #" in arrow.tooltip
    assert "10 messages" in arrow.tooltip
    assert "from a: 4 (3 seen, 1 inferred)" in arrow.tooltip
    assert "from b: 2 (inferred)" in arrow.tooltip
    assert "from a sender that the log does not tell: 4" in arrow.tooltip


def test_messages_of_who_is_not_drawn_are_not_said_to_be_of_unknown_senders():
    make = GraphMaker()
    make.receive("t", "reader", {"a": (3, 0), None: (4, 0)})
    make.graph.edges["topic:t", "service:reader", "subscribe"]["others_inferred"] = 4
    (arrow,) = arrows(make.graph)
    assert arrow.style == "partly"
    assert styles(make.graph)["topic:t", "service:reader", "subscribe"] == "partly"
    assert "from services that are not drawn: 4 (inferred)" in arrow.tooltip
    assert "does not tell" not in arrow.tooltip


def test_messages_count_whose_publisher_is_not_among_the_busiest():
    make = GraphMaker()
    make.message("loud", "speaker", ["reader", "other"], 9)
    for place in range(3):
        make.message("both", f"quiet-{place}", ["reader", "other"])
        make.graph.edges["topic:both", "service:reader", "subscribe"]["messages"] = 3
    make.message("soft", "quiet-0", ["reader", "other"], 2)
    scene = lay_out(simplified(make.graph, Choice(top=3)).drawn(), layout="columns")
    assert {row.label: row.count for table in scene.tables for row in table.rows} == {
        "both": "0.3/min", "loud": "0.9/min", "soft": "0.2/min",
    }  # fmt: skip
    assert "14 messages" in scene.summary


def test_who_receives_a_whole_table_through_one_filter_gets_one_line_from_its_header():
    make = GraphMaker()
    for topic in ("x/a", "x/b", "x/c"):
        make.message(topic, "writer", ["reader"], through="x/#")
    (arrow,) = arrows(make.graph)
    assert arrow.source == "topics:x/"
    assert "x/a, x/b, x/c" in arrow.tooltip


def test_who_has_a_filter_for_each_topic_keeps_a_line_for_each():
    make = GraphMaker()
    for topic in ("x/a", "x/b", "x/c"):
        make.message(topic, "writer", ["reader"], through=topic)
    assert {arrow.source for arrow in arrows(make.graph)} == {f"topic:x/{end}" for end in "abc"}


def part_of_a_group():
    """A group of 400 of which 320 publish what a template stands for, and a reader of some of it."""
    make = GraphMaker()
    for what in ("temp", "status"):
        make.topic(f"plant/{{id}}/{what}", topics=400)
        make.message(f"plant/{{id}}/{what}", "press-*", ["reader"], 320, through="plant/#")
    make.graph.nodes["service:press-*"].update(members=400, group="alike")
    for source, target, key, edge in make.graph.edges(keys=True, data=True):
        if key in {"publish", "subscribe"} and "temp" in source + target:
            edge.update(topics=320, whole=False)
    return make.graph


def test_a_line_for_part_of_a_template_is_broken_and_says_how_much_it_is():
    temp, status = sorted(arrows(part_of_a_group(), "publish"), key=lambda arrow: arrow.whole)
    assert (temp.whole, status.whole) == (False, True)
    assert temp.tooltip.split("\n")[1] == "on 320 of 400 topics"
    assert dict(temp.data)["part"] == "on 320 of 400 topics"


def test_a_line_from_the_header_is_broken_where_it_is_not_the_whole_of_every_row():
    (arrow,) = arrows(part_of_a_group())
    assert (arrow.source, arrow.whole) == ("topics:plant/", False)
    assert "on 720 of 800 topics" in arrow.tooltip


def test_groups_and_templates_are_counted_beside_their_names_and_explained():
    scene = lay_out(part_of_a_group(), layout="columns")
    assert {(box.label, box.count) for box in scene.boxes} == {("press-*", f"{TIMES}400"), ("reader", "")}
    assert [(row.label, row.times) for row in scene.tables[0].rows] == [
        ("{id}/status", f"{TIMES}400"),
        ("{id}/temp", f"{TIMES}400"),
    ]
    assert {entry.sample for entry in scene.legend} >= {"part", "group"}


def test_a_row_that_only_others_receive_keeps_the_lines_apart():
    make = GraphMaker()
    for topic in ("x/a", "x/b", "x/c"):
        make.message(topic, "writer", ["reader"], through="x/+")
    make.message("x/d/e", "writer", ["other"])
    assert len(arrows(make.graph)) == 4


def test_topics_that_share_their_first_level_are_one_table():
    scene = lay_out(workflow(), layout="columns")
    assert sorted(table.header for table in scene.tables if table.header) == ["fetcher/", "markdown/", "runner/"]
    fetcher = next(table for table in scene.tables if table.header == "fetcher/")
    assert [row.label for row in fetcher.rows][:3] == ["fetch", "fetch/error", "fetch/finish"]


def test_a_topic_alone_on_its_level_stands_with_its_whole_name():
    scene = lay_out(home(), layout="columns")
    alone = [table.rows[0].label for table in scene.tables if not table.header]
    assert sorted(alone) == ["alerts/telegram", "homeassistant/status"]


def test_the_topic_that_is_a_first_level_is_no_row_of_the_topics_below_it():
    make = GraphMaker()
    for topic in ("x", "x/a", "x/b"):
        make.publish("writer", topic)
    tables = lay_out(make.graph, layout="columns").tables
    assert [(table.header, [row.label for row in table.rows]) for table in tables] == [("", ["x"]), ("x/", ["a", "b"])]


def test_refused_publishes_are_lines_of_their_own():
    make = GraphMaker()
    make.publish("writer", "t")
    make.deny("writer", "t", 2)
    scene = lay_out(make.graph, layout="columns")
    assert sorted(arrow.kind for arrow in scene.arrows) == ["deny", "publish"]
    assert "refused by the broker" in [entry.text for entry in scene.legend]


def test_services_that_reach_each_other_are_known_but_not_drawn():
    delivered = arrows(workflow(), "deliver")
    assert {(arrow.source, arrow.target) for arrow in delivered} == {
        ("service:runner", "service:fetcher"),
        ("service:runner", "service:markdown"),
        ("service:fetcher", "service:runner"),
        ("service:markdown", "service:runner"),
    }
    assert not any(arrow.points for arrow in delivered)


def test_more_traffic_makes_a_wider_line_that_never_gets_heavy():
    make = GraphMaker()
    for number, messages in enumerate((1, 600, 10**9)):
        make.publish("writer", f"t{number}", messages)
    widths = [arrow.width for arrow in arrows(make.graph, "publish")]
    assert widths == sorted(set(widths))
    assert max(widths) == 4


def test_the_legend_names_what_occurs_and_nothing_else():
    make = GraphMaker()
    make.publish("writer", "t")
    assert [entry.text for entry in lay_out(make.graph, layout="columns").legend] == ["publishes"]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-11-24T23:30:00+00:00", "2026-11-24T23:30:02+00:00", "120"),
        ("2026-11-24T23:30:00Z", "2026-11-24T23:31:00Z", "2.0/s"),
        ("2026-11-24T00:00:00+00:00", "2026-11-25T00:00:00+00:00", "5.0/h"),
        (None, None, "120"),
    ],
)
def test_rows_show_rates_where_the_log_is_long_enough_to_have_any(first, last, expected):
    make = GraphMaker(first, last)
    make.publish("writer", "t", 120)
    assert lay_out(make.graph, layout="columns").tables[0].rows[0].count == expected


def shared():
    """Two readers that share the messages of one filter, and one who gets them all."""
    make = GraphMaker()
    for number in range(4):
        topic, got, other = f"s/{number}", "AB"[number % 2], "BA"[number % 2]
        make.message(topic, "writer", [got], through="$share/g/s/#")
        make.receive(topic, other, {}, through="$share/g/s/#")
        make.receive(topic, "all", {"writer": (1, 0)}, through="s/#")
    return make.graph


def test_who_received_some_topics_of_a_table_has_no_line_that_stands_for_all_of_them():
    lines = {(arrow.source, arrow.target): arrow for arrow in arrows(shared())}
    assert [source for source, target in lines if target == "service:all"] == ["topics:s/"]
    for reader, got in (("A", "02"), ("B", "13")):
        styles = {number: lines[f"topic:s/{number}", f"service:{reader}"].style for number in "0123"}
        assert styles == {number: "proven" if number in got else "idle" for number in "0123"}
        assert ("topics:s/", f"service:{reader}") not in lines


def test_who_waits_for_a_whole_table_has_one_pale_line():
    make = GraphMaker()
    for topic in ("x/a", "x/b", "x/c"):
        make.publish("writer", topic)
        make.receive(topic, "reader", {}, through="x/#")
    (arrow,) = arrows(make.graph)
    assert (arrow.source, arrow.style) == ("topics:x/", "idle")


def test_a_topic_that_was_refused_is_none_that_a_line_from_the_header_brings():
    make = GraphMaker()
    for topic in ("x/a", "x/b", "x/c"):
        make.message(topic, "writer", ["reader"], through="x/#")
    make.deny("writer", "x/d")
    assert sorted(arrow.source for arrow in arrows(make.graph)) == ["topic:x/a", "topic:x/b", "topic:x/c"]


def test_the_tooltip_of_an_idle_line_does_not_say_that_anything_was_received():
    make = GraphMaker()
    make.receive("t", "reader", {}, through="#")
    (arrow,) = arrows(make.graph)
    assert arrow.tooltip == "reader waits for t\nsubscribed to #\nnothing came while this was watched"


SHORT = ("2026-11-24T23:30:00Z", "2026-11-24T23:30:02Z")


@pytest.mark.parametrize(
    ("times", "counts", "expected"),
    [
        ((None, None), (1, 100), ["wider: more messages"]),
        (SHORT, (1, 100), ["wider: more messages"]),
        (("2026-11-24T23:30:00Z", "2026-11-24T23:32:00Z"), (1, 5000), ["wider: more messages a second"]),
        (SHORT, (5, 5), []),
        (SHORT, (10, 11), []),
    ],
)
def test_the_legend_speaks_of_widths_where_they_differ_and_of_rates_where_there_are_any(times, counts, expected):
    make = GraphMaker(*times)
    for number, messages in enumerate(counts):
        make.publish("writer", f"t{number}", messages)
    texts = [entry.text for entry in lay_out(make.graph, layout="columns").legend]
    assert [text for text in texts if text.startswith("wider")] == expected


def test_in_a_short_log_the_same_count_has_the_same_width_however_short_it_was():
    widths = []
    for last in ("2026-11-24T23:30:00Z", "2026-11-24T23:30:30Z", None):
        make = GraphMaker("2026-11-24T23:30:00Z", last)
        make.publish("writer", "t", 20)
        widths += [arrow.width for arrow in arrows(make.graph, "publish")]
    assert len(set(widths)) == 1


def test_the_counts_are_of_all_that_is_drawn_in_groups_and_templates():
    assert lay_out(part_of_a_group(), layout="columns").summary.startswith(
        "401 services in 2 boxes, 800 topics in 2 rows"
    )

"""A comparison is drawn: green and plus, red, dashed and minus, in every format; words say the same."""

import re
from xml.etree import ElementTree as ET

import pytest

from tests.viz.graphs import GraphMaker, home
from tracer.views import Choice, simplified
from tracer.views.comparing import compared
from viz import palette
from viz.formats import FORMATS
from viz.layout import lay_out
from viz.lines import TIMES
from viz.picture import draw
from viz.scene import SIGNS


@pytest.fixture(scope="module")
def changed():
    """A house that got a heat pump and a second charger, and lost its backup and a thermometer."""
    before = home()
    before.graph["source"] = "/logs/monday.log"
    make = GraphMaker()
    make.graph = home()
    make.graph.graph["source"] = "/logs/friday.log"
    make.message("evcc/loadpoints/2/power", "evcc", ["node-red", "telegraf"], 40, through="evcc/#")
    make.message("heatpump/temperature", "heatpump", ["telegraf"], 12)
    make.receive("frigate/front/person", "node-red", {"frigate": (3, 0)})
    make.graph.remove_node("service:mqtt-backup")
    make.graph.remove_node("topic:shellies/boiler/temperature")
    return compared(before, make.graph).graph


LAYOUTS = pytest.mark.parametrize("layout", ["flow", "columns", "matrix"])


@LAYOUTS
def test_boxes_rows_and_lines_say_what_became_of_them(changed, layout):
    scene = lay_out(changed, layout=layout)
    boxes = {box.label: box.change for box in scene.boxes if box.change}
    rows = {row.node: row.change for table in scene.tables for row in table.rows if row.change}
    lines = {(one.source, one.target): one.change for one in scene.marks or scene.arrows if one.change}
    assert boxes == {"heatpump": "added", "mqtt-backup": "gone"}
    assert rows == {
        "topic:evcc/loadpoints/2/power": "added",
        "topic:heatpump/temperature": "added",
        "topic:shellies/boiler/temperature": "gone",
    }
    assert lines["service:heatpump", "topic:heatpump/temperature"] == "added"
    assert lines["topic:frigate/front/person", "service:node-red"] == "added"
    assert lines["topic:homeassistant/status", "service:mqtt-backup"] == "gone"


def test_one_line_from_a_header_still_stands_for_rows_that_are_new_or_gone(changed):
    arrows = {(one.source, one.target): one for one in lay_out(changed, layout="columns").arrows}
    shared = arrows["topics:evcc/", "service:telegraf"]
    assert (shared.change, ("topic:evcc/loadpoints/2/power", "service:telegraf") in arrows) == ("", False)
    assert "1 of 5 edges is new" in shared.tooltip
    assert "1 of 3 edges is gone" in arrows["topics:shellies/", "service:home-assistant"].tooltip


def test_who_is_new_gets_one_line_from_a_header_whatever_is_gone_below_it():
    before, after = GraphMaker(), GraphMaker()
    for make, topics in ((before, "a b old"), (after, "a b")):
        for topic in topics.split():
            make.publish("lamp", f"home/{topic}")
    for topic in "ab":
        after.receive(f"home/{topic}", "panel", {"lamp": (1, 0)}, through="home/#")
    scene = lay_out(compared(before.graph, after.graph).graph, layout="columns")
    received = [(one.source, one.change) for one in scene.arrows if one.kind == "receive"]
    assert received == [("topics:home/", "added")]


@LAYOUTS
def test_the_title_counts(changed, layout):
    title = "friday.log compared with monday.log: 1 service, 2 topics, 6 edges new; 1 service, 1 topic, 4 edges gone"
    assert lay_out(changed, layout=layout).title == title


def test_the_title_says_that_nothing_has_changed():
    assert lay_out(compared(home(), home()).graph).title == "test compared with test: nothing has changed"


def test_a_title_of_ones_own_keeps_the_counts(changed):
    assert lay_out(changed, title="After the move").title.startswith("After the move: 1 service, 2 topics")


def test_between_services_alone_the_deliveries_count(changed):
    drawn = draw(changed, "svg", choice=Choice(view="services")).decode()
    assert re.search(r"1 service new; 1 service gone|deliver edges new", drawn)


def test_of_what_stands_for_many_a_count_says_how_many_are_new_or_gone():
    sides = [GraphMaker(), GraphMaker()]
    for make, presses in zip(sides, (range(30), range(3, 34)), strict=True):
        for number in presses:
            make.message(f"plant/press-{number}/temp", f"press-{number}", ["historian"])
    scene = lay_out(simplified(compared(*[make.graph for make in sides]).graph).graph, layout="columns")
    (table,) = scene.tables
    assert [row.times for row in table.rows] == [f"{TIMES}34 +4 {SIGNS['gone']}3"]
    assert "4 of 34 topics are new\n3 of 34 topics are gone" in table.rows[0].tooltip
    assert [box.count for box in scene.boxes if box.count] == [f"{TIMES}34 +4 {SIGNS['gone']}3"]
    assert [one.change for one in scene.arrows] == [""] * len(scene.arrows)
    assert any("+ new" in entry.text for entry in scene.legend)


def test_tooltips_have_the_numbers_of_both(changed):
    arrows = {(one.source, one.target): one for one in lay_out(changed, layout="columns").arrows}
    gone = arrows["service:shelly-boiler", "topic:shellies/boiler/temperature"].tooltip
    assert "gone: only in monday.log" in gone
    assert "nothing came" not in gone
    assert "not in monday.log" in arrows["service:heatpump", "topic:heatpump/temperature"].tooltip
    assert "messages in monday.log" in arrows["service:frigate", "topic:frigate/stats"].tooltip


def test_the_legend_explains_both_signs(changed):
    assert {"added", "gone"} <= {entry.sample for entry in lay_out(changed).legend}


@LAYOUTS
def test_a_picture_shows_signs_and_not_colours_alone(changed, layout):
    picture = draw(changed, "svg", layout=layout).decode()
    texts = ["".join(text.itertext()) for text in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert {"+ heatpump", "\N{MINUS SIGN} mqtt-backup"} <= set(texts)
    assert palette.ADDED.light in picture
    assert palette.GONE.dark in picture
    if layout != "matrix":
        assert re.search(r'class="e receive minus .*?stroke-dasharray="4 3"', picture, re.DOTALL)


def test_other_pictures_know_nothing_of_it():
    picture = draw(home(), "svg").decode()
    assert palette.ADDED.light not in picture
    assert "plus" not in picture


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"png", "pdf", "svg"}))
def test_every_format_tells_new_from_gone(changed, name):
    text = draw(changed, name).decode()
    told = {
        "mermaid": ("class s4", " gone"),
        "dot": ('"+ heatpump"', "\N{MINUS SIGN}"),
        "drawio": ("+ heatpump", "gone"),
    }
    for words in told.get(name, ("added", "gone")):
        assert words in text


def test_colours_can_be_read_on_both_pages():
    def light(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one, other):
        dim, bright = sorted((light(one), light(other)))
        return (bright + 0.05) / (dim + 0.05)

    for line, fill in ((palette.ADDED, palette.ADDED_FILL), (palette.GONE, palette.GONE_FILL)):
        for theme in ("light", "dark"):
            grounds = (palette.PAGE, palette.TOPIC_FILL, palette.SERVICE_FILL, palette.HEADER_FILL, fill)
            assert min(contrast(getattr(line, theme), getattr(ground, theme)) for ground in grounds) >= 4.5

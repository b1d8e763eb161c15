"""A drawio file that a person has edited, written again: theirs stays theirs, ours follows the graph."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.viz.drawio_files import drawn, edited, ident, packed, page_of, places, read
from tests.viz.graphs import GraphMaker, home, nasty, workflow
from tracer.errors import CopperError
from viz.formats.drawio import merge

RUNNER = ident("service", "runner")
FETCHER = ident("service", "fetcher")
FETCH = ident("topic", "fetcher/fetch")
SMALL = drawn(workflow())
TABLE = ident("table", "fetcher/")
NOTE = (
    '<mxCell id="mine-1" value="call Ann first" style="shape=note;fillColor=#FFFF00;" vertex="1" parent="1">'
    '<mxGeometry x="20" y="900" width="120" height="40" as="geometry"/></mxCell>'
)
OTHER_PAGE = (
    b'<diagram id="other" name="Ideas"><mxGraphModel><root><mxCell id="0"/><mxCell id="1" parent="0"/></root>'
    b"</mxGraphModel></diagram>"
)


def with_more(graph, *lines):
    """The same system, where some more services publish."""
    make = GraphMaker()
    make.graph = graph
    for service, topic, receivers in lines:
        make.message(topic, service, receivers)
    return make.graph


def without(graph, *nodes):
    graph.remove_nodes_from(nodes)
    return graph


@pytest.mark.parametrize("graph", [workflow(), home(), nasty()])
@pytest.mark.parametrize("layout", ["auto", "columns"])
def test_a_file_that_nobody_touched_is_written_as_if_it_were_not_there(graph, layout):
    fresh = drawn(graph, layout=layout)
    assert merge(fresh.decode(), fresh).encode() == fresh
    assert merge(fresh.decode(), packed(fresh)).encode() == fresh


def as_other_editors_write(data):
    """Holders by their other name, attributes turned round, an x of 0 left out."""
    file = ET.fromstring(data)
    for element in file.iter():
        turned = dict(reversed(element.attrib.items()))
        if element.tag == "object":
            element.tag = "UserObject"
        if element.tag == "mxGeometry" and float(turned.get("x", 1)) == 0:
            del turned["x"]
        element.attrib.clear()
        element.attrib.update(turned)
    return ET.tostring(file)


def test_who_wrote_a_file_last_makes_no_difference():
    fresh = drawn(home())
    assert merge(fresh.decode(), as_other_editors_write(fresh)).encode() == fresh


def test_a_model_without_a_file_around_it_is_a_page_too():
    before = edited(SMALL, (RUNNER, "x", 1234))
    assert drawn(workflow(), ET.tostring(ET.fromstring(before).find("diagram/mxGraphModel"))) == drawn(
        workflow(), before
    )


def test_an_empty_file_is_no_obstacle():
    assert drawn(workflow(), b"\n") == SMALL


def test_places_styles_and_shapes_of_a_person_stay():
    before = edited(SMALL, (RUNNER, "x", 1070), (RUNNER, "y", 520), (RUNNER, "style:fillColor", "#FF0000"), NOTE)
    after = drawn(with_more(workflow(), ("sensor", "sensor/temperature", ["runner"])), before)
    assert places(after)[RUNNER][:2] == (1070, 520)
    assert "fillColor=#FF0000;" in read(after)[RUNNER]["style"]
    assert read(after)["mine-1"]["value"] == "call Ann first"
    assert places(after)["mine-1"] == (20, 900, 120, 40)


def test_what_is_written_over_twice_is_the_same():
    before = edited(
        drawn(home()), (ident("service", "telegraf"), "x", 5), NOTE, (ident("service", "evcc"), "width", 300)
    )
    graph = with_more(without(home(), "service:frigate"), ("new", "evcc/more", ["telegraf"]))
    after = drawn(graph, before)
    assert drawn(graph, after) == after


def test_what_a_person_resized_stays_so_but_tables_have_room_for_their_rows():
    before = edited(SMALL, (RUNNER, "height", 200), (TABLE, "height", 10), (FETCH, "y", 400))
    assert places(drawn(workflow(), before))[RUNNER][3] == 200
    for cell in (TABLE, FETCH):
        assert places(drawn(workflow(), before))[cell] == places(SMALL)[cell]


def test_labels_and_data_are_ours():
    before = edited(SMALL, (RUNNER, "label", "<b>Renamed</b>"), (RUNNER, "style:html", "1"))
    after = read(drawn(workflow(), before))[RUNNER]
    assert (after["label"], "html" in after["style"]) == ("runner", False)


def test_data_and_links_that_a_person_added_stay():
    before = edited(SMALL, (RUNNER, "owner", "Ann"), (RUNNER, "link", "https://wiki.example/runner"))
    after = read(drawn(workflow(), before))[RUNNER]
    assert (after["owner"], after["link"]) == ("Ann", "https://wiki.example/runner")


def inferred(line="fetcher/fetch"):
    graph = workflow()
    for *_, edge in graph.edges(keys=True, data=True):
        if edge.get("topic") == line:
            edge["seen"], edge["inferred"] = 0, edge["messages"]
    return graph


def test_a_style_follows_ours_but_for_the_keys_that_a_person_changed():
    line = ident("receive", "topic:fetcher/fetch\nservice:fetcher")
    before = edited(SMALL, (line, "style:strokeColor", "#00FF00"), (line, "style:endSize", None))
    style = read(drawn(inferred(), before))[line]["style"]
    assert "dashPattern=1.5 4;" in style
    assert "strokeColor=#00FF00;" in style
    assert "endSize" not in style
    again = read(drawn(workflow(), drawn(inferred(), before)))[line]["style"]
    assert "dashPattern" not in again
    assert "strokeColor=#00FF00;" in again


def test_a_line_keeps_the_points_that_a_person_gave_it():
    line = ident("publish", "service:runner\ntopic:runner/status")
    before = SMALL
    root = page_of(before)
    assert root.find(f"object[@id='{line}']/mxCell/mxGeometry/Array") is None
    way = b'<mxGeometry relative="1" as="geometry"><Array as="points"><mxPoint x="7" y="9"/></Array></mxGeometry>'
    head, tail = before.split(f'id="{line}"'.encode())
    tail = tail.replace(b'<mxGeometry relative="1" as="geometry" />', way, 1)
    after = page_of(drawn(workflow(), head + f'id="{line}"'.encode() + tail))
    point = after.find(f"object[@id='{line}']/mxCell/mxGeometry/Array/mxPoint")
    assert (point.get("x"), point.get("y")) == ("7", "9")


def test_layers_stay_hidden_renamed_and_in_their_order():
    before = edited(SMALL, ("layer-publish", "visible", "0"), ("layer-services", "value", "Teams"))
    before = edited(before, '<mxCell id="mine" value="Notes" parent="0"/>', (RUNNER, "parent", "mine"))
    after = read(drawn(workflow(), before))
    assert after["layer-publish"]["visible"] == "0"
    assert after["layer-services"]["value"] == "Teams"
    assert after[RUNNER]["parent"] == "mine"


def test_a_service_stays_in_the_group_that_a_person_made():
    group = (
        '<mxCell id="g" value="" style="group" vertex="1" parent="layer-services">'
        '<mxGeometry x="400" y="300" width="200" height="100" as="geometry"/></mxCell>'
    )
    before = edited(SMALL, group, (RUNNER, "parent", "g"), (RUNNER, "x", 10), (RUNNER, "y", 20))
    after = drawn(with_more(workflow(), ("sensor", "sensor/t", ["runner"])), before)
    assert read(after)[RUNNER]["parent"] == "g"
    assert places(after)[RUNNER][:2] == (10, 20)


def test_the_order_in_which_shapes_lie_on_each_other_stays():
    before = edited(SMALL, NOTE, ("mine-1", "parent", "layer-services"), ("mine-1", "behind", None))
    names = list(read(drawn(workflow(), before)))
    assert names.index("mine-1") < min(place for place, name in enumerate(names) if name.startswith("service-"))


def test_new_shapes_stand_beside_the_drawing_and_on_nobody():
    before = edited(SMALL, (RUNNER, "x", 1500))
    graph = with_more(workflow(), *((f"new-{n}", f"new-{n}/state", ["runner", f"sink-{n}"]) for n in range(9)))
    after = drawn(graph, before)
    standing = {
        name: places(after)[name]
        for name, cell in read(after).items()
        if cell.get("vertex") and cell["parent"] in {"1", "layer-services"}
    }
    for name, (x, y, width, height) in standing.items():
        for other, (left, top, wide, high) in standing.items():
            apart = x + width <= left or left + wide <= x or y + height <= top or top + high <= y
            assert name == other or apart
    assert all(places(after)[name][:2] == places(before)[name][:2] for name in standing if name in places(before))


def test_what_is_gone_is_dropped_and_a_persons_line_that_hung_on_it_stays_where_it_was():
    line = (
        '<mxCell id="mine" style="exitX=1;exitY=0.5;" edge="1" parent="1" source="{}" target="mine-1">'
        '<mxGeometry relative="1" as="geometry"/></mxCell>'
    )
    before = edited(SMALL, NOTE, line.format(FETCHER))
    x, y, width, height = places(before)[FETCHER]
    after = drawn(without(workflow(), "service:fetcher"), before)
    assert FETCHER not in read(after)
    mine = read(after)["mine"]
    assert ("source" in mine, mine["target"]) == (False, "mine-1")
    point = page_of(after).find("mxCell[@id='mine']/mxGeometry/mxPoint[@as='sourcePoint']")
    assert (float(point.get("x")), float(point.get("y"))) == pytest.approx((x + width, y + height / 2), abs=0.1)


def test_a_note_in_a_table_that_is_gone_comes_out_at_its_place():
    before = edited(SMALL, NOTE, ("mine-1", "parent", TABLE), ("mine-1", "x", 5), ("mine-1", "y", 60))
    graph = without(workflow(), *(node for node in workflow() if node.startswith("topic:fetcher/")))
    x, y, *_ = places(before)[TABLE]
    after = drawn(graph, before)
    assert places(after)["mine-1"][:2] == pytest.approx((x + 5, y + 60))
    assert read(after)["mine-1"]["parent"] == "1"


def test_a_topic_that_gets_company_becomes_a_row_where_nobody_moved_it():
    before = drawn(with_more(workflow(), ("sensor", "sensor/temperature", ["runner"])))
    topic = ident("topic", "sensor/temperature")
    assert read(before)[topic]["parent"] == "1"
    graph = with_more(
        workflow(), ("sensor", "sensor/temperature", ["runner"]), ("sensor", "sensor/humidity", ["runner"])
    )
    assert read(drawn(graph, before))[topic]["parent"] == ident("table", "sensor/")


def test_a_folded_table_stays_folded():
    before = edited(SMALL, (TABLE, "collapsed", "1"), (TABLE, "height", 20))
    after = drawn(with_more(workflow(), ("fetcher", "fetcher/more", ["runner"])), before)
    assert read(after)[TABLE]["collapsed"] == "1"
    assert places(after)[TABLE][3] == 20
    unfolded = page_of(after).find(f"object[@id='{TABLE}']/mxCell/mxGeometry/mxRectangle")
    assert float(unfolded.get("height")) == places(before)[ident("table", "markdown/")][3] + 20


def test_a_table_that_grows_pushes_down_what_nobody_moved():
    grown, below = sorted((TABLE, ident("table", "markdown/")), key=lambda name: places(SMALL)[name][1])
    first = "fetcher" if grown == TABLE else "markdown"
    more = [(first, f"{first}/more-{number}", ["runner"]) for number in range(6)]
    before = SMALL
    after = drawn(with_more(workflow(), *more), before)
    assert places(after)[grown][:2] == places(before)[grown][:2]
    assert places(after)[below][1] >= places(after)[grown][1] + places(after)[grown][3]
    moved = edited(before, (below, "x", places(before)[below][0] + 3))
    assert places(drawn(with_more(workflow(), *more), moved))[below] == places(moved)[below]


def test_pages_of_a_person_stay_as_they_are():
    before = SMALL.replace(b"</mxfile>", OTHER_PAGE + b"</mxfile>").replace(b'name="test"', b'name="System"')
    after = drawn(workflow(), before).decode()
    assert after.count("<diagram") == 2
    assert 'name="Ideas"' in after
    assert 'name="System"' in after


def test_a_drawing_of_somebody_else_gets_a_page_of_ours_beside_its_own():
    after = drawn(workflow(), b"<mxfile>" + OTHER_PAGE + b"</mxfile>").decode()
    assert after.index('name="Ideas"') < after.index('id="copper"')


def test_another_layout_is_followed_where_nobody_moved_anything():
    by_flow = drawn(workflow(), layout="flow")
    assert places(drawn(workflow(), by_flow)) == places(SMALL)
    moved = edited(by_flow, (RUNNER, "x", 1234))
    assert places(drawn(workflow(), moved))[RUNNER][0] == 1234


def test_a_matrix_is_where_it_belongs_and_keeps_its_colours():
    before = edited(
        drawn(workflow(), layout="matrix"), (RUNNER, "x", 900), (RUNNER, "style:fontColor", "#FF0000"), NOTE
    )
    after = drawn(with_more(workflow(), ("sensor", "sensor/t", ["runner"])), before, "matrix")
    fresh = drawn(with_more(workflow(), ("sensor", "sensor/t", ["runner"])), layout="matrix")
    assert {name: place for name, place in places(after).items() if name != "mine-1"} == places(fresh)
    assert "fontColor=#FF0000;" in read(after)[RUNNER]["style"]
    assert "mine-1" in read(after)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><mxfile><diagram name="&b;"/></mxfile>'


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (b"hello", "no drawio file, or damaged"),
        (b"<html></html>", "no drawio file but <html>"),
        (SMALL[:-40], "no drawio file, or damaged"),
        (BOMB, "document type"),
        (BOMB.decode().encode("utf-16"), "document type"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" content="&lt;mxfile/&gt;"/>', "SVG"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"<mxfile>" + b"<a>" * 500, "nested"),
        (b"<mxfile><diagram id='copper'>no base 64!</diagram></mxfile>", "damaged"),
        (
            packed(SMALL).replace(b"</diagram>", b"AAAA</diagram>")[:-800] + b"</diagram></mxfile>",
            "damaged",
        ),
        (b"<mxfile><diagram id='copper'>AAAA</diagram></mxfile>", "damaged"),
        (b"<mxfile><diagram><mxGraphModel><root><mxCell id='1'/></root></mxGraphModel></diagram></mxfile>", "no root"),
    ],
)
def test_what_can_not_be_kept_is_said_and_nothing_is_written(before, says):
    with pytest.raises(CopperError, match=says) as refused:
        drawn(workflow(), before)
    assert refused.value.next_step == "move it away, or choose another name"


ATTRIBUTES = st.dictionaries(
    st.sampled_from(["parent", "source", "target", "style", "x", "vertex", "edge", "collapsed", "value"]),
    st.sampled_from(["0", "1", "1.5", "x", "", RUNNER, TABLE, FETCH, "mine", "layer-services", "a=b;c", "NaN"]),
)


@given(
    st.lists(st.tuples(st.sampled_from([RUNNER, TABLE, FETCH, "1", "mine", "layer-services"]), ATTRIBUTES), max_size=5)
)
@settings(deadline=None, max_examples=15, report_multiple_bugs=False)
def test_whatever_a_file_says_of_its_cells_all_of_ours_come_out(changes):
    new = SMALL
    own = '<mxCell id="mine" parent="1" vertex="1"><mxGeometry as="geometry"/></mxCell>'
    pairs = [(name, key, value) for name, attributes in changes for key, value in attributes.items()]
    before = edited(edited(new, own), *pairs)
    after = merge(new.decode(), before)
    assert read(after).keys() == {*read(new), "mine"}
    assert merge(new.decode(), after.encode()) == after

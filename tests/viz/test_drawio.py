"""The drawio file: real shapes, lines bound to both ends, ids that stay."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.viz.graphs import GraphMaker, home, nasty, workflow
from tracer.views import Choice
from viz.formats import drawio
from viz.layout import lay_out
from viz.picture import draw
from viz.text import shown


def cells(graph, layout="columns", **more):
    """Cell id → its attributes; those of the holder of its data come first."""
    found = {}
    for element in ET.fromstring(draw(graph, "drawio", layout=layout, **more)).iter("root"):
        for child in element:
            cell = child.find("mxCell") if child.tag == "object" else child
            assert child.get("id") not in found
            found[child.get("id")] = {**cell.attrib, **child.attrib}
    return found


@pytest.mark.parametrize("graph", [workflow(), home(), nasty()])
@pytest.mark.parametrize("layout", ["auto", "columns"])
def test_every_line_is_bound_to_two_cells_that_exist(graph, layout):
    found = cells(graph, layout)
    lines = [cell for cell in found.values() if cell.get("edge")]
    assert lines
    assert all(found[line["source"]].get("vertex") and found[line["target"]].get("vertex") for line in lines)
    assert all(cell["parent"] in found for cell in found.values() if "parent" in cell)


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=60), min_size=1, max_size=5, unique=True))
@settings(deadline=None, max_examples=40)
def test_any_names_at_all_give_well_formed_xml_with_all_services_and_topics(names):
    # As it is: some names are those of what views hide, or of what they put together.
    found = cells(nasty(names), choice=Choice(fold="off", everything=True))
    for kind in ("service", "topic"):
        written = [cell["name"] for ident, cell in found.items() if ident.startswith(f"{kind}-")]
        assert sorted(written) == sorted(map(shown, names))


def test_a_service_has_one_box_also_where_the_columns_show_two():
    found = cells(workflow())
    assert sorted(cell["name"] for ident, cell in found.items() if ident.startswith("service-")) == [
        "fetcher",
        "markdown",
        "runner",
    ]


def test_an_id_depends_on_the_name_alone():
    before, more = cells(workflow()), workflow()
    make = GraphMaker()
    make.graph = more
    make.message("another/topic", "another", ["runner"])
    kept = {ident for ident in before if not ident.startswith(("label-", "sample-", "meaning-"))}
    assert kept <= set(cells(more))


def test_a_topic_is_a_row_of_its_table_and_a_stack_of_rows_is_a_swimlane():
    found = cells(workflow())
    row = next(cell for cell in found.values() if cell.get("name") == "fetcher/fetch")
    table = found[row["parent"]]
    assert (row["label"], table["label"]) == ("fetch", "fetcher/")
    assert "childLayout=stackLayout" in table["style"]


def test_layers_can_be_switched_and_deliveries_are_off():
    layers = {cell["value"]: cell for cell in cells(workflow()).values() if cell.get("parent") == "0"}
    assert {"Topics", "Services", "Publish", "Subscribe", "Delivers"} <= set(layers)
    assert [name for name, layer in layers.items() if layer.get("visible") == "0"] == ["Delivers"]


def test_cells_carry_their_numbers_as_data():
    found = cells(workflow())
    line = next(c for c in found.values() if c.get("topics") == "fetcher/fetch/progress" and c["kind"] == "receive")
    assert (line["messages"], line["senders"], line["proof"]) == ("4", "fetcher", "proven")
    assert "from fetcher: 4 (seen)" in line["tooltip"]


def test_nothing_in_the_file_changes_when_it_is_written_again():
    assert draw(home(), "drawio", layout="columns") == draw(home(), "drawio", layout="columns")


def scene_of(graph, **changes):
    """The scene of a graph, where each box, row and line has these fields."""
    scene = lay_out(graph, title="test", layout="columns")
    tables = (replace(t, rows=tuple(replace(r, **changes.get("row", {})) for r in t.rows)) for t in scene.tables)
    return replace(
        scene,
        boxes=tuple(replace(box, **changes.get("box", {})) for box in scene.boxes),
        tables=tuple(tables),
        arrows=tuple(replace(arrow, **changes.get("arrow", {})) for arrow in scene.arrows),
    )


def cells_of(scene):
    return [
        {**cell.attrib, **child.attrib}
        for child in ET.fromstring(drawio.render(scene)).find("diagram/mxGraphModel/root")
        if (cell := child.find("mxCell")) is not None
    ]


def test_what_stands_for_many_says_how_many_and_looks_like_a_pile():
    found = cells_of(scene_of(workflow(), box={"count": "+400"}, row={"times": "+6"}))
    assert {"runner +400", "fetch +6"} <= {cell["label"] for cell in found}
    pile = next(cell for cell in found if cell["label"] == "runner +400")
    assert "layered_rect" in pile["style"]


def test_a_line_that_is_not_the_whole_of_it_is_dashed_and_dots_say_more():
    styles = [cell["style"] for cell in cells_of(scene_of(workflow(), arrow={"whole": False})) if cell.get("edge")]
    assert any("dashPattern=6 3;" in style for style in styles)
    assert any("dashPattern=1.5 4;" in style for style in styles)
    assert all("dashPattern" in style for style in styles)


def test_a_line_says_when_it_was_sent():
    found = [cell for cell in cells_of(scene_of(workflow(), arrow={"order": "1, 4"})) if cell.get("edge")]
    assert {(cell["label"], cell["order"]) for cell in found} == {("1, 4", "1, 4")}


@pytest.mark.parametrize("address", ["https://wiki.example/x?a=1&b=2", "http://wiki.example"])
def test_a_link_is_opened_by_the_editor(address):
    found = cells_of(scene_of(workflow(), box={"link": address}, row={"link": address}))
    assert {cell.get("link") for cell in found if cell.get("name")} == {address}


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:action/json,{}", "file:///etc/passwd"])
def test_only_addresses_of_the_web_are_links(address):
    assert not any("link" in cell for cell in cells_of(scene_of(workflow(), box={"link": address})))


def test_where_topics_are_not_drawn_the_lines_between_services_are_the_drawing():
    found = cells(home(), choice=Choice(view="services"))
    lines = [cell for cell in found.values() if cell.get("edge")]
    assert lines
    assert {found[line["parent"]]["value"] for line in lines} == {"Messages"}
    assert "visible" not in found["layer-reach"]


def test_a_matrix_has_marks_in_place_of_lines():
    found = cells(workflow(), "matrix")
    marks = [cell for ident, cell in found.items() if ident.startswith("mark-")]
    assert len(marks) == workflow().number_of_edges() - sum("deliver" in key for *_, key in workflow().edges(keys=True))
    assert not any(cell.get("edge") for cell in found.values())
    assert "rotation=-55" in next(cell["style"] for cell in found.values() if cell.get("name") == "runner")

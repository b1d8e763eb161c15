"""The drawio file: real shapes, lines bound to both ends, ids that stay."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.viz.graphs import GraphMaker, home, nasty, workflow
from viz.picture import draw
from viz.text import shown


def cells(graph, layout="columns"):
    """Cell id → its attributes; those of the holder of its data come first."""
    found = {}
    for element in ET.fromstring(draw(graph, "drawio", layout=layout)).iter("root"):
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
    found = cells(nasty(names))
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

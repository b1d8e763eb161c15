"""A map that somebody looks at does not jump when something is added."""

import pytest

from tests.needs import need
from tests.viz.graphs import GraphMaker, home
from viz.layout import lay_out

LAYOUTS = pytest.mark.parametrize("layout", ["flow", "columns"])


def grown():
    """The home with a topic more in a table, a table more, a receiver more, and a service that does both."""
    make = GraphMaker()
    make.graph = home()
    make.message("zigbee2mqtt/bridge/aaa", "zigbee2mqtt", ["new-reader"])
    make.message("brand/new", "new-writer", ["home-assistant"])
    make.message("brand/newer", "new-reader", ["telegraf"])
    return make.graph


def places(scene):
    found = {("box", box.node, number): (box.x, box.y) for number, box in enumerate(scene.boxes)}
    found = {(kind, node): [] for kind, node, _ in found} | {}
    for box in scene.boxes:
        found["box", box.node].append((box.x, box.y))
    for table in scene.tables:
        for row in table.rows:
            found["row", row.node] = [(table.x, table.y + row.y)]
    return {key: sorted(value) for key, value in found.items()}


def before_and_after(layout):
    if layout == "flow":
        need("dot")
    before = lay_out(home(), layout=layout)
    return before, lay_out(grown(), layout=layout, keep=before)


@LAYOUTS
def test_what_was_there_stays_where_it_was_but_for_what_a_table_grew_into(layout):
    before, after = before_and_after(layout)
    old, new = places(before), places(after)
    moved = [key for key in old if new[key] != old[key]]
    tables_below = {table.node for table in after.tables}
    assert len(moved) <= len(old) // 3, moved
    assert tables_below
    assert all(new[key][0][0] == old[key][0][0] for key in moved)


@LAYOUTS
def test_what_is_new_is_there_and_nothing_overlaps(layout):
    _, after = before_and_after(layout)
    assert {"service:new-reader", "service:new-writer"} <= {box.node for box in after.boxes}
    shapes = [*after.boxes, *after.tables]
    for place, one in enumerate(shapes):
        for other in shapes[place + 1 :]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert beside or one.y + one.height <= other.y or other.y + other.height <= one.y, (one.node, other.node)


@LAYOUTS
def test_every_line_is_drawn_from_its_ends(layout):
    _, after = before_and_after(layout)
    fresh = lay_out(grown(), layout=layout)
    assert all(arrow.points for arrow in after.arrows if arrow.kind != "deliver")
    ends = [{(a.kind, a.source, a.target) for a in scene.arrows} for scene in (after, fresh)]
    assert ends[0] == ends[1]


@LAYOUTS
def test_a_new_row_comes_at_the_end_of_its_table(layout):
    _, after = before_and_after(layout)
    rows = next(table.rows for table in after.tables if table.header == "zigbee2mqtt/")
    assert rows[-1].label == "bridge/aaa"


def test_another_layout_than_the_one_that_is_shown_is_made_anew():
    before = lay_out(home(), layout="columns")
    assert lay_out(home(), layout="matrix", keep=before).layout == "matrix"


def test_a_system_that_has_become_another_is_laid_out_anew():
    make = GraphMaker()
    for number in range(30):
        make.message(f"else/{number}", f"writer-{number}", ["reader"])
    before = lay_out(home(), layout="columns")
    assert lay_out(make.graph, layout="columns", keep=before) == lay_out(make.graph, layout="columns")

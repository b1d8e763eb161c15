"""SVG alone in a real Chromium, as a file that somebody opens, and inside a page."""

import re

import pytest

from tests.viz.graphs import home, nasty, workflow
from tracer.views import simplified
from viz.formats import svg
from viz.layout import lay_out
from viz.picture import compose


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")

    def write(graph, **more):
        path = folder / f"{len(list(folder.iterdir()))}.svg"
        path.write_bytes(compose(graph, "svg", **more).data)
        return path

    return write


def number(graph, node):
    """The place of a node in the picture: `data-n` of what shows it."""
    return svg.numbers(lay_out(simplified(graph).drawn()))[node]


def opacities(page):
    """Of all lines: [(from, to, opacity)]."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".e")].map(
             (e) => [Number(e.dataset.from), Number(e.dataset.to), Number(getComputedStyle(e).opacity)])"""
    )


def test_hovering_a_service_dims_every_line_that_is_not_its_own(visit, written):
    page = visit(written(home())).page
    own = number(home(), "service:alarm-panel")
    page.locator(f"[data-n='{own}']").hover()
    lines = opacities(page)
    assert len(lines) > 50
    assert all((opacity == 1) == (own in ends) for *ends, opacity in lines)
    page.mouse.move(1, 1)
    assert {opacity for *_, opacity in opacities(page)} == {1}


def test_hovering_a_topic_leaves_its_own_lines_and_those_of_its_table(visit, written):
    page = visit(written(home())).page
    own, table = number(home(), "topic:evcc/site/pvPower"), number(home(), "topics:evcc/")
    page.locator(f"[data-n='{own}']").hover()
    bright = {tuple(ends) for *ends, opacity in opacities(page) if opacity == 1}
    assert bright == {(one, two) for one, two, _ in opacities(page) if {one, two} & {own, table}}


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(13, 17, 23)")])
def test_the_picture_is_light_or_dark_as_the_reader_prefers(visit, written, scheme, ground):
    page = visit(written(workflow()), color_scheme=scheme).page
    assert page.locator("rect.page").evaluate("e => getComputedStyle(e).fill") == ground


@pytest.mark.parametrize("graph", [home(), nasty()], ids=["home", "nasty"])
def test_a_picture_asks_for_nothing_and_runs_nothing(visit, written, graph):
    seen = visit(written(graph))
    assert [seen.errors, seen.strayed, seen.dialogs] == [[], [], []]
    assert len(seen.requests) == 1
    assert seen.page.locator("script, foreignObject, image, use").count() == 0


def test_every_box_and_line_has_a_tooltip(visit, written):
    page = visit(written(home())).page
    titles = page.locator(".n, .e").evaluate_all("all => all.map((e) => e.querySelector('title')?.textContent)")
    assert all(titles)


def test_two_pictures_in_one_page_keep_out_of_each_others_way(visit, written, tmp_path):
    both = "".join(re.sub(r"^<\?xml.*\?>", "", written(graph).read_text()) for graph in (home(), workflow()))
    (tmp_path / "both.html").write_text(f"<!DOCTYPE html><meta charset=utf-8>{both}")
    page = visit(tmp_path / "both.html").page
    page.locator("svg").nth(1).locator(".n").first.hover()
    dimmed = page.evaluate(
        """() => [...document.querySelectorAll("svg")].map(
             (svg) => [...svg.querySelectorAll(".e")].filter((e) => getComputedStyle(e).opacity !== "1").length)"""
    )
    assert dimmed[0] == 0
    assert dimmed[1] > 0


def test_in_a_matrix_a_mark_lights_up_its_row_and_its_column(visit, written):
    page = visit(written(home(), layout="matrix")).page
    lit = "() => [...document.querySelectorAll('.band')].filter((e) => getComputedStyle(e).opacity == 1).length"
    assert page.evaluate(lit) == 0
    page.locator("[data-m='5']").hover()
    assert page.evaluate(lit) == 2
    page.locator("text.mono", has_text="frigate/stats").hover()
    assert page.evaluate(lit) == 1

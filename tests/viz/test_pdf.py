"""PDF: one page, lines and text, the same bytes whenever it is written."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from tests.needs import need, need_library
from tests.viz.graphs import nasty, workflow
from tests.viz.readers import SVG
from tracer.errors import CopperError
from viz.formats import pdf
from viz.layout import lay_out
from viz.picture import draw


@pytest.fixture(autouse=True, scope="module")
def pango():
    need_library("weasyprint")


def told(program, data, *options):
    """What one of Poppler's programs says of a PDF."""
    return subprocess.run(
        [need(program), *options, "-"], input=data, capture_output=True, timeout=30, check=True
    ).stdout


def letters(text):
    return "".join(text.split())


@pytest.mark.parametrize("graph", [workflow(), nasty()], ids=["workflow", "nasty"])
def test_its_text_is_all_of_the_svgs_and_can_be_selected(graph):
    written = told("pdftotext", draw(graph, "pdf", layout="columns"), "-layout", "-").decode()
    elements = ET.fromstring(draw(graph, "svg", layout="columns")).iter(f"{SVG}text")
    texts = ["".join(element.itertext()) for element in elements]
    assert Counter(letters(written)) == Counter(letters("".join(texts)))
    assert not [text for text in texts if letters(text) not in letters(written)]


def test_it_is_one_page_as_large_as_the_picture_and_holds_no_pixels():
    data = draw(workflow(), "pdf", layout="columns")
    scene = lay_out(workflow(), layout="columns")
    facts = dict(line.split(":", 1) for line in told("pdfinfo", data).decode().splitlines())
    assert facts["Pages"].strip() == "1"
    width, height = (float(side) for side in facts["Page size"].split("pts")[0].split("x"))
    assert abs(width - scene.width * 0.75) <= 1
    assert abs(height - scene.height * 0.75) <= 1
    assert len(told("pdfimages", data, "-list").splitlines()) == 2


def test_it_says_no_time_and_is_the_same_again():
    data = draw(workflow(), "pdf", layout="columns")
    assert data == draw(workflow(), "pdf", layout="columns")
    assert b"Date" not in data


def test_no_page_is_longer_than_readers_show(monkeypatch):
    monkeypatch.setattr(pdf, "_LONGEST_SIDE", 500)
    facts = told("pdfinfo", draw(workflow(), "pdf", layout="columns")).decode()
    sides = facts.split("Page size:")[1].split("pts")[0].split("x")
    assert max(map(float, sides)) <= 500 * 0.75 + 1
    assert "Pages:           1\n" in facts


def test_without_the_library_its_name_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(CopperError, match=r"pip install weasyprint"):
        draw(workflow(), "pdf", layout="columns")

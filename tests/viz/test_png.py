"""PNG: the picture in pixels."""

import struct
import sys
import zlib

import pytest

from tests.viz.graphs import GraphMaker, nasty, workflow
from tracer.errors import CopperError
from viz.formats import png
from viz.layout import lay_out
from viz.picture import compose, draw


def size_of(data):
    """Width and height of a PNG, all of whose parts are whole."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, pixels = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + length]
        assert zlib.crc32(kind + content) == int.from_bytes(data[place + 8 + length : place + 12 + length])
        pixels += content if kind == b"IDAT" else b""
        place += 12 + length
    width, height, _, colour = struct.unpack(">IIBB", data[16:26])
    assert len(zlib.decompress(pixels)) == height * (1 + width * {2: 3, 6: 4}[colour])
    return width, height


@pytest.mark.parametrize("graph", [workflow(), nasty(), GraphMaker().graph], ids=["workflow", "nasty", "empty"])
def test_two_pixels_a_point(graph):
    scene = lay_out(graph, layout="columns")
    width, height = size_of(draw(graph, "png", layout="columns"))
    assert abs(width - 2 * scene.width) <= 2
    assert abs(height - 2 * scene.height) <= 2


def test_the_same_picture_gives_the_same_bytes():
    assert draw(workflow(), "png", layout="columns") == draw(workflow(), "png", layout="columns")


def test_it_is_no_text_for_terminals():
    assert not compose(workflow(), "png", layout="columns").is_text


@pytest.mark.parametrize(("width", "height"), [(2000, 200_000), (60_000, 500), (12_000, 12_000)])
def test_a_large_picture_is_painted_smaller(width, height):
    zoom = png.zoom(width, height)
    assert width * zoom * height * zoom <= 64_000_001
    assert max(width, height) * zoom <= 32_000


def test_without_the_library_its_name_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(CopperError, match=r"pip install resvg-py"):
        draw(workflow(), "png", layout="columns")

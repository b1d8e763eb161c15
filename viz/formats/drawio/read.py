"""Reads drawio files as any editor may have left them: compressed or not, with `object` or `UserObject`.

In: the bytes of a file. Out: its pages. Whoever made the file is not trusted: a document type (and with it every
entity) is refused, and what is packed is unpacked up to a limit.
"""

from __future__ import annotations

import base64
import binascii
import copy
import xml.etree.ElementTree as ET  # builds elements; the parser below is given to it
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote
from xml.parsers import expat

from tracer.errors import CopperError
from viz.formats.drawio.cells import PAGE, ROOT, Cell, Page

LARGEST = 200_000_000
"""Bytes that a packed page may unpack to; the picture of 5,000 nodes has 8 million."""
_DEEPEST = 100
"""Elements in elements; a drawing has a dozen."""
_HOLDERS = {"object", "UserObject"}
_SAID = {"pages", "host", "modified", "agent", "etag", "version", "type", "compressed", "userAgent", "editor"}
"""What an editor says of itself and of the moment; it would make each file differ."""
_USUAL = {
    "guides": "1", "tooltips": "1", "connect": "1", "arrows": "1", "fold": "1", "pageScale": "1", "math": "0",
    "shadow": "0",
}  # fmt: skip
_MOMENT = {"dx", "dy"}
"""Settings that say where somebody had scrolled to."""


@dataclass(frozen=True)
class File:
    """A file as it was found.

    Attributes:
        attributes: of the file, without what its editor said of itself.
        pages: as they stand there, in order; ours too.
        place: which of them is ours, or None.
        page: ours, or None.
    """

    attributes: Mapping[str, str]
    pages: tuple[ET.Element, ...]
    place: int | None
    page: Page | None


def read(data: bytes) -> File:
    """Read a file.

    Raises:
        CopperError: it is none of drawio, is damaged, or is not safe to read.
    """
    root = _parsed(data)
    if root.tag == "mxGraphModel":
        lone = ET.Element("diagram", id=PAGE)
        lone.append(root)
        return File({}, (lone,), 0, _page(lone))
    if root.tag != "mxfile":
        raise _refused(f"it is no drawio file but <{root.tag[:40]}>")
    pages = tuple(root.iter("diagram"))
    attributes = {key: value for key, value in root.attrib.items() if key not in _SAID}
    for place, element in enumerate(pages):
        if element.get("id") == PAGE:
            return File(attributes, pages, place, _page(element))
    for place, element in enumerate(pages):
        page = _page(element)
        if any(cell.ours for cell in page.cells.values()):
            return File(attributes, pages, place, page)
    return File(attributes, pages, None, None)


def _refused(what: str) -> CopperError:
    return CopperError(
        f"the file that is there can't be kept: {what}", next_step="move it away, or choose another name"
    )


def _parsed(data: bytes) -> ET.Element:
    """The element of a whole document, by a parser that reads no document type."""
    if data.startswith((b"\x89PNG", b"%PDF", b"\xff\xd8\xff")):
        raise _refused("it is a picture that may have a drawing in it; only .drawio files can be merged")
    builder, deep = ET.TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal deep
        deep += 1
        if deep > _DEEPEST:
            raise _refused(f"its elements are nested more than {_DEEPEST} deep")
        if deep == 1 and tag.rpartition(":")[2] == "svg":
            raise _refused("it is an SVG that may have a drawing in it; only .drawio files can be merged")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal deep
        deep -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise _refused("it declares a document type, which no drawio file does")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003  (expat takes no names)
    except (expat.ExpatError, ValueError, LookupError) as wrong:
        raise _refused(f"it is no drawio file, or damaged ({wrong})") from wrong
    return builder.close()


def _page(diagram: ET.Element) -> Page:
    """The cells of a page, unpacked where need be."""
    model = diagram.find("mxGraphModel")
    if model is None:
        packed = (diagram.text or "").strip()
        model = _parsed(_unpacked(packed)) if packed else ET.Element("mxGraphModel")
    settings = {key: value for key, value in model.attrib.items() if key not in _MOMENT and _USUAL.get(key) != value}
    return Page(diagram.get("name", ""), settings, _cells(model.find("root")))


def _unpacked(text: str) -> bytes:
    """What the editor packs: a URL-encoded text, deflated without a header, in base 64."""
    try:
        unpacker = zlib.decompressobj(-15)
        data = unpacker.decompress(base64.b64decode(text, validate=True), LARGEST)
    except (zlib.error, binascii.Error, ValueError) as wrong:
        raise _refused(f"a page of it is damaged ({wrong})") from wrong
    if not unpacker.eof:
        raise _refused("a page of it is damaged: cut off, or larger than any drawing")
    return unquote(data.decode("utf-8", "replace")).encode()


def _cells(root: ET.Element | None) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for element in [] if root is None else root:
        inner = element.find("mxCell") if element.tag in _HOLDERS else element
        if inner is None or inner.tag != "mxCell":
            continue
        held = inner is not element
        attributes = {key: value for key, value in inner.attrib.items() if key != "id"}
        name = _free(element.get("id") or inner.get("id") or "cell", cells)
        cells[name] = Cell(
            name,
            attributes,
            {key: value for key, value in element.attrib.items() if key != "id"} if held else None,
            copy.deepcopy(inner.find("mxGeometry")),
            tuple(copy.deepcopy(child) for child in inner if child.tag != "mxGeometry"),
            element.tag if held else "object",
        )
    if cells and ROOT not in cells:
        raise _refused("its page has no root")
    return cells


def _free(name: str, taken: Mapping[str, Cell]) -> str:
    """This id, or one like it that no cell has yet."""
    count = 2
    found = name
    while found in taken:
        found, count = f"{name}-{count}", count + 1
    return found

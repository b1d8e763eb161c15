"""drawio files in tests: drawn, read, and edited as a person would."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
import zlib
from urllib.parse import quote

from viz.formats.drawio.cells import ident
from viz.picture import draw

__all__ = ["drawn", "edited", "ident", "packed", "page_of", "places", "read"]


def drawn(graph, before=None, layout="columns"):
    return draw(graph, "drawio", layout=layout, title="test", before=before)


def page_of(data):
    return ET.fromstring(data).find("diagram/mxGraphModel/root")


def read(data):
    """Cell id → its attributes; those of the holder of its data come first."""
    found = {}
    for child in page_of(data):
        cell = child.find("mxCell") if child.tag in {"object", "UserObject"} else child
        assert child.get("id") not in found
        found[child.get("id")] = {**cell.attrib, **child.attrib}
    return found


def places(data):
    """Cell id → x, y, width, height."""
    found = {}
    for child in page_of(data):
        place = child.find(".//mxGeometry")
        if place is not None:
            found[child.get("id")] = tuple(float(place.get(side, 0)) for side in ("x", "y", "width", "height"))
    return found


def edited(data, *changes):
    """The file after changes: (id of a cell, name of an attribute or style key, new value), or XML of a new cell.

    Style keys are written `style:fillColor`; None takes a key or an attribute away. `(id, "behind", None)` sends a
    cell to the back.
    """
    file = ET.fromstring(data)
    root = file.find("diagram/mxGraphModel/root")
    held = {child.get("id"): child for child in root}
    for change in changes:
        if isinstance(change, str):
            root.append(ET.fromstring(change))
            held[root[-1].get("id")] = root[-1]
            continue
        name, key, value = change
        cell = held[name] if held[name].tag == "mxCell" else held[name].find("mxCell")
        place = cell.find("mxGeometry")
        if key in {"x", "y", "width", "height"} and place is not None:
            place.set(key, str(value))
        elif key.startswith("style:"):
            parts = [part for part in cell.get("style").split(";") if part and part.split("=")[0] != key[6:]]
            cell.set("style", ";".join([*parts, *([f"{key[6:]}={value}"] if value is not None else [])]) + ";")
        elif key in {"label", "link", "owner"}:
            held[name].set(key, value)
        elif key == "behind":
            root.remove(held[name])
            root.insert(2, held[name])
        else:
            cell.set(key, value)
    return ET.tostring(file)


def packed(data):
    """The same file as an editor saves it compressed."""
    file = ET.fromstring(data)
    for diagram in file.iter("diagram"):
        model = diagram.find("mxGraphModel")
        diagram.remove(model)
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        text = quote(ET.tostring(model, encoding="unicode"), safe="~()*!.'")
        diagram.text = base64.b64encode(deflate.compress(text.encode()) + deflate.flush()).decode()
    file.set("compressed", "true")
    return ET.tostring(file)

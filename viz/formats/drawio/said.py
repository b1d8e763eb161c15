"""What cells say: label, tooltip, link, data."""

from __future__ import annotations

from html import escape

from viz.formats.drawio.cells import NOTE
from viz.scene import Data


def told(label: str, tooltip: str, link: str = "", data: Data = ()) -> dict[str, str]:
    """The data of a cell.

    Editors read tooltips as HTML, and show all data where there is none; they open whatever a link says, so that may
    only be an address of the web.
    """
    address = {"link": link} if link.lower().startswith(("http://", "https://")) else {}
    # a fact has its own name, but none may stand in for what the editor reads
    facts = {name: value for name, value in data if name not in {"label", "id", "link", "tooltip", NOTE}}
    return {"label": label, "tooltip": escape(tooltip, quote=False), **address, **facts}


def counted(label: str, times: str) -> str:
    """A name, and how many it stands for."""
    return f"{label} {times}" if times else label

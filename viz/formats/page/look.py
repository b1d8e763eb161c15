"""The rules of a page, in the colours of the pictures; the live map looks the same."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from viz import palette

_COLOURS = {
    "page": palette.PAGE,
    "text": palette.TEXT,
    "muted": palette.MUTED,
    "service": palette.SERVICE_FILL,
    "service-line": palette.SERVICE_LINE,
    "topic": palette.TOPIC_FILL,
    "topic-line": palette.TOPIC_LINE,
    "band": palette.HEADER_FILL,
    "publish": palette.PUBLISH,
    "receive": palette.RECEIVE,
    "refused": palette.REFUSED,
    "retained": palette.RETAINED,
    "added": palette.ADDED,
    "gone": palette.GONE,
}


@cache
def style() -> str:
    """All rules that pages share, light and dark."""
    return _colours() + files("viz.formats.page").joinpath("page.css").read_text(encoding="utf-8")


def _colours() -> str:
    def of(theme: str) -> str:
        return ";".join(f"--{name}:{getattr(colour, theme)}" for name, colour in _COLOURS.items())

    return f":root{{{of('light')}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{of('dark')}}}}}\n"

"""PNG: the SVG as pixels, two for each point, for where no SVG can be shown (chats, slides, old wikis).

In: a scene. Out: the bytes of the file, light colours on white. resvg paints it: it takes letters that one font lacks
from another (CairoSVG draws boxes for Chinese), needs nothing of the system's but fonts, and is one wheel of 3 MB. The
same scene gives the same bytes on one machine; elsewhere fonts differ.
"""

from __future__ import annotations

import math

from tracer.errors import CopperError
from viz.formats import svg
from viz.scene import Scene

_ZOOM = 2.0
_MOST_PIXELS = 64_000_000
"""A larger picture is painted smaller: four bytes a pixel are held at once."""
_LONGEST_SIDE = 32_000
"""Pixels; above 32,767 most programs open no picture."""


def render(scene: Scene) -> bytes:
    """Paint a scene.

    Raises:
        CopperError: resvg is not installed.
    """
    try:
        import resvg_py  # noqa: PLC0415  an extra
    except ImportError as error:
        next_step = "pip install resvg-py"
        raise CopperError("PNG needs resvg-py, which is not installed", next_step=next_step) from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg.render(scene), zoom=zoom(scene.width, scene.height)))


def zoom(width: float, height: float) -> float:
    """Pixels for one point of a picture of this size."""
    return min(_ZOOM, math.sqrt(_MOST_PIXELS / (width * height)), _LONGEST_SIDE / max(width, height))

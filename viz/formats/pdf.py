"""PDF: the SVG on one page of its size, for reports and printers; lines stay lines, text can be found and selected.

In: a scene. Out: the bytes of the file, in light colours. WeasyPrint writes it: it takes letters that one font lacks
from another (CairoSVG, half the size, draws boxes for Chinese, and knows only the first font of a list), puts no date
into the file, and has been kept for years by the same people. It needs Pango from the system. The same scene gives the
same bytes on one machine; elsewhere fonts differ.
"""

from __future__ import annotations

from typing import Any, NoReturn

from tracer.errors import CopperError
from viz.formats import svg
from viz.scene import Scene

_LONGEST_SIDE = 14_400 / 0.75
"""Points of the scene, each of which is a CSS pixel here; PDF readers show no page above 14,400 units."""


def render(scene: Scene) -> bytes:
    """Print a scene.

    Raises:
        CopperError: WeasyPrint is not installed, or doesn't find Pango.
    """
    share = min(1.0, _LONGEST_SIDE / max(scene.width, scene.height))
    width, height = (f"{side * share:.2f}px" for side in (scene.width, scene.height))
    page = f"@page{{size:{width} {height};margin:0}}body{{margin:0}}"
    page += f"body>svg{{display:block;width:{width};height:{height}}}"
    text = f'<!doctype html><meta charset="utf-8"><style>{page}</style><body>{svg.render(scene)}</body>'
    written: bytes = _weasyprint().HTML(string=text, url_fetcher=_refuse).write_pdf()
    return written


def _weasyprint() -> Any:
    try:
        import weasyprint  # noqa: PLC0415  an extra
    except ImportError as error:
        next_step = "pip install weasyprint"
        raise CopperError("PDF needs WeasyPrint, which is not installed", next_step=next_step) from error
    except OSError as error:
        next_step = "install it (Debian: apt install libpango-1.0-0 libpangoft2-1.0-0, macOS: brew install pango)"
        raise CopperError("PDF needs Pango, which WeasyPrint does not find", next_step=next_step) from error
    return weasyprint


def _refuse(url: str, *_: Any, **__: Any) -> NoReturn:
    """A picture names nothing that would have to be fetched; should one do so all the same, it isn't."""
    raise ValueError(url)

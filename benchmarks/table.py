"""Numbers → a table in Markdown, as docs/speed.md shows them."""

from __future__ import annotations

from collections.abc import Sequence


def show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column is text, the others are numbers."""
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    print()
    print(_line([one.ljust(width) for one, width in zip(head, widths, strict=True)]))
    print(_line(["-" * width if not place else "-" * (width - 1) + ":" for place, width in enumerate(widths)]))
    for row in rows:
        cells = zip(row, widths, strict=True)
        print(_line([one.rjust(width) if place else one.ljust(width) for place, (one, width) in enumerate(cells)]))
    print(flush=True)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

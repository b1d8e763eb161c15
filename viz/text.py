"""Names as they are shown, and how wide they are.

In: any text that a client may have chosen as its name or topic. Out: text that XML may hold, that no
terminal, browser or reader is misled by, and its width. Knows no font file: monospace text is exact
(every letter has the same width), the width of other text is that of the widest common font.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

LONGEST = 48
"""Letters after which a name is cut in its middle; the whole of it stands in the tooltip."""

EMPTY = "(empty)"
"""What an empty name or topic level is shown as; MQTT allows both."""

_MONOSPACE = 0.604
_NOT_SHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

_NOT_IN_FILES = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\\\\]")

# Widths in em of DejaVu Sans Bold, the widest of the fonts that `system-ui` commonly means.
_BOLD = {
    letter: width
    for width, letters in {
        0.36: "'ijl /IJ\\|",
        0.42: ",.:;-",
        0.48: "f!()[]tr_`",
        0.60: '"*?zcs',
        0.68: "LvxyakEFTeo",
        0.72: "$0123456789hnu{}SYbdgpqCPZ",
        0.78: "BAKRVX",
        0.86: "UGD#+<=>HN^~OQ&",
        1.02: "w%@Mm",
        1.10: "W",
    }.items()
    for letter in letters
}
_OTHER = 0.85
_REGULAR = 0.92
"""The same text not bold, as a share of its bold width."""


def shown(name: str) -> str:
    r"""The whole of `name`, in letters that can be seen.

    Letters of the categories Cc, Cf, Cs, Co, Cn, Zl and Zp become escapes such as `\u202e`; empty
    levels become `(empty)`, and a level of nothing but spaces shows them as open boxes.
    """
    if name.isascii() and name.isprintable() and " " not in name and "//" not in f"/{name}/":
        return name
    return "".join(_pieces(name))


def reversible(name: str) -> str:
    r"""The whole of `name` for data that another program reads: letters that text files can't hold become escapes.

    These are control characters, halves of surrogate pairs, U+FFFE and U+FFFF, as in `\u0007`; a backslash becomes
    two, so that no two names become one, and all can be read back.
    """
    return _NOT_IN_FILES.sub(lambda found: "\\\\" if found[0] == "\\" else f"\\u{ord(found[0]):04x}", name)


def label(name: str, longest: int = LONGEST) -> str:
    """`name` as `shown`, cut in its middle when it is longer than `longest` letters."""
    return "".join(cut(_pieces(name), longest))


def heading(text: str, longest: int) -> str:
    """The same for a text that is no topic: its slashes stand for themselves."""
    return "".join(cut(list(map(_visible, text)), longest))


def cut(pieces: Sequence[str], longest: int, sign: str = "…", size: Callable[[str], int] = len) -> list[str]:
    """`pieces`, those in the middle replaced by `sign` where they are longer than `longest` in all.

    Args:
        pieces: parts of a text that may not be cut further.
        longest: of the result, measured by `size`.
        sign: stands for what is not there.
        size: of a piece.
    """
    if sum(map(size, pieces)) <= longest:
        return list(pieces)
    room = longest - size(sign)
    head, tail = _fitting(pieces, room - room // 2, size), _fitting(pieces[::-1], room // 2, size)
    return [*head, sign, *tail[::-1]]


def monospace_width(text: str, size: float) -> float:
    """The width of `text` in points, in a monospace font of `size` points."""
    return size * sum(_cells(letter, _MONOSPACE) for letter in text)


def sans_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width in points that `text` needs at most, in the common sans-serif fonts of `size` points."""
    width = sum(_BOLD.get(letter) or _cells(letter, _OTHER) for letter in text)
    return size * width * (1 if bold else _REGULAR)


def _pieces(name: str) -> list[str]:
    """`name` cut into what may not be cut further: letters, escapes, `(empty)`."""
    pieces = []
    for number, level in enumerate(name.split("/")):
        if number:
            pieces.append("/")
        if not level:
            pieces.append(EMPTY)
        elif level.isspace() and level.isprintable():
            pieces.extend("␣" * len(level))
        elif level.isascii() and level.isprintable():
            pieces.extend(level)
        else:
            pieces.extend(map(_visible, level))
    return pieces


def _visible(letter: str) -> str:
    if unicodedata.category(letter) not in _NOT_SHOWN:
        return letter
    code = ord(letter)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _fitting(pieces: Sequence[str], room: int, size: Callable[[str], int]) -> list[str]:
    fitting = []
    for piece in pieces:
        room -= size(piece)
        if room < 0:
            break
        fitting.append(piece)
    return fitting


def _cells(letter: str, narrow: float) -> float:
    """The width of one letter in em: none for accents set above another, a full one for Chinese and the like."""
    if letter.isascii():
        return narrow
    if unicodedata.category(letter) in {"Mn", "Me"}:
        return 0.0
    return max(1.04, narrow) if unicodedata.east_asian_width(letter) in "WF" else narrow

"""The query of an address ↔ what it shows. The names are those of the switches of `copper-trace graph`.

Comes in: pairs of names and values. Goes out: a `Shown`, or an error that says what can be asked. `text` gives the one
spelling of it: sorted, and without what is so anyway; so it is a key, too, by which viewers share what is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, get_args
from urllib.parse import urlencode

from tracer.errors import CopperError
from tracer.pulses import SPANS, Span
from tracer.views import Choice
from tracer.views.view import Fold, GroupBy
from tracer.views.view import Shown as ViewName
from tracer.windows import Pattern, Topics, pattern
from viz.layout import LAYOUTS

LONGEST = 500
"""Letters of one value."""
MOST = 50
"""Times that a name may be repeated."""
SPEEDS = (1, 10, 100)
"""How many times faster a recorded run may be shown than it was."""

_REPEATED_GROUP = re.compile(r"\)[*+{]")
_UNBOUNDED = re.compile(r"[*+{]")
_MOST_UNBOUNDED = 4
_OPTIONAL = re.compile(r"(?<![(*+?}])\?")
_GROUP = re.compile(r"\([^()]*\)")
_MOST_WAYS = 1000


@dataclass(frozen=True)
class Shown:
    """What a page shows.

    Attributes:
        choice: what of the graph.
        layout: one of `viz.layout.LAYOUTS`.
        span: how much of the past.
        include: MQTT filters or `re:REGEX`; only topics of these, if there are any.
        exclude: the same; none of these.
        run: the id of a recorded run; empty for what is going on now.
        speed: a recorded run is shown as it happened, so many times faster; 0 is all of it at once.
        compare: the id of a recorded run that it is compared with; empty: with nothing.
    """

    choice: Choice = field(default_factory=Choice)
    layout: str = "auto"
    span: Span = "all"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    run: str = ""
    speed: int = 0
    compare: str = ""

    @property
    def topics(self) -> Topics:
        """The topics that are asked for."""
        return Topics(tuple(map(wanted, self.include)), tuple(map(wanted, self.exclude)))


def _one_of(*known: str) -> Callable[[str], Any]:
    def read(value: str) -> str:
        if value not in known:
            raise CopperError(f"there is no {value!r}", next_step=f"choose one of {', '.join(known)}")
        return value

    return read


def _number(least: int, most: int) -> Callable[[str], Any]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", value) or not least <= int(value) <= most:
            raise CopperError(f"{value!r} is no number from {least} to {most:,}")
        return int(value)

    return read


def _yes(value: str) -> bool:
    if value not in {"1", "0"}:
        raise CopperError(f"{value!r} is neither 1 nor 0")
    return value == "1"


def _filter(value: str) -> str:
    wanted(value)
    return value


def _name(value: str) -> str:
    return _filter(value) if value.startswith("re:") else value


_CHOICES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "view": ("view", _one_of(*get_args(ViewName))),
    "fold": ("fold", _one_of(*get_args(Fold))),
    "all": ("everything", _yes),
    "focus": ("focus", _name),
    "hops": ("hops", _number(0, 100)),
    "reaches": ("reaches", _name),
    "depth": ("depth", _number(1, 100)),
    "group-by": ("group_by", _one_of(*get_args(GroupBy))),
    "top": ("top", _number(1, 100_000)),
}
_OTHERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "layout": ("layout", _one_of(*LAYOUTS)),
    "span": ("span", _one_of(*SPANS)),
    "include": ("include", _filter),
    "exclude": ("exclude", _filter),
    "run": ("run", str),
    "speed": ("speed", _one_of(*map(str, SPEEDS))),
    "compare": ("compare", str),
}
_REPEATED = {"focus", "reaches", "include", "exclude"}


def parse(pairs: Iterable[tuple[str, str]], others: Collection[str] = ()) -> Shown:
    """What an address asks for.

    Args:
        pairs: names and values, in any order.
        others: names that are somebody else's.

    Raises:
        CopperError: a name or a value is none of ours.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in others:
            continue
        if name not in _CHOICES and name not in _OTHERS:
            known = ", ".join([*_CHOICES, *_OTHERS])
            raise CopperError(f"nothing is called {name[:LONGEST]!r} here", next_step=f"the names are {known}")
        given.setdefault(name, []).append(value)
    choice = {
        attribute: _read(name, given[name], read) for name, (attribute, read) in _CHOICES.items() if name in given
    }
    rest = {attribute: _read(name, given[name], read) for name, (attribute, read) in _OTHERS.items() if name in given}
    if "speed" in rest:
        rest["speed"] = int(rest["speed"])
    return replace(Shown(choice=Choice(**choice)), **rest)


def _read(name: str, values: list[str], read: Callable[[str], Any]) -> Any:
    """The value of a name, or all of them, sorted, where there may be several."""
    try:
        if any(len(value) > LONGEST for value in values):
            raise CopperError(f"a value has at most {LONGEST} letters")  # noqa: TRY301  it gets its place below
        if name in _REPEATED:
            if len(values) > MOST:
                raise CopperError(f"it may be given {MOST} times at most")  # noqa: TRY301
            return tuple(sorted({read(value) for value in values if value}))
        if len(values) > 1:
            raise CopperError("it is given twice", next_step="leave one of them out")  # noqa: TRY301
        return read(values[0])
    except CopperError as error:
        raise CopperError(error.what, where=f"{name}=", next_step=error.next_step) from error


def text(shown: Shown) -> str:
    """The query of an address that shows this: the same text for the same, whatever was written."""
    pairs: list[tuple[str, str]] = []
    for names, one, usual in ((_CHOICES, shown.choice, Choice()), (_OTHERS, shown, Shown())):
        for name, (attribute, _) in names.items():
            value = getattr(one, attribute)
            if value == getattr(usual, attribute):
                continue
            pairs += [(name, _spelled(each)) for each in (value if name in _REPEATED else (value,))]
    return urlencode(sorted(pairs))


def _spelled(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def wanted(value: str) -> Pattern:
    """A filter that came from a page.

    A regular expression holds up everybody while it is tried, so one that may try for ever is not taken.

    Raises:
        CopperError: it is neither an MQTT filter nor `re:` and a regular expression, or one that may take too long.
    """
    if value.startswith("re:") and (
        len(value) > LONGEST
        or _REPEATED_GROUP.search(value)
        or len(_UNBOUNDED.findall(value)) > _MOST_UNBOUNDED
        or _ways(value) > _MOST_WAYS
    ):
        raise CopperError(
            f"{value[:LONGEST]!r} could take too long",
            next_step=f"repeat no group, use * and + {_MOST_UNBOUNDED} times at most, and ? and | only a few times",
        )
    return pattern(value)


def _ways(value: str) -> int:
    """In how many ways a text may be tried, by what is optional and by the alternatives in groups; rather too many."""
    ways: int = 2 ** len(_OPTIONAL.findall(value))
    while groups := _GROUP.findall(value):
        for group in groups:
            ways *= 1 + group.count("|")
        value = _GROUP.sub("", value)
    # brackets that are left are none that open or close a group, or hide some that do
    return ways * 2 ** value.count("|") if set("()") & set(value) else ways

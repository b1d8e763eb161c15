"""Ways to put one graph to `dot`, of which the best picture is taken.

`dot` finds a good order of what it is given in a good order, and a poor one otherwise, and no order is good
for all graphs. What was tried and found to matter: the order in which services and tables are declared, and
which lines pull on the ranks. A try takes some hundredths of a second as long as there are few lines.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from viz.layout.parts import Parts
from viz.scene import Arrow, Box, Table

FEW_LINES = 120
"""Above so many lines `dot` may need all the time that it has, and only the most promising plan is tried."""

_MIXED = 6
_WORK = 480
"""Orders at random that are tried beside the natural one, always the same: six, or fewer in a graph of many lines."""

_Pulling = Literal["all", "stronger", "sent"]


@dataclass(frozen=True)
class Plan:
    """One way to put a graph to `dot`.

    Attributes:
        services, tables: in the order in which they are declared.
        loose: places of the arrows that do not pull on the ranks.
    """

    services: Sequence[Box]
    tables: Sequence[Table]
    loose: frozenset[int]


def plans(parts: Parts, drawn: Sequence[Arrow]) -> list[Plan]:
    """What to try, the most promising first; the same for the same graph."""
    balance: Counter[str] = Counter()
    for arrow in drawn:
        balance[arrow.source] += arrow.kind == "publish"
        balance[arrow.target] -= arrow.kind == "receive"
    services = sorted(parts.boxes, key=lambda box: (-balance[box.node], box.node))
    loose = {pulling: _loose(parts, drawn, pulling) for pulling in _PULLING}
    ways = list(dict.fromkeys(loose.values()))
    found = [Plan(services, parts.tables, way) for way in ways]
    if len(drawn) > FEW_LINES:
        return found[:1]
    for seed in range(1, 1 + min(_MIXED, _WORK // max(1, len(drawn)))):
        mix = random.Random(seed)  # noqa: S311 - it keeps no secret, it must be the same every time
        mixed, tables = mix.sample(services, len(services)), mix.sample(parts.tables, len(parts.tables))
        found += [Plan(mixed, tables, way) for way in ways]
    return found


_PULLING: tuple[_Pulling, ...] = ("stronger", "all", "sent")


def _loose(parts: Parts, drawn: Sequence[Arrow], pulling: _Pulling) -> frozenset[int]:
    """Where a service both sends to a table and receives from it, the arrows of the direction that gives way."""
    if pulling == "all":
        return frozenset()
    table_of = {row.node: table.node for table in parts.tables for row in table.rows}
    table_of.update({table.node: table.node for table in parts.tables})
    pairs: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
    for number, arrow in enumerate(arrow for arrow in drawn if arrow.kind != "deliver"):
        out = arrow.kind != "receive"
        service, end = (arrow.source, arrow.target) if out else (arrow.target, arrow.source)
        pairs.setdefault((service, table_of[end]), ([], []))[0 if out else 1].append(number)
    both = [pair for pair in pairs.values() if all(pair)]
    return frozenset(number for pair in both for number in (pair[1] if pulling == "sent" else min(pair, key=len)))

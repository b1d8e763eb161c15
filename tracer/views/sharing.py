"""Services that share a subscription (`$share/GROUP/FILTER`) → one box: each gets a part of the same messages.

Comes in: a graph, and the plan so far. Goes out: the plan, with a node for each such group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import networkx as nx

from tracer.views.plan import Plan
from tracer.views.uses import Use, grouped
from tracer.views.view import Remark

_SHARED = 0.5
"""Of what the one that publishes on fewer topics publishes, so much must be published by the others too.

Each publishes what follows from its part of the messages, and that need not be on all topics within one log.
"""


def with_shares(graph: nx.MultiDiGraph[str], plan: Plan, every: Mapping[str, Use]) -> Plan:
    """Remark `shared`: how many services became how many.

    Args:
        graph: the raw one.
        plan: so far.
        every: what each service does.
    """
    alike: dict[tuple[frozenset[str], frozenset[str]], list[str]] = defaultdict(list)
    for service, use in every.items():
        if use.shared:
            alike[frozenset(use.shared), frozenset(use.received)].append(service)
    groups = sorted(group for each in alike.values() for group in _parted(each, every) if len(group) > 1)
    if not groups:
        return plan
    into, made = grouped(graph, plan, [("", group) for group in groups], "share")
    remark = Remark("shared", len(into), len(made), tuple(str(each["name"]) for each in made.values()))
    return plan.fold(into, made, remark)


def _parted(services: list[str], every: Mapping[str, Use]) -> list[list[str]]:
    """Those that publish the same, or nearly so, together; who publishes most comes first."""
    groups: list[tuple[set[str], list[str]]] = []
    for service in sorted(services, key=lambda one: (-len(every[one].published), one)):
        published = every[service].published
        for all_of_it, group in groups:
            if len(published & all_of_it) >= _SHARED * len(published):
                group.append(service)
                break
        else:
            groups.append((set(published), [service]))
    return [group for _, group in groups]

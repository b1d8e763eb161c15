"""Services that do the same → one box: 400 presses, or whatever has a user, a name or an address in common.

Comes in: a graph, and the plan so far. Goes out: the plan, with a node for each group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import networkx as nx

from tracer.views.heads import common_head, group_name, shape
from tracer.views.plan import Plan, service_nodes
from tracer.views.telling import telling_words
from tracer.views.uses import Use, grouped
from tracer.views.view import GroupBy, Remark

LEAST = 3
"""So many services at least, that do the same, become one."""
_FLEET = 10
"""So many services whose names differ in numbers only are a fleet: what they do need be similar only."""
_SHARED = 0.5
"""Of what the one does that does less, so much must be done by the others of its fleet, too."""

What = frozenset[tuple[str, str]]


def with_groups(graph: nx.MultiDiGraph[str], plan: Plan, every: Mapping[str, Use]) -> Plan:
    """Make those one that publish and receive on the same topics, as they are drawn. Remark `grouped`.

    In a fleet some publish on fewer topics than others, within one log: a fifth of a plant's topics missing would make
    a hundred groups of its presses. What only some of them do is then marked, by `whole`.

    Args:
        graph: the raw one.
        plan: so far.
        every: what each service does.
    """
    does = {service: use.everything() for service, use in every.items() if service not in plan.into}
    forms = {service: shape(str(graph.nodes[service]["name"])) for service in does}
    fleets: dict[str, list[str]] = defaultdict(list)
    for service, form in forms.items():
        fleets[form].append(service)
    large = [fleet for form, fleet in fleets.items() if form and len(fleet) >= _FLEET]
    groups = [each for fleet in large for each in _similar(fleet, does) if len(each) >= LEAST]
    in_fleet = {service for group in groups for service in group}
    equal: dict[tuple[What, str], list[str]] = defaultdict(list)
    for service, what in does.items():
        # who does nothing has only its name in common with others
        if service not in in_fleet and (what or forms[service]):
            equal[what, "" if what else forms[service]].append(service)
    groups += [services for services in equal.values() if len(services) >= LEAST]
    groups.sort(key=lambda group: (sorted({topic for one in group for _, topic in does[one]}), min(group)))
    return _grouped(graph, plan, list(zip(_names(graph, groups, does), groups, strict=True)), "alike")


def with_groups_by(graph: nx.MultiDiGraph[str], plan: Plan, by: GroupBy) -> Plan:
    """Make those one that have something in common, whatever they do: `user`, `name` or `address`. Remark `grouped`.

    By name: the words that their names begin with. By address: all addresses that they were seen at.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for node, each in service_nodes(graph, plan).items():
        if name := _in_common(each, by):
            found[name].append(node)
    groups = {name: nodes for name, nodes in found.items() if len(nodes) > 1}
    if by == "name":
        return _grouped(graph, plan, [("", nodes) for _, nodes in sorted(groups.items())], by)
    return _grouped(graph, plan, sorted(groups.items()), by)


def _names(graph: nx.MultiDiGraph[str], groups: list[list[str]], does: Mapping[str, What]) -> list[str]:
    """What groups are called; those of one name by a word of their topics, too, where one tells them apart."""
    bases = [group_name(str(graph.nodes[node]["name"]) for node in group) for group in groups]
    names = list(bases)
    for base in {base for base in bases if bases.count(base) > 1}:
        places = [place for place, each in enumerate(bases) if each == base]
        topics = [{topic.partition(":")[2] for one in groups[place] for _, topic in does[one]} for place in places]
        for place, word in zip(places, telling_words(topics), strict=True):
            names[place] = f"{base} ({word})" if word else base
    return names


def _grouped(graph: nx.MultiDiGraph[str], plan: Plan, groups: list[tuple[str, list[str]]], why: str) -> Plan:
    if not groups:
        return plan
    into, made = grouped(graph, plan, groups, why)
    return plan.fold(
        into, made, Remark("grouped", len(into), len(made), tuple(str(one["name"]) for one in made.values()))
    )


def _in_common(service: dict[str, Any], by: GroupBy) -> str:
    if by == "user":
        return str(service.get("user") or "")
    if by == "address":
        return ", ".join(service.get("addresses") or ())
    return common_head([str(service["name"])])


def _similar(fleet: list[str], does: Mapping[str, What]) -> list[list[str]]:
    """Those of a fleet that do similar things together; who does most comes first, the others are compared to it.

    Who did nothing within this log belongs to the fleet where it is one, and is another kind where it is several.
    """
    kinds: list[tuple[set[tuple[str, str]], list[str]]] = []
    known: dict[What, int] = {}
    for service in sorted(fleet, key=lambda one: (-len(does[one]), one)):
        what = does[service]
        place = known.get(what)
        if place is None:
            place = known[what] = _place(what, [everything for everything, _ in kinds])
            if place == len(kinds):
                kinds.append((set(), []))
        kinds[place][0].update(what)
        kinds[place][1].append(service)
    return [services for _, services in kinds]


def _place(what: What, kinds: list[set[tuple[str, str]]]) -> int:
    """Of the kind that does most of it too, or of a new one."""
    if not what:
        return 0 if len(kinds) == 1 else len(kinds)
    shared = [len(what & everything) for everything in kinds]
    most = max(shared, default=0)
    return shared.index(most) if most >= _SHARED * len(what) else len(kinds)

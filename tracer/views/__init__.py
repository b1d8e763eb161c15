"""Graph → graph: what is put together or aside so that the rest can be read. Knows no drawing.

This module is the path on one page; each step is a module beside it, and `view` says what a view is.
"""

from __future__ import annotations

import networkx as nx

from tracer.views.busiest import busiest
from tracer.views.collapsing import collapse_below, collapse_to
from tracer.views.folding import folded
from tracer.views.groups import with_groups, with_groups_by
from tracer.views.hiding import hide_debuggers, hide_sys
from tracer.views.noting import again, is_folded, is_noted, noted
from tracer.views.plan import Plan, plan_of, service_nodes, topic_nodes
from tracer.views.selecting import is_part, selected, services_only
from tracer.views.sharing import with_shares
from tracer.views.templates import with_templates
from tracer.views.uses import uses
from tracer.views.view import Choice, Remark, View

__all__ = ["Choice", "Remark", "View", "simplified"]

READABLE_TOPICS = 20
READABLE_SERVICES = 25
"""What has no more than so many of both is drawn as it is."""


def simplified(graph: nx.MultiDiGraph[str], choice: Choice | None = None) -> View:
    """The view of a graph that is to be drawn.

    A part that is asked for is taken before anything is put together: near one machine of a thousand, that machine is
    to be seen and not the thousand.

    Args:
        graph: as `tracer.graph` makes it; it stays as it is.
        choice: what a user asked for.

    Raises:
        CopperError: something is asked for that is not in the graph.
    """
    choice = choice or Choice()
    view = again(graph, choice) if is_noted(graph) else None
    plan = plan_of(view) if view is not None else _aside(graph, choice)
    part = view.graph if view is not None else graph
    if is_part(choice):
        view = selected(folded(part, plan), choice, lambda: _folded(part, plan, choice))
        view = _folded(view.graph, plan_of(view), choice)
    else:
        view = _folded(part, plan, choice)
    if not choice.everything:
        view = busiest(view, choice.top)
    if choice.view == "services":
        view = services_only(view)
    return noted(view, graph)


def _aside(graph: nx.MultiDiGraph[str], choice: Choice) -> Plan:
    """What is not drawn because of what it is, not because somebody asked for another part."""
    return Plan() if choice.everything else hide_debuggers(graph, hide_sys(graph, Plan()))


def _folded(graph: nx.MultiDiGraph[str], plan: Plan, choice: Choice) -> View:
    if choice.fold == "off" or is_folded(plan.remarks):
        return folded(graph, plan)
    return folded(graph, _smaller(graph, plan, choice))


def _smaller(graph: nx.MultiDiGraph[str], plan: Plan, choice: Choice) -> Plan:
    """Topics first: which services do the same is told by the topics as they are drawn."""
    is_large = len(topic_nodes(graph, plan)) > READABLE_TOPICS or len(service_nodes(graph, plan)) > READABLE_SERVICES
    if is_large:
        plan = with_templates(graph, plan)
    if choice.depth is not None:
        plan = collapse_below(graph, plan, choice.depth)
    if is_large:
        plan = collapse_to(graph, plan)
    if choice.group_by in {"user", "name", "address"}:
        plan = with_groups_by(graph, plan, choice.group_by)
    if is_large and choice.group_by != "off":
        does = uses(graph, plan, service_nodes(graph, plan))
        plan = with_groups(graph, with_shares(graph, plan, does), does)
    return plan

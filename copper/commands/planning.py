"""`copper run --dry-run`: what would run in which order, and who is there to do it. Nothing is asked for."""

from __future__ import annotations

from copper import runs, wire
from copper.document import WorkflowError
from copper.launch import How, Place, refuse_unrunnable
from copper.presence import Presence, look
from copper.workflow import CORE, Workflow, comes_after


def plan(workflow: Workflow, place: Place, how: How) -> str:
    """A line an action, a line a service.

    Raises:
        WorkflowError: it could not run as it is.
        NoBrokerError: the broker that was named is not there.
    """
    refuse_unrunnable(workflow, how.environment, own_broker=place.is_own)
    services = sorted({wire.service_of(action.topic) for action in workflow.actions})
    presence = Presence() if place.is_own else look(place.broker or "", services)
    if wrong := presence.wrong(workflow.actions):
        raise WorkflowError(wrong)
    kept = runs.usable(how.earlier, workflow, how.since) if how.earlier else {}
    levels = _levels(workflow)
    count = len(workflow.actions)
    lines = [f"{workflow.file}: {count} action{'s' if count != 1 else ''}, at most {how.jobs} at once"]
    width = max(len(action.topic) for action in workflow.actions)
    for action in workflow.actions:
        words = [f"{levels[action.name]:>3}  {action.topic:<{width}}  {action.name}"]
        if after := comes_after(action):
            words.append(f"after {', '.join(sorted(after, key=list(levels).index))}")
        if action.condition is not True:
            words.append(f"if {action.condition}")
        if action.name in kept:
            words.append("finished before, not run again")
        lines.append("  ".join(words))
    lines.append("")
    lines += [f"service {name}: {_who(name, workflow, place, presence)}" for name in services]
    return "\n".join(lines)


def _levels(workflow: Workflow) -> dict[str, int]:
    """How many actions must end one after the other before each: equal ones may run at once."""
    levels: dict[str, int] = {}
    for action in workflow.actions:
        levels[action.name] = 1 + max((levels[name] for name in comes_after(action)), default=0)
    return levels


def _who(name: str, workflow: Workflow, place: Place, presence: Presence) -> str:
    source = workflow.services.get(name)
    status = presence.statuses.get(name)
    if status in wire.READY:
        return f"is there ({status})"
    if source is not None and source.command:
        return f"Copper starts it: {source.command}"
    if name in CORE and (place.is_own or source is not None or status is None):
        return "Copper starts its own" + ("" if place.is_own else " where nobody answers")
    if status is not None:
        return f"is not there: it says {status}"
    if place.is_own:
        return "nobody knows where it comes from: on a broker that Copper starts nobody else is"
    return "says nothing of itself: whether it is there shows only when it is asked"

"""Numbers and facts of a graph in words: counts, sizes, rates, and the tooltips of boxes and lines.

In: attributes of nodes and edges, as the tracer documents them. Out: text that is safe to show, and the
same facts as names and values. Knows no positions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

import networkx as nx

from tracer.views.changes import CHANGES, MANY, changed, together
from tracer.views.view import Remark, What
from viz.scene import Change, Data
from viz.text import heading, label, shown

_SHORT = 60.0

_NAME = 40
"""Letters of the name of one of two graphs in a title."""

DELIVER = "deliver edge"
"""What an edge from service to service is called."""

_MOST_NAMES = 12
"""Names in one line of a tooltip; the rest is counted."""


def number(count: int, noun: str) -> str:
    """`1 message`, `1,234 messages`, `2 deliveries`, `3 boxes`."""
    several = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}es" if noun.endswith("x") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else several}"


def size(count: int) -> str:
    """A number of bytes: `40 B`, `1.2 kB`, `34 MB`."""
    value, unit = float(count), "B"
    for bigger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, bigger
    return f"{value:.1f} {unit}" if unit != "B" and value < 10 else f"{value:.0f} {unit}"


def seconds_of(attributes: Mapping[str, Any]) -> float | None:
    """The time between `first` and `last` of a graph, in seconds; None where the log had no times."""
    try:
        first, last = (datetime.fromisoformat(str(attributes[end]).replace("Z", "+00:00")) for end in ("first", "last"))
        return (last - first).total_seconds()
    except (KeyError, ValueError, TypeError):
        return None


def duration(seconds: float) -> str:
    """`3.2 s`, `10 min`, `4.5 h`, `3 days`."""
    for unit, length in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"


def took(seconds: float) -> str:
    """How long one thing took: `54 ms`, `1.23 s`, and from two minutes on as `duration`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else duration(seconds)


def has_rates(seconds: float | None) -> bool:
    """Whether a log is long enough for rates; in a short one three messages are no `1.5/s`, they are three."""
    return seconds is not None and seconds >= _SHORT


def amount(messages: int, seconds: float | None) -> str:
    """How much a topic carried: `4000/s`, `0.6/min`, `3.6/h`, or in a short or timeless log `12`."""
    if not messages:
        return ""
    if seconds is None or not has_rates(seconds):
        return f"{messages:,}"
    rate, unit = messages / seconds, "s"
    for longer in ("min", "h"):
        if rate >= 0.1:
            break
        rate, unit = rate * 60, longer
    return f"{rate:.0f}/{unit}" if rate >= 10 else f"{rate:.1f}/{unit}"


def names(values: Iterable[str]) -> str:
    """Names in order, the first dozen of them, safe to show."""
    ordered = sorted(map(shown, values))
    more = len(ordered) - _MOST_NAMES
    return ", ".join(ordered[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def traffic(edges: Iterable[Mapping[str, Any]]) -> tuple[str, Data]:
    """What one or several lines of the graph carried, as a sentence and as data."""
    messages = byte_count = retained = 0
    levels: set[int] = set()
    firsts, lasts = [], []
    for edge in edges:
        messages += edge["messages"]
        byte_count += edge["bytes"]
        retained += edge.get("retained") or 0
        levels.update(edge["qos"])
        if edge.get("first"):
            firsts.append(str(edge["first"]))
        if edge.get("last"):
            lasts.append(str(edge["last"]))
    qos = " ".join(map(str, sorted(levels)))
    first, last = (shown(at) if at else "" for at in (min(firsts, default=""), max(lasts, default="")))
    lines = [f"{number(messages, 'message')}, {size(byte_count)}"]
    lines += [f"QoS {qos}"] if qos else []
    lines += [f"{retained:,} retained"] if retained else []
    sentence = ", ".join(lines) if messages else "nothing came while this was watched"
    if first:
        sentence += f"\nfirst {first}\nlast {last}"
    counted = (("messages", str(messages)), ("bytes", str(byte_count)), ("retained", str(retained)))
    return sentence, (*counted, ("qos", qos), ("first", first), ("last", last))


def of_log(source: str) -> str:
    """The name of a log, or of the first of several, without its folders: `mosquitto.log and 2 more`."""
    first, *others = source.split(", ")
    name = "standard input" if first == "-" else PurePath(first).name or first
    return name + (f" and {len(others):,} more" if others else "")


def pair(graph: Mapping[str, Any]) -> tuple[str, str]:
    """The names of the earlier and the later graph of a comparison; with their folder where they are the same.

    Args:
        graph: its own attributes.
    """
    sources = [shown(str(graph["compared"][side])) for side in ("before", "after")]
    names = [of_log(source) for source in sources]
    if names[0] == names[1] and sources[0] != sources[1]:
        names = ["/".join(PurePath(source).parts[-2:]) for source in sources]
    return names[0] or "the one before", names[1] or "this"


def compared_with(graph: Mapping[str, Any]) -> str:
    """What a graph is compared with; empty where it is no comparison.

    Args:
        graph: its own attributes.
    """
    return pair(graph)[0] if graph.get("compared") else ""


def of_comparison(graph: nx.MultiDiGraph[str], title: str = "") -> str:
    """The title of a comparison, with what is new and gone in it, as far as it is drawn.

    Args:
        graph: a view of it.
        title: what somebody wants it to be called instead of by the names of the two.
    """
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for _, each in graph.nodes(data=True):
        for change, count in changed(each, MANY[each["kind"]]).items():
            counts[change, each["kind"]] += count
    for *_, edge in graph.edges(data=True):
        for change, count in changed(edge, "lines").items():
            counts[change, DELIVER if "topic" in edge else "edge"] += count
    return of_counts(pair(graph.graph), counts, title)


def of_counts(names: tuple[str, str], counts: Mapping[tuple[str, str], int], title: str = "") -> str:
    """The same of what was counted: how many services, topics, edges and deliver edges are `added`, or `gone`."""
    # who reaches whom follows from the other edges, and is told where nothing else is
    others = any(count for (_, noun), count in counts.items() if noun != DELIVER)
    told = []
    for change, adjective in zip(CHANGES, ("new", "gone"), strict=True):
        nouns = ("service", "topic", "edge") if others else (DELIVER,)
        some = [number(counts[change, noun], noun) for noun in nouns if counts.get((change, noun))]
        told += [f"{', '.join(some)} {adjective}"] if some else []
    before, after = (heading(name, _NAME) for name in names)
    name = heading(title, 60) if title else f"{after} compared with {before}"
    return f"{name}: {'; '.join(told) or 'nothing has changed'}"


def of_change(attributes: Mapping[str, Any], many: str, noun: str, before: str) -> list[str]:
    """Whether a node or an edge is new or gone, or how many are that it stands for; nothing outside a comparison.

    Args:
        attributes: of it.
        many: the attribute that says how many it stands for.
        noun: what those are.
        before: what it is compared with.
    """
    whole = attributes.get("change")
    if whole:
        return [f"new: not in {before}" if whole == "added" else f"gone: only in {before}"]
    told = []
    for change, count in changed(attributes, many).items():
        verb = f"{'is' if count == 1 else 'are'} {'new' if change == 'added' else 'gone'}"
        told += [f"{count:,} of {number(int(attributes.get(many) or 1), noun)} {verb}"] if count else []
    return told


def of_changes(edges: Iterable[Mapping[str, Any]], before: str) -> tuple[Change, list[str], Data]:
    """The same of edges that are one line: all of them new or gone, in words, and as data."""
    edges = list(edges)
    if not before:
        return "", [], ()
    one = {**together(edges, "lines"), "lines": sum(int(edge.get("lines") or 1) for edge in edges)}
    had = sum(int(edge.get("messages_before") or 0) for edge in edges)
    change: Change = one.get("change", "")
    told = of_change(one, "lines", "edge", before)
    told += [f"{number(had, 'message')} in {before}"] if change != "added" else []
    return change, told, (("change", change), ("messages_before", str(had)))


def of_remarks(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """What was done to a graph so that it can be read, a sentence each."""
    return tuple(_remark(remark) for remark in remarks)


_REMARKS: dict[What, str] = {
    "sys": "hidden: $SYS ({topics})",
    "debuggers": "hidden: {names}",
    "templates": "{topics} drawn as {drawn}, \N{MULTIPLICATION SIGN} so many each",
    "collapsed": "{topics} drawn as {drawn}: {names}",
    "grouped": "{services} drawn as {drawn}",
    "shared": "{services} that share subscriptions drawn as {drawn}",
    "rest": "+{count:,} more with less traffic",
    "idle": "only what messages went through; not drawn: idle subscriptions, {count:,} services and topics",
    "services": "{topics} not drawn: lines are messages from service to service",
    "focus": "only what is near {names}; not drawn: {count:,} services and topics",
    "reaches": "only what reaches {names}; not drawn: {count:,} services and topics",
}
_DRAWN: dict[What, str] = {"templates": "template", "collapsed": "subtree"}


def _remark(one: Remark) -> str:
    went = ", ".join(map(label, one.names[:_MOST_NAMES]))
    if len(one.names) > _MOST_NAMES:
        went += f" and {len(one.names) - _MOST_NAMES:,} more"
    text = _REMARKS[one.what].format(
        count=one.count,
        topics=number(one.count, "topic"),
        services=number(one.count, "service"),
        drawn=number(one.drawn, _DRAWN.get(one.what, "group")),
        names=went,
    )
    if one.what == "services" and not one.drawn:
        return f"{text}; none is known to have reached another service"
    return f"{text}, and who uses nothing else: {went}" if one.what == "sys" and went else text


_GROUPS = {
    "alike": " that publish and receive alike",
    "share": " that share a subscription",
    "user": " of one user",
    "address": " at one address",
    "name": " with names alike",
}


def of_service(attributes: Mapping[str, Any]) -> tuple[str, Data]:
    """What is known of a service: its clients, where they came from, and which rule gave it its name."""
    data = [
        ("name", shown(attributes["name"])),
        ("clients", names(attributes.get("clients") or ())),
        ("addresses", names(attributes.get("addresses") or ())),
        ("user", shown(attributes["user"]) if attributes.get("user") else ""),
        ("rule", shown(str(attributes.get("rule") or ""))),
        ("connected", "yes" if attributes.get("connected") else "no"),
    ]
    facts = dict(data)
    lines = [facts["name"]]
    members = int(attributes.get("members") or 1)
    why = _GROUPS.get(str(attributes.get("group")), "")
    lines += [f"stands for {number(members, 'service')}{why}"] if members > 1 else []
    lines += [f"clients: {facts['clients']}"] if facts["clients"] else []
    lines += [f"{key}: {facts[key]}" for key in ("addresses", "user") if facts[key]]
    lines += [f"named by: {facts['rule']}"] if facts["rule"] else []
    lines.append("connected at the end" if attributes.get("connected") else "not connected at the end")
    return "\n".join(lines), tuple(data)


def of_topic(attributes: Mapping[str, Any]) -> tuple[list[str], Data]:
    """What is known of a topic: whether it stands for many, is only a filter, and who owns its retained message."""
    name = shown(attributes["name"])
    topics = int(attributes.get("topics") or 1)
    keeper = attributes.get("retained_by")
    lines = [name]
    lines += [f"stands for {number(topics, 'topic')}"] if topics > 1 else []
    lines += ["subscribed, but nothing was seen on it"] if attributes.get("filter") else []
    kept = int(attributes.get("kept") or 0)
    lines += [f"retained on {kept:,} of them"] if kept and topics > 1 else []
    lines += [f"retained, by {shown(str(keeper))}"] if keeper else ["retained"] if kept and topics == 1 else []
    return lines, (("name", name), ("topics", str(topics)), ("retained_by", shown(str(keeper)) if keeper else ""))

"""What the tracer makes of a played system's log, held against what its sockets received."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.tracer.logs import traced
from tests.tracer.systems import Player
from tracer.events import Deliver, Event, Publish, Will
from tracer.graph import Tally
from tracer.pipeline import Counts

Key = tuple[str, str | None, str, int, int, bool]


@dataclass
class Report:
    """Sums, and (all below) what ought to be empty.

    Attributes:
        deliveries: copies that sockets received.
        live: those of them that were sent at once, as the player knows.
        false: deliveries with a sender that no socket's payload named.
        missed: copies received that no delivery tells with its sender.
        unnamed: of these, deliveries told with sender null.
        out_of_order: deliveries that one client got in another order.
        not_live: copies that were sent at once, and are told otherwise.
        not_seen: live deliveries without the proof `seen`.
        publishes, wills, edges: what events and graph have too much of, or (negative) too little.
    """

    deliveries: int
    live: int
    false: Counter[Key]
    missed: Counter[Key]
    unnamed: int
    out_of_order: list[Deliver]
    not_live: list[Deliver]
    not_seen: list[Deliver]
    publishes: Counter[tuple[object, ...]]
    wills: Counter[tuple[str, str]]
    edges: Counter[tuple[str | None, ...]]

    def wrong(self) -> dict[str, object]:
        """What is not empty."""
        found: dict[str, object] = {}
        for name, value in vars(self).items():
            if name in {"deliveries", "live"}:
                continue
            bad = {key: count for key, count in value.items() if count} if isinstance(value, Counter) else value
            if bad:
                found[name] = bad
        return found


def held_against(player: Player, log: bytes) -> Report:
    """Compare."""
    events, pipeline, tally = traced(log)
    told = _arrived([e for e in events if isinstance(e, Deliver) and not e.topic.startswith("$SYS/")], player)
    real = [_real(one) for one in player.truth]
    said = [(e.client, e.sender, e.topic, e.bytes, e.qos, e.retain) for e in told]
    unnamed = [one for one in said if one[1] is None]
    must = [(to, sent) for to, sent, retain, _ in player.truth if to in sent.must_be_live and not retain]
    report = Report(
        deliveries=len(real),
        live=len(must),
        false=Counter(one for one in said if one[1] is not None) - Counter(real),
        missed=Counter(real) - Counter(said),
        unnamed=len(unnamed),
        out_of_order=[],
        not_live=[],
        not_seen=[e for e in told if e.via == "live" and e.proof != "seen"],
        publishes=_publishes(events, player),
        wills=_wills(events, player),
        edges=_edges(tally, pipeline.counts, real),
    )
    for name in player.names:
        _compare_in_order(name, [e for e in told if e.client == name], player, report)
    return report


def _real(one: tuple) -> Key:
    receiver, sent, retain, qos = one
    return receiver, sent.sender, sent.topic, sent.size, qos, retain


def _arrived(told: list[Deliver], player: Player) -> list[Deliver]:
    """Without copies of a client's own will to itself, as it is thrown out: they go to its dying connection."""
    own = Counter((to, one.topic, one.size) for to, one, _, _ in player.truth if one.is_will and to == one.sender)
    wills = {(one.sender, one.topic, one.size) for one in player.sent.values() if one.is_will}
    kept = []
    for event in told:
        key = (event.client, event.topic, event.bytes)
        if event.client == event.sender and key in wills and not player.hidden:
            if not own[key]:
                continue
            own[key] -= 1
        kept.append(event)
    return kept


def _compare_in_order(name: str, told: list[Deliver], player: Player, report: Report) -> None:
    for event, one in zip(told, (one for one in player.truth if one[0] == name), strict=False):
        if event.sender is not None and _real(one)[1:4] != (event.sender, event.topic, event.bytes):
            report.out_of_order.append(event)
            return
        if name in one[1].must_be_live and not one[2] and event.via != "live":
            report.not_live.append(event)


def _publishes(events: list[Event], player: Player) -> Counter[tuple[object, ...]]:
    found = Counter((e.client, e.topic, e.bytes, e.qos, e.retain) for e in events if type(e) is Publish)
    found.subtract(Counter((s.sender, s.topic, s.size, s.qos, s.retain) for s in player.sent.values() if not s.is_will))
    return found


def _wills(events: list[Event], player: Player) -> Counter[tuple[str, str]]:
    found = Counter((e.client, e.topic) for e in events if isinstance(e, Will))
    arrived = {id(sent): sent for _, sent, _, _ in player.truth if sent.is_will}.values()
    found.subtract(Counter((sent.sender, sent.topic) for sent in arrived))
    return found


def _edges(tally: Tally, counts: Counts, real: list[Key]) -> Counter[tuple[str | None, ...]]:
    found: Counter[tuple[str | None, ...]] = Counter()
    for sender, receiver, key, data in tally.graph(counts, by="client").edges(keys=True, data=True):
        if key.startswith("deliver:"):
            found[receiver.removeprefix("service:"), sender.removeprefix("service:"), data["topic"]] += data["messages"]
    found.subtract(Counter(one[:3] for one in real))
    return found

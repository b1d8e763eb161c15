"""Real logs of four versions of Mosquitto, and what the sockets of their subscribers really received."""

import json
from collections import Counter

import pytest

from tests.tracer.logs import CASES, CORPUS, traced
from tracer.events import Deliver, as_dict
from tracer.graph import Tally
from viz.formats.json import render

MISSED = {"long-truncated": 3, "default-logtype": 1}
"""Deliveries that the log does not show: their lines are cut (the topic is longer than a line), or not logged."""
NOT_ARRIVED = {"slow-qos1-dropped": 60}
"""Copies that were thrown away after their line, beyond the first, of which a line tells."""


def scenario(case: str) -> str:
    return case.split("-", 2)[2]


@pytest.mark.parametrize("case", CASES)
def test_events_and_graph_of_a_real_log_are_as_accepted(case, request):
    folder = CORPUS / case
    events, pipeline, tally = traced((folder / "mosquitto.log").read_bytes())
    made = {
        "events.jsonl": "".join(json.dumps(as_dict(event)) + "\n" for event in events),
        "graph.json": render(tally.graph(pipeline.counts, source="mosquitto.log")),
    }
    for name, text in made.items():
        if request.config.getoption("--accept", default=False):
            (folder / name).write_text(text)
        assert (folder / name).read_text() == text


@pytest.mark.parametrize("case", CASES)
def test_every_sender_is_named_as_the_payloads_say_and_no_delivery_is_made_up(case):
    truth = json.loads((CORPUS / case / "truth.json").read_text())
    events, _, _ = traced((CORPUS / case / "mosquitto.log").read_bytes())
    real = Counter((one["to"], one["from"], one["topic"]) for one in truth)
    # $SYS topics go on coming while the client that takes them is leaving; nobody is named as their sender
    told = Counter(
        (e.client, e.sender, e.topic)
        for e in events
        if isinstance(e, Deliver) and not (e.sender is None and e.topic.startswith("$SYS/"))
    )
    real = Counter({key: count for key, count in real.items() if not key[2].startswith("$SYS/") or key[1]})
    assert sum((real - told).values()) == MISSED.get(scenario(case), 0)
    assert sum((told - real).values()) <= NOT_ARRIVED.get(scenario(case), 0)


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("mosquitto-1.6")])
def test_since_mosquitto_2_every_live_delivery_is_seen(case):
    events, _, _ = traced((CORPUS / case / "mosquitto.log").read_bytes())
    assert {e.proof for e in events if isinstance(e, Deliver) and e.via == "live"} <= {"seen"}


@pytest.mark.parametrize("case", CASES)
def test_no_line_of_a_real_log_is_unknown_but_the_forged_ones_and_cut_ones_of_1_6(case):
    _, pipeline, _ = traced((CORPUS / case / "mosquitto.log").read_bytes())
    allowed = {"tls-cn-newline": 2, "long-truncated": 1 if "-1.6." in case else 0}
    assert pipeline.counts.unknown_lines <= allowed.get(scenario(case), 0)


@pytest.mark.parametrize("case", CASES)
def test_every_client_as_its_own_service_keeps_all_messages(case):
    events, pipeline, tally = traced((CORPUS / case / "mosquitto.log").read_bytes())
    graph = tally.graph(pipeline.counts, by="client")
    messages = {"publish": 0, "subscribe": 0}
    for _, _, key, data in graph.edges(keys=True, data=True):
        if key in messages:
            messages[key] += data["messages"]
    kinds = Counter(event.event for event in events)
    assert messages == {"publish": kinds["publish"] + kinds["will"], "subscribe": kinds["deliver"]}


def test_an_empty_tally_is_an_empty_graph():
    _, pipeline, _ = traced(b"")
    graph = Tally().graph(pipeline.counts)
    assert (list(graph.nodes), graph.graph["schema"]) == ([], 1)

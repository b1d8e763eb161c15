"""The four systems of docs/systems.py: their pictures are no worse than those that the drawings were chosen by."""

import gc
from functools import cache

import pytest

from docs import systems, traffic
from tests.tracer.logs import traced

KNOWN = {"workflow": (34, 76), "home": (77, 227), "large": (28_068, 115_808)}


@cache
def graph(name):
    # some 200,000 edges are made, none is thrown away: looking through them again and again takes half of the time
    gc.disable()
    try:
        return traffic.graph_of(systems.SYSTEMS[name]())
    finally:
        gc.enable()


@pytest.mark.parametrize("name", KNOWN)
def test_the_systems_are_as_large_as_those_of_the_trials(name):
    keys = [key for _, _, key in graph(name).edges(keys=True) if key in {"publish", "subscribe"}]
    assert (len(graph(name)), len(keys)) == KNOWN[name]


@pytest.mark.parametrize(("name", "seconds"), [("workflow", 600), ("home", 120), ("plant", 1)])
def test_the_log_of_a_system_traces_to_its_graph(name, seconds):
    system = systems.SYSTEMS[name]()
    _, pipeline, tally = traced("".join(traffic.log_of(system, seconds=seconds)).encode())
    graph, made = tally.graph(pipeline.counts), traffic.graph_of(system, seconds=seconds)
    assert pipeline.counts.unknown_lines == 0
    assert dict(graph.nodes(data=True)) == dict(made.nodes(data=True))
    assert {edge[:3]: edge[3] for edge in graph.edges(keys=True, data=True)} == {
        edge[:3]: edge[3] for edge in made.edges(keys=True, data=True)
    }

"""The four systems of docs/systems.py: their pictures are no worse than those that the drawings were chosen by."""

import gc
from functools import cache

import pytest

from docs import systems, traffic
from tests.needs import need
from tests.tracer.logs import traced
from tests.viz.bars import BARS, drawn
from tracer.views import simplified

KNOWN = {"workflow": (34, 76), "home": (77, 227), "large": (28_068, 115_808)}


@cache
def graph(name):
    # some 200,000 edges are made, none is thrown away: looking through them again and again takes half of the time
    gc.disable()
    try:
        return traffic.graph_of(BARS[name].make())
    finally:
        gc.enable()


@cache
def shown(name):
    return simplified(graph(name)).drawn()


@cache
def measured(name, layout):
    assert len(shown(name)) < 200, "not simplified at all: laying it out would take minutes"
    return drawn(shown(name), layout)[1]


@pytest.mark.parametrize("name", BARS)
def test_no_more_is_drawn_than_in_the_trials(name):
    bar, now = BARS[name], measured(name, "columns")
    assert now.services <= bar.services
    assert now.topics <= bar.topics
    assert now.lines <= bar.lines


@pytest.mark.parametrize("name", [name for name, bar in BARS.items() if bar.flow is not None])
def test_lines_of_a_flow_cross_no_more_often_than_in_the_trials(name):
    need("dot")
    assert measured(name, "flow").crossings <= BARS[name].flow


@pytest.mark.parametrize("name", [name for name, bar in BARS.items() if bar.columns is not None])
def test_lines_of_columns_cross_no_more_often_than_in_the_trials(name):
    assert measured(name, "columns").crossings <= BARS[name].columns


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

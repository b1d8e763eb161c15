"""One map over time: pulses keep it true, and where they can't it is drawn anew."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docs.systems import home, plant
from docs.traffic import graph_of
from tests.tracer.logs import connected, published, sent, subscribed
from tests.viz.live.systems import HOUSE, Spoken
from tracer.errors import CopperError
from tracer.views import Choice
from viz.layout.reader import line_width
from viz.live import maps
from viz.live.drawing import draw
from viz.live.graphs import Graphs
from viz.live.maps import Map
from viz.live.query import Shown


class Clock:
    """The time of the module that is tested."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(maps, "time", found)
    return found


def drawn(system, shown=None):
    one = Map(system, Graphs(system), shown or Shown())
    redraw(one)
    return one


def redraw(one):
    return one.take(one.draw())


def number(one, node):
    return one.sheet.drawing.numbers[node]


@pytest.mark.parametrize(
    ("system", "shown"),
    [
        (home, Shown()),
        (home, Shown(layout="matrix")),
        (home, Shown(Choice(view="services"))),
        (home, Shown(Choice(group_by="user", everything=True), include=("zigbee2mqtt/#", "re:^tele"))),
        (plant, Shown()),
        (plant, Shown(Choice(depth=1))),
        (plant, Shown(Choice(focus=("mes",)))),
    ],
    ids=["home", "matrix", "services", "all", "folded", "depth", "focus"],
)
def test_an_arrow_counts_exactly_what_the_picture_says_of_it(system, shown):
    graph = graph_of(system())
    drawing = draw(graph, shown)
    told, said = Counter(), Counter()
    for source, target, key, edge in graph.edges(keys=True, data=True):
        place = drawing.arrow((source, target, key))
        if place is not None:
            told[place] += edge["messages"]
    lines = drawing.scene.marks or drawing.scene.arrows
    for place in drawing.arrows.values():
        said[place] = int(dict(lines[place].data)["messages"])
    assert told == said
    assert sum(said.values()) > 0


def test_a_pulse_tells_what_passed_over_which_arrow_since_the_last():
    system = Spoken(*HOUSE)
    one = drawn(system)
    before = one.messages
    system.tell(published("lamp-1", "lamp/1/power"), sent("panel", "lamp/1/power"))
    system.tell(published("lamp-1", "lamp/1/power"), sent("panel", "lamp/1/power"))
    delta = one.advance()
    arrows = one.sheet.drawing.arrows
    power = arrows["service:lamp-1", "topic:lamp/1/power", "publish"]
    header = arrows["topics:lamp/", "service:panel", "subscribe"]
    assert delta.arrows == {power: 2, header: 2}
    assert (delta.messages, one.messages) == (before + 2, before + 2)
    assert one.advance().is_empty()


def test_lines_get_wider_with_the_rate_and_thinner_with_time(clock):
    system = Spoken(*HOUSE)
    one = drawn(system)
    power = one.sheet.drawing.arrows["service:lamp-1", "topic:lamp/1/power", "publish"]
    widths = [one.widths()[power]]
    for _ in range(300):
        clock.now += 1
        system.tell(*(published("lamp-1", "lamp/1/power") for _ in range(4)))
        one.advance()
    widths.append(one.widths()[power])
    clock.now += 300
    assert one.advance().widths[power] == 1.2
    assert widths == [pytest.approx(line_width(1 / 60), abs=0.06), pytest.approx(line_width(4), abs=0.06)]


def test_a_service_that_goes_and_comes_is_told_of():
    system = Spoken(*HOUSE)
    one = drawn(system)
    lamp = number(one, "service:lamp-1")
    assert one.states() == {}
    system.tell("Client lamp-1 closed its connection.")
    assert one.advance().states == one.states() == {lamp: "gone"}
    system.tell(*connected("lamp-1"))
    assert one.advance().states == {lamp: "here"}
    assert one.states() == {}


def test_a_group_is_there_as_long_as_one_of_it_is():
    system = Spoken(*(text for name in ("a", "bb", "ccc") for text in (*connected(name), published(name, f"{name}/x"))))
    one = drawn(system, Shown(Choice(group_by="address")))
    ((group, members),) = one.sheet.drawing.members.items()
    assert len(members) == 3
    system.tell("Client a closed its connection.", "Client bb closed its connection.")
    assert one.advance().states == {number(one, group): "here"}
    system.tell("Client ccc closed its connection.")
    assert one.advance().states == one.states() == {number(one, group): "gone"}


def test_what_is_new_makes_it_due_and_is_marked(clock):
    system = Spoken(*HOUSE)
    one = drawn(system)
    first = one.sheet
    assert not one.is_due()
    system.tell(published("lamp-1", "lamp/1/new"), sent("panel", "lamp/1/new"))
    one.advance()
    assert not one.is_due()
    clock.now += maps.AGAIN
    assert one.is_due()
    assert redraw(one)
    assert one.sheet.gen > first.gen
    assert one.sheet.new == (number(one, "topic:lamp/1/new"),)
    assert not one.is_due()


def test_a_line_on_which_nothing_had_come_is_drawn_anew_once_something_has(clock):
    system = Spoken(*connected("panel"), *subscribed("panel", "a/b"), *connected("lamp"), published("lamp", "x"))
    one = drawn(system)
    assert len(one.sheet.drawing.idle) == 1
    clock.now += maps.AGAIN
    system.tell(published("lamp", "a/b"), sent("panel", "a/b"))
    one.advance()
    assert one.is_due()


def test_drawing_takes_a_fifth_of_the_time_at_most(clock, monkeypatch):
    system = Spoken(*HOUSE)
    one = drawn(system)

    def slowly(*given):
        clock.now += 10
        return draw(*given)

    monkeypatch.setattr(maps, "draw", slowly)
    system.tell(published("lamp-1", "lamp/1/new"))
    clock.now += 1
    one.advance()
    redraw(one)
    system.tell(published("lamp-1", "lamp/1/newer"))
    one.advance()
    clock.now += 39
    assert not one.is_due()
    clock.now += 1
    assert one.is_due()


def test_the_same_picture_keeps_its_number(clock):
    one = drawn(Spoken(*HOUSE))
    redraw(one)
    gen = one.sheet.gen
    assert not redraw(one)
    assert one.sheet.gen == gen


def test_counts_that_are_written_on_it_are_written_anew_after_a_while(clock):
    system = Spoken(*HOUSE)
    one = drawn(system)
    clock.now += maps.REFRESH
    assert not one.is_due()
    system.tell(published("lamp-1", "lamp/1/power"))
    one.advance()
    assert one.is_due()


def test_pulses_that_are_not_kept_any_more_make_it_due(clock):
    system = Spoken(*HOUSE)
    one = drawn(system)
    clock.now += maps.AGAIN
    system.forget()
    system.tell(*connected("lamp-1"))
    assert one.advance() is None
    assert one.is_due()
    redraw(one)
    assert list(one.sheet.drawing.members) == ["service:lamp-1"]


def test_a_viewer_that_comes_back_is_told_what_it_missed():
    system = Spoken(*HOUSE)
    one = drawn(system)
    gen, seq = one.sheet.gen, one.seq
    for _ in range(3):
        system.tell(published("lamp-1", "lamp/1/power"))
        one.advance()
    power = one.sheet.drawing.arrows["service:lamp-1", "topic:lamp/1/power", "publish"]
    assert one.since(gen, seq).arrows == {power: 3}
    assert one.since(gen, seq + 2).arrows == {power: 1}
    assert one.since(gen - 1, seq) is None
    assert one.since(gen, seq + 9) is None


def test_a_focus_that_is_not_there_is_told_and_looked_for_again(clock):
    system = Spoken(*HOUSE)
    one = Map(system, Graphs(system), Shown(Choice(focus=("kettle",))))
    assert redraw(one)
    assert isinstance(one.problem, CopperError)
    system.tell(*connected("kettle"), published("kettle", "kettle/state"))
    clock.now += maps.AGAIN
    one.advance()
    assert one.is_due()
    assert redraw(one)
    assert one.problem is None
    assert "service:kettle" in one.sheet.drawing.numbers


def test_several_maps_of_a_moment_share_one_graph():
    system = Spoken(*HOUSE)
    graphs = Graphs(system)
    every = [Map(system, graphs, Shown(layout=layout)) for layout in ("flow", "columns", "matrix")]
    for one in every:
        redraw(one)
    assert system.graphs == 2  # of all, and of the last minute


def test_what_is_new_while_it_is_drawn_makes_it_due_again(clock):
    system = Spoken(*HOUSE)
    one = drawn(system)
    redraw(one)
    begun = one.draw()
    system.tell(published("lamp-1", "lamp/1/new"))
    one.advance()
    assert not one.take(begun)
    clock.now += maps.AGAIN
    assert one.is_due()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["message", "three", "advance", "draw begins", "draw ends"]), max_size=25))
def test_however_it_is_drawn_in_between_no_message_is_counted_twice_or_left_out(steps):
    system = Spoken(*HOUSE)
    one = drawn(system)
    begun, passed = None, 3
    for step in steps:
        if step == "advance":
            one.advance()
        elif step == "draw begins":
            begun = one.draw()
        elif step == "draw ends" and begun:
            one.take(begun)
            begun = None
        elif step in {"message", "three"}:
            times = 1 if step == "message" else 3
            system.tell(*[published("lamp-1", "lamp/1/power")] * times)
            passed += times
    one.advance()
    assert one.messages == passed


def test_a_comparison_is_drawn_anew_once_more_is_known_of_the_other(clock):
    now, other = Spoken(*HOUSE), Spoken(*connected("lamp-1"))
    one = Map(now, Graphs(now), Shown(compare="run"), Graphs(other))
    redraw(one)
    assert "\N{MINUS SIGN} heater" not in one.sheet.drawing.svg
    one.advance()
    clock.now += maps.AGAIN
    assert not one.is_due()
    other.tell(*connected("heater"), published("heater", "heater/state"))
    one.advance()
    assert one.is_due()
    redraw(one)
    assert "\N{MINUS SIGN} heater" in one.sheet.drawing.svg

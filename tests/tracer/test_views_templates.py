"""Which topics differ in a name only."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.views.similar import templates

LEAVES = ("alarm", "cmd/start", "cycle", "energy", "status", "temp", "vibration")
PRESSES = [f"press-{number:03}" for number in range(400)]


def plant(kept, seed=1):
    dice = random.Random(seed)
    every = [
        f"plant/line{place % 10 + 1}/{press}/{leaf}" for place, press in enumerate(PRESSES) for leaf in LEAVES
    ]  # fmt: skip
    return (
        [topic for topic in every if dice.random() < kept]
        + [f"oee/line{line}" for line in range(9)]
        + ["alarms/active"]
    )


def drawn(topics, clients=()):
    found = templates(topics, clients)
    return sorted({found.get(topic, topic) for topic in topics})


@pytest.mark.parametrize("kept", [1, 0.95, 0.8, 0.5])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_plant_is_nine_templates_also_where_many_of_its_topics_are_missing(kept, seed):
    assert drawn(plant(kept, seed), PRESSES) == [
        "alarms/active", "oee/{line}", *(f"plant/{{line}}/{{client}}/{leaf}" for leaf in LEAVES)
    ]  # fmt: skip


def test_two_of_a_kind_on_each_site_are_of_a_kind_with_those_of_other_sites():
    topics = [f"f/site{n % 10}/dev{n}/{leaf}" for n in range(20) for leaf in ("x", "y")]
    assert drawn(topics) == ["f/{site}/{dev}/x", "f/{site}/{dev}/y"]


def test_two_are_not_enough():
    assert not templates([f"tele/plug-{number}/{leaf}" for number in (1, 2) for leaf in ("STATE", "SENSOR", "LWT")])


def test_words_are_of_a_kind_only_where_nearly_all_below_them_is_the_same():
    rooms = [f"home/{room}/{leaf}" for room in ("kitchen", "hall", "bath") for leaf in ("temp", "light")]
    assert drawn(rooms) == ["home/{id}/light", "home/{id}/temp"]
    assert not templates([*rooms, "home/bath/fan", "home/hall/door"])


def test_words_that_end_a_topic_are_themselves():
    assert not templates(["a/temp", "a/status", "a/power", "a/energy"])


def test_words_above_ids_and_nothing_else_are_themselves():
    discovery = [f"ha/{kind}/0x{n}{kind[0]}/config" for kind in ("sensor", "light", "switch") for n in range(3)]
    assert drawn(discovery) == [f"ha/{kind}/{{id}}/config" for kind in ("light", "sensor", "switch")]
    floors = [f"plant/{side}/press-{n}/{leaf}" for n, side in enumerate(("north", "south", "east")) for leaf in "xy"]
    assert drawn(floors) == ["plant/{id}/{press}/x", "plant/{id}/{press}/y"]


def test_words_below_an_id_are_told_by_those_of_all_such_ids():
    topics = [f"ha/0x{n}/{what}/config" for n in range(3) for what in ("temp", "hum", "batt")[: n + 1]]
    assert drawn(topics) == ["ha/{id}/{id}/config"]


def test_quantities_with_a_number_in_their_name_are_no_ids():
    assert not templates([f"air/{what}" for what in ("co2", "pm10", "no2", "o3", "so2")])


def test_ids_that_have_nothing_below_them_in_common_are_not_of_a_kind():
    topics = [
        f"z/0x0015{n}/{leaf}" for n, leaf in enumerate(["climate"] * 3 + ["motion"] * 3 + ["lamp", "lamp/set"] * 3)
    ]
    assert drawn(topics) == [f"z/{{id}}/{leaf}" for leaf in ("climate", "lamp", "lamp/set", "motion")]


@pytest.mark.parametrize(
    ("names", "template"),
    [
        (["line1", "line2", "line33"], "{line}"),
        (["gas-meter-01", "gas-meter-02", "gas-meter-3"], "{gas-meter}"),
        (["sensor-hall1", "sensor-bath2", "sensor-attic3"], "{sensor}"),
        (["0x1f", "A4C138", "77"], "{id}"),
        (["größe1", "größe2", "größe3"], "{größe}"),
        (["alice", "bob", "carol", "dev-7"], "{client}"),
    ],
)
def test_a_template_is_named_after_what_its_names_have_in_common(names, template):
    assert drawn([f"a/{name}/x" for name in names], ["alice", "bob", "carol", "dev-7"]) == [f"a/{template}/x"]


def test_a_filter_is_no_evidence_and_keeps_its_wildcards():
    topics = ["z/+/+/set", "z/#", *(f"z/+/dev{number}/#" for number in range(3)), "z/lamp/on", "z/motion/on2"]
    assert drawn(topics) == ["z/#", "z/+/+/set", "z/+/{dev}/#", "z/lamp/on", "z/motion/on2"]


def test_a_topic_that_looks_like_a_template_stays_apart():
    assert drawn(["a/{line}", "a/line1", "a/line2", "a/line3"]) == ["a/{line 2}", "a/{line}"]


def test_a_topic_that_has_others_below_it_is_one_too():
    topics = [f"home/plug{number}{leaf}" for number in range(4) for leaf in ("", "/set")]
    assert drawn(topics) == ["home/{plug}", "home/{plug}/set"]


def test_very_deep_topics_do_no_harm():
    topics = ["/".join(["x"] * 5000 + [str(number)]) for number in range(5)] + ["/" * 900, ""]
    assert set(templates(topics)) <= set(topics)


LEVEL = st.sampled_from(
    ["", "a", "b", "kitchen", "hall", "a1", "a2", "a3", "b7", "{id}", "{a}", "+", "$share", "é9", "線1"]
)
TOPICS = st.lists(st.lists(LEVEL, min_size=1, max_size=5).map("/".join), max_size=60, unique=True)


@settings(max_examples=150, deadline=None)
@given(TOPICS, st.randoms())
def test_templates_depend_on_no_order_and_are_no_names_of_other_topics(topics, dice):
    found = templates(topics, ["a1", "kitchen"])
    shuffled = list(topics)
    dice.shuffle(shuffled)
    assert templates(shuffled, ["kitchen", "a1"]) == found
    assert found.keys() <= set(topics)
    alone = set(topics) - found.keys()
    assert not alone.intersection(found.values())


@settings(max_examples=100, deadline=None)
@given(TOPICS)
def test_a_template_has_the_levels_of_its_topics(topics):
    for topic, template in templates(topics).items():
        ones, others = topic.split("/"), template.split("/")
        assert len(ones) == len(others)
        assert all(one == other or other[0] + other[-1] == "{}" for one, other in zip(ones, others, strict=True))


def test_what_was_folded_stays_as_it_is():
    once = drawn(plant(0.8), PRESSES)
    assert not templates(once, PRESSES)

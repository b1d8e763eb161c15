"""The tree of topics, level by level: it holds all of them, and its order stays."""

from hypothesis import given, settings
from hypothesis import strategies as st

from viz.live import finding
from viz.live.finding import level

LEVELS = st.sampled_from(["", "a", "b", "$x", "long name", "é"])
TOPICS = st.dictionaries(st.lists(LEVELS, min_size=1, max_size=4).map("/".join), st.integers(0, 9), max_size=20)


def walked(messages, prefix=None):
    """All topics that are found by going down."""
    for one in level(messages, prefix)["levels"]:
        if one["topic"]:
            yield one["path"]
        if one["below"]:
            yield from walked(messages, one["path"])


@settings(max_examples=60, deadline=None)
@given(TOPICS)
def test_going_down_finds_every_topic_once_and_the_counts_add_up(messages):
    assert sorted(walked(messages)) == sorted(messages)
    top = level(messages, None)["levels"]
    assert sum(one["messages"] for one in top) == sum(messages.values())
    assert sum(one["topics"] for one in top) == len(messages)


@settings(max_examples=60, deadline=None)
@given(TOPICS, TOPICS)
def test_levels_stay_in_their_order_when_others_come(messages, more):
    before = [one["level"] for one in level(messages, None)["levels"]]
    after = [one["level"] for one in level({**more, **messages}, None)["levels"]]
    assert [one for one in after if one in before] == before


def test_a_level_of_very_many_is_told_in_parts(monkeypatch):
    monkeypatch.setattr(finding, "MOST_LEVELS", 3)
    messages = {f"t/{number}": 1 for number in range(8)}
    found, after = [], ""
    while levels := [one["level"] for one in level(messages, "t", after)["levels"]]:
        found += levels
        after = levels[-1]
    assert found == [str(number) for number in range(8)]
    assert level(messages, "t")["total"] == 8

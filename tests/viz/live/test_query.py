"""The query of an address: what it may say, and its one spelling."""

from urllib.parse import parse_qsl

import pytest

from tracer.errors import CopperError
from tracer.views import Choice
from viz.live.query import Shown, parse, text, wanted

ALL = (
    "view=active&fold=off&all=1&focus=b&focus=a&hops=2&reaches=c&depth=3&group-by=user&top=7&layout=columns&span=hour"
    "&include=a/%23&exclude=re:^x&run=20261124-120000-ab12&speed=10"
)


def parsed(query):
    return parse(parse_qsl(query, keep_blank_values=True))


def test_every_name_is_read():
    choice = Choice("active", "off", True, ("a", "b"), 2, ("c",), 3, "user", 7)
    shown = Shown(choice, "columns", "hour", ("a/#",), ("re:^x",), "20261124-120000-ab12", 10)
    assert parsed(ALL) == shown


@pytest.mark.parametrize("query", ["", ALL, "hops=1", "focus=%F0%9F%A6%8A&focus=", "include=+/%2B/x"])
def test_the_spelling_of_what_is_shown_shows_the_same(query):
    shown = parsed(query)
    assert parsed(text(shown)) == shown


def test_what_is_so_anyway_is_left_out_and_the_rest_is_sorted():
    assert text(parsed("view=all&hops=1&span=all&top=60&layout=auto")) == ""
    assert text(parsed("top=5&focus=b&depth=2&focus=a")) == "depth=2&focus=a&focus=b&top=5"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=red", "nothing is called 'colour' here; the names are view, fold, all"),
        ("view=some", "view=: there is no 'some'; choose one of all, active, services"),
        ("hops=x", "hops=: 'x' is no number from 0 to 100"),
        ("hops=-1", "hops=: '-1' is no number"),
        ("top=\u0661", "is no number"),
        ("all=yes", "all=: 'yes' is neither 1 nor 0"),
        ("span=hour&span=all", "span=: it is given twice"),
        ("include=a%23", "include=: 'a#' is no MQTT filter"),
        ("include=re:(", "include=: 're:(' is no regular expression"),
        ("include=re:(a*)*b", "could take too long"),
        ("include=re:a*a*a*a*a*b", "could take too long"),
        ("include=re:" + ".?" * 45 + "~", "could take too long"),
        ("include=re:" + "(a|aa)" * 45 + "~", "could take too long"),
        ("include=re:" + "(a|aa[(])" * 45 + "~", "could take too long"),
        ("focus=re:(a%2B)%2B", "focus=: 're:(a+)+' could take too long"),
        ("speed=3", "speed=: there is no '3'; choose one of 1, 10, 100"),
        ("focus=" + "x" * 501, "focus=: a value has at most 500 letters"),
        ("&".join(f"focus={n}" for n in range(51)), "focus=: it may be given 50 times at most"),
    ],
)
def test_what_is_no_question_is_told_in_a_sentence(query, said):
    with pytest.raises(CopperError) as caught:
        parsed(query)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "regex",
    ["^(kitchen|hall|bath|attic|yard)/(temp|humidity)$", "(?i)lamps?/.*", "a|b|c|d|e|f|g|h|i|j|k|l", "^a.*?b.*$"],
)
def test_a_usual_regular_expression_is_taken(regex):
    assert wanted("re:" + regex)


def test_names_of_somebody_else_are_left_alone():
    assert parse([("tail", "x"), ("span", "hour")], {"tail"}) == Shown(span="hour")

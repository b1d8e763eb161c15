"""What `${…}` stands for."""

import pytest

from copper.references import BrokenReferenceError, NoAnswerError, resolve

ANSWERS = {"docs": {"path": "/x", "total": 3, "deep": {"er": [1]}}, "list": [{"path": "/y"}]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${docs.path}/content", "/x/content"),
        ("${docs.total}", 3),
        ("n=${docs.total}", "n=3"),
        ("${docs.deep}", {"er": [1]}),
        ("${docs.deep.er}", 1),
        ("${list.path}", "/y"),
        ("${env.THEME:-light}", "light"),
        ("${env.HERE}", "yes"),
        ("$${docs.path}", "${docs.path}"),
        ("costs $5 {x}", "costs $5 {x}"),
    ],
)
def test_a_reference_alone_keeps_its_type_and_inside_a_text_becomes_text(text, value):
    assert resolve({"key": [text]}, ANSWERS, {"HERE": "yes"}) == {"key": [value]}


def test_a_key_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(BrokenReferenceError, match="the answer of docs has no pat; it has path, total, deep"):
        resolve("${docs.pat}", ANSWERS, {})


def test_a_variable_that_is_not_set_is_told_with_the_way_to_a_default():
    with pytest.raises(BrokenReferenceError, match=r"NOPE is not set; set it, or write \$\{env.NOPE:-a default\}"):
        resolve("${env.NOPE}", ANSWERS, {})


def test_a_variable_that_is_set_but_empty_is_an_empty_text_unless_there_is_a_default():
    assert resolve(["${env.E}", "${env.E:-d}"], {}, {"E": ""}) == ["", "d"]


def test_an_action_that_did_not_finish_has_no_answer():
    with pytest.raises(NoAnswerError, match=r"\$\{x.path\}: x has no answer, it did not finish"):
        resolve("${x.path}", {}, {})

"""Names as they are shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.text import LONGEST, label, monospace_width, sans_width, shown

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("home/kitchen", "home/kitchen"),
        ("", "(empty)"),
        ("/", "(empty)/(empty)"),
        ("a//b", "a/(empty)/b"),
        (" ", "␣"),
        ("\u202eevil", r"\u202eevil"),
        ("bell\x07", r"bell\u0007"),
        ("\ud800", r"\ud800"),
        ("\U0010ffff", r"\U0010ffff"),
        ("中文", "中文"),
    ],
)
def test_what_cannot_be_seen_is_written_out(name, expected):
    assert shown(name) == expected


@given(ANY_TEXT)
def test_nothing_that_misleads_a_reader_or_breaks_xml_is_ever_shown(name):
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not hidden & {unicodedata.category(letter) for letter in shown(name) + label(name)}
    assert shown(name)


@given(ANY_TEXT)
def test_a_label_is_never_longer_than_its_limit(name):
    assert len(label(name)) <= LONGEST
    assert label(name) == shown(name) or "…" in label(name)


def test_a_long_name_keeps_its_head_and_its_tail():
    text = label("plant/line3/" + "x" * 100 + "/temperature")
    assert text.startswith("plant/line3/")
    assert text.endswith("/temperature")


def test_an_escape_is_not_cut_in_two():
    assert set(label("\x07" * 100).split("…")) <= {r"\u0007" * 4, r"\u0007" * 3}


def test_wide_letters_need_more_room_than_narrow_ones():
    assert monospace_width("中中", 11) > monospace_width("aa", 11)
    assert sans_width("WWW", 12) > sans_width("iii", 12)
    assert monospace_width("e\u0301", 11) == monospace_width("e", 11)

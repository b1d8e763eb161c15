"""CSV: rows that come back whole, and that no spreadsheet takes for formulas."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.viz.graphs import GraphMaker, workflow
from tests.viz.readers import as_written
from viz.picture import draw

ANY_NAME = st.text(st.characters(exclude_categories=()), max_size=30)
FORMULAS = ("=cmd|'/c calc'!A1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\uff1d1", "'quoted", "'=1")


def rows(graph):
    return list(csv.DictReader(io.StringIO(draw(graph, "csv").decode(), newline="")))


def published(names):
    make = GraphMaker()
    for name in names:
        make.publish(name, name)
    return make.graph


@pytest.mark.parametrize("name", FORMULAS)
def test_no_name_is_a_formula_and_each_can_be_read_back(name):
    (row,) = rows(published([name]))
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
    assert as_written(row["from"].removeprefix("'")) == name


@given(st.lists(ANY_NAME, min_size=1, max_size=6, unique=True))
@settings(deadline=None, max_examples=60)
def test_any_names_at_all_come_back(names):
    read = {as_written(row["to"].removeprefix("'")) for row in rows(published(names))}
    assert read == set(names)


def test_lines_end_as_the_rfc_has_it_and_each_is_one_row():
    text = draw(published(["a,b", 'say "hi"', "two\nlines"]), "csv").decode()
    assert text.count("\r\n") == text.count("\n") == 4
    assert '"say ""hi"""' in text


def test_who_has_no_line_has_a_row():
    make = GraphMaker()
    make.service("alone")
    make.topic("quiet")
    assert [(row["kind"], row["from"], row["to"]) for row in rows(make.graph)] == [
        ("service", "alone", ""),
        ("topic", "quiet", ""),
    ]


def test_a_delivery_says_its_topic_and_how_its_sender_is_known():
    found = [row for row in rows(workflow()) if row["kind"] == "deliver" and row["topic"] == "fetcher/info"]
    assert [(row["from"], row["to"], row["seen"], row["inferred"]) for row in found] == [
        ("fetcher", "runner", "0", "1")
    ]

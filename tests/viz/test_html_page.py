"""HTML: what stands in the file. How it behaves is in test_html_in_browser.py."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from tests.viz.graphs import GraphMaker, home, nasty, workflow
from viz.picture import compose
from viz.text import shown


class Read(HTMLParser):
    """The elements of a page, and the texts of its scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.raw, self.inside = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = tag if tag in {"script", "style"} else None
        if self.inside:
            self.raw.append([tag, dict(attrs).get("type"), ""])

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.raw[-1][2] += data

    @property
    def facts(self):
        (text,) = (text for tag, kind, text in self.raw if kind == "application/json")
        return json.loads(text)


def read(graph):
    return Read(compose(graph, "html", title="deps").data.decode())


GRAPHS = pytest.mark.parametrize("graph", [workflow(), home(), nasty()], ids=["workflow", "home", "nasty"])


@GRAPHS
def test_the_page_holds_the_nodes_and_lines_of_the_graph(graph):
    facts = read(graph).facts
    assert {node["id"] for node in facts["nodes"]} == set(graph)
    ids = [node["id"] for node in facts["nodes"]]
    lines = {(ids[line["from"]], ids[line["to"]], line["kind"]) for line in facts["lines"]}
    feeds = {(ids[feed["from"]], ids[feed["to"]], "deliver:" + ids[feed["topic"]][6:]) for feed in facts["feeds"]}
    assert lines | feeds == set(graph.edges(keys=True))


@GRAPHS
def test_the_policy_allows_the_hashes_of_what_stands_in_the_file_and_nothing_else(graph):
    page = read(graph)
    (policy,) = (each["content"] for tag, each in page.elements if each.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        texts = [text for each, kind, text in page.raw if each == tag and kind is None]
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert rules[f"{tag}-src"].split() == [f"'sha256-{each}'" for each in hashes]


@GRAPHS
def test_nothing_in_the_page_points_elsewhere(graph):
    page = read(graph)
    assert not [each for _, each in page.elements if {"src", "href", "action", "style"} & set(each)]
    assert not [name for _, each in page.elements for name in each if name.startswith("on")]
    assert not any(re.search(r"url\(|@import", text) for tag, _, text in page.raw if tag == "style")


def test_names_make_no_elements():
    tags = [tag for tag, _ in read(nasty()).elements]
    assert set(tags) <= {tag for tag, _ in read(home()).elements} | {"li"}
    assert tags.count("script") == 2


def test_every_name_is_shown_in_letters_that_can_be_seen():
    graph = nasty()
    texts = [node["text"] for node in read(graph).facts["nodes"]]
    assert sorted(texts) == sorted(shown(each["name"]) for _, each in graph.nodes(data=True))


def test_the_same_graph_makes_the_same_page():
    assert compose(home(), "html").data == compose(home(), "html").data


def test_what_a_service_is_known_by_stands_in_the_page():
    make = GraphMaker()
    make.message("a/b", "sender", ["reader"], through="a/#")
    make.graph.nodes["service:sender"].update(user="anna", addresses=["10.0.0.7"], members=3, group="alike")
    nodes = {node["name"]: dict(node["facts"]) for node in read(make.graph).facts["nodes"]}
    assert nodes["sender"]["User"] == "anna"
    assert nodes["sender"]["Addresses"] == "10.0.0.7"
    assert nodes["sender"]["Stands for"].startswith("3 services")


def test_a_filter_is_told_where_it_says_more_than_the_topic():
    make = GraphMaker()
    make.message("a/b", "sender", ["reader"], through="a/#")
    make.message("a/c", "sender", ["reader"])
    lines = [line for line in read(make.graph).facts["lines"] if line["kind"] == "subscribe"]
    assert [line.get("filters") for line in lines] == [["a/#"], None]


def test_remarks_are_said_on_the_page():
    make = GraphMaker()
    make.message("a/b", "sender", ["reader"])
    make.message("$SYS/uptime", "broker", ["reader"])
    assert b"<li>hidden: $SYS" in compose(make.graph, "html").data

"""A graph that was saved is a LOG, too."""

import json

import pytest

from copper.commands import saved_graph
from copper.commands.trace_options import Chosen
from tests.copper.test_graph_options import LOG, graph
from tests.viz.graphs import home, nasty
from tracer.errors import CopperError
from tracer.windows import Topics
from viz.formats import json as as_json


def load(path, by="service"):
    return saved_graph.load(Chosen((str(path),), None, Topics()), by)


@pytest.mark.parametrize("make", [home, nasty])
def test_what_was_saved_is_read_back_the_same(tmp_path, make):
    (tmp_path / "g.json").write_text(as_json.render(make()))
    assert saved_graph.is_one(tmp_path / "g.json")
    assert as_json.render(load(tmp_path / "g.json")) == (tmp_path / "g.json").read_text()


def test_a_saved_graph_is_drawn_as_its_log_is(tmp_path):
    saved = tmp_path / "g.json"
    for arguments in ((LOG, "-o", saved), (saved, "-o", tmp_path / "again.svg"), (LOG, "-o", tmp_path / "first.svg")):
        assert graph(*arguments).returncode == 0
    assert (tmp_path / "again.svg").read_text() == (tmp_path / "first.svg").read_text()


@pytest.mark.parametrize("arguments", [("--last", "5m"), ("--since", "2026-11-25"), ("--by", "client"), (LOG,)])
def test_what_only_a_log_can_tell_is_refused(tmp_path, arguments):
    (tmp_path / "g.json").write_text(as_json.render(home()))
    done = graph(tmp_path / "g.json", *arguments, "--out", tmp_path / "x.svg")
    assert (done.returncode, f"{tmp_path}/g.json" in done.stderr) == (2, True)
    assert not (tmp_path / "x.svg").exists()


def changed(**more):
    """The graph of one message, some of it otherwise."""
    data = json.loads(as_json.render(home()))
    return {**data, **more}


def with_(list_name, **more):
    data = json.loads(as_json.render(home()))
    data[list_name][0].update(more)
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(graph={}), "no graph of Copper's"),
        (changed(graph={"schema": 2}), "its schema is 2"),
        (changed(directed=False), "not directed"),
        (changed(nodes=[]), r"edges\[0\] leads from or to a node that is not there"),
        (changed(nodes=None), r"nodes\[0\]"),
        (with_("nodes", kind="pod"), r"nodes\[0\] is no service or topic"),
        (with_("nodes", id="x"), r"nodes\[0\] has not the id"),
        (with_("nodes", clients="x"), r"nodes\[0\]: its clients"),
        (with_("edges", messages=-1), r"edges\[0\]: its messages"),
        (with_("edges", key="eats"), r"the key 'eats'"),
        (with_("edges", key="subscribe"), r"is a subscribe from a service to a"),
    ],
)
def test_what_is_wrong_in_it_is_said(tmp_path, data, words):
    (tmp_path / "g.json").write_text(json.dumps(data, sort_keys=True))
    with pytest.raises(CopperError, match=words):
        load(tmp_path / "g.json")


def test_one_that_is_cut_says_where(tmp_path):
    (tmp_path / "g.json").write_text(as_json.render(home())[:300])
    with pytest.raises(CopperError, match=r"g\.json:\d+:\d+: it is no JSON from here on"):
        load(tmp_path / "g.json")


def test_a_log_in_json_is_no_graph(tmp_path):
    (tmp_path / "docker.log").write_text('{"log": "1: New client", "stream": "stderr"}\n')
    assert not saved_graph.is_one(tmp_path / "docker.log")

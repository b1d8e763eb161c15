"""What has changed from one graph to another."""

from tests.viz.graphs import GraphMaker
from viz.live.comparing import compared


def run(name, *more, times=2):
    make = GraphMaker()
    make.message(f"runner/runs/{name}/start", "runner", ["tracer"])
    make.message("fetcher/fetch", "runner", ["fetcher"], times)
    for service in more:
        make.message(f"{service}/build", "runner", [service])
    return make.graph


def test_two_runs_that_do_the_same_are_the_same_whatever_their_ids():
    said = compared(run("run-1"), run("run-2"))
    assert said["lines"]["same"] == 4
    assert [said["lines"][what]["total"] for what in ("added", "gone", "changed")] == [0, 0, 0]
    assert said["topics"]["gone"]["total"] == 0


def test_what_one_has_and_the_other_has_not_is_told():
    said = compared(run("r", "markdown"), run("r", "pdf"))
    assert said["services"] == {
        "added": {"total": 1, "first": ["pdf"]},
        "gone": {"total": 1, "first": ["markdown"]},
    }
    assert said["lines"]["added"]["first"] == [
        {"kind": "publish", "service": "runner", "topic": "pdf/build", "after": 1},
        {"kind": "subscribe", "service": "pdf", "topic": "pdf/build", "after": 1},
    ]


def test_what_both_have_but_not_as_often_is_told_with_both_counts():
    changed = compared(run("r", times=2), run("r", times=5))["lines"]["changed"]
    assert changed["first"] == [
        {"kind": "publish", "service": "runner", "topic": "fetcher/fetch", "before": 2, "after": 5},
        {"kind": "subscribe", "service": "fetcher", "topic": "fetcher/fetch", "before": 2, "after": 5},
    ]

"""The order of a run's actions, as its picture shows it."""

from copper import sequence
from copper.result import ActionResult
from tracer.events import Publish
from tracer.windows import Run


def published(*moves):
    """Publishes, a second apart in thousandths: `client topic`."""
    return [
        Publish(f"2026-11-27T12:00:0{number}.000000Z", number + 1, *move.split(), 1, False, 0)
        for number, move in enumerate(moves)
    ]


def test_only_what_was_asked_for_is_numbered():
    actions = (
        ActionResult("1", "a/x", "finished", 0.25, reused=True),
        ActionResult("2", "a/y", "skipped"),
        ActionResult("3", "b/z", "failed", 0.12345),
        ActionResult("4", "b/w", "not run"),
    )
    assert sequence.of_actions(actions) == [{"number": 1, "action": "b/z", "outcome": "failed", "seconds": 0.123}]


def test_requests_of_the_log_are_numbered_as_they_were_sent():
    events = published(
        "r1 runner/runs/R/start", "r1 a/x", "s1 a/x/start", "s1 a/x/finish", "r1 b/y", "s2 b/y/error", "r1 a/x",
        "r1 a/x/cancel", "r1 runner/runs/R/finish",
    )  # fmt: skip
    assert sequence.of_events(events, Run("R")) == [
        {"number": 1, "action": "a/x", "outcome": "finished", "seconds": 2.0},
        {"number": 2, "action": "b/y", "outcome": "failed", "seconds": 1.0},
        {"number": 3, "action": "a/x", "outcome": "timed out"},
    ]


def test_what_others_publish_meanwhile_and_other_runs_is_not_numbered():
    events = published(
        "r1 a/x", "r1 runner/runs/R/start", "other a/x", "r1 a/y", "r1 runner/runs/R/finish", "r1 a/z",
    )  # fmt: skip
    assert [one["action"] for one in sequence.of_events(events, Run("R"))] == ["a/y"]


def test_a_clock_of_whole_seconds_tells_no_durations():
    events = published("r1 runner/runs/R/start", "r1 a/x", "s1 a/x/finish")
    for event in events:
        event.at = event.at[:19] + "Z"
    assert sequence.of_events(events, Run("R")) == [{"number": 1, "action": "a/x", "outcome": "finished"}]

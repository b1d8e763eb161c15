"""Every request ends, in exactly one way: the machine alone, with a clock of the test's."""

import pytest

from copper.action import SILENCE_SECONDS, Request, State

OURS = b"run.1.1"


def request(**more) -> Request:
    return Request("fetcher/fetch", "run.1.1", OURS, sent=100.0, timeout=60.0, **more)


def test_start_progress_finish_is_the_life_of_a_request():
    one = request()
    one.message("fetcher/fetch/start", {"id": "run.1.1"}, None)
    assert one.state is State.ACCEPTED
    one.message("fetcher/fetch/progress", {"id": "run.1.1", "done": 3, "total": 10, "unit": "files"}, None)
    assert (one.progress.done, one.progress.total, one.progress.unit) == (3, 10, "files")
    one.message("fetcher/fetch/finish", {"id": "run.1.1", "path": "/x"}, None)
    assert (one.state, one.answer) == (State.FINISHED, {"id": "run.1.1", "path": "/x"})


@pytest.mark.parametrize("answer", ["test-website", [{"id": "run.1.1", "path": "/x"}], [], None, 5])
def test_whatever_the_first_coppers_services_finish_with_is_the_answer(answer):
    one = request()
    one.message("fetcher/fetch/finish", answer, None)
    assert (one.state, one.answer) == (State.FINISHED, answer)


@pytest.mark.parametrize("topic", ["fetcher/fetch/error", "fetcher/error"])
def test_an_error_on_either_topic_fails_it(topic):
    one = request()
    one.message(topic, {"error": "no such repository", "retryable": True}, None)
    assert (one.state, one.error, one.retryable) == (State.FAILED, "no such repository", True)


def test_an_answer_with_anothers_id_is_not_ours():
    one = request()
    one.message("fetcher/fetch/finish", {"id": "run.9.1"}, None)
    one.message("fetcher/fetch/finish", [{"id": "run.9.1"}], None)
    assert one.state is State.SENT


def test_correlation_data_decides_before_the_id():
    one = request()
    one.message("fetcher/fetch/finish", "a string has no id", b"another's")
    assert one.state is State.SENT
    one.message("fetcher/fetch/finish", "a string has no id", OURS)
    assert one.state is State.FINISHED


def test_nothing_changes_after_the_end():
    one = request()
    one.message("fetcher/fetch/finish", "first", None)
    one.message("fetcher/error", {"error": "late"}, None)
    one.status("disconnected")
    one.at(1e9)
    assert (one.state, one.answer) == (State.FINISHED, "first")


def test_a_service_that_dies_ends_it():
    one = request()
    one.message("fetcher/fetch/start", {"id": "run.1.1"}, None)
    one.status("disconnected")
    assert (one.state, one.error) == (State.GONE, "fetcher went away while it worked")


def test_a_service_that_goes_to_sleep_does_not_end_it():
    one = request()
    one.status("sleeping")
    assert not one.ended


def test_nobody_subscribes_ends_it():
    one = request()
    one.nobody()
    assert (one.state, one.error) == (State.NOBODY, "nobody subscribes to fetcher/fetch")


def test_silence_ends_it_soon_where_no_status_says_that_anybody_is_there():
    one = request()
    one.at(100 + SILENCE_SECONDS)
    assert one.state is State.NOBODY


def test_a_service_that_is_there_has_the_whole_timeout():
    one = request(known=True)
    one.at(100 + SILENCE_SECONDS)
    assert not one.ended
    one.at(160)
    assert (one.state, one.error) == (State.TIMED_OUT, "no answer within 60 s")


def test_the_deadline_says_when_to_look_again():
    one = request()
    assert one.deadline() == 100 + SILENCE_SECONDS
    one.message("fetcher/fetch/start", {}, None)
    assert one.deadline() == 160


def test_a_late_finish_of_the_request_before_is_not_ours():
    """The first Copper's fetcher, for an unknown type: `fetcher/error`, then a finish with an empty list."""
    first = request()
    first.message("fetcher/error", {"error": "unknown type"}, None)
    assert (first.state, first.leaves_finish()) == (State.FAILED, True)
    second = request(owed=True)
    second.message("fetcher/fetch/finish", [], None)
    assert second.state is State.SENT
    second.message("fetcher/fetch/start", {"id": "run.1.1"}, None)
    second.message("fetcher/fetch/finish", "ours", None)
    assert second.answer == "ours"


def test_after_a_timeout_a_service_that_says_start_is_believed_only_after_ours():
    one = request(owed=True, starts=True)
    one.message("fetcher/fetch/finish", "of the one before", None)
    assert one.state is State.SENT
    one.message("fetcher/fetch/start", {"build": {"id": "run.1.1"}}, None)
    one.message("fetcher/fetch/finish", "ours", None)
    assert one.answer == "ours"


@pytest.mark.parametrize("ends", ["fetcher/fetch/finish", "fetcher/error"])
def test_while_the_service_works_for_another_runner_an_end_without_an_id_is_the_others(ends):
    one = request()
    one.message("fetcher/fetch/start", {"build": {"id": "other.1.1"}}, None)
    one.message(ends, "the other's", None)
    assert one.state is State.SENT
    one.message("fetcher/fetch/start", {"id": "run.1.1"}, None)
    one.message("fetcher/fetch/finish", "ours", None)
    assert one.answer == "ours"


def test_an_error_with_an_id_leaves_nothing_to_come():
    one = request()
    one.message("fetcher/fetch/error", {"id": "run.1.1", "error": "no"}, None)
    assert not one.leaves_finish()


def test_a_timeout_shorter_than_the_silence_is_a_timeout():
    one = Request("a/b", "1", b"1", sent=0, timeout=2)
    one.at(2)
    assert (one.state, one.error, one.retryable) == (State.TIMED_OUT, "no answer within 2 s", True)


def test_what_the_broker_refuses_fails():
    one = request()
    one.refused("Not authorized")
    assert (one.state, one.error) == (State.FAILED, "the broker refuses a message to fetcher/fetch: Not authorized")


@pytest.mark.parametrize("count", [10**400, float("nan"), float("inf"), "3", None, [1]])
def test_a_count_that_can_not_be_shown_is_left_out(count):
    one = request()
    one.message("fetcher/fetch/progress", {"id": "run.1.1", "done": count, "total": 5}, None)
    assert (one.progress.done, one.progress.total) == (None, 5)

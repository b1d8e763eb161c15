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

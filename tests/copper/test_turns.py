"""Whose turn it is at a service that knows one request at a time."""

from copper.turns import LOST_SECONDS, Turns

ENTRY = {"action": "old/act"}


def test_who_came_first_goes_first():
    turns = Turns()
    turns.hear("old", {"claim": "a"}, 0)
    turns.hear("old", {"claim": "b"}, 0)
    assert turns.is_first("old", "a", 1)
    assert not turns.is_first("old", "b", 1)
    turns.hear("old", {"done": "a"}, 2)
    assert turns.is_first("old", "b", 2)


def test_one_that_was_killed_is_not_waited_for_for_ever():
    turns = Turns()
    turns.hear("old", {"claim": "dead"}, 0, retained=True)
    turns.hear("old", {"claim": "b"}, 0)
    assert not turns.is_first("old", "b", LOST_SECONDS - 1)
    assert turns.is_first("old", "b", LOST_SECONDS)


def test_one_that_claims_again_is_waited_for():
    turns = Turns()
    turns.hear("old", {"claim": "a"}, 0)
    turns.hear("old", {"claim": "b"}, 0)
    turns.hear("old", {"claim": "a"}, LOST_SECONDS - 1)
    assert not turns.is_first("old", "b", LOST_SECONDS + 1)


def test_what_a_run_claimed_before_it_was_killed_is_void_when_it_is_resumed():
    turns = Turns("run1")
    turns.hear("old", {"claim": "run1.3"}, 0, retained=True)
    assert turns.is_first("old", "run1.4", 0)


def test_a_runner_of_the_first_copper_has_its_turn_too():
    turns = Turns()
    turns.hear_first_copper("runner/start", ENTRY, 0, 600)
    turns.hear("old", {"claim": "b"}, 0)
    assert not turns.is_first("old", "b", 599)
    turns.hear_first_copper("runner/finish", ENTRY, 2, 600)
    assert turns.is_first("old", "b", 2)


def test_other_services_have_lines_of_their_own():
    turns = Turns()
    turns.hear("old", {"claim": "a"}, 0)
    turns.hear("new", {"claim": "b"}, 0)
    assert turns.is_first("new", "b", 0)


def test_whatever_is_no_claim_is_none():
    turns = Turns()
    for odd in ("text", None, [], {"claim": 3}, {"done": []}):
        turns.hear("old", odd, 0)
        turns.hear_first_copper("runner/start", odd, 0, 600)
    assert turns.is_first("old", "b", 0)

"""Whose turn it is: in whatever order runners hear each other, come, go and die, one at a time is served, and all are.

Played without broker and clock: a row of words that everybody hears in one order, each at its own pace. Seeded.
COPPER_STRESS=1 plays many more.
"""

import os
import random

import pytest

from copper.turns import LEAVES, WANTS, Turns, Word, read

GAMES = 3_000 if os.environ.get("COPPER_STRESS") == "1" else 150


class Runner:
    """One runner: how far it has heard, and the requests that it still wants to make."""

    def __init__(self, game, name) -> None:
        self.game, self.name, self.turns = game, name, Turns()
        self.heard = len(game.words)
        self.left = [f"{name}{number}" for number in range(game.random.randint(1, 3))]
        self.asked = 0

    @property
    def wanted(self):
        return next(iter(self.turns.waiting), None)

    def say(self, words) -> None:
        self.game.words.extend(words)

    def hear(self) -> None:
        if self.heard < len(self.game.words):
            word = self.game.words[self.heard]
            self.heard += 1
            if word is None:
                self.say(self.turns.somebody_died())
                self.asked = len(self.game.words)
            else:
                self.say(self.turns.heard(word))

    def step(self) -> None:
        """Whatever it can do now."""
        if self.turns.holding:
            (request,) = self.turns.holding
            self.say([self.turns.leave(request)])
            self.left.remove(request)
        elif self.wanted is None:
            self.say([self.turns.want("old", self.left[0])])
            self.asked = len(self.game.words)
        elif self.may_go():
            self.turns.hold("old", self.wanted)

    def may_go(self) -> bool:
        """Its turn has come, and all have had time to answer what it asked."""
        everybody = all(one.heard >= self.asked for one in self.game.runners)
        if not everybody or self.heard < len(self.game.words):
            return False
        self.turns.forget_doubtful()
        return self.turns.is_first("old", self.wanted)


class Game:
    """Runners that come at any time, and may die."""

    def __init__(self, seed) -> None:
        self.random = random.Random(seed)
        self.words, self.runners, self.served = [], [], []
        self.names = [chr(ord("a") + number) for number in range(self.random.randint(2, 4))]
        self.deaths = self.random.randint(0, 2)

    def play(self) -> None:
        for _ in range(2_000):
            if not self.names and not self.runners:
                return
            if self.names and (not self.runners or self.random.random() < 0.1):
                self.runners.append(Runner(self, self.names.pop(0)))
            one = self.random.choice(self.runners)
            self.random.choice((one.hear, one.hear, one.step))()
            self.end_of(one)
            busy = [request for other in self.runners for request in other.turns.holding]
            assert len(busy) <= 1, f"two at once: {busy}"
        pytest.fail(f"they wait for each other: {[vars(one.turns) for one in self.runners]}")

    def end_of(self, one) -> None:
        if not one.left:
            self.runners.remove(one)
        elif self.deaths and self.random.random() < 0.02:
            self.deaths -= 1
            self.runners.remove(one)
            # its will, which comes behind all that it said
            self.words.append(None)


@pytest.mark.parametrize("part", range(3))
def test_one_at_a_time_is_served_and_all_are(part):
    for seed in range(part * GAMES // 3, (part + 1) * GAMES // 3):
        try:
            Game(seed).play()
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def test_who_came_first_goes_first():
    turns = Turns()
    turns.want("old", "mine")
    turns.heard(Word("old", "other", WANTS))
    turns.heard(Word("old", "mine", WANTS))
    assert not turns.is_first("old", "mine")
    turns.heard(Word("old", "other", LEAVES))
    assert turns.is_first("old", "mine")


def test_whatever_is_no_word_is_none():
    for odd in ("text", None, [], {"service": 1, "id": "x", "says": WANTS}, {"service": "a", "id": "x", "says": "?"}):
        assert read(odd) is None

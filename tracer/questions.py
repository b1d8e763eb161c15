"""What the log does not say of a client, found out from the packet identifiers of what it is sent.

Whether a filter wants its client's own messages (MQTT 5's no local) or stored ones is never logged, and holds for all
of them: each such question has two answers. With each answer to all of them, every identifier is known exactly. So
what is sent tells which answers are possible, and a question that has only one left is answered.
"""

from __future__ import annotations

from itertools import product

from tracer.copies import Copy, Open, Question
from tracer.session import Session

MOST = 8
"""Open questions of a client that are thought through together; beyond that, what they are about is only counted."""

HALF = 32767
Answers = dict[Question, bool]


def possible(session: Session, about: set[Question]) -> list[Answers] | None:
    """All answers to these questions that do not contradict what was seen; None where there are too many.

    Questions that what was seen links with them are answered too.
    """
    settle(session)
    asked = {one for one in about if one.answer is None}
    facts = list(session.facts)
    while linked := [fact for fact in facts if not asked.isdisjoint(fact[0])]:
        facts = [fact for fact in facts if asked.isdisjoint(fact[0])]
        asked.update(question for counts, _ in linked for question in counts)
    if len(asked) > MOST:
        return None
    facts = [fact for fact in session.facts if not asked.isdisjoint(fact[0])]
    answers = [dict(zip(asked, one, strict=True)) for one in product((True, False), repeat=len(asked))]
    left = [one for one in answers if all(missing(counts, one) == short for counts, short in facts)]
    if not left:
        # something else was drawn, or was not
        session.facts.clear()
    return left or answers


def missing(counts: Open, answers: Answers) -> int:
    """How many of these draws never were."""
    return sum(count for question, count in counts.items() if not answers[question])


def learn(session: Session, left: list[Answers] | None) -> None:
    """Only these answers are left."""
    if not left:
        return
    for question in left[0]:
        said = {one[question] for one in left}
        if len(said) == 1:
            question.answer = said.pop()
    settle(session)


def settle(session: Session) -> None:
    """Draw the conclusions from what was answered: copies that never were are gone, and those behind them move up."""
    answered = [one for one in session.questions if one.answer is not None]
    if not answered:
        return
    done: dict[int, tuple[Open, Open, int]] = {}
    kept = []
    for copy in session.waiting:
        if copy.question is not None and copy.question.answer is not None:
            if not copy.question.answer:
                continue
            copy.question = None
        if copy.open:
            copy.open, short = _settled(copy.open, done)
            copy.mid = None if copy.mid is None else _back(copy.mid, short)
        kept.append(copy)
    session.waiting.clear()
    session.waiting.extend(kept)
    session.open, short = _settled(session.open, done)
    session.skip_mids(-short)
    facts = [(_settled(counts, done), short) for counts, short in session.facts]
    session.facts = [(counts, short - less) for (counts, less), short in facts if counts]
    session.questions = [one for one in session.questions if one.answer is None]


def _settled(counts: Open, done: dict[int, tuple[Open, Open, int]]) -> tuple[Open, int]:
    """What is still open of it, and how many of the draws never were; many copies share one."""
    if id(counts) not in done:
        still = {question: count for question, count in counts.items() if question.answer is None}
        less = sum(count for question, count in counts.items() if question.answer is False)
        done[id(counts)] = counts, still, less
    return done[id(counts)][1:]


def _back(mid: int, count: int) -> int:
    return (mid - count - 1) % 65535 + 1


def ask(session: Session, question: Question, *, draws: bool) -> None:
    """A copy hangs on this question; an identifier is drawn for it next (`draws`), if the answer is yes."""
    if question not in session.questions:
        session.questions.append(question)
    if draws:
        session.open = {**session.open, question: session.open.get(question, 0) + 1}


def fits(copy: Copy, mid: int, answers: Answers | None) -> bool:
    """Whether the copy has this packet identifier, with these answers (None: with any)."""
    if answers is not None and copy.question is not None and not answers[copy.question]:
        return False
    if copy.mid is None:
        return True
    least = most = 0
    if answers is None:
        least = sum(copy.open.values())
    else:
        least = most = missing(copy.open, answers)
    ahead = (mid - copy.mid) % 65535
    ahead = ahead if ahead <= HALF else ahead - 65535
    return -copy.place - least <= ahead <= copy.doubt + max(0, copy.spread - 1 - copy.place) - most

"""A pipeline that is saved and loaded goes on as if nothing had been; what is no state of ours is refused."""

import pickle
import zlib

import pytest

from tests.tracer.logs import CASES, CORPUS, lines
from tracer import snapshot
from tracer.pipeline import Pipeline


def events_of(data, every):
    """The events of a log that is read by a pipeline saved and loaded after so many lines; 0: never."""
    pipeline, events = Pipeline(), []
    for place, line in enumerate(lines(data), 1):
        events += pipeline.feed(line)
        if every and place % every == 0:
            pipeline = snapshot.load(snapshot.save(pipeline))
    return events + pipeline.finish(), pipeline.counts


@pytest.mark.parametrize("case", CASES)
def test_a_saved_pipeline_says_what_the_first_one_would_have_said(case):
    data = (CORPUS / case / "mosquitto.log").read_bytes()
    assert events_of(data, 7) == events_of(data, 0)


class Evil:
    def __reduce__(self):
        return print, ("this must not be called",)


def of(value):
    """Bytes with the right head, made of anything."""
    head, _, _ = snapshot.save(Pipeline()).partition(b"\n")
    return head + b"\n" + zlib.compress(pickle.dumps(value))


@pytest.mark.parametrize("value", [Evil(), CORPUS, pickle.Pickler, [Evil()], snapshot.Pipeline.feed])
def test_what_is_no_class_of_the_tracer_is_refused(value, capsys):
    with pytest.raises(snapshot.StateError, match="no part of a state"):
        snapshot.load(of(value))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("data", [b"", b"anything", of({})[:-5], of({}) + b"x", of({})])
def test_damaged_bytes_are_an_error_in_words(data):
    with pytest.raises(snapshot.StateError):
        snapshot.load(data)

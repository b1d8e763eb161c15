"""When a thing happened: the source's own time where it has one, else the log's."""

from tracer.pipeline import Pipeline
from tracer.sources.lines import Line


def test_a_source_that_knows_the_time_of_a_line_gives_it_to_the_event():
    pipeline = Pipeline()
    at = "2026-11-25T01:02:03.123456789Z"
    (event,) = pipeline.feed(Line(b"1795558047: mosquitto version 2.0.11 starting", 1, 0, "docker:x", at))
    assert event.at == at


def test_else_it_is_the_logs_own_time():
    (event,) = Pipeline().feed(Line(b"1795558047: mosquitto version 2.0.11 starting", 1, 0, "x.log"))
    assert event.at == "2026-11-24T22:07:27Z"

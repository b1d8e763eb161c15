"""Whatever is said is JSON that any parser reads; whatever is heard is a plain value."""

import datetime as dt
import json

import pytest

from copper import wire


def strict(payload: bytes):
    """What a parser that knows JSON only, reads."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(payload.decode("utf-8"), parse_constant=refuse)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": float("nan"), "b": [float("inf"), 1.5]}, {"a": None, "b": [None, 1.5]}),
        ({2: "a", None: "b", True: "c", (1, 2): "d"}, {"2": "a", "null": "b", "true": "c", "(1, 2)": "d"}),
        ({"at": dt.date(2026, 11, 24)}, {"at": "2026-11-24"}),
        (10**400, 10**400),
        ("\ud800", "\ud800"),
        ("grün", "grün"),
        (json.loads("1e999"), None),
    ],
)
def test_every_value_is_said_as_valid_json(value, said):
    assert strict(wire.encode(value)) == said


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b'{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
        (b"test-website", "test-website"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", ""),
        (b"[" * 100_000, "[" * 100_000),
        (b"9" * 5000, "9" * 5000),
    ],
    ids=["nan", "word", "not-utf-8", "empty", "deep", "huge"],
)
def test_every_payload_is_understood_or_taken_as_text(payload, value):
    assert wire.decode(payload) == value


def test_what_can_not_be_said_is_an_error_that_can_be_caught():
    loop: list = []
    loop.append(loop)
    with pytest.raises((ValueError, RecursionError)):
        wire.encode(loop)

"""What people write, and what they are told when it is wrong."""

from pathlib import Path

import pytest

from copper.workflow import Retry, WorkflowError, load, parse
from tracer.errors import CopperError


def problems(text: str) -> list[str]:
    """The first line of each mistake, without the file's name."""
    with pytest.raises(WorkflowError) as caught:
        parse(text, "w.yaml")
    return [str(problem).split("\n", maxsplit=1)[0].removeprefix("w.yaml:") for problem in caught.value.problems]


def test_a_plain_list_is_a_workflow():
    workflow = parse("- action: fetcher/fetch\n  type: local\n- action: markdown/build\n  path: x\n")
    assert [action.topic for action in workflow.actions] == ["fetcher/fetch", "markdown/build"]
    assert workflow.actions[0].entry == {"action": "fetcher/fetch", "type": "local"}


def test_a_list_is_exactly_a_mapping_with_actions():
    entries = "- action: a/b\n  x: 1\n"
    plain = parse(entries)
    mapping = parse("actions:\n" + entries)
    assert [one.entry for one in plain.actions] == [one.entry for one in mapping.actions]


def test_an_action_needs_the_entry_before_it_by_default():
    first, second = parse("- action: a\n- action: b\n").actions
    assert (first.needs, second.needs) == ((), (first.name,))


def test_actions_come_after_what_they_need_also_when_they_stand_before_it():
    workflow = parse("- {action: a, id: late, needs: [early]}\n- {action: b, id: early, needs: []}\n")
    assert [action.name for action in workflow.actions] == ["early", "late"]


def test_a_reference_is_a_need_too():
    workflow = parse("- {action: a, id: late, needs: [], x: '${early.path}'}\n- {action: b, id: early, needs: []}\n")
    assert [action.name for action in workflow.actions] == ["early", "late"]


def test_with_overrides_what_is_published():
    (action,) = parse("- {action: a, timeout: 5m, with: {timeout: 7}}").actions
    assert action.entry == {"action": "a", "timeout": 7}
    assert action.timeout == 300


def test_defaults_hold_where_an_action_says_nothing():
    first, second = parse("defaults: {timeout: 2m}\nactions:\n- action: a\n- {action: b, timeout: 3s}\n").actions
    assert (first.timeout, second.timeout) == (120, 3)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("500ms", 0.5), ("7", 7), ("1.5", 1.5)]
)
def test_a_time_is_written_as_people_do(text, seconds):
    assert parse(f"- {{action: a, timeout: {text}}}").actions[0].timeout == seconds


def test_retry_is_a_number_or_a_mapping():
    one, two = parse("- {action: a, retry: 3}\n- {action: b, retry: {times: 2, delay: 1s, backoff: 2}}").actions
    assert one.retry == Retry(3)
    assert two.retry == Retry(2, 1.0, 2)


def test_a_first_delay_may_be_nothing():
    assert parse("- {action: a, retry: {times: 2, delay: 0}}").actions[0].retry == Retry(2, 0.0)


def test_dates_and_keys_are_published_as_they_stand():
    (action,) = parse("- {action: a, ref: 2026-1-02, at: 2026-01-02 10:00:00, 5: x, 2026-01-02: y, null: z}").actions
    assert action.entry["ref"] == "2026-1-02"
    assert action.entry["at"] == "2026-01-02 10:00:00"
    assert {"5", "2026-01-02", "null"} <= set(action.entry)


def test_a_number_is_as_large_as_it_stands():
    (action,) = parse(f"- {{action: a, x: {10**40}, y: {'9' * 5000}, at: 2026-13-45}}").actions
    assert action.entry["x"] == 10**40
    assert action.entry["y"] == "9" * 5000
    assert action.entry["at"] == "2026-13-45"


def test_services_say_where_they_come_from():
    workflow = parse("services: {f: {core: fetcher}, s: {command: python s.py}}\nactions: [{action: f/fetch}]")
    assert workflow.services["f"].core == "fetcher"
    assert workflow.services["s"].command == "python s.py"


def test_all_mistakes_are_told_at_once():
    text = "- action: a/b\n  needs: [x]\n  timeout: 5x\n- type: local\n- 5\n"
    assert problems(text) == [
        "2:11: there is no action with the id x",
        "3:12: `timeout` is a time such as 90s, 5m or 1h30m",
        "4:3: `action` is missing: the topic of a service's endpoint, such as fetcher/fetch",
        "5:3: an action is a mapping with the key `action`: the topic of a service's endpoint",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: it is empty: a workflow is a list of actions"),
        ("# only a comment\n", "1:1: it is empty: a workflow is a list of actions"),
        ("[]", "1:1: there is no action in it"),
        ("hello", "1:1: a workflow is a list of actions, or a mapping with the keys services, defaults, actions"),
        ("a: b: c", "1:5: this is not YAML: mapping values are not allowed here"),
        ("actons: []", "1:1: unknown key `actons`; did you mean actions?"),
        ("- {actoin: a/b}", "1:4: `action` is missing: the topic of a service's endpoint, such as fetcher/fetch; "
         "did you mean it by `actoin`?"),
        ("- {action: a/+}", "1:12: a topic to publish on holds no +, # or NUL and does not start with $"),
        ("- {action: 5}", "1:12: `action` is the topic of a service's endpoint, such as fetcher/fetch"),
        ("- {action: a, x: 1, x: 2}", "1:21: the key `x` stands in line 1 too"),
        ("- {action: a, id: x}\n- {action: b, id: x}", "2:19: the id x is taken by line 1"),
        ("- {action: a, id: a b}", "1:19: an id is made of letters, digits, _ and -"),
        ("- {action: a, if: maybe}", "1:19: `if` is ${…}, !${…}, always, failure, true or false"),
        ("- {action: a, on_error: ignore}", "1:25: `on_error` is stop or continue"),
        ("- {action: a, x: '${b.c}'}", "1:18: ${b.c}: there is no action with the id b"),
        ("- {action: a, id: a, x: '${a.c}'}", "1:25: ${a.c}: an action can't use its own answer"),
        ("- {action: a, x: '${b c}'}", "1:18: ${b c} can't be read: write ${ID.KEY} or ${env.NAME:-default}"),
        ("- {action: a, timout: 5m}", "1:15: unknown key `timout`; did you mean `timeout`? "
         "(a service's own key of that name goes under `with`)"),
        ("- {action: a, id: x, needs: [x]}", "1:3: these need each other: x → x"),
        ("&a [*a]", "1:1: it holds itself"),
        ("[" * 3000, "1:1: nested too deeply"),
        ("- {action: a, x: !!python/name:os.system ''}", "1:18: this is not YAML: could not determine a constructor "
         "for the tag 'tag:yaml.org,2002:python/name:os.system'"),
        ("- action: a\n  x: \x01", "2:6: a character that YAML does not allow: U+0001"),
        ("- {action: a, id: x, needs: y}\n- {action: b, id: y, needs: x}", "1:3: these need each other: x → y → x"),
        ("- {action: a, timeout: 0}", "1:24: `timeout` is a time from 1ms to 30 days"),
        ("- {action: a, timeout: 1.0e+300}", "1:24: `timeout` is a time from 1ms to 30 days"),
        ("- {action: a, timeout: 999999999h}", "1:24: `timeout` is a time from 1ms to 30 days"),
        ("- {action: a, retry: 2.5}", "1:22: `retry` is a whole number from 0 to 1000"),
        ("- {action: a, x: .nan}", "1:18: a value that JSON can't hold"),
        ("- {action: a, x: [-.inf]}", "1:19: a value that JSON can't hold"),
        ("services: {x: {command: \"a 'b\"}}\nactions: [{action: x}]", "1:25: `command` is a program and its "
         "arguments; a quote in it is not closed"),
        ("services: {../x: {command: a}}\nactions: [{action: x}]", "1:12: a service's name is the first level of its "
         "topics: no /, +, #, $ or . first"),
        ("services: {x: {core: fetcher, mode: once}}\nactions: [{action: x}]", "1:37: `mode` is for containers: "
         "a service with `build` or `image`"),
        ("services: {x: {image: y, mode: never}}\nactions: [{action: x}]", "1:32: `mode` is keep, lambda, once"),
        ("services: {x: {image: y, idle: 5s}}\nactions: [{action: x}]", "1:32: `idle` goes with `mode: lambda`"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(text, problem):
    assert problem in problems(text)


def test_a_circle_is_told_beside_other_mistakes():
    told = problems("- {action: a, id: x, needs: y}\n- {action: b, id: y, needs: x, timeout: soon}")
    assert [one.split(" ")[0] for one in told] == ["1:3:", "2:41:"]


@pytest.mark.parametrize("key", ["timout", "tiemout", "timeoutt", "need", "nedes", "on-error", "retrry"])
def test_a_slip_in_a_reserved_key_is_a_mistake_and_under_with_it_is_a_key(key):
    assert "did you mean" in problems(f"- {{action: a, {key}: x}}")[0]
    assert parse(f"- {{action: a, with: {{{key}: x}}}}").actions[0].entry[key] == "x"


@pytest.mark.parametrize("key", ["type", "path", "width", "ids", "dest", "title", "theme", "time", "entry"])
def test_other_keys_are_the_services(key):
    assert parse(f"- {{action: a, {key}: x}}").actions[0].entry[key] == "x"


def test_the_line_is_shown_with_a_caret():
    with pytest.raises(WorkflowError) as caught:
        parse("- action: a\n  timeout: soon\n", "w.yaml")
    assert str(caught.value).endswith("\n      timeout: soon\n               ^")


def test_a_short_text_that_expands_to_very_much_is_refused():
    laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{this}: &{this} [{','.join([f'*{before}'] * 9)}]\n" for before, this in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert problems(laughs) == ["1:1: it holds more than 200,000 values"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe\x00bin", "this is not a text in UTF-8; a workflow is a YAML file"),
        (b"x" * 1_000_001, "a workflow has at most 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_workflow_is_refused_with_a_reason(tmp_path: Path, content, sentence):
    file = tmp_path / "w.yaml"
    file.write_bytes(content)
    with pytest.raises(CopperError, match=sentence):
        load(file)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path):
    for path in (tmp_path, tmp_path / "no.yaml"):
        with pytest.raises(CopperError, match="can't be read") as caught:
            load(path)
        assert str(path) in str(caught.value)

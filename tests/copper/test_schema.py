"""The JSON Schema of a workflow file says what the checker says."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from copper.schema import schema
from copper.workflow import WorkflowError, parse
from tests.copper.test_demo import copper

ROOT = Path(__file__).parents[2]
WRONG = [
    "[]",
    "{services: , actions: [{action: a/b}]}",
    "{defaults: , actions: [{action: a/b}]}",
    "- type: local",
    "- {action: a/b, id: 'x y'}",
    "- {action: a/b, timeout: soon}",
    "- {action: a/b, retry: {time: 3}}",
    "- {action: a/b, retry: -1}",
    "- {action: a/b, on_error: ignore}",
    "- {action: a/b, if: maybe}",
    "- {action: 'a/#'}",
    "- {action: a/b, with: 3}",
    "{action: a/b}",
    "{services: {x: {core: fetch}}, actions: [{action: a/b}]}",
    "{services: {x: {core: fetcher, command: a}}, actions: [{action: a/b}]}",
    "{services: {x: {image: i, mode: never}}, actions: [{action: a/b}]}",
    "{defaults: {timeot: 3m}, actions: [{action: a/b}]}",
    "{services: {a/b: {core: fetcher}}, actions: [{action: a/b}]}",
]


def test_the_published_file_is_what_the_command_prints(tmp_path):
    printed = copper("schema", cwd=tmp_path).stdout
    assert (ROOT / "docs" / "workflow.schema.json").read_text() == printed
    assert json.loads(printed) == schema()


def test_it_is_a_json_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda file: file.name)
def test_the_examples_are_as_it_says(file):
    jsonschema.validate(yaml.safe_load(file.read_text()), schema())


@pytest.mark.parametrize("text", WRONG)
def test_what_the_checker_refuses_an_editor_underlines(text):
    with pytest.raises(WorkflowError):
        parse(text)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), schema())


def test_all_that_the_docs_show_is_fine():
    text = (ROOT / "docs" / "workflow.md").read_text()
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    assert blocks
    for block in blocks:
        jsonschema.validate(yaml.safe_load(block), schema())
        parse(block)

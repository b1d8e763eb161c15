"""What README and the docs show is true: workflows are fine, services answer, commands and links exist."""

import os
import re
import shutil
import sys
from pathlib import Path

import click
import pytest

from copper import workflow
from copper.commands import tracing, workflows
from tests.copper.test_demo import copper

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(language: str) -> list:
    """The code blocks of a language, named by file and line."""
    return [
        pytest.param(match[2], id=f"{page.name}:{page.read_text()[: match.start()].count(chr(10)) + 1}")
        for page in PAGES
        for match in BLOCK.finditer(page.read_text())
        if match[1] == language
    ]


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_workflow_that_is_shown_is_fine(text):
    assert workflow.parse(text).actions


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/*.yaml")), ids=lambda file: file.name)
def test_every_example_is_fine(file):
    assert workflow.load(file).actions


@pytest.mark.parametrize("text", [block for block in blocks("python") if "service.run()" in block.values[0]])
def test_every_service_that_is_shown_answers(text, tmp_path):
    (tmp_path / "greeter.py").write_text(text)
    (tmp_path / "w.yaml").write_text(
        f"services: {{greeter: {{command: {sys.executable} greeter.py}}}}\n"
        "actions: [{action: greeter/hello, name: Ada}]\n"
    )
    done = copper("run", "w.yaml", "--broker", "builtin", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello Ada" in done.stdout


def test_the_example_runs_as_it_stands(tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = copper("run", "examples/greeter.yaml", "--broker", "builtin", cwd=tmp_path, env={"PATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "text so you are the one who said hello Ada" in done.stdout


def commands() -> list[tuple[str, click.Command]]:
    return [
        (f"{name} {verb}", command)
        for name, group in (("copper", workflows.command), ("copper-trace", tracing.command))
        for verb, command in group.commands.items()
    ]


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_and_option_stands_in_the_docs(name, command):
    text = "\n".join(page.read_text() for page in PAGES)
    assert name in text
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.opts[-1] in text, f"{option.opts[-1]} of {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / link).exists(), link

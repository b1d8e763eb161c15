"""What of a graph is drawn, as a user of `copper-trace graph` chooses it."""

import json
import re
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from copper.commands import tracing
from tests.tracer.logs import CORPUS
from tracer.errors import CopperError
from viz.formats import FORMATS

LOG = CORPUS / "mosquitto-2.0.11-retained" / "mosquitto.log"


def graph(*arguments):
    """Run `copper-trace graph` in this process: what a new one costs, `test_tracing_command` pays."""
    done = CliRunner().invoke(tracing.command, ["graph", *map(str, arguments)])
    if isinstance(done.exception, CopperError):
        return SimpleNamespace(returncode=done.exception.exit_code, stdout=done.stdout, stderr=str(done.exception))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


def test_what_is_drawn_can_be_chosen_and_is_said(tmp_path):
    done = graph(LOG, "--focus", "L", "--out", tmp_path / "l.svg")
    assert done.returncode == 0
    assert done.stderr.startswith("only what is near L; not drawn: ")
    assert "only what is near L" in (tmp_path / "l.svg").read_text()


def test_what_is_chosen_is_chosen_for_data_too():
    done = graph(LOG, "--focus", "L", "--focus", "re:^P$", "--hops", "0")
    assert {node["id"] for node in json.loads(done.stdout)["nodes"]} == {"service:L", "service:P"}
    done = graph(LOG, "--view", "services")
    assert {node["kind"] for node in json.loads(done.stdout)["nodes"]} == {"service"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--focus", "l"), "there is no service, client or topic 'l'; the nearest are 'L'"),
        (("--reaches", ""), "there is no service, client or topic ''; there are "),
        (("--focus", "re:("), "is no regular expression"),
        (("--fold", "off", "--depth", "2"), "--fold off leaves everything as it is, and --depth puts together"),
        (("--hops", "-1"), "-1 is not in the range x>=0"),
        (("--depth", "0"), "0 is not in the range x>=1"),
        (("--top", "0"), "0 is not in the range x>=1"),
        (("--top", "many"), "'many' is not a valid integer"),
        (("--view", "some"), "'some' is not one of"),
        (("--format", "gif"), "no picture format 'gif'; choose one of svg, "),
        (("--links", "javascript:{name}"), "links are http or https addresses"),
        (("--links", "https://wiki/{topic}"), "there is no {topic}; {kind} is service or topic"),
    ],
)
def test_what_can_not_be_chosen_is_said_and_nothing_is_written(tmp_path, arguments, words):
    (tmp_path / "there.svg").write_text("before")
    done = graph(LOG, *arguments, "--out", tmp_path / "there.svg")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr
    assert (tmp_path / "there.svg").read_text() == "before"


def test_help_lists_all_formats():
    words = graph("--help").stdout
    assert all(name in words for name in FORMATS)


def test_where_nothing_is_left_the_picture_says_so(tmp_path):
    done = graph(LOG, "--include", "no/such", "--view", "active", "--out", tmp_path / "x.svg")
    assert done.returncode == 0
    assert "Nothing to draw" in (tmp_path / "x.svg").read_text()


def test_links_stand_in_the_picture(tmp_path):
    link = "https://wiki.example.org/{kind}?of={name}"
    done = graph(LOG, "--links", link, "--format", "svg")
    assert 'href="https://wiki.example.org/topic?of=r%2F1"' in done.stdout


def test_what_a_person_moved_in_a_drawio_file_stays_where_it_is(tmp_path):
    file = tmp_path / "x.drawio"
    graph(LOG, "--out", file)
    head, label, rest = file.read_text().partition('label="P"')
    file.write_text(head + label + re.sub(r' x="[\d.]+"', ' x="1234"', rest, count=1))
    assert graph(LOG, "--out", file).returncode == 0
    assert ' x="1234"' in file.read_text()


def test_a_drawio_file_that_is_none_is_not_written_over(tmp_path):
    (tmp_path / "x.drawio").write_text("my diary")
    done = graph(LOG, "--out", tmp_path / "x.drawio")
    assert done.returncode == 2
    assert f"{tmp_path / 'x.drawio'}: the file that is there can't be kept: it is no drawio file" in done.stderr
    assert (tmp_path / "x.drawio").read_text() == "my diary"

"""The command `copper-trace` as a user meets it."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import click
import pytest

from copper.commands.trace_events import events
from copper.commands.trace_graph import graph
from tests.tracer.logs import CORPUS

COPPER_TRACE = [sys.executable, "-m", "copper.commands.tracing"]
LOG = CORPUS / "mosquitto-2.0.11-retained" / "mosquitto.log"


def copper_trace(*arguments, **more):
    return subprocess.run(
        [*COPPER_TRACE, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30, **more
    )


def shell(command, **more):
    """Run a shell command in which `copper-trace` is the program."""
    text = command.replace("copper-trace", " ".join(COPPER_TRACE))
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", text], capture_output=True, text=True, check=False, timeout=30, **more
    )


def test_help_is_quick_and_loads_no_graph():
    code = (
        "import sys; import copper.commands.tracing; print(sorted({'networkx', 'paho', 'docker'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert "graph" in copper_trace("--help").stdout


@pytest.mark.parametrize("verb", [graph, events], ids=lambda verb: verb.name)
def test_every_option_has_its_environment_variable_and_help_says_it(verb):
    words = " ".join(copper_trace(verb.name, "--help").stdout.split())
    for option in verb.params:
        if isinstance(option, click.Option):
            long = max(option.opts, key=len)
            assert option.envvar == "COPPER_TRACE" + long[1:].replace("-", "_").upper()
            assert any(f"[env var: {option.envvar}{end}" in words for end in ("]", "; x>="))


def test_importing_the_tracer_loads_neither_paho_nor_docker_nor_networkx():
    code = "import sys, tracer.pipeline; print(sorted({'networkx', 'paho', 'docker'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_graph_is_json_on_stdout_and_words_go_to_stderr():
    done = copper_trace("graph", LOG)
    nodes = {node["id"] for node in json.loads(done.stdout)["nodes"]}
    assert {"service:P", "service:L", "topic:r/1"} <= nodes
    assert (done.returncode, done.stderr) == (0, "72 lines, 32 events\n")


@pytest.mark.parametrize("suffix", ["svg", "drawio", "json", "dot"])
def test_a_suffix_picks_the_format(tmp_path, suffix):
    done = copper_trace("graph", LOG, "--out", f"deps.{suffix}", "--title", "mine", cwd=tmp_path)
    text = (tmp_path / f"deps.{suffix}").read_text()
    assert done.returncode == 0
    assert done.stderr.endswith(f", wrote deps.{suffix}\n")
    if suffix in {"svg", "drawio"}:
        assert ET.fromstring(text) is not None
    else:
        assert "service:P" in text


def test_format_and_options_may_come_from_the_environment(tmp_path):
    env = {**os.environ, "COPPER_TRACE_FORMAT": "svg", "COPPER_TRACE_LAYOUT": "columns"}
    done = copper_trace("graph", LOG, env=env)
    assert "<svg" in done.stdout[:200]


def test_a_log_may_come_from_standard_input_and_in_parts(tmp_path):
    whole = LOG.read_text()
    head = tmp_path / "head.log"
    head.write_text(whole[:2000])
    done = copper_trace("graph", head, "-", input=whole[2000:])
    assert done.returncode == 0
    graph, rest = json.loads(done.stdout), json.loads(copper_trace("graph", LOG).stdout)
    assert {edge["key"] for edge in graph["edges"]} == {edge["key"] for edge in rest["edges"]}


def test_by_client_makes_each_client_a_service(tmp_path):
    log = CORPUS / "mosquitto-2.0.11-mosquitto-clients" / "mosquitto.log"
    ids = [node["id"] for node in json.loads(copper_trace("graph", log, "--by", "client").stdout)["nodes"]]
    assert "service:anonymous" not in ids
    assert any(one.startswith("service:auto-") for one in ids)


def test_events_are_one_json_object_a_line():
    done = copper_trace("events", LOG)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stdout == (LOG.parent / "events.jsonl").read_text()
    assert list(events[0])[:3] == ["at", "line", "event"]


def test_unknown_lines_are_printed_when_asked_for():
    log = CORPUS / "mosquitto-2.0.11-tls-cn-newline" / "mosquitto.log"
    assert '"unknown"' not in copper_trace("events", log).stdout
    done = copper_trace("events", log, "--unknown")
    assert done.stdout.count('"unknown"') == 2
    assert "2 unknown" in done.stderr


CONNECTS = b"1: New client connected from 1.2.3.4:5 as S (p2, c1, k60).\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the log is empty"),
        (b"hello\nworld\n", "none of its 2 lines tells what happened on a Mosquitto broker"),
        (b"1: Received PUBLISH from P (d0, q0, r0, m0, 't\n", "none of its 1 line tells what happened"),
        (b"\x89PNG\0\0", "is a binary file"),
        (CONNECTS, "has no packet lines"),
    ],
    ids=["empty", "other", "cut", "binary", "default-log-type"],
)
@pytest.mark.parametrize("verb", ["graph", "events"])
def test_a_log_that_tells_nothing_ends_with_2_and_says_what_to_do(tmp_path, verb, content, words):
    (tmp_path / "m.log").write_bytes(content)
    done = copper_trace(verb, "m.log", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert done.stdout.count("\n") == (verb == "events" and content == CONNECTS)
    assert done.stderr.startswith("copper-trace: m.log: ")
    assert words in done.stderr
    assert ("log_type" in done.stderr) == (b"\0" not in content)


@pytest.mark.parametrize("verb", ["graph", "events"])
def test_a_log_with_windows_line_ends_says_the_same(tmp_path, verb):
    (tmp_path / "m.log").write_bytes(LOG.read_bytes().replace(b"\n", b"\r\n"))
    assert (
        copper_trace(verb, "-", input=LOG.read_text()).stdout
        == shell(f"copper-trace {verb} - < {tmp_path}/m.log").stdout
    )


@pytest.mark.parametrize("arguments", [["graph", "no.log"], ["graph", "."], ["events", "no.log"], ["graph"], ["draw"]])
def test_bad_usage_ends_with_2_and_no_traceback(tmp_path, arguments):
    done = copper_trace(*arguments, cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


@pytest.mark.parametrize(("out", "words"), [("x.gif", "no picture format"), ("no/x.svg", "can't be written")])
def test_a_picture_that_can_t_be_written_ends_with_2_and_leaves_nothing(tmp_path, out, words):
    done = copper_trace("graph", LOG, "--out", out, cwd=tmp_path)
    assert (done.returncode, words in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_stops_early_is_no_error():
    done = shell(f"copper-trace events {CORPUS}/mosquitto-2.0.11-sys-and-logtopic/mosquitto.log | head -n 1")
    assert (done.returncode, done.stdout.count("\n"), "Traceback" in done.stderr) == (0, 1, False)


@pytest.mark.parametrize("verb", ["graph", "events"])
@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (f"{LOG} > /dev/full", "standard output can't be written: No space left on device"),
        (f"{LOG} >&-", "standard output: is closed"),
        ("- <&-", "standard input"),
        (f"{LOG} > /dev/full 2> /dev/full", ""),
    ],
)
def test_streams_that_are_full_or_closed_end_with_2_and_a_sentence(verb, rest, words):
    done = shell(f"copper-trace {verb} {rest}")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr


def test_a_picture_needs_no_standard_streams(tmp_path):
    done = shell(f"copper-trace graph {LOG} --out deps.svg <&- >&- 2>&-", cwd=tmp_path)
    assert (done.returncode, "<svg" in (tmp_path / "deps.svg").read_text()[:200]) == (0, True)


@pytest.mark.parametrize("command", [
    "copper-trace graph x.json --out x.json", "copper-trace graph x.json --out link.json",
    "copper-trace graph x.json >> x.json", "copper-trace events other.log x.json >> link.json",
])  # fmt: skip
def test_what_is_read_is_never_written_over(tmp_path, command):
    for name in ("x.json", "other.log"):
        (tmp_path / name).write_bytes(LOG.read_bytes())
    (tmp_path / "link.json").symlink_to("x.json")
    done = shell(command, cwd=tmp_path)
    assert (done.returncode, "x.json is read from it" in done.stderr) == (2, True)
    assert (tmp_path / "x.json").read_bytes() == LOG.read_bytes()


def test_events_of_several_logs_are_those_of_one(tmp_path):
    whole = LOG.read_bytes().splitlines(keepends=True)
    (tmp_path / "1.log").write_bytes(b"".join(whole[:40]))
    (tmp_path / "2.log").write_bytes(b"".join(whole[40:]))
    done = copper_trace("events", "1.log", "2.log", cwd=tmp_path)
    kinds = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert kinds == [json.loads(line)["event"] for line in copper_trace("events", LOG).stdout.splitlines()]


START = 1795558051  # of LOG's first line


def kinds(*arguments, **more):
    done = copper_trace("events", LOG, *arguments, **more)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_both_verbs_take_a_span_of_time():
    whole = kinds()
    since = [event for event in whole if event["at"] >= "2026-11-24T22:07:32Z"]
    assert 0 < len(since) < len(whole)
    assert kinds("--since", "2026-11-24T23:07:32+01:00") == kinds("--since", START + 1) == since
    assert kinds("--until", START + 1) == [event for event in whole if event["at"] < "2026-11-24T22:07:33Z"]
    assert kinds("--last", "1s") == since
    graph = json.loads(copper_trace("graph", LOG, "--last", "1s").stdout)["graph"]
    assert (graph["first"], graph["last"]) == ("2026-11-24T22:07:32Z", "2026-11-24T22:07:33Z")


def test_both_verbs_take_topics():
    assert {event["topic"] for event in kinds("--include", "r/1") if "topic" in event} == {"r/1"}
    assert {event.get("topic") for event in kinds("--exclude", "re:^r/")} == {None}
    environment = {**os.environ, "COPPER_TRACE_INCLUDE": "r/1 r/2", "COPPER_TRACE_EXCLUDE": "r/2"}
    assert kinds(env=environment) == kinds("--include", "r/1")
    nodes = json.loads(copper_trace("graph", LOG, "--include", "r/1").stdout)["nodes"]
    assert {node["id"] for node in nodes if node["kind"] == "topic" and not node["filter"]} == {"topic:r/1"}


@pytest.mark.parametrize("verb", ["graph", "events"])
def test_a_part_of_a_log_that_has_nothing_is_said_and_no_error(verb):
    done = copper_trace(verb, LOG, "--include", "no/such/topic")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        0, "nothing is left of it by --since, --until, --last, --include or --exclude",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "noon"], "'noon' is no time"),
        (["--last", "5"], "'5' is no span of time"),
        (["--last", "5m", "--since", "1"], "both say where to begin"),
        (["--since", "2", "--until", "1"], "nothing is between"),
        (["--include", "a#"], "'a#' is no MQTT filter"),
        (["--exclude", "re:("], "no regular expression"),
    ],
)
def test_parts_that_can_t_be_are_told(options, words):
    done = copper_trace("events", LOG, *options)
    assert (done.returncode, done.stdout, words in done.stderr, "Traceback" in done.stderr) == (2, "", True, False)


def test_a_span_of_time_needs_a_log_with_times():
    log = CORPUS / "mosquitto-2.0.11-no-timestamp" / "mosquitto.log"
    done = copper_trace("graph", log, "--since", "1")
    assert (done.returncode, "log_timestamp true" in done.stderr) == (2, True)
    done = copper_trace("events", "-", "--last", "5m", input="")
    assert (done.returncode, "standard input: --last must know the end" in done.stderr) == (2, True)


def test_rotated_and_compressed_logs_are_read_as_one(tmp_path):
    whole = LOG.read_bytes().splitlines(keepends=True)
    (tmp_path / "m.log.2.gz").write_bytes(gzip.compress(b"".join(whole[:20])))
    (tmp_path / "m.log.1").write_bytes(b"".join(whole[20:50]))
    (tmp_path / "m.log").write_bytes(b"".join(whole[50:]))
    done = copper_trace("graph", "m.log*", cwd=tmp_path)
    assert json.loads(done.stdout)["edges"] == json.loads(copper_trace("graph", LOG).stdout)["edges"]
    assert json.loads(done.stdout)["graph"]["source"] == "m.log.2.gz, m.log.1, m.log"


@pytest.mark.parametrize("verb", ["graph", "events"])
def test_a_cut_archive_is_read_as_far_as_it_goes_and_ends_with_2(tmp_path, verb):
    pieces = gzip.compress(LOG.read_bytes()) + gzip.compress(b"1795558059: more\n" * 99)[:-9]
    (tmp_path / "m.gz").write_bytes(pieces)
    done = copper_trace(verb, "m.gz", cwd=tmp_path)
    assert (done.returncode, "P" in done.stdout, "Traceback" in done.stderr) == (2, True, False)
    assert f"m.gz: the gzip archive ends in the middle, at byte {len(pieces):,}" in done.stderr


def test_events_follow_a_growing_log_until_they_are_interrupted(tmp_path):
    whole = LOG.read_bytes().splitlines(keepends=True)
    log = tmp_path / "m.log"
    log.write_bytes(b"".join(whole[:30]))
    process = subprocess.Popen(
        [*COPPER_TRACE, "events", "--follow", str(log)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        first = [json.loads(process.stdout.readline()) for _ in range(9)]
        with log.open("ab") as file:
            file.write(b"".join(whole[30:31]))
        deadline = time.monotonic() + 20
        while json.loads(process.stdout.readline())["line"] != 31:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=20)
    finally:
        process.kill()
    assert first[0]["event"] == "broker"
    assert (process.returncode, "Traceback" in words) == (130, False)


CONNECTED = [
    "mosquitto version 2.0.11 starting",
    "New connection from 127.0.0.1:4 on port 1883.",
    "New client connected from 127.0.0.1:4 as runner (p2, c1, k60).",
    "No will message specified.",
    "Sending CONNACK to runner (0, 0)",
]


def published(topic):
    packet = f"Received PUBLISH from runner (d0, q1, r0, m1, '{topic}', ... (3 bytes))"
    return [packet, "Sending PUBACK to runner (m1, rc0)"]


def run_folder(tmp_path, *runs, log=True):
    """A working folder in which `copper` has left runs, with their logs or without."""
    for run in runs:
        folder = tmp_path / ".copper" / "runs" / run
        folder.mkdir(parents=True)
        bounds = [published(f"runner/runs/{run}/{word}") for word in ("start", "finish")]
        lines = [*CONNECTED, *bounds[0], *published("x/y"), *bounds[1], *published("late")]
        if log:
            (folder / "mosquitto.log").write_text("".join(f"1: {line}\n" for line in lines))
    return tmp_path


def test_a_run_that_copper_left_is_traced_by_its_name_and_nothing_after_it(tmp_path):
    folder = run_folder(tmp_path, "20260101-000000-aaaa", "20260102-000000-bbbb")
    done = copper_trace("events", "run:last", cwd=folder)
    run = "runner/runs/20260102-000000-bbbb"
    assert [json.loads(line)["topic"] for line in done.stdout.splitlines()] == [f"{run}/start", "x/y", f"{run}/finish"]
    found = json.loads(copper_trace("graph", "run:20260101-000000-aaaa", cwd=folder).stdout)
    assert "topic:late" not in {node["id"] for node in found["nodes"]}


def test_the_picture_of_a_run_is_called_after_the_run_unless_it_has_a_title(tmp_path):
    folder = run_folder(tmp_path, "20260101-000000-aaaa")
    drawn = [copper_trace("graph", "run:last", "--format", "svg", *more, cwd=folder) for more in ((), ("--title", "x"))]
    titles = [done.stdout.partition("<title")[2].partition("</title>")[0].partition(">")[2] for done in drawn]
    assert titles == ["run 20260101-000000-aaaa", "x"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("run:nope", "there is no run nope under .copper/runs; the last are 20260101-000000-aaaa"),
        ("run:20260101-000000-aaaa", "its broker was not started by Copper, so its log is not here"),
    ],
)
def test_a_run_that_is_not_there_is_told(tmp_path, name, sentence):
    done = copper_trace("graph", name, cwd=run_folder(tmp_path, "20260101-000000-aaaa", log=False))
    assert (done.returncode, sentence in done.stderr) == (2, True)


@pytest.mark.parametrize("log", ["-", "docker:mosquitto"])
def test_only_files_are_recorded(log, tmp_path):
    done = copper_trace("record", log, "--store", tmp_path / "store")
    assert (done.returncode, "write log_dest file FILE into mosquitto.conf" in done.stderr) == (2, True)
    assert not (tmp_path / "store").exists()


def test_a_store_is_drawn_and_its_events_are_read_back_from_the_log(tmp_path):
    store = tmp_path / "store"
    recorder = subprocess.Popen([*COPPER_TRACE, "record", str(LOG), "--store", str(store)])
    single = json.loads(copper_trace("graph", LOG).stdout)
    try:
        deadline = time.monotonic() + 20
        while (found := copper_trace("graph", store)).returncode or json.loads(found.stdout)["edges"] != single[
            "edges"
        ]:
            assert time.monotonic() < deadline
    finally:
        recorder.send_signal(signal.SIGTERM)
        assert recorder.wait(10) == 0
    last = json.loads(copper_trace("graph", store, "--last", "5m").stdout)
    assert last["edges"] == single["edges"]
    for part in ((), ("--last", "1s"), ("--include", "t/#")):
        assert copper_trace("events", store, *part).stdout == copper_trace("events", LOG, *part).stdout
    done = copper_trace("events", store, "--follow")
    assert (done.returncode, "a store is not followed; follow the log itself" in done.stderr) == (2, True)


def test_a_picture_of_pixels_goes_to_a_pipe_and_to_no_terminal():
    command = [*COPPER_TRACE, "graph", str(LOG), "--format", "png"]
    assert subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.startswith(b"\x89PNG")
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, timeout=30)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 2
    assert "standard output: a terminal can't show it; say --out FILE, or > FILE" in done.stderr

"""The command `copper` as a user meets it: help, mistakes, and how it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests import brokers
from tests.copper.standins import Restartable, commands_with, running_with, wait_for
from tests.copper.test_demo import COPPER, copper, edges, the_run


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "w.yaml:1:1: it is empty: a workflow is a list of actions"),
        (b"hello: [", "w.yaml:1:9: this is not YAML"),
        (b"- type: local\n", "w.yaml:1:3: `action` is missing"),
        (b"jobs: []\n", "w.yaml:1:1: unknown key `jobs`; allowed are services, defaults, actions"),
        (b"\x00\xff\x80\x02" * 50, "w.yaml:1: this is not a text in UTF-8"),
        (b"- action: a\n" * 9_000_000, "w.yaml: a workflow has at most 1,000,000 bytes"),
    ],
    ids=["empty", "no-yaml", "no-action", "unknown-key", "binary", "100-mb"],
)
def test_a_bad_file_ends_with_2_and_a_sentence_and_leaves_nothing(tmp_path, command, content, sentence):
    (tmp_path / "w.yaml").write_bytes(content)
    done = copper(command, "w.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["w.yaml"]


def test_a_missing_file_and_a_folder_end_with_2(tmp_path):
    for name in ("no.yaml", "."):
        done = copper("run", name, cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert done.stderr.startswith(f"copper: {name}: can't be read: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_file_that_may_not_be_read_ends_with_2(tmp_path):
    file = tmp_path / "w.yaml"
    file.write_text("- action: a\n")
    file.chmod(0)
    code = (
        "import os, sys; import copper.commands.workflows, copper.workflow; from copper.commands import entry;"
        f"os.seteuid(65534); sys.argv = ['copper', 'check', {str(file)!r}]; entry.copper()"
    )
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:2]:
        parent.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, "Permission denied" in done.stderr) == (2, True)


def test_check_says_fine_and_runs_nothing(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: a/b\n- action: c/d\n")
    done = copper("check", "w.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "w.yaml: 2 actions, fine\n")
    assert not (tmp_path / ".copper").exists()


def test_no_broker_ends_with_3_at_once(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: a/b\n")
    done = copper("run", "w.yaml", "--broker", "mqtt://127.0.0.1:1", cwd=tmp_path)
    assert done.returncode == 3
    assert "copper: mqtt://127.0.0.1:1: no broker answers: Connection refused; is it running" in done.stderr


def test_a_port_that_is_no_broker_ends_with_3(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: a/b\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = copper("run", "w.yaml", "--broker", f"mqtt://127.0.0.1:{port}", cwd=tmp_path)
    assert done.returncode == 3
    assert f"mqtt://127.0.0.1:{port}: the broker says nothing" in done.stderr


@pytest.mark.parametrize("where", ["http://x", "mqtt://", "redis", "mqtt://h:port"])
def test_what_is_no_broker_ends_with_2(tmp_path, where):
    (tmp_path / "w.yaml").write_text("- action: a/b\n")
    done = copper("run", "w.yaml", "--broker", where, cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "mqtt://HOST" in done.stderr


def test_a_variable_that_is_not_set_is_told_before_anything_runs(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: a/b\n  x: ${env.COPPER_TEST_NOT_SET}\n")
    done = copper("run", "w.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "w.yaml:1:3: the environment variable COPPER_TEST_NOT_SET is not set" in done.stderr
    assert not (tmp_path / ".copper").exists()


def test_a_service_that_is_not_there_ends_with_3_in_seconds(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: no/body\n")
    began = time.monotonic()
    done = copper("run", "w.yaml", "--broker", "builtin", cwd=tmp_path)
    assert done.returncode == 3
    assert "no/body: nobody subscribes to no/body: is the service no running" in done.stdout
    assert time.monotonic() - began < 30


def test_a_failing_action_ends_with_1_and_its_reason(tmp_path):
    (tmp_path / "w.yaml").write_text("- {action: fetcher/fetch, type: local, path: ./nowhere}\n")
    done = copper("run", "w.yaml", "--broker", "builtin", cwd=tmp_path)
    assert done.returncode == 1
    assert "✘ fetcher/fetch" in done.stdout
    assert "nowhere" in done.stdout
    assert "deps.svg" in done.stdout, "also a failed run has its graph"


def test_a_service_that_is_killed_in_mid_action_ends_with_3(tmp_path):
    program = (
        "import os, sys; from copper import Service\n"
        "s = Service('frail')\n"
        "@s.action\n"
        "def act(): os.kill(os.getpid(), 9)\n"
        "s.run()\n"
    )
    (tmp_path / "frail.py").write_text(program)
    workflow = f"services: {{frail: {{command: {sys.executable} frail.py}}}}\nactions: [{{action: frail/act}}]\n"
    (tmp_path / "w.yaml").write_text(workflow)
    done = copper("run", "w.yaml", "--broker", "builtin", cwd=tmp_path)
    assert done.returncode == 3
    assert "frail/act: frail went away" in done.stdout


def test_a_service_that_does_not_start_is_told_at_once_with_its_last_words(tmp_path):
    program = "import sys; sys.exit('no licence')"
    (tmp_path / "w.yaml").write_text(
        f'services: {{frail: {{command: "{sys.executable} frail.py"}}}}\nactions: [{{action: frail/act}}]\n'
    )
    (tmp_path / "frail.py").write_text(program)
    done = copper("run", "w.yaml", "--broker", "builtin", cwd=tmp_path)
    assert done.returncode == 3
    assert "frail/act: frail ended with exit code 1, it said: no licence" in done.stdout


def test_a_broker_without_a_known_log_runs_all_the_same_and_says_how_to_get_a_graph(broker, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    (tmp_path / "w.yaml").write_text("- {action: fetcher/fetch, type: local, path: in}\n")
    done = copper("run", "w.yaml", "--broker", broker.url, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no graph: this broker's log is not known: name it with --log" in done.stdout


def test_with_its_log_another_brokers_run_has_its_graph(broker, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    (tmp_path / "w.yaml").write_text("- {action: fetcher/fetch, type: local, path: in}\n")
    done = copper("run", "w.yaml", "--broker", broker.url, "--log", str(broker.log), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deps.svg" in done.stdout


def test_ctrl_c_ends_with_130_and_leaves_nothing_running(tmp_path):
    program = (
        "import time; from copper import Service\n"
        "s = Service('slow')\n"
        "@s.action\n"
        "def act(*, job):\n"
        "    open('started', 'w').close()\n"
        "    while True: job.check(); time.sleep(0.01)\n"
        "s.run()\n"
    )
    (tmp_path / "slow.py").write_text(program)
    workflow = f"services: {{slow: {{command: {sys.executable} slow.py}}}}\nactions: [{{action: slow/act}}]\n"
    (tmp_path / "w.yaml").write_text(workflow)
    process = subprocess.Popen(
        [*COPPER, "run", "w.yaml", "--broker", "builtin"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_for((tmp_path / "started").exists, 20, "the action")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err.decode()
    assert "✘ slow/act" in out.decode()
    assert "Traceback" not in err.decode()
    assert not running_with(str(tmp_path / ".copper"))


STUBBORN = """
import os, sys, time
from copper import Service
s = Service('slow')
@s.action
def act(*, job):
    open('started', 'w').close()
    while True: time.sleep(0.01)
s.run()
"""


POLITE = STUBBORN.replace("while True: time", "while not job.check(): time")


def running(folder, program: str = POLITE, broker: str = "builtin") -> subprocess.Popen:
    """A run whose one action never ends, in a folder."""
    (folder / "slow.py").write_text(program)
    workflow = f"services: {{slow: {{command: {sys.executable} slow.py}}}}\nactions: [{{action: slow/act}}]\n"
    (folder / "w.yaml").write_text(workflow)
    return subprocess.Popen(
        [*COPPER, "run", "w.yaml", "--broker", broker],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def nothing_runs(folder) -> bool:
    return not running_with(str(folder / ".copper"))


def test_sigterm_ends_a_run_in_order_as_ctrl_c_does(tmp_path):
    process = running(tmp_path)
    wait_for((tmp_path / "started").exists, 20, "the action")
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "✘ slow/act" in out
    assert "deps.svg" in out
    assert "Traceback" not in err
    assert nothing_runs(tmp_path)


@pytest.mark.parametrize("broker", brokers.KINDS)
def test_a_run_that_is_killed_leaves_nothing_running(tmp_path, broker):
    brokers.require(broker)
    process = running(tmp_path, broker=broker)
    wait_for((tmp_path / "started").exists, 20, "the action")
    assert not nothing_runs(tmp_path)
    process.kill()
    process.communicate(timeout=20)
    wait_for(lambda: nothing_runs(tmp_path) and not commands_with(str(tmp_path)), 15, "the end of what it started")


@pytest.mark.parametrize("broker", brokers.KINDS)
@pytest.mark.parametrize(
    "there", ["mosquitto.log", "slow.log", "graph.json"], ids=["broker-starts", "service-starts", "drawing"]
)
def test_ctrl_c_at_any_moment_ends_with_130_and_leaves_nothing(tmp_path, there, broker):
    brokers.require(broker)
    process = running(tmp_path, POLITE.replace("while not job.check(): time.sleep(0.01)", "return"), broker)
    runs = tmp_path / ".copper" / "runs"
    wait_for(lambda: list(runs.glob(f"*/{there}")), 20, there)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode in ({0, 130} if there == "graph.json" else {130}), out + err
    assert "Traceback" not in err
    assert nothing_runs(tmp_path)
    assert not list(runs.glob("*/.*")), "no file half written"


def test_ctrl_c_twice_ends_at_once(tmp_path):
    deaf = STUBBORN.replace("s.run()", "import signal\ns._end_all = lambda: time.sleep(60)\ns.run()")
    process = running(tmp_path, deaf)
    wait_for((tmp_path / "started").exists, 20, "the action")
    began = time.monotonic()
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.3)
        assert time.monotonic() - began < 5
    _, err = process.communicate(timeout=5)
    assert process.returncode in {130, -signal.SIGINT}, "a shell calls both 130"
    assert "Traceback" not in err
    wait_for(lambda: nothing_runs(tmp_path), 10, "the end of what it started")


def test_a_lost_service_is_started_again_for_a_retry(tmp_path):
    frail = STUBBORN.replace(
        "open('started', 'w').close()", "if not os.path.exists('started'): open('started', 'w').close(); os._exit(1)"
    ).replace("while True: time.sleep(0.01)", "return {'ok': 1}")
    process = running(tmp_path, frail)
    process.kill()
    process.communicate()
    text = (tmp_path / "w.yaml").read_text().replace("slow/act}", "slow/act, retry: 1}")
    (tmp_path / "w.yaml").write_text(text)
    (tmp_path / "started").unlink(missing_ok=True)
    done = copper("run", "w.yaml", "--broker", "builtin", cwd=tmp_path)
    assert (done.returncode, "ok 1" in done.stdout) == (0, True), done.stdout + done.stderr


def test_a_program_that_is_not_there_is_told(tmp_path):
    (tmp_path / "w.yaml").write_text("services: {x: {command: no-such-program}}\nactions: [{action: x/y}]\n")
    done = copper("run", "w.yaml", "--broker", "builtin", cwd=tmp_path)
    assert done.returncode == 2
    assert "copper: service x: can't be started: there is no program no-such-program" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_ends_with_2(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: a/b\n")
    tmp_path.chmod(0o500)
    done = copper("run", "w.yaml", cwd=tmp_path)
    tmp_path.chmod(0o700)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_a_file_in_the_place_of_our_folder_ends_with_2(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: a/b\n")
    (tmp_path / ".copper").write_text("a file")
    done = copper("run", "w.yaml", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert ".copper/runs/" in done.stderr
    assert "can't be made: Not a directory" in done.stderr


def test_a_terminal_without_our_signs_gets_the_summary_all_the_same(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    (tmp_path / "w.yaml").write_text("- {action: fetcher/fetch, type: local, path: in}\n")
    done = copper("run", "w.yaml", "--broker", "builtin", cwd=tmp_path, env={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0, done.stderr
    assert "? fetcher/fetch" in done.stdout


def test_a_log_that_is_rotated_during_the_run_gives_the_whole_graph(tmp_path):
    log = tmp_path / "m.log"
    levels = [f"log_type {level}" for level in ("error", "warning", "notice", "information", "debug")]
    rotate = (
        "import os, signal\nfrom copper import Service\ns = Service('log')\n"
        "@s.action\ndef rotate(pid: int, path: str):\n"
        "    os.rename(path, path + '.1')\n    os.kill(pid, signal.SIGHUP)\n"
        "@s.action\ndef after(): return 1\n"
        "s.run()\n"
    )
    (tmp_path / "log.py").write_text(rotate)
    with Restartable(tmp_path, f"log_dest file {log}", *levels) as broker:
        (tmp_path / "w.yaml").write_text(
            f"services: {{log: {{command: {sys.executable} log.py}}}}\n"
            f"actions: [{{action: log/rotate, pid: {broker.pid}, path: {log}}}, {{action: log/after}}]\n"
        )
        done = copper("run", "w.yaml", "--broker", broker.url, "--log", str(log), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = edges(the_run(tmp_path))
    assert ("service:log", "service:runner", "deliver:log/rotate/start") in found
    assert ("service:log", "service:runner", "deliver:log/after/finish") in found


def test_two_runs_at_once_do_not_disturb_each_other(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    (tmp_path / "w.yaml").write_text("- {action: fetcher/fetch, type: local, path: in}\n")
    command = [*COPPER, "run", "w.yaml", "--broker", "builtin"]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    for one in both:
        out, _ = one.communicate(timeout=40)
        assert one.returncode == 0, out.decode()
    assert len(list((tmp_path / ".copper" / "runs").iterdir())) == 2


def sh(line: str, cwd) -> subprocess.CompletedProcess:
    """A line for the shell, in which $COPPER is the command."""
    environment = {**os.environ, "COPPER": " ".join(COPPER)}
    return subprocess.run(
        ["sh", "-c", line], cwd=cwd, env=environment, capture_output=True, text=True, timeout=50, check=False
    )


def test_output_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: a/b\n")
    done = sh("$COPPER check w.yaml >/dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (2, "copper: standard output can't be written: No space left on device\n")


@pytest.mark.parametrize(
    "line", ["$COPPER check w.yaml | true", "$COPPER --help | true", "$COPPER check w.yaml >&- 2>&-"]
)
def test_a_reader_that_has_gone_is_no_error(tmp_path, line):
    (tmp_path / "w.yaml").write_text("- action: a/b\n")
    done = sh(line, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_exit_code_of_a_run_does_not_need_a_reader(tmp_path):
    (tmp_path / "w.yaml").write_text("- {action: fetcher/fetch, type: local, path: ./nowhere}\n")
    done = sh("{ $COPPER run w.yaml --broker builtin 2>&-; echo $? >code; } | true", tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "code").read_text() == "1\n"


def test_a_device_is_not_read_for_ever(tmp_path):
    done = copper("check", "/dev/zero", cwd=tmp_path)
    assert (done.returncode, "a workflow has at most 1,000,000 bytes" in done.stderr) == (2, True)


def test_the_brokers_password_is_shown_nowhere(tmp_path):
    (tmp_path / "w.yaml").write_text("- action: a/b\n")
    for where in (
        "mqtt://me:secret@127.0.0.1:1",
        "mqtt://me:sec/ret@127.0.0.1:1",
        "mqtts://me:secret@x",
        "x://me:secret@y",
    ):
        done = copper("run", "w.yaml", "--broker", where, cwd=tmp_path)
        assert done.returncode in {2, 3}
        assert "ret@" not in done.stdout + done.stderr


def test_help_needs_neither_mqtt_nor_networkx(tmp_path):
    code = (
        "import sys; from copper.commands.workflows import command\n"
        "try: command(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'paho', 'networkx', 'yaml', 'requests', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == "[]\n"


def test_the_tracer_needs_neither_paho_nor_docker():
    code = (
        "import sys, pkgutil, importlib, tracer\n"
        "for m in pkgutil.walk_packages(tracer.__path__, 'tracer.'): importlib.import_module(m.name)\n"
        "assert not {'paho', 'docker'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_ctrl_c_inside_a_destructor_is_not_lost(tmp_path):
    """Python swallows what a destructor raises, and prints a traceback: the interrupt must come all the same."""
    code = (
        "import time; from copper.commands import entry\n"
        "class Dying:\n"
        "    def __del__(self): raise KeyboardInterrupt\n"
        "entry.keep_interrupts()\n"
        "try:\n"
        "    Dying()\n"
        "    for _ in range(500): time.sleep(0.01)\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")

"""`copper watch` runs again when something has changed, and ends with Ctrl-C."""

import signal
import subprocess

from tests.copper.standins import wait_for
from tests.copper.test_demo import COPPER, copper


def test_it_runs_again_when_a_source_or_the_file_changes(tmp_path):
    notes, file, said = tmp_path / "notes", tmp_path / "w.yaml", tmp_path / "said"
    notes.mkdir()
    (notes / "a.md").write_text("a\n")
    file.write_text("- {action: fetcher/fetch, type: local, path: ./notes}\n")
    with said.open("w") as stream:
        command = [*COPPER, "watch", "w.yaml", "--broker", "builtin"]
        watching = subprocess.Popen(command, cwd=tmp_path, stdout=stream, stderr=stream)
    try:
        watches = "watching w.yaml, notes; Ctrl-C ends"
        wait_for(lambda: said.read_text().count(watches) == 1, 20)
        (notes / "b.md").write_text("b\n")
        wait_for(lambda: said.read_text().count(watches) == 2, 20)
        file.write_text("- actio: x\n")
        wait_for(lambda: "did you mean it by `actio`?" in said.read_text(), 20)
        wait_for(lambda: said.read_text().count("; Ctrl-C ends") == 3, 20)
        file.write_text("- {action: fetcher/fetch, type: local, path: ./notes}\n")
        wait_for(lambda: said.read_text().count(watches) == 3, 20)
        assert "total_files 2" in said.read_text()
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 130


def test_a_file_that_is_not_there_is_nothing_to_watch(tmp_path):
    done = copper("watch", "no.yaml", cwd=tmp_path)
    assert (done.returncode, "no.yaml: can't be read" in done.stderr) == (2, True)

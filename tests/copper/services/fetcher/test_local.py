"""Fetching a folder or file of the same machine, and what all sources have in common."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from copper.service import ActionError
from copper.services.fetcher.fetch import duration_text, size_text
from copper.services.folders import locked


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "manual"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "README.md").write_text("# Manual")
    (root / "deep" / "page.md").write_text("page")
    (root / "deep" / "er" / "picture.psd").write_text("psd")
    return root


def test_folder_arrives_whole_and_the_answer_says_what_and_where(fetcher, source):
    answer = fetcher(action="fetcher/fetch", id="1", type="local", path=str(source), note="mine")
    assert fetcher.files("manual") == {"README.md": "# Manual", "deep/er/picture.psd": "psd", "deep/page.md": "page"}
    assert answer.pop("duration") >= 0
    assert answer.pop("duration_text").endswith("s")
    assert answer.pop("version").startswith("sha256:")
    assert answer == {
        "action": "fetcher/fetch",
        "id": "1",
        "type": "local",
        "note": "mine",
        "resource": "manual",
        "path": str(fetcher.settings.folder / "manual"),
        "total_files": 3,
        "filtered_files": 3,
        "size_bytes": 15,
        "size_text": "15 bytes",
        "changed": True,
    }
    assert fetcher.left_over() == []


def test_unchanged_source_is_answered_from_memory(fetcher, source):
    first = fetcher(type="local", path=str(source), filter="*.md")
    before = (fetcher.settings.folder / "manual" / "README.md").stat()
    second = fetcher(type="local", path=str(source), filter="*.md")
    assert second["changed"] is False
    assert (fetcher.settings.folder / "manual" / "README.md").stat() == before
    for key in ("duration", "duration_text", "changed"):
        del first[key], second[key]
    assert first == second


def test_change_in_a_kept_file_is_noticed_and_one_elsewhere_is_not(fetcher, source):
    entry = {"type": "local", "path": str(source), "filter": "*.md"}
    fetcher(**entry)
    (source / "deep" / "er" / "picture.psd").write_text("another")
    assert fetcher(**entry)["changed"] is False
    (source / "README.md").unlink()
    assert fetcher(**entry)["changed"] is True
    assert fetcher.files("manual") == {"deep/page.md": "page"}


def test_another_filter_is_another_thing(fetcher, source):
    fetcher(type="local", path=str(source))
    answer = fetcher(type="local", path=str(source), filter="README.md")
    assert (answer["changed"], answer["total_files"], answer["filtered_files"]) == (True, 3, 1)
    assert list(fetcher.files("manual")) == ["README.md"]


def test_missing_result_is_fetched_again(fetcher, source):
    fetcher(type="local", path=str(source))
    (fetcher.settings.folder / "manual").rename(fetcher.settings.folder / "elsewhere")
    assert fetcher(type="local", path=str(source))["changed"] is True


def test_broken_memory_is_no_reason_to_fail(fetcher, source):
    fetcher(type="local", path=str(source))
    (fetcher.settings.folder / ".manual.json").write_text('{"": 3')
    assert fetcher(type="local", path=str(source))["changed"] is True


def test_single_file_arrives_in_a_folder_of_its_name(fetcher, source):
    assert fetcher(type="local", path=str(source / "README.md"))["resource"] == "README.md"
    assert fetcher.files("README.md") == {"README.md": "# Manual"}


def test_dest_puts_files_of_several_sources_into_one_resource(fetcher, source, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("print()")
    first = {"type": "local", "path": str(source), "filter": "README.md", "resource": "all", "dest": "docs/user"}
    second = {"type": "local", "path": str(tmp_path / "code"), "resource": "all", "dest": "code"}
    assert fetcher(**first)["path"] == str(fetcher.settings.folder / "all" / "docs" / "user")
    fetcher(**second)
    assert list(fetcher.files("all")) == ["code/main.py", "docs/user/README.md"]
    assert not fetcher(**first)["changed"]
    assert not fetcher(**second)["changed"]


def test_failed_fetch_leaves_what_was_there(fetcher, source):
    fetcher(type="local", path=str(source))
    before = fetcher.files("manual")
    (source / "README.md").write_text("new")
    fetcher.limit(size=4)
    with pytest.raises(ActionError, match="more than 4 bytes"):
        fetcher(type="local", path=str(source))
    assert fetcher.files("manual") == before
    assert fetcher.left_over() == []


def test_what_a_killed_fetch_left_is_swept_away(fetcher, source):
    (fetcher.settings.folder / ".manual.new" / "deep").mkdir(parents=True)
    (fetcher.settings.folder / ".manual.new" / "old.md").write_text("old")
    fetcher(type="local", path=str(source))
    assert "old.md" not in fetcher.files("manual")
    assert fetcher.left_over() == []


def test_cancelled_fetch_leaves_what_was_there(fetcher, source):
    fetcher(type="local", path=str(source))
    (source / "README.md").write_text("new")

    class Ticks(list):
        def append(self, tick):
            if tick[2] == "README.md":
                raise ActionError("cancelled", kind="cancelled")

    fetcher.ticks = Ticks()
    with pytest.raises(ActionError, match="cancelled"):
        fetcher(type="local", path=str(source))
    assert fetcher.files("manual")["README.md"] == "# Manual"
    assert fetcher.left_over() == []


def test_progress_counts_files(fetcher, source):
    fetcher(type="local", path=str(source))
    assert fetcher.ticks[-1] == (3, 3, "deep/er/picture.psd")


@pytest.mark.parametrize(
    "name", ["../x", "..", ".", "/etc", "a/b", ".hidden", "-rf", "a\\b", "a\0b", "a\nb", "a+", "#", "", 3, "x" * 200]
)
def test_resource_that_could_lead_elsewhere_is_refused(fetcher, source, name):
    with pytest.raises(ActionError, match="resource") as caught:
        fetcher(type="local", path=str(source), resource=name)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize("dest", ["../x", "a/../../x", "/etc", ".git", "a/.git/b", 3, ["a"]])
def test_dest_that_could_lead_elsewhere_is_refused(fetcher, source, dest):
    with pytest.raises(ActionError, match="dest") as caught:
        fetcher(type="local", path=str(source), dest=dest)
    assert caught.value.kind == "bad_request"


def test_link_within_the_folder_stays_a_link(fetcher, source):
    (source / "index.md").symlink_to("README.md")
    (source / "deep" / "up").symlink_to("../README.md")
    fetcher(type="local", path=str(source))
    assert (fetcher.settings.folder / "manual" / "index.md").readlink() == Path("README.md")
    assert fetcher.files("manual")["deep/up"] == "# Manual"


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "deep/../../secret", "../manual/README.md"])
def test_link_that_leaves_is_refused(fetcher, source, tmp_path, target):
    (tmp_path / "secret").write_text("secret")
    (source / "link").symlink_to(target)
    with pytest.raises(ActionError, match="link that leaves the folder: link -> ") as caught:
        fetcher(type="local", path=str(source))
    assert caught.value.kind == "refused"
    assert not (fetcher.settings.folder / "manual").exists()


def test_link_that_leaves_can_be_filtered_out(fetcher, source):
    (source / "link").symlink_to("/etc/passwd")
    fetcher(type="local", path=str(source), filter="!/link")
    assert "link" not in fetcher.files("manual")


def test_link_whose_target_is_filtered_out_is_left_out(fetcher, source):
    (source / "deep" / "link.md").symlink_to("er/picture.psd")
    answer = fetcher(type="local", path=str(source), filter="*.md")
    assert answer["filtered_files"] == 2
    assert not os.path.lexists(fetcher.settings.folder / "manual" / "deep" / "link.md")


def test_links_in_a_circle_do_not_hang(fetcher, source):
    (source / "round").symlink_to("about")
    (source / "about").symlink_to("round")
    (source / "deep" / "all").symlink_to("..")
    fetcher(type="local", path=str(source))
    assert not os.path.lexists(fetcher.settings.folder / "manual" / "round")


def test_socket_is_refused(fetcher, source):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(source / "socket"))
        with pytest.raises(ActionError, match="no ordinary file"):
            fetcher(type="local", path=str(source))


def test_executable_files_stay_executable(fetcher, source):
    (source / "run.sh").write_text("#!/bin/sh")
    (source / "run.sh").chmod(0o755)
    fetcher(type="local", path=str(source))
    assert os.access(fetcher.settings.folder / "manual" / "run.sh", os.X_OK)
    assert not os.access(fetcher.settings.folder / "manual" / "README.md", os.X_OK)


def test_what_was_fetched_is_not_fetched_again_with_its_parent(fetcher, source):
    fetcher.settings = replace(fetcher.settings, folder=source / "cache")
    fetcher(type="local", path=str(source))
    fetcher(type="local", path=str(source))
    assert list(fetcher.files("manual")) == ["README.md", "deep/er/picture.psd", "deep/page.md"]


def test_odd_names_arrive_as_they_are(fetcher, tmp_path):
    root = tmp_path / "odd"
    root.mkdir()
    names = ["a b#c%20.md", "q\"uo'te.md", "ünïcode 🐙.md", os.fsdecode(b"latin-\xff.md")]
    for name in names:
        (root / name).write_text("x")
    fetcher(type="local", path=str(root))
    assert sorted(path.name for path in (fetcher.settings.folder / "odd").iterdir()) == sorted(names)


def test_missing_path_is_not_found(fetcher, tmp_path):
    with pytest.raises(ActionError, match="does not exist") as caught:
        fetcher(type="local", path=str(tmp_path / "nowhere"))
    assert caught.value.kind == "not_found"


def test_filter_that_keeps_nothing_is_an_error_that_says_so(fetcher, source):
    with pytest.raises(ActionError, match="keeps none of its 3 files"):
        fetcher(type="local", path=str(source), filter="*.html")


def test_unknown_type_lists_the_known_ones(fetcher):
    with pytest.raises(ActionError, match="'ftp' is not known; known are git, github, local, url"):
        fetcher(type="ftp")


@pytest.mark.parametrize("type_name", ["local", "url", "github", "git"])
def test_missing_key_is_named(fetcher, type_name):
    with pytest.raises(ActionError, match=f"type {type_name} needs "):
        fetcher(type=type_name)


def test_too_many_files_are_refused(fetcher, source):
    fetcher.limit(files=2)
    with pytest.raises(ActionError, match="more than 2 files"):
        fetcher(type="local", path=str(source), filter="README.md")


def test_a_full_disk_is_said_plainly(fetcher, source, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr("copper.services.fetcher.tree.Tree.write", full)
    with pytest.raises(ActionError, match="somewhere: No space left on device") as caught:
        fetcher(type="local", path=str(source))
    assert caught.value.kind == "storage"


def test_sizes_and_durations_are_said_for_people():
    assert [size_text(size) for size in (0, 999, 1000, 1_234_567, 10**15)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "1.2 MB",
        "1000.0 TB",
    ]
    assert [duration_text(seconds) for seconds in (0.0031, 0.9999, 1.25, 59.99, 75)] == [
        "3 ms",
        "1.0 s",
        "1.2 s",
        "1 min 0 s",
        "1 min 15 s",
    ]


def test_two_at_once_on_one_resource_wait_for_each_other(fetcher, source):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: fetcher(type="local", path=str(source)), range(8)))
    assert [answer["changed"] for answer in answers].count(True) == 1
    assert len(fetcher.files("manual")) == 3


def test_resource_that_another_process_holds_is_busy(fetcher, source):
    fetcher.limit(seconds=0.2)
    place = fetcher.settings.folder / "manual"
    with (
        locked(place, check=lambda: None),
        pytest.raises(ActionError, match="being worked on by another") as caught,
    ):
        fetcher(type="local", path=str(source))
    assert (caught.value.kind, caught.value.retryable) == ("busy", True)

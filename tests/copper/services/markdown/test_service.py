"""The action `markdown/build`, without a broker: which folder, which place, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from copper.service import ActionError, CancelledError, Job
from copper.services.markdown.service import build, service


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with a resource that was fetched, and the environment of the service."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COPPER_FETCH_DIR", "fetched")
    monkeypatch.setenv("COPPER_WEB_DIR", "web")
    docs = tmp_path / "fetched" / "docs" / "content"
    docs.mkdir(parents=True)
    (docs / "README.md").write_text("# Docs\n\n[lost](nowhere.md)")
    return tmp_path


def call(**entry):
    return build(job=Job(service, "markdown/build", entry), **entry)


def test_resource_becomes_a_site_of_its_name(place):
    assert call(resource="docs", path="content") == {
        "path": str(place / "web" / "docs"),
        "index": str(place / "web" / "docs" / "index.html"),
        "pages": 1,
        "files": 0,
        "broken_links": [{"page": "README.md", "link": "nowhere.md"}],
    }
    assert "<h1" in (place / "web" / "docs" / "index.html").read_text()


def test_folder_becomes_a_site_of_its_name(place):
    assert call(path="fetched/docs/content")["path"] == str(place / "web" / "content")
    assert call(path=str(place / "fetched" / "docs" / "content"))["path"] == str(place / "web" / "content")


def test_path_that_the_fetcher_answered_can_be_said_with_its_resource(place):
    assert call(resource="docs", path=str(place / "fetched" / "docs" / "content"))["pages"] == 1


def test_site_is_replaced_as_a_whole(place):
    call(resource="docs")
    (place / "web" / "docs" / "old.html").write_text("old")
    call(resource="docs")
    assert not (place / "web" / "docs" / "old.html").exists()
    assert [path.name for path in (place / "web").iterdir() if path.suffix != ".lock"] == ["docs"]


def test_failed_build_leaves_the_site_that_was_there(place):
    call(resource="docs")
    (place / "fetched" / "docs" / "content" / "README.md").unlink()
    with pytest.raises(ActionError, match="holds no Markdown"):
        call(resource="docs")
    assert (place / "web" / "docs" / "content" / "index.html").is_file()
    assert [path.name for path in (place / "web").iterdir() if path.suffix != ".lock"] == ["docs"]


def test_cancelled_build_ends(place):
    job = Job(service, "markdown/build", {})
    job.cancel()
    with pytest.raises(CancelledError):
        build(job=job, resource="docs")
    assert not (place / "web" / "docs").exists()


def test_what_was_fetched_and_built_is_no_part_of_the_folder_around_it(place):
    (place / "README.md").write_text("# Around")
    call(resource="docs")
    (place / "web" / "docs" / "built.md").write_text("# Built")
    assert call(path=".")["pages"] == 1


@pytest.mark.parametrize("resource", ["../docs", "", "a/b", ".", ".git", 3, "-x"])
def test_resource_that_could_lead_elsewhere_is_refused(place, resource):
    with pytest.raises(ActionError, match="resource") as caught:
        call(resource=resource)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize("path", ["..", "content/../..", "/", "/etc"])
def test_path_that_leaves_the_resource_is_refused(place, path):
    with pytest.raises(ActionError, match="path must lie within the resource docs"):
        call(resource="docs", path=path)


def test_link_that_leaves_the_resource_is_refused(place):
    Path("fetched/docs/link").symlink_to("/etc")
    with pytest.raises(ActionError, match="path must lie within the resource docs"):
        call(resource="docs", path="link")


@pytest.mark.parametrize("path", [3, "", "a\0b", ["a"]])
def test_path_that_is_none_is_refused(place, path):
    with pytest.raises(ActionError, match="path must be a folder"):
        call(path=path)


def test_missing_folder_is_not_found(place):
    with pytest.raises(ActionError, match=r"other is no folder \(is it fetched\?\)") as caught:
        call(resource="other")
    assert caught.value.kind == "not_found"


def test_unknown_theme_lists_the_known_ones(place):
    with pytest.raises(ActionError, match="auto, light, dark"):
        call(resource="docs", theme="pink")


def test_site_that_would_take_the_place_of_its_pages_is_refused(place, monkeypatch):
    monkeypatch.setenv("COPPER_WEB_DIR", "fetched/docs")
    with pytest.raises(ActionError, match="would take its own place"):
        call(path="fetched/docs/content")
    assert (place / "fetched" / "docs" / "content" / "README.md").is_file()

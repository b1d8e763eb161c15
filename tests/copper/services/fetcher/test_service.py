"""The action `fetcher/fetch`, without a broker: settings from the environment, progress, the retained resource."""

from __future__ import annotations

import pytest

from copper.service import ActionError, CancelledError, Job
from copper.services.fetcher.service import fetch, fetch_all, service
from copper.services.fetcher.settings import from_environment
from tracer.errors import CopperError


class Listening(Job):
    """A job that notes what it says."""

    def __init__(self, **entry):
        super().__init__(service, "fetcher/fetch", entry)
        self.said = []

    def progress(self, *said):
        self.said.append(("progress", *said))

    def publish(self, topic, value, *, retain=False):
        self.said.append((topic, value, retain))


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("COPPER_FETCH_DIR", str(tmp_path / "fetched"))
    (tmp_path / "docs").mkdir()
    for number in range(50):
        (tmp_path / "docs" / f"{number}.md").write_text("text")
    return {"type": "local", "path": str(tmp_path / "docs"), "action": "fetcher/fetch", "id": "1"}


def test_result_is_published_for_others_to_read(source):
    job = Listening(**source)
    answer = fetch(job=job, type="local", path=source["path"])
    assert job.said[-1] == ("fetcher/resources/docs", answer, True)
    assert [one["id"] for one in answer] == ["1"]


def test_progress_is_told_a_few_times_and_not_for_each_file(source):
    job = Listening(**source)
    fetch(job=job, type="local")
    told = [said for said in job.said if said[0] == "progress"]
    assert told[0] == ("progress", 0, 50, "0.md", "files")
    assert len(told) < 50


def test_cancelled_request_ends(source):
    job = Listening(**source)
    job.cancel()
    with pytest.raises(CancelledError):
        fetch(job=job, type="local")


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COPPER_FETCH_DIR", raising=False)
    plain = from_environment({})
    assert plain.folder == tmp_path / "cache" / "fetch"
    assert (plain.github_url, plain.allow_private) == ("https://github.com", False)
    told = from_environment(
        {"COPPER_GITHUB_URL": "http://h/", "COPPER_FETCH_ALLOW_PRIVATE": "1", "COPPER_FETCH_MAX_FILES": "7"}
    )
    assert (told.github_url, told.allow_private, told.limits.files) == ("http://h", True, 7)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_limit_that_is_no_number_is_named(value):
    with pytest.raises(CopperError, match="COPPER_FETCH_MAX_BYTES"):
        from_environment({"COPPER_FETCH_MAX_BYTES": value})


def test_missing_type_is_said(source):
    with pytest.raises(ActionError, match="the entry has no type; known are git, github, local, url"):
        fetch(job=Listening(path="x"), type="local")


def test_list_of_fetches_is_answered_with_a_list(source):
    job = Listening(fetch_list=[])
    answers = fetch_all([source, {**source, "resource": "again", "filter": "1*.md"}], job=job)
    assert [(one["resource"], one["filtered_files"]) for one in answers] == [("docs", 50), ("again", 11)]
    assert [said[0] for said in job.said if said[0] != "progress"] == [
        "fetcher/resources/docs",
        "fetcher/resources/again",
    ]


def test_fetch_of_a_list_that_fails_says_which(source):
    with pytest.raises(ActionError, match="entry 2: type 'ftp' is not known") as caught:
        fetch_all([source, {"type": "ftp"}], job=Listening(fetch_list=[]))
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize("value", [None, {}, "x", [1]])
def test_what_is_no_list_of_fetches_is_refused(value):
    with pytest.raises(ActionError, match="fetch_list must be"):
        fetch_all(value, job=Listening())

"""Fetching a repository: the API of GitHub, served from loopback."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace

import pytest

from copper.service import ActionError

SHA = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "ghp_topsecret"


def tarball(**files):
    """As GitHub makes it: a global header, and a folder named after repository and commit."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": SHA}) as archive:
        folder = tarfile.TarInfo("ORG-manual-0123456/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(f"ORG-manual-0123456/{name.replace('_', '/')}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def github(serve):
    """The API on one server, the archives on another, as GitHub has it."""
    api, archives = serve(), serve()
    api.archives = archives
    api.routes["/repos/ORG/manual/commits/HEAD"] = (200, {}, SHA.encode())
    api.routes["/repos/ORG/manual/commits/release/1.0"] = (200, {}, SHA[::-1].encode())
    api.routes[f"/repos/ORG/manual/tarball/{SHA}"] = (302, {"Location": f"{archives.base}/manual.tar.gz"}, b"")
    api.routes[f"/repos/ORG/manual/tarball/{SHA[::-1]}"] = (200, {}, tarball(**{"old.md": b"old"}))
    archives.routes["/manual.tar.gz"] = (200, {}, tarball(**{"README.md": b"# Manual", "docs_a.md": b"a"}))
    return api


@pytest.fixture
def fetcher(fetcher, github):
    fetcher.settings = replace(fetcher.settings, github_api=github.base + "/")
    return fetcher


def test_default_branch_arrives_without_the_folder_around_it(fetcher, github):
    answer = fetcher(type="github", repository="ORG/manual")
    assert fetcher.files("manual") == {"README.md": "# Manual", "docs/a.md": "a"}
    assert answer["version"] == SHA
    assert github.asked[0][1]["accept"] == "application/vnd.github.sha"


def test_ref_chooses_what_arrives(fetcher):
    fetcher(type="github", repository="ORG/manual", ref="release/1.0", resource="old")
    assert fetcher.files("old") == {"old.md": "old"}


def test_filter_counts_below_the_repository(fetcher):
    answer = fetcher(type="github", repository="ORG/manual", filter=["/docs/*"])
    assert (answer["total_files"], answer["filtered_files"]) == (2, 1)
    assert fetcher.files("manual") == {"docs/a.md": "a"}


def test_unchanged_commit_is_not_downloaded_again(fetcher, github):
    fetcher(type="github", repository="ORG/manual")
    answer = fetcher(type="github", repository="ORG/manual")
    assert (answer["changed"], answer["total_files"]) == (False, 2)
    assert github.archives.paths() == ["/manual.tar.gz"]


def test_full_commit_that_is_here_asks_nobody(fetcher, github):
    fetcher(type="github", repository="ORG/manual", ref=SHA)
    asked = len(github.asked)
    assert fetcher(type="github", repository="ORG/manual", ref=SHA)["changed"] is False
    assert len(github.asked) == asked


def test_api_that_was_set_may_be_private_and_where_it_redirects_may_not(fetcher, github):
    fetcher.settings = replace(fetcher.settings, allow_private=False)
    with pytest.raises(ActionError, match=r"127\.0\.0\.1, an address of this machine"):
        fetcher(type="github", repository="ORG/manual")
    assert github.archives.asked == []
    fetcher(type="github", repository="ORG/manual", ref="release/1.0")


def test_token_goes_to_the_api_and_nowhere_else(fetcher, github, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    answer = fetcher(type="github", repository="ORG/manual", token_env="MY_TOKEN")
    assert [headers.get("authorization") for _, headers in github.asked] == [f"Bearer {TOKEN}"] * 2
    assert "authorization" not in github.archives.asked[0][1]
    assert TOKEN not in repr(answer)
    assert all(TOKEN not in path.read_text() for path in fetcher.settings.folder.glob(".*.json"))


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_token_is_not_in_errors(fetcher, github, monkeypatch, status):
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    github.routes["/repos/ORG/manual/commits/HEAD"] = (status, {}, f"bad token {TOKEN}".encode())
    with pytest.raises(ActionError) as caught:
        fetcher(type="github", repository="ORG/manual", token_env="MY_TOKEN")
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("value", [None, "", "with\nnewline"])
def test_variable_without_a_token_is_named(fetcher, monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("MY_TOKEN", value)
    with pytest.raises(ActionError, match="MY_TOKEN") as caught:
        fetcher(type="github", repository="ORG/manual", token_env="MY_TOKEN")
    assert "newline" not in str(caught.value)


def test_token_in_place_of_its_name_is_not_repeated(fetcher):
    with pytest.raises(ActionError, match="the name of an environment variable") as caught:
        fetcher(type="github", repository="ORG/manual", token_env="ghp-topsecret")
    assert "topsecret" not in str(caught.value)


def test_missing_repository_says_what_it_could_be(fetcher):
    with pytest.raises(
        ActionError, match="ORG/other at HEAD is not there, or is private and needs a token_env"
    ) as caught:
        fetcher(type="github", repository="ORG/other")
    assert caught.value.kind == "not_found"


def test_limit_of_requests_can_be_tried_again(fetcher, github):
    github.routes["/repos/ORG/manual/commits/HEAD"] = (403, {"X-RateLimit-Remaining": "0"}, b"")
    with pytest.raises(ActionError, match="limit of requests") as caught:
        fetcher(type="github", repository="ORG/manual")
    assert caught.value.retryable


def test_answer_that_is_no_commit_is_not_believed(fetcher, github):
    github.routes["/repos/ORG/manual/commits/HEAD"] = (200, {}, b"<html>")
    with pytest.raises(ActionError, match="is COPPER_GITHUB_API right"):
        fetcher(type="github", repository="ORG/manual")


@pytest.mark.parametrize(
    "name", ["manual", "a/b/c", "../manual", "ORG/..", "ORG/", "-x/ y", "https://github.com/ORG/manual", 3]
)
def test_what_is_no_repository_is_refused(fetcher, github, name):
    with pytest.raises(ActionError, match="repository"):
        fetcher(type="github", repository=name)
    assert github.asked == []


@pytest.mark.parametrize(
    "ref", ["-x", "--upload-pack=x", "a..b", "../x", "a b", "a~1", "a^", "/a", "a/", "a\nb", "", 3, "a@{1}"]
)
def test_what_is_no_ref_is_refused(fetcher, github, ref):
    with pytest.raises(ActionError, match="ref"):
        fetcher(type="github", repository="ORG/manual", ref=ref)
    assert github.asked == []


def test_ref_is_quoted(fetcher, github):
    github.routes["/repos/ORG/manual/commits/a%23b%25c%C3%BC"] = (200, {}, SHA.encode())
    assert fetcher(type="github", repository="ORG/manual", ref="a#b%cü")["version"] == SHA


def test_archive_that_breaks_off_leaves_what_was_there(fetcher, github):
    fetcher(type="github", repository="ORG/manual")
    github.routes["/repos/ORG/manual/commits/HEAD"] = (200, {}, ("f" * 40).encode())
    whole = tarball(**{"README.md": b"new"})
    github.routes[f"/repos/ORG/manual/tarball/{'f' * 40}"] = (
        200,
        {"Content-Length": "99999"},
        whole[: len(whole) // 2],
    )
    with pytest.raises(ActionError):
        fetcher(type="github", repository="ORG/manual")
    assert fetcher.files("manual")["README.md"] == "# Manual"
    assert fetcher.left_over() == []

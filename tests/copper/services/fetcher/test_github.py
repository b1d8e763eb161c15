"""Fetching a repository from GitHub and other forges: refs and archives, served from loopback."""

from __future__ import annotations

import base64
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


INFO = "/ORG/manual.git/info/refs?service=git-upload-pack"


def advertised(**refs):
    """What git answers: HEAD first, then all by name."""
    lines = ["# service=git-upload-pack\n", None]
    for number, (name, commit) in enumerate(sorted(refs.items(), key=lambda one: (one[0] != "HEAD", one[0]))):
        lines.append(f"{commit} {name}" + ("\0symref=HEAD:refs/heads/main agent=git\n" if not number else "\n"))
    text = "".join("0000" if line is None else f"{len(line.encode()) + 4:04x}{line}" for line in [*lines, None])
    return (200, {"Content-Type": "application/x-git-upload-pack-advertisement"}, text.encode())


@pytest.fixture
def github(serve):
    """The forge on one server, the archives on another, as GitHub has it."""
    forge, archives = serve(), serve()
    forge.archives = archives
    forge.refs = {"HEAD": SHA, "refs/heads/main": SHA, "refs/heads/release/1.0": SHA[::-1], "refs/heads/a#b%cü": SHA}
    forge.routes[INFO] = lambda _: advertised(**forge.refs)
    forge.routes[f"/ORG/manual/archive/{SHA}.tar.gz"] = (302, {"Location": f"{archives.base}/manual.tar.gz"}, b"")
    forge.routes[f"/ORG/manual/archive/{SHA[::-1]}.tar.gz"] = (200, {}, tarball(**{"old.md": b"old"}))
    archives.routes["/manual.tar.gz"] = (200, {}, tarball(**{"README.md": b"# Manual", "docs_a.md": b"a"}))
    return forge


@pytest.fixture
def fetcher(fetcher, github):
    fetcher.settings = replace(fetcher.settings, github_url=github.base)
    return fetcher


def test_default_branch_arrives_without_the_folder_around_it(fetcher, github):
    answer = fetcher(type="github", repository="ORG/manual")
    assert fetcher.files("manual") == {"README.md": "# Manual", "docs/a.md": "a"}
    assert answer["version"] == SHA
    assert github.paths() == [INFO, f"/ORG/manual/archive/{SHA}.tar.gz"]


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


def test_forge_that_was_set_may_be_private_and_where_it_redirects_may_not(fetcher, github):
    fetcher.settings = replace(fetcher.settings, allow_private=False)
    with pytest.raises(ActionError, match=r"127\.0\.0\.1, an address of this machine"):
        fetcher(type="github", repository="ORG/manual")
    assert github.archives.asked == []
    fetcher(type="github", repository="ORG/manual", ref="release/1.0")


def test_token_goes_to_the_forge_and_nowhere_else(fetcher, github, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    answer = fetcher(type="github", repository="ORG/manual", token_env="MY_TOKEN")
    header = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert [headers.get("authorization") for _, headers in github.asked] == [header] * 2
    assert "authorization" not in github.archives.asked[0][1]
    assert TOKEN not in repr(answer)
    assert all(TOKEN not in path.read_text() for path in fetcher.settings.folder.glob(".*.json"))


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_token_is_not_in_errors(fetcher, github, monkeypatch, status):
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    github.routes[INFO] = (status, {}, f"bad token {TOKEN}".encode())
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
        ActionError, match=r"ORG/other\.git is not there, or is private and needs a token_env"
    ) as caught:
        fetcher(type="github", repository="ORG/other")
    assert caught.value.kind == "not_found"


def test_busy_forge_can_be_tried_again(fetcher, github):
    github.routes[INFO] = (429, {}, b"")
    with pytest.raises(ActionError, match="HTTP 429") as caught:
        fetcher(type="github", repository="ORG/manual")
    assert caught.value.retryable


def test_answer_that_is_no_repository_is_not_believed(fetcher, github):
    github.routes[INFO] = (200, {}, b"<html>")
    with pytest.raises(ActionError, match="no git repository answers there"):
        fetcher(type="github", repository="ORG/manual")


def test_tag_is_the_commit_behind_it(fetcher, github):
    github.refs |= {"refs/tags/v1": "e" * 40, "refs/tags/v1^{}": SHA}
    assert fetcher(type="github", repository="ORG/manual", ref="v1")["version"] == SHA


@pytest.mark.parametrize("number", [10_000])
def test_branch_among_thousands_of_refs_is_found(fetcher, github, number):
    github.refs |= {f"refs/pull/{one}/head": "e" * 40 for one in range(number)}
    github.refs["refs/tags/last"] = SHA
    assert fetcher(type="github", repository="ORG/manual", ref="last")["version"] == SHA


def test_another_forge_has_its_archives_elsewhere(fetcher, serve):
    other = serve()
    other.routes["/group/sub/manual.git/info/refs?service=git-upload-pack"] = advertised(HEAD=SHA)
    other.routes[f"/group/sub/manual/-/archive/{SHA}/manual-{SHA}.tar.gz"] = (200, {}, tarball(**{"a.md": b"a"}))
    archive = "{url}/{repository}/-/archive/{commit}/{name}-{commit}.tar.gz"
    fetcher(type="github", repository="group/sub/manual", url=other.base, archive=archive)
    assert fetcher.files("manual") == {"a.md": "a"}


@pytest.mark.parametrize(
    "archive",
    [
        "http://evil/{commit}",
        "{url}.evil/{commit}",
        "{url}@evil/{commit}",
        "{url}/x",
        "{url}/{commit.__class__}",
        "{url}/{commit!r}",
        "{url}/{0}{commit}",
        "{url}/{commit:>999999999}",
        "{url}/{commit}}",
    ],
)
def test_archive_that_leads_elsewhere_or_is_no_template_is_refused(fetcher, github, archive):
    with pytest.raises(ActionError, match="archive must"):
        fetcher(type="github", repository="ORG/manual", archive=archive)
    assert github.asked == []


@pytest.mark.parametrize("name", ["manual", "../manual", "ORG/..", "ORG/", "-x/ y", "https://github.com/ORG/manual", 3])
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


def test_ref_may_hold_odd_letters(fetcher):
    assert fetcher(type="github", repository="ORG/manual", ref="a#b%cü")["version"] == SHA


def test_archive_that_breaks_off_leaves_what_was_there(fetcher, github):
    fetcher(type="github", repository="ORG/manual")
    github.refs["HEAD"] = "f" * 40
    whole = tarball(**{"README.md": b"new"})
    github.routes[f"/ORG/manual/archive/{'f' * 40}.tar.gz"] = (
        200,
        {"Content-Length": "99999"},
        whole[: len(whole) // 2],
    )
    with pytest.raises(ActionError):
        fetcher(type="github", repository="ORG/manual")
    assert fetcher.files("manual")["README.md"] == "# Manual"
    assert fetcher.left_over() == []

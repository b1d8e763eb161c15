"""Fetching with git: from a real `git http-backend` on loopback."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from copper.service import ActionError
from copper.services.fetcher import address

TOKEN = "ghp_topsecret"

FILES = {
    "README.md": "# Manual",
    "content/a.md": "a",
    "content/deep/b.md": "b",
    "content/a.psd": "psd",
    "run.sh": ("100755", "#!/bin/sh"),
    "content/link.md": ("120000", "a.md"),
}


@pytest.fixture
def fetch(fetcher, repository):
    """fetch(…) from the repository, which has FILES."""
    repository.first = repository.commit(FILES)
    return lambda **more: fetcher(**{"type": "git", "url": repository.url, **more})


def test_default_branch_arrives(fetch, fetcher, repository):
    answer = fetch()
    assert fetcher.files("manual") == {
        "README.md": "# Manual",
        "content/a.md": "a",
        "content/a.psd": "psd",
        "content/deep/b.md": "b",
        "content/link.md": "a",
        "run.sh": "#!/bin/sh",
    }
    assert (answer["version"], answer["resource"], answer["total_files"]) == (repository.first, "manual", 6)
    root = fetcher.settings.folder / "manual"
    assert os.access(root / "run.sh", os.X_OK)
    assert (root / "content" / "link.md").readlink() == Path("a.md")
    assert fetcher.left_over() == []


def test_filter_chooses_what_is_sent(fetch, fetcher, repository):
    repository.commit({**FILES, "content/big.psd": os.urandom(1_000_000)})
    answer = fetch(filter=["content/*", "!*.psd"])
    assert list(fetcher.files("manual")) == ["content/a.md", "content/deep/b.md", "content/link.md"]
    assert (answer["total_files"], answer["filtered_files"]) == (7, 3)
    assert b"filter blob:none" in b"".join(repository.posts)


def test_server_that_can_not_filter_serves_too(fetch, fetcher, repository):
    repository.git("config", "uploadpack.allowFilter", "false")
    fetch(filter="*.md")
    assert fetcher.files("manual")["content/a.md"] == "a"


@pytest.mark.parametrize("filter_", [None, "*.md"])
def test_unchanged_commit_is_asked_for_once_and_not_sent(fetch, repository, filter_):
    fetch(filter=filter_)
    repository.posts.clear()
    repository.server.asked.clear()
    assert fetch(filter=filter_)["changed"] is False
    assert repository.server.paths() == ["/manual.git/info/refs?service=git-upload-pack"]


def test_full_commit_that_is_here_asks_nobody(fetch, repository):
    fetch(ref=repository.first)
    repository.server.asked.clear()
    assert fetch(ref=repository.first)["changed"] is False
    assert repository.server.asked == []


def test_new_commit_replaces_all(fetch, fetcher, repository):
    fetch()
    repository.commit({"new.md": "new"})
    assert fetch()["changed"] is True
    assert fetcher.files("manual") == {"new.md": "new"}


def test_ref_is_a_branch_a_tag_or_an_older_commit(fetch, fetcher, repository):
    repository.git("tag", "-a", "v1", repository.first, "-m", "annotated")
    repository.commit({"branch.md": "b"}, branch="feature/x")
    repository.commit({"new.md": "new"})
    for ref, name in (("v1", "README.md"), ("feature/x", "branch.md"), (repository.first, "README.md")):
        fetch(ref=ref)
        assert name in fetcher.files("manual")
    assert fetch(ref="v1")["version"] == repository.first


def test_branch_comes_before_a_tag_of_its_name(fetch, fetcher, repository):
    repository.git("tag", "both", repository.first)
    branch = repository.commit({"branch.md": "b"}, branch="both")
    assert fetch(ref="both")["version"] == branch


def test_history_is_not_fetched(fetch, repository):
    secret = repository.blob(os.urandom(2_000_000))
    repository.git("update-index", "-z", "--index-info", input=f"100644 {secret}\told\0".encode())
    fetch()
    assert b"deepen 1" in b"".join(repository.posts)


@pytest.mark.parametrize("ref", ["nowhere", "0123456"])
def test_missing_ref_is_named(fetch, ref):
    with pytest.raises(ActionError, match=f"no branch or tag '{ref}'") as caught:
        fetch(ref=ref)
    assert caught.value.kind == "not_found"


def test_commit_that_is_not_there_is_said(fetch, fetcher):
    fetch()
    with pytest.raises(ActionError, match="does not have what was asked for") as caught:
        fetch(ref="f" * 40)
    assert caught.value.kind == "not_found"
    assert "README.md" in fetcher.files("manual")


def test_empty_repository_is_said(fetcher, repository):
    with pytest.raises(ActionError, match="is empty"):
        fetcher(type="git", url=repository.url)


def test_what_is_no_repository_is_said(fetcher, server):
    server.routes["/x/info/refs?service=git-upload-pack"] = (200, {"Content-Type": "text/html"}, b"<html>")
    with pytest.raises(ActionError, match="no git repository answers there"):
        fetcher(type="git", url=f"{server.base}/x")


@pytest.mark.parametrize(
    "body", [b"", b"zzzz", b"ffff", b"0000", b"0001" * 50, b"\xff" * 100, b"00000000" * 9, b"0010nonsense\x00\xff\xfe"]
)
def test_nonsense_in_place_of_refs_is_said(fetcher, server, body):
    kind = {"Content-Type": "application/x-git-upload-pack-advertisement"}
    server.routes["/x/info/refs?service=git-upload-pack"] = (200, kind, body)
    with pytest.raises(ActionError):
        fetcher(type="git", url=f"{server.base}/x")


def test_submodule_is_left_out(fetch, fetcher, repository):
    repository.commit({"a.md": "a", "sub": ("160000", "1" * 40), ".gitmodules": '[submodule "sub"]\nurl = -x'})
    fetch()
    assert list(fetcher.files("manual")) == [".gitmodules", "a.md"]


def test_lfs_pointer_and_attributes_stay_what_they_are(fetch, fetcher, repository):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    repository.commit({"big.bin": pointer, ".gitattributes": "* filter=lfs ident eol=crlf\n", "a.md": "$Id$\n"})
    fetch()
    assert fetcher.files("manual")["big.bin"] == pointer
    assert (fetcher.settings.folder / "manual" / "a.md").read_bytes() == b"$Id$\n"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "content/../../x"])
def test_link_that_leaves_is_refused(fetch, fetcher, repository, target):
    fetch()
    repository.commit({"l": ("120000", target), "content/a.md": "a"})
    with pytest.raises(ActionError, match="link that leaves"):
        fetch()
    assert "README.md" in fetcher.files("manual")


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", "a/.."])
def test_tree_that_git_would_refuse_is_refused(fetch, fetcher, repository, name):
    fetch()
    inner = repository.git(
        "hash-object", "-t", "tree", "-w", "--literally", "--stdin", input=_tree("config", repository.blob("evil"))
    )
    outer = repository.git(
        "hash-object", "-t", "tree", "-w", "--literally", "--stdin", input=_tree(name, inner, mode="40000")
    )
    repository.point(outer)
    with pytest.raises(ActionError, match=r"git's own|land elsewhere|git: ") as caught:
        fetch()
    assert caught.value.kind in {"refused", "network"}
    assert "README.md" in fetcher.files("manual")
    assert fetcher.left_over() == []


def _tree(name, oid, mode="100644"):
    return f"{mode} {name}\0".encode() + bytes.fromhex(oid)


def test_bomb_of_trees_within_trees_is_refused_by_its_count(fetch, fetcher, repository):
    fetcher.limit(files=1000)
    tree = repository.git("mktree", input=f"100644 blob {repository.blob('x')}\tf\n".encode())
    for _ in range(10):
        lines = "".join(f"040000 tree {tree}\td{number}\n" for number in range(10))
        tree = repository.git("mktree", input=lines.encode())
    repository.point(tree)
    with pytest.raises(ActionError, match="more than 1000 files"):
        fetch()
    assert fetcher.left_over() == []


def test_file_of_zeros_that_packs_small_is_refused_by_its_size(fetch, fetcher, repository):
    fetcher.limit(size=1_000_000)
    repository.commit({"zeros": bytes(20_000_000)})
    with pytest.raises(ActionError, match="more than 1000000 bytes"):
        fetch()
    assert fetcher.left_over() == []


@pytest.mark.parametrize(
    "url",
    [
        "-uevil",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c touch% x",
        "file:///etc",
        "file::/etc",
        "/etc",
        "../x",
        "ssh://-oProxyCommand=x/y",
        "git@github.com:a/b",
        "git://127.0.0.1/x",
        "fd::3",
        "http::http://127.0.0.1/x",
        "https://user:secret@127.0.0.1/x.git",
        "http://127.0.0.1/x.git?a=b",
        "http://127.0.0.1/x.git#main",
    ],
)
def test_address_that_git_would_read_otherwise_is_refused(fetcher, url):
    with pytest.raises(ActionError, match="url") as caught:
        fetcher(type="git", url=url)
    assert caught.value.kind == "bad_request"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("ref", ["-x", "--upload-pack=x", "a..b", "a b", "a:b", "a\nb", "refs/heads/", ""])
def test_what_is_no_ref_is_refused(fetch, repository, ref):
    with pytest.raises(ActionError, match="ref"):
        fetch(ref=ref)
    assert repository.server.asked == []


def test_own_machine_is_refused(fetch, fetcher, repository):
    fetcher.settings = replace(fetcher.settings, allow_private=False)
    with pytest.raises(ActionError, match="COPPER_FETCH_ALLOW_PRIVATE=1 allows these"):
        fetch()
    assert repository.server.asked == []


def test_git_asks_the_address_that_was_checked_whatever_the_name_says_later(fetch, fetcher, repository, monkeypatch):
    asked = []

    def checked(host, port, *, allow_private):
        asked.append((host, port))
        return ["127.0.0.1"]

    monkeypatch.setattr(address, "checked", checked)
    monkeypatch.setattr("copper.services.fetcher.sources.git.checked", checked)
    url = repository.url.replace("127.0.0.1", "no-such-host.invalid")
    fetch(url=url)
    assert fetcher.files("manual")["README.md"] == "# Manual"
    assert {host for host, _ in asked} == {"no-such-host.invalid"}


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "0177.0.0.1", "127.1"])
def test_host_that_two_may_read_in_two_ways_is_refused(fetch, repository, host):
    with pytest.raises(ActionError) as caught:
        fetch(url=repository.url.replace("127.0.0.1", host))
    assert "no plain name of a host" in str(caught.value)


def test_redirect_is_followed_before_git_starts_and_never_by_git(fetch, fetcher, repository, server):
    info = "/info/refs?service=git-upload-pack"
    server.routes[f"/old{info}"] = (301, {"Location": f"{repository.url}{info}"}, b"")
    fetch(url=f"{server.base}/old", resource="manual")
    assert fetcher.files("manual")["README.md"] == "# Manual"
    assert server.paths() == [f"/old{info}"]


def test_redirect_by_the_time_that_git_asks_is_not_followed(fetch, fetcher, repository, server):
    asked = []

    def turn(request):
        asked.append(request.path)
        return repository.answer(request) if len(asked) == 1 else (302, {"Location": f"{server.base}/evil"}, b"")

    repository.server.routes["manual.git"] = turn
    with pytest.raises(ActionError):
        fetch()
    assert server.asked == []


def test_settings_of_git_around_us_are_not_used(fetch, fetcher, repository, monkeypatch, tmp_path):
    (tmp_path / ".gitconfig").write_text('[url "http://127.0.0.1:1/"]\n\tinsteadOf = http://\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    fetch()
    assert fetcher.files("manual")["README.md"] == "# Manual"
    assert not (tmp_path / "trace").exists()


def private(repository, token=TOKEN):
    """The repository asks for a name and password, and repeats them when it refuses."""
    whole = repository.answer

    def answer(request):
        given = request.headers.get("Authorization", "")
        if not given:
            return 401, {"WWW-Authenticate": "Basic"}, b"who?"
        return whole(request)

    repository.server.routes["manual.git"] = answer


def test_private_repository_says_that_it_needs_a_token(fetch, repository):
    private(repository)
    with pytest.raises(ActionError, match="is private and needs a token_env"):
        fetch()


def test_token_goes_to_its_host_and_stands_nowhere_else(fetch, fetcher, repository, monkeypatch):
    private(repository)
    seen = []
    real = subprocess.Popen

    def watch(command, **more):
        seen.append((command, more.get("stdin")))
        return real(command, **more)

    monkeypatch.setattr("copper.services.fetcher.git.subprocess.Popen", watch)
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    fetcher.settings = replace(fetcher.settings, tokens={"MY_TOKEN": repository.server.base})
    answer = fetch(token_env="MY_TOKEN", filter="*.md")
    assert all("authorization" in headers for _, headers in repository.server.asked)
    header = repository.server.asked[0][1]["authorization"].split()[1]
    told = repr(answer) + repr(seen) + "".join(path.read_text() for path in fetcher.settings.folder.glob(".*.json"))
    assert TOKEN not in told
    assert header not in told


def test_token_for_another_host_is_not_sent(fetch, fetcher, repository, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    for tokens in ({}, {"MY_TOKEN": "https://gitlab.com"}):
        fetcher.settings = replace(fetcher.settings, tokens=tokens)
        with pytest.raises(ActionError, match="COPPER_FETCH_TOKENS=MY_TOKEN=") as caught:
            fetch(token_env="MY_TOKEN")
        assert TOKEN not in str(caught.value)
    assert repository.server.asked == []


def test_token_does_not_follow_a_redirect_to_another_host(fetch, fetcher, repository, serve, monkeypatch):
    first, info = serve(), "/info/refs?service=git-upload-pack"
    first.routes[f"/old{info}"] = (302, {"Location": f"{repository.url}{info}"}, b"")
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    fetcher.settings = replace(fetcher.settings, tokens={"MY_TOKEN": first.base})
    fetch(url=f"{first.base}/old", token_env="MY_TOKEN")
    assert "authorization" in first.asked[0][1]
    assert all("authorization" not in headers for _, headers in repository.server.asked)


def test_server_that_repeats_the_token_does_not_get_it_into_the_error(fetch, fetcher, repository, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    fetcher.settings = replace(fetcher.settings, tokens={"MY_TOKEN": repository.server.base})
    whole = repository.answer

    def repeat(request):
        if request.command == "GET" and "Git-Protocol" not in request.headers:
            return whole(request)
        given = request.headers["Authorization"]
        line = f"ERR no, {given} {TOKEN}\n"
        return (
            200,
            {"Content-Type": "application/x-git-upload-pack-advertisement"},
            f"{len(line) + 4:04x}{line}".encode(),
        )

    repository.server.routes["manual.git"] = repeat
    with pytest.raises(ActionError) as caught:
        fetch(token_env="MY_TOKEN")
    header = repository.server.asked[0][1]["authorization"].split()[1]
    assert TOKEN not in str(caught.value)
    assert header not in str(caught.value)


def test_server_that_drips_while_git_works_is_left_when_time_is_up(fetch, fetcher, repository):
    fetcher.limit(seconds=1)

    def drip(request):
        if request.command == "GET":
            return repository.answer(request)
        request.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-git-upload-pack-result\r\n\r\nfff0")
        try:
            while True:
                request.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            return None

    repository.server.routes["manual.git"] = drip
    began = time.monotonic()
    with pytest.raises(ActionError, match="longer than") as caught:
        fetch()
    assert caught.value.retryable
    assert time.monotonic() - began < 5
    assert fetcher.left_over() == []


def test_cancelled_fetch_ends_git(fetch, fetcher, repository):
    working = threading.Event()

    def silent(request):
        if request.command == "GET":
            return repository.answer(request)
        working.set()
        request.rfile.read()  # until git is gone
        return None

    class Ticks(list):
        def append(self, tick):
            if working.is_set():
                raise ActionError("cancelled", kind="cancelled")

    repository.server.routes["manual.git"] = silent
    fetcher.ticks = Ticks()
    with pytest.raises(ActionError, match="cancelled"):
        fetch()
    assert fetcher.left_over() == []


def test_fetcher_without_git_says_so(fetch, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ActionError, match="which is not installed"):
        fetch()

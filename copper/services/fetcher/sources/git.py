"""A git repository behind http or https, at a branch, tag or commit: of its history one commit, of that what is kept.

Keys: `url`; `ref`, optional, else the default branch; `token_env`, optional, the NAME of an environment variable of the
fetcher that holds a token. Version: the commit. Nothing is ever checked out: files come from git as they are stored,
so no hook, filter, attribute or submodule of a stranger does anything; files in LFS stay the pointers that git has.
"""

from __future__ import annotations

import ipaddress
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

from copper.service import ActionError
from copper.services.fetcher import credentials, refs
from copper.services.fetcher.address import checked
from copper.services.fetcher.entry import bad, needed
from copper.services.fetcher.git import Git
from copper.services.fetcher.source import Check, Found, Known, Request, Source
from copper.services.fetcher.tree import Tree, refused
from copper.services.fetcher.web import Web, check_url, origin
from copper.services.folders import plain

LINK, SUBMODULE, EXECUTABLE = b"120000", b"160000", b"100755"

LONGEST_LINK = 4096


@dataclass(frozen=True)
class _Blob:
    """A file as git has it."""

    mode: bytes
    oid: bytes
    name: str


def source(request: Request) -> Source:
    """The repository at `url`.

    Raises:
        ActionError: a key is missing or is none, or the token's variable is not set.
    """
    entry, settings = request.entry, request.settings
    url = needed(entry, "url").rstrip("/")
    check_url(url)
    if urlsplit(url).query or urlsplit(url).fragment:
        raise bad(f"url must be a repository's address, without ? and #, not {url!r}")
    ref = refs.asked(entry)
    header = credentials.authorization(entry, url, settings)
    trusted = url if credentials.is_named(url, settings) else None

    @contextmanager
    def look(known: Known | None, check: Check) -> Iterator[Found]:
        if known and known.version == ref:
            yield Found(ref, lambda _tree: None)
            return
        with Web(settings, trusted=trusted, authorization=header) as web:
            tip = refs.find(web, url, ref)
        yield Found(tip.commit, _writer(tip, url, header, request, check))

    name = plain(url.rsplit("/", 1)[-1].removesuffix(".git"), default="repository")
    return Source(name, {"type": "git", "url": url}, look)


def _writer(tip: refs.Tip, url: str, header: str | None, request: Request, check: Check) -> Callable[[Tree], None]:
    def write(tree: Tree) -> None:
        limits = request.settings.limits
        tree.aside.mkdir()
        git = Git(
            tree.aside,
            settings=_settings(tip, url, header, request),
            secret=header and header.split()[1],
            most=limits.size,
            deadline=time.monotonic() + limits.seconds,
            check=check,
        )
        _write(git, tip.commit, tree, narrow=request.entry.get("filter") is not None)

    return write


def _settings(tip: refs.Tip, url: str, header: str | None, request: Request) -> dict[str, str]:
    scheme, host, port = origin(tip.url)
    private = request.settings.allow_private or credentials.is_named(tip.url, request.settings)
    pinned = checked(_host(host or ""), port, allow_private=private)[0]
    found = {
        "remote.origin.url": tip.url,
        "remote.origin.promisor": "true",
        "http.curloptResolve": f"{host}:{port}:{f'[{pinned}]' if ':' in pinned else pinned}",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": str(max(1, round(request.settings.limits.idle))),
    }
    if header and origin(tip.url) == origin(url):
        found[f"http.{scheme}://{urlsplit(tip.url).netloc}/.extraHeader"] = f"Authorization: {header}"
    return found


def _host(host: str) -> str:
    """A host that git's curl is sure to read as we do, so that the address which we checked is the one it asks."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        last = host.rsplit(".", 1)[-1]
        if not re.fullmatch("[0-9a-z]([0-9a-z.-]*[0-9a-z])?", host) or re.fullmatch("0x[0-9a-f]*|[0-9]+", last):
            raise refused(f"{host!r} is no plain name of a host") from None
    return host


def _write(git: Git, commit: str, tree: Tree, *, narrow: bool) -> None:
    """Fetch and write; `narrow`: ask for the trees first, then only for the files that are kept."""
    git.run("init", "--quiet", "--bare", "--template=", *(["--object-format=sha256"] if len(commit) == 64 else []))
    git.run("config", "core.repositoryformatversion", "1")
    git.run("config", "extensions.partialClone", "origin")
    once = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
    git.run("fetch", *once, "--depth=1", *(["--filter=blob:none"] if narrow else []), "--", "origin", commit)
    blobs = list(_kept(git, commit, tree))
    tree.expected = len(blobs)
    if narrow and blobs:
        with tempfile.TemporaryFile() as wanted:
            wanted.write(b"".join(sorted({blob.oid + b"\n" for blob in blobs})))
            wanted.seek(0)
            git.run("fetch", *once, "--filter=blob:none", "--stdin", "--", "origin", stdin=wanted)
    _copy(git, blobs, tree)


def _kept(git: Git, commit: str, tree: Tree) -> Iterator[_Blob]:
    with git.open("ls-tree", "-r", "-z", "--full-tree", commit) as listing:
        for line in _records(listing.stdout):
            about, _, name = line.partition(b"\t")
            mode, _, oid = about.split(b" ")
            path = name.decode("utf-8", "surrogateescape")
            if any(part.lower() in {".git", ".git."} for part in path.split("/")):
                raise refused(f"it holds a file of git's own: {path!r}")
            if mode != SUBMODULE and tree.wants(path):
                yield _Blob(mode, oid, path)


def _records(stream: IO[bytes] | None) -> Iterator[bytes]:
    """What stands between zero bytes."""
    rest = b""
    while stream is not None and (chunk := stream.read1(65536)):  # type: ignore[attr-defined]
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


def _copy(git: Git, blobs: list[_Blob], tree: Tree) -> None:
    with git.open("cat-file", "--batch", stdin=subprocess.PIPE) as process:
        for blob in blobs:
            content = _ask(process, blob)
            if blob.mode == LINK:
                tree.link(blob.name, content.read(LONGEST_LINK).decode("utf-8", "surrogateescape"))
            else:
                tree.write(blob.name, content, executable=blob.mode == EXECUTABLE)
            content.end()


class _Content:
    """The bytes of one file in git's answer."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._stream.read(min(size, self._left) if size >= 0 else self._left)
        if self._left and not chunk:
            raise ActionError("git ended in the middle of a file", kind="network", retryable=True)
        self._left -= len(chunk)
        return chunk

    def end(self) -> None:
        """Pass over what was not read, and the line's end behind it."""
        while self._left:
            self.read(65536)
        self._stream.read(1)


def _ask(process: subprocess.Popen[bytes], blob: _Blob) -> _Content:
    question, answer = process.stdin, process.stdout
    if question is None or answer is None:
        raise ActionError("git can't be asked")
    question.write(blob.oid + b"\n")
    question.flush()
    head = answer.readline(200).split()
    if len(head) != 3 or head[1] != b"blob":
        raise ActionError(f"git has no content of {blob.name!r}", kind="network", retryable=True)
    return _Content(answer, int(head[2]))

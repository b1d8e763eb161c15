"""A branch or tag → its commit, by the first request of git's smart HTTP protocol (gitprotocol-http(5), version 0).

Comes in: a repository's address and a ref, as anyone can have written them. Goes out: the commit, and the address that
answered. Needs no git, no API and counts against no limit of one. Full commits are their own answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from copper.service import ActionError
from copper.services.fetcher.entry import Entry, bad, text
from copper.services.fetcher.tree import CHUNK, refused
from copper.services.fetcher.web import Answer, Web

COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
"""A commit in full, SHA-1 or SHA-256."""

INFO = "/info/refs?service=git-upload-pack"

MOST = 64 * 1024**2
"""Bytes of a list of refs: about a million of them; the largest public repositories have half of that."""


@dataclass(frozen=True)
class Tip:
    """Where a ref points, and the repository's address after redirects."""

    commit: str
    url: str


def asked(entry: Entry) -> str:
    """The entry's `ref`, in the letters and with the exceptions of git-check-ref-format; HEAD where it has none.

    Raises:
        ActionError: it is no ref.
    """
    ref = text(entry, "ref") or "HEAD"
    if re.search(r"[\s~^:?*\[\\\x7f]|\.\.|//|@\{", ref) or ref.startswith(("-", "/", ".")) or ref.endswith(("/", ".")):
        raise bad(f"ref must be a branch, tag or commit, not {ref!r}")
    return ref


def find(web: Web, url: str, ref: str) -> Tip:
    """The commit of `ref` in the repository at `url`. A branch comes before a tag of the same name, as in `git clone`.

    Raises:
        ActionError: there is no such repository or ref, or no git answers.
    """
    answer = web.get(f"{url}{INFO}")
    if answer.status in {401, 403, 404, 410}:
        said = f"{url} is not there, or is private and needs a token_env (HTTP {answer.status})"
        raise ActionError(said, kind="not_found")
    if answer.status != 200:
        raise answer.error()
    if "git-upload-pack-advertisement" not in answer.headers.get("Content-Type", ""):
        raise ActionError(f"{url}: no git repository answers there", kind="not_found")
    base = answer.url.removesuffix(INFO)
    if base == answer.url:
        raise refused(f"{url} redirects to {answer.url}, which is no repository")
    return Tip(ref if COMMIT.fullmatch(ref) else _commit(answer, ref, url), base)


def _commit(answer: Answer, ref: str, url: str) -> str:
    found: dict[str, str] = {}
    names = [ref] if ref == "HEAD" or ref.startswith("refs/") else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    wanted = {name for one in names for name in (one, f"{one}^{{}}")}
    for line in _lines(answer, url):
        commit, _, name = line.split(b"\0")[0].strip().decode("utf-8", "replace").partition(" ")
        if name in wanted and COMMIT.fullmatch(commit):
            found[name] = commit
        if name == names[0] and not name.startswith("refs/tags/"):
            break
    for name in names:
        if commit := found.get(f"{name}^{{}}") or found.get(name, ""):
            return commit
    said = f"{url} has no branch or tag {ref!r}" if ref != "HEAD" else f"{url} is empty"
    hint = "; a commit must be written in full" if re.fullmatch("[0-9a-f]{4,63}", ref) else ""
    raise ActionError(said + hint, kind="not_found")


def _lines(answer: Answer, url: str) -> Iterator[bytes]:
    """The pkt-lines of the answer: four hexadecimal digits, the length with themselves, then the line."""
    buffer, size = b"", 0
    while chunk := answer.read(CHUNK):
        size += len(chunk)
        if size > MOST:
            raise refused(f"{url} lists more than {MOST} bytes of refs")
        buffer += chunk
        place = 0
        while place + 4 <= len(buffer):
            head = buffer[place : place + 4]
            if not re.fullmatch(b"[0-9a-fA-F]{4}", head):
                raise ActionError(f"{url}: what answers there does not speak git's protocol", kind="network")
            length = max(int(head, 16), 4)
            if place + length > len(buffer):
                break
            yield buffer[place + 4 : place + length]
            place += length
        buffer = buffer[place:]

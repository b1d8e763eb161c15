"""A repository on GitHub, at a branch, tag or commit.

Keys: `repository` ("OWNER/REPO"); `ref`, optional, else the default branch; `token_env`, optional, the NAME of an
environment variable of the fetcher that holds a token. Version: the commit's SHA. Two endpoints of the REST API
(2022-11-28), of GitHub itself or of GitHub Enterprise: "Get a commit" with the media type `sha`, and "Download a
repository archive (tar)", which redirects to another host; the token stays behind.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from copper.service import ActionError
from copper.services.fetcher.archive import unpack_tar
from copper.services.fetcher.entry import Entry, bad, needed, text
from copper.services.fetcher.source import Check, Found, Known, Request, Source
from copper.services.fetcher.tree import Tree
from copper.services.fetcher.web import Answer, Web

SHA = "application/vnd.github.sha"

COMMIT = re.compile("[0-9a-f]{40}")

REPOSITORY = re.compile(r"(?!\.)[0-9A-Za-z_.-]+/(?!\.)[0-9A-Za-z_.-]+")


def source(request: Request) -> Source:
    """The repository that the entry names.

    Raises:
        ActionError: a key is missing or is none, or the token's variable is not set.
    """
    repository, ref, token = _repository(request.entry), _ref(request.entry), _token(request.entry)
    settings = request.settings
    base = f"{settings.github_api.rstrip('/')}/repos/{repository}"

    @contextmanager
    def look(_known: Known | None, check: Check) -> Iterator[Found]:
        with Web(settings, trusted=settings.github_api, token=token) as web:
            commit = ref if COMMIT.fullmatch(ref) else _commit(web, base, ref)
            check()
            yield Found(commit, _writer(web, f"{base}/tarball/{commit}", request))

    return Source(repository.split("/")[1], {"type": "github", "repository": repository, "api": base}, look)


def _repository(entry: Entry) -> str:
    name = needed(entry, "repository").removesuffix(".git")
    if not REPOSITORY.fullmatch(name):
        raise bad(f"repository must be OWNER/REPO, not {name!r}")
    return name


def _ref(entry: Entry) -> str:
    """The ref, in the letters and with the exceptions of git-check-ref-format."""
    ref = text(entry, "ref") or "HEAD"
    if re.search(r"[\s~^:?*\[\\]|\.\.|//|@\{", ref) or ref.startswith(("-", "/", ".")) or ref.endswith(("/", ".")):
        raise bad(f"ref must be a branch, tag or commit, not {ref!r}")
    return ref


def _token(entry: Entry) -> str | None:
    """The token itself; it goes into a header and nowhere else."""
    name = text(entry, "token_env")
    if name is None:
        return None
    if not re.fullmatch("[A-Za-z_][0-9A-Za-z_]*", name):
        # Perhaps somebody put the token here: do not repeat it.
        raise bad("token_env must be the name of an environment variable, not the token itself")
    token = os.environ.get(name, "").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise bad(f"the environment variable {name} (token_env) holds no token where the fetcher runs")
    return token


def _commit(web: Web, base: str, ref: str) -> str:
    answer = web.get(f"{base}/commits/{quote(ref, safe='/')}", headers={"Accept": SHA})
    if answer.status != 200:
        raise _error(answer, f"{base} at {ref}")
    commit = answer.read(1024).decode("ascii", "replace").strip()
    if not COMMIT.fullmatch(commit):
        raise ActionError(f"{answer.url} answered no commit; is COPPER_GITHUB_API right?", kind="network")
    return commit


def _writer(web: Web, url: str, request: Request) -> Callable[[Tree], None]:
    def write(tree: Tree) -> None:
        answer = web.get(url)
        if answer.status != 200:
            raise _error(answer, url)
        unpack_tar(answer, tree, request.settings.limits, strip=1)  # GitHub's OWNER-REPO-SHA/

    return write


def _error(answer: Answer, what: str) -> ActionError:
    used_up = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    if answer.status in {403, 429} and used_up:
        said = "GitHub's limit of requests is used up; a token_env raises it"
        return ActionError(said, kind="refused", retryable=True)
    if answer.status in {404, 409, 422}:
        said = f"{what} is not there, or is private and needs a token_env (HTTP {answer.status})"
        return ActionError(said, kind="not_found")
    return answer.error()

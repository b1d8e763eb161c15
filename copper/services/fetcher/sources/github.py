"""A repository on GitHub, or on another forge, at a branch, tag or commit: its archive, without git.

Keys: `repository` ("OWNER/REPO"); `ref`, optional, else the default branch; `token_env`, optional, the NAME of an
environment variable of the fetcher that holds a token; `url`, optional, another forge ("https://gitlab.com");
`archive`, optional, where that forge has its tar.gz, as a template of {url}, {repository}, {name} and {commit}.
Version: the commit. The token goes to the forge and stays behind where that redirects to another host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from copper.service import ActionError
from copper.services.fetcher import credentials, refs
from copper.services.fetcher.archive import unpack_tar
from copper.services.fetcher.entry import bad, needed, text
from copper.services.fetcher.source import Check, Found, Known, Request, Source
from copper.services.fetcher.tree import Tree
from copper.services.fetcher.web import Answer, Web, check_url, origin

REPOSITORY = re.compile(r"(?![.-])[0-9A-Za-z_.-]+(/(?![.-])[0-9A-Za-z_.-]+)+")

ARCHIVE = "{url}/{repository}/archive/{commit}.tar.gz"
"""GitHub, and Gitea, Forgejo, Codeberg, sourcehut as well."""

ARCHIVES = {
    "gitlab.com": "{url}/{repository}/-/archive/{commit}/{name}-{commit}.tar.gz",
    "bitbucket.org": "{url}/{repository}/get/{commit}.tar.gz",
}
"""Forges that have it elsewhere."""


def source(request: Request) -> Source:
    """The repository that the entry names.

    Raises:
        ActionError: a key is missing or is none, or the token's variable is not set.
    """
    entry, settings = request.entry, request.settings
    forge = (text(entry, "url") or settings.github_url).rstrip("/")
    check_url(forge)
    repository, ref = _repository(needed(entry, "repository")), refs.asked(entry)
    archive = _archive(text(entry, "archive") or ARCHIVES.get(urlsplit(forge).hostname or "", ARCHIVE))
    header = credentials.authorization(entry, forge, settings)
    trusted = forge if credentials.is_named(forge, settings) else None
    name = repository.rsplit("/", 1)[1]

    @contextmanager
    def look(known: Known | None, check: Check) -> Iterator[Found]:
        with Web(settings, trusted=trusted, authorization=header) as web:
            known_already = refs.COMMIT.fullmatch(ref)
            commit = ref if known_already else refs.find(web, f"{forge}/{repository}.git", ref).commit
            check()
            url = archive.format(url=forge, repository=repository, name=name, commit=commit)
            if origin(url) != origin(forge):
                raise bad("archive must lead to the forge at url")
            yield Found(commit, _writer(web, url, request), known.note if known else {})

    identity = {"type": "github", "repository": repository, "url": forge, "archive": archive}
    return Source(name, identity, look)


def _repository(name: str) -> str:
    name = name.removesuffix(".git")
    if not REPOSITORY.fullmatch(name):
        raise bad(f"repository must be OWNER/REPO, not {name!r}")
    return name


def _archive(template: str) -> str:
    if not template.startswith("{url}/") or re.search(r"\{(?!(url|repository|name|commit)\})|(?<![a-z])\}", template):
        raise bad("archive must begin with {url}/, and may hold {repository}, {name} and {commit}")
    if "{commit}" not in template:
        raise bad("archive must hold {commit}")
    return template


def _writer(web: Web, url: str, request: Request) -> Callable[[Tree], None]:
    def write(tree: Tree) -> None:
        answer = web.get(url)
        if answer.status != 200:
            raise _error(answer, url)
        unpack_tar(answer, tree, request.settings.limits, strip=1)  # the forge's REPO-COMMIT/

    return write


def _error(answer: Answer, what: str) -> ActionError:
    if answer.status in {401, 403, 404, 409, 422}:
        said = f"{what} is not there, or is private and needs a token_env (HTTP {answer.status})"
        return ActionError(said, kind="not_found")
    return answer.error()

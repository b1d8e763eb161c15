"""The fetcher's faces: `fetcher/fetch` and `POST /fetch`, and what was fetched as `fetcher/resources/RESOURCE`."""

# The action's parameters are the entry's keys, named so that `fetcher/info` can list them; the entry goes on whole.
# ruff: noqa: A002, ARG001

from __future__ import annotations

import os
import time
from typing import Any

from copper import wire
from copper.service import ActionError, Job, Service
from copper.services.fetcher.fetch import fetch as bring
from copper.services.fetcher.settings import from_environment
from copper.services.fetcher.tree import Tick

PROGRESS_EVERY = 0.1
"""Seconds between two progress messages, so that ten thousand small files don't fill the broker's queues."""

service = Service("fetcher", produces=[wire.resource("fetcher", "+")], http_port=8001, needs_http=False)


@service.action
def fetch(
    *,
    job: Job,
    type: str,
    resource: str | None = None,
    dest: str | None = None,
    filter: str | list[str] | None = None,
    repository: str | None = None,
    ref: str | None = None,
    token_env: str | None = None,
    url: str | None = None,
    sha256: str | None = None,
    path: str | None = None,
    archive: str | None = None,
) -> list[dict[str, Any]]:
    """Bring files from elsewhere into a folder that other services read.

    Args:
        job: the request.
        type: git, github, local or url.
        resource: the name under which the result is found; by default that of the repository, folder or file.
        dest: a folder below the resource for these files.
        filter: gitignore patterns of the files to keep; `!` takes back. `content/*` is all below content.
        repository: github: OWNER/REPO.
        ref: git, github: a branch, tag or commit; by default the default branch.
        token_env: git, github: the name of an environment variable of the fetcher that holds a token.
        url: url: where the file or archive lies; git: the repository; github: another forge.
        sha256: url: what the file must hash to.
        path: local: the folder or file.
        archive: github: where another forge has its tar.gz, with {url}, {repository}, {name} and {commit}.

    Returns:
        The entry with what was found out, in a list, as the first Copper's fetcher has it.

    Raises:
        ActionError: see `copper.services.fetcher.fetch`.
    """
    return [_bring(job.entry, job)]


@service.request(path="/fetch")
def fetch_all(fetch_list: list[dict[str, Any]], *, job: Job) -> list[dict[str, Any]]:
    """Bring what each entry of a list asks for, one after the other, as `POST /fetch` of the first Copper did.

    Args:
        fetch_list: entries as of the action fetch.
        job: the request.

    Returns:
        What the action would have answered to each; the first that can't be done is an error for all.

    Raises:
        ActionError: see `copper.services.fetcher.fetch`; its text says which entry it was.
    """
    if not isinstance(fetch_list, list) or not all(isinstance(one, dict) for one in fetch_list):
        raise ActionError("fetch_list must be a list of objects", kind="bad_request")
    answers = []
    for number, one in enumerate(fetch_list, start=1):
        try:
            answers.append(_bring(one, job))
        except ActionError as error:
            raise ActionError(f"entry {number}: {error}", kind=error.kind, retryable=error.retryable) from error
    return answers


def _bring(entry: dict[str, Any], job: Job) -> dict[str, Any]:
    answer = bring(entry, from_environment(os.environ), teller(job))
    job.publish(wire.resource("fetcher", answer["resource"]), [answer], retain=True)
    return answer


def teller(job: Job) -> Tick:
    """Progress messages for `job`, and the look whether it was called off."""
    said = float("-inf")

    def tick(done: int, total: int, name: str) -> None:
        nonlocal said
        job.check()
        now = time.monotonic()
        if name and now - said >= PROGRESS_EVERY:
            said = now
            # A file's name can be any bytes; a payload is UTF-8.
            job.progress(done, total, name.encode("utf-8", "replace").decode(), "files")

    return tick

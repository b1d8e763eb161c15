"""The markdown service's MQTT face: `markdown/build`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from copper.service import ActionError, Job, Service
from copper.services.folders import fetch_folder, is_plain, locked, plain, replaced, web_folder
from copper.services.markdown import site

PROGRESS_EVERY = 0.1
"""Seconds between two progress messages."""

service = Service("markdown")


@service.action
def build(
    *, job: Job, resource: str | None = None, path: str = ".", theme: str = "auto", title: str | None = None
) -> dict[str, Any]:
    """Make a static site of a folder of Markdown.

    Args:
        job: the request.
        resource: what the fetcher fetched under this name; without it `path` stands alone.
        path: the folder, within the resource where that is given.
        theme: auto (as the reader's system has it), light or dark.
        title: of the site; by default that of its first page.

    Returns:
        `path` of the site and of its `index` (absolute), how many `pages` and other `files` it has, and
        `broken_links`: a list of {"page", "link"}.

    Raises:
        ActionError: by its kind: "bad_request", "not_found" (no such folder, or no Markdown in it), "busy", "storage".
    """
    look = _look(theme, title)
    folder = source_folder(resource, path)
    target = web_folder() / (resource or plain(folder.name, default="site"))
    if folder.is_relative_to(target.resolve()):
        raise _bad(f"the site of {folder} would take its own place; COPPER_WEB_DIR names another")
    try:
        with locked(target, check=job.check), replaced(target, target.with_name(f".{target.name}.new")) as work:
            report = site.build(folder, work, look, _teller(job), leave_out=(web_folder(), fetch_folder()))
    except OSError as error:
        raise ActionError(f"{error.filename or target}: {error.strerror}", kind="storage") from error
    return {
        "path": str(target),
        "index": str(target / "index.html"),
        "pages": report.pages,
        "files": report.files,
        "broken_links": [{"page": _sayable(page), "link": _sayable(link)} for page, link in report.broken],
    }


def source_folder(resource: str | None, path: str) -> Path:
    """The folder of Markdown that is meant, links resolved.

    Raises:
        ActionError: it is not there, or it lies outside of the resource.
    """
    if not isinstance(path, str) or not path or "\0" in path:
        raise _bad(f"path must be a folder, not {path!r}")
    if resource is None:
        folder = Path(path).resolve()
    else:
        if not isinstance(resource, str) or not is_plain(resource):
            raise _bad(f"resource must be a plain name, not {resource!r}")
        root = (fetch_folder() / resource).resolve()
        folder = (root / path).resolve()
        if not folder.is_relative_to(root):
            raise _bad(f"path must lie within the resource {resource}, not {path!r}")
    if not folder.is_dir():
        raise ActionError(f"{folder} is no folder{' (is it fetched?)' if resource else ''}", kind="not_found")
    return folder


def _look(theme: str, title: str | None) -> site.Look:
    if theme not in site.THEMES:
        raise _bad(f"theme must be one of {', '.join(site.THEMES)}, not {theme!r}")
    if title is not None and not isinstance(title, str):
        raise _bad(f"title must be a text, not {title!r}")
    return site.Look(title, theme)


def _bad(message: str) -> ActionError:
    return ActionError(message, kind="bad_request")


def _sayable(name: str) -> str:
    """A file's name can be any bytes; a payload is UTF-8."""
    return name.encode("utf-8", "replace").decode()


def _teller(job: Job) -> site.Tick:
    said = float("-inf")

    def tick(done: int, total: int, name: str) -> None:
        nonlocal said
        job.check()
        now = time.monotonic()
        if now - said >= PROGRESS_EVERY:
            said = now
            job.progress(done, total, _sayable(name), "pages")

    return tick

"""One file behind an http or https address; archives (.zip, .tar.gz, .tgz, .tar) are unpacked.

Keys: `url`; `sha256`, optional, what the file must hash to. Version: the hash of the file. ETag and Last-Modified are
kept, so an unchanged file is not sent again. There is no key for a token: an entry says which host is asked, and anyone
on the broker can write entries.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from copper.services.fetcher import archive
from copper.services.fetcher.entry import bad, needed, text
from copper.services.fetcher.source import Check, Found, Known, Request, Source
from copper.services.fetcher.tree import CHUNK, Tree, refused
from copper.services.fetcher.web import Answer, Web, check_url
from copper.services.folders import plain

CONDITIONS = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
"""Header of the request → header of the last answer that it repeats."""


def source(request: Request) -> Source:
    """The file at `url`.

    Raises:
        ActionError: `url` or `sha256` is missing or none.
    """
    url = needed(request.entry, "url")
    check_url(url)
    sha256 = _sha256(text(request.entry, "sha256"))
    name = _file_name(url)
    settings = request.settings

    @contextmanager
    def look(known: Known | None, check: Check) -> Iterator[Found]:
        ask = {header: known.note[key] for header, key in CONDITIONS.items() if key in known.note} if known else {}
        with Web(settings) as web, tempfile.TemporaryFile(dir=settings.folder) as file:
            answer = web.get(url, headers=ask)
            if answer.status == 304 and known:
                yield Found(known.version, lambda _tree: None, known.note)
                return
            if answer.status != 200:
                raise answer.error()
            digest = _download(answer, file, settings.limits.size, check)
            if sha256 and sha256 != digest:
                raise refused(f"{url} has the sha256 {digest}, not {sha256}")
            note = {key: answer.headers[key] for key in CONDITIONS.values() if key in answer.headers}
            yield Found(f"sha256:{digest}", _writer(name, file, request), note)

    identity = {"type": "url", "url": url, "sha256": sha256}
    return Source(plain(archive.stem(name) or name, default="download"), identity, look)


def _sha256(value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[0-9A-Fa-f]{64}", value):
        raise bad(f"sha256 must be 64 hexadecimal digits, not {value!r}")
    return value and value.lower()


def _file_name(url: str) -> str:
    parts = urlsplit(url)
    return plain(unquote(parts.path).rsplit("/", 1)[-1], default="") or plain(parts.hostname or "", default="file")


def _download(answer: Answer, file: BinaryIO, most: int, check: Check) -> str:
    """Write the body to `file`; returns its SHA-256."""
    if answer.length is not None and answer.length > most:
        raise refused(f"{answer.url} has {answer.length} bytes, more than {most} (COPPER_FETCH_MAX_BYTES)")
    coding = answer.headers.get("Content-Encoding", "identity")
    if coding != "identity" and not archive.stem(answer.url):
        raise refused(f"{answer.url} is sent only as {coding}, which was not asked for")
    digest, size = hashlib.sha256(), 0
    while chunk := answer.read(CHUNK):
        check()
        size += len(chunk)
        if size > most:
            raise refused(f"{answer.url} has more than {most} bytes (COPPER_FETCH_MAX_BYTES)")
        digest.update(chunk)
        file.write(chunk)
    return digest.hexdigest()


def _writer(name: str, file: BinaryIO, request: Request) -> Callable[[Tree], None]:
    def write(tree: Tree) -> None:
        file.seek(0)
        if archive.stem(name):
            archive.unpack(name, file, tree, request.settings.limits)
        elif tree.wants(name):
            tree.write(name, file)

    return write

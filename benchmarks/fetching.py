"""What a fetch of an unchanged source costs beside the first, for each source: from loopback, a few thousand files."""

from __future__ import annotations

import http.server
import io
import os
import random
import statistics
import subprocess
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.table import show
from copper.services.fetcher.fetch import fetch
from copper.services.fetcher.settings import Settings
from tests.copper.services.fetcher import backend

FILES = 4_000
ROUNDS = 5
WORDS = ("broker", "topic", "retained", "will", "session", "queue", "filter", "client", "the", "a", "of", "and", "to")


def fetching() -> None:
    """The first fetch and one of the same again, through all but MQTT; medians."""
    with tempfile.TemporaryDirectory() as place, _served(Path(place)) as entries:
        rows = [_row(name, entry, Path(place)) for name, entry in entries.items()]
    show((f"{FILES:,} files, {_size:,.0f} MB", "first, ms", "unchanged, ms", "first : unchanged"), rows)


_size = 0.0


def _row(name: str, entry: dict[str, Any], place: Path) -> tuple[str, ...]:
    first, again = [], []
    for number in range(ROUNDS):
        settings = Settings(place / f"fetched-{name}-{number}", github_url=entry["forge"], allow_private=True)
        for times, changed in ((first, True), (again, False)):
            began = time.perf_counter()
            answer = fetch(entry, settings, lambda *_: None)
            times.append(time.perf_counter() - began)
            assert answer["changed"] is changed, answer
            assert answer["filtered_files"] == FILES, answer
    one, two = statistics.median(first), statistics.median(again)
    return name, f"{one * 1000:,.0f}", f"{two * 1000:,.1f}", f"{one / two:,.0f}"


@contextmanager
def _served(place: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """The same files as a folder, a repository, and archives, with a server for them."""
    folder = place / "manual"
    _write(folder)
    repository = place / "ORG" / "manual.git"
    _git(place, "init", "--quiet", "--bare", str(repository))
    _git(repository, "config", "uploadpack.allowFilter", "true")
    _git(repository, f"--work-tree={folder}", "add", "--all")
    _git(
        repository,
        f"--work-tree={folder}",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x",
        "commit",
        "--quiet",
        "--message=x",
    )
    commit = _git(repository, "rev-parse", "HEAD").decode().strip()
    _git(repository, "gc", "--quiet")
    files = {f"/ORG/manual/archive/{commit}.tar.gz": _tar(folder), "/manual.zip": _zip(folder)}

    handler = _handler(files, place)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield {
            "github": {"type": "github", "repository": "ORG/manual", "forge": base},
            "git": {"type": "git", "url": f"{base}/ORG/manual.git", "forge": base},
            "git, with a filter": {"type": "git", "url": f"{base}/ORG/manual.git", "filter": "*.md", "forge": base},
            "url, a zip": {"type": "url", "url": f"{base}/manual.zip", "forge": base},
            "local": {"type": "local", "path": str(folder), "forge": base},
            "local, with a filter": {"type": "local", "path": str(folder), "filter": "*.md", "forge": base},
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _write(folder: Path) -> None:
    global _size  # noqa: PLW0603  the table's head says it
    rng = random.Random(1)
    for number in range(FILES):
        path = folder / f"chapter{number % 40}" / f"section{number % 7}" / f"{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(" ".join(rng.choices(WORDS, k=rng.randint(100, 1500))))
        _size += path.stat().st_size / 1e6


def _git(folder: Path, *arguments: str) -> bytes:
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", f"--git-dir={folder}", *arguments] if arguments[0] != "init" else ["git", *arguments]
    return subprocess.run(command, env=clean, check=True, capture_output=True).stdout


def _tar(folder: Path) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.add(folder, "manual-1234567")
    return file.getvalue()


def _zip(folder: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.rglob("*.md"):
            archive.write(path, path.relative_to(folder))
    return file.getvalue()


def _handler(files: dict[str, bytes], place: Path) -> type[http.server.BaseHTTPRequestHandler]:
    """Answers with these files, and for all else as git would."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path)
            tag = f'"{len(body)}"' if body else ""
            if body is None:
                self.do_POST()
            elif self.headers.get("If-None-Match") == tag:
                self._answer(304, {"ETag": tag}, b"")
            else:
                self._answer(200, {"ETag": tag}, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer(*backend.answer(place, self, body))

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler

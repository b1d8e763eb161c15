"""A web server on loopback that answers what a test tells it to, and a fetcher that may ask it."""

from __future__ import annotations

import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from copper.services.fetcher.fetch import fetch
from copper.services.fetcher.settings import Limits, Settings
from tests.copper.services.fetcher import backend
from tests.copper.services.fetcher.backend import GIT, PATH

Headers = dict[str, str]
Reply = tuple[int, Headers, bytes]


@dataclass
class Server:
    """`routes` from path to reply; `asked` is what came: path and headers."""

    base: str
    routes: dict[str, Reply | Callable[[Any], Reply | None]] = field(default_factory=dict)
    asked: list[tuple[str, Headers]] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@pytest.fixture
def serve() -> Iterator[Callable[[], Server]]:
    """Starts servers; all are closed after the test."""
    started: list[tuple[http.server.ThreadingHTTPServer, threading.Thread]] = []

    def start() -> Server:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
                reply = server.routes.get(self.path) or server.routes.get(self.path.split("/")[1], (404, {}, b""))
                if callable(reply):
                    reply = reply(self)
                if reply is None:
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                pass

        httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        started.append((httpd, thread))
        server = Server(f"http://127.0.0.1:{httpd.server_port}")
        return server

    yield start
    for httpd, thread in started:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


@pytest.fixture
def server(serve: Callable[[], Server]) -> Server:
    return serve()


@dataclass
class Repository:
    """A bare repository of this machine, whose address a server answers with git's own `git http-backend`."""

    folder: Path
    url: str
    server: Server
    posts: list[bytes] = field(default_factory=list)

    def git(self, *arguments: str, **more: Any) -> str:
        """Let git do something in it."""
        who = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "x")
        ours = {"PATH": PATH, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.folder), **who}
        done = subprocess.run(
            [GIT, "-C", self.folder, *arguments], env=ours, check=True, capture_output=True, timeout=30, **more
        )
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, Any], branch: str = "main") -> str:
        """A commit of exactly these files: name → content, or (mode, content), or (mode, id of an object)."""
        lines = []
        for name, value in files.items():
            mode, content = value if isinstance(value, tuple) else ("100644", value)
            oid = content if mode == "160000" else self.blob(content)
            lines.append(f"{mode} {oid}\t{name}")
        (self.folder / "index").unlink(missing_ok=True)
        self.git("update-index", "-z", "--index-info", input="\0".join(lines).encode() + b"\0")
        return self.point(self.git("write-tree"), branch)

    def blob(self, content: str | bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", input=content.encode() if isinstance(content, str) else content)

    def point(self, tree: str, branch: str = "main") -> str:
        commit = self.git("commit-tree", tree, "-m", "x")
        self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def answer(self, request: Any) -> Reply:
        """What git says, and a note of what it was sent."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.posts += [body] if request.command == "POST" else []
        return backend.answer(self.folder.parent, request, body)


@pytest.fixture
def repository(serve: Callable[[], Server], tmp_path: Path) -> Repository:
    server = serve()
    folder = tmp_path / "served" / "manual.git"
    folder.mkdir(parents=True)
    made = Repository(folder, f"{server.base}/manual.git", server)
    made.git("init", "--quiet", "--bare", "--initial-branch=main")
    made.git("config", "uploadpack.allowFilter", "true")
    server.routes["manual.git"] = made.answer
    return made


@dataclass
class Fetcher:
    """The fetcher without MQTT: `fetch(entry)` and where it puts things."""

    settings: Settings
    ticks: list[tuple[int, int, str]] = field(default_factory=list)

    def __call__(self, **entry: Any) -> dict[str, Any]:
        return fetch(entry, self.settings, lambda *tick: self.ticks.append(tick))

    def limit(self, **limits: Any) -> None:
        self.settings = replace(self.settings, limits=replace(self.settings.limits, **limits))

    def files(self, resource: str) -> dict[str, str]:
        """What lies below a resource: path → content."""
        root = self.settings.folder / resource
        found = sorted(path for path in root.rglob("*") if path.is_file())
        return {path.relative_to(root).as_posix(): path.read_text() for path in found}

    def left_over(self) -> list[str]:
        """What lies in the folder beside resources and the fetcher's notes on them."""
        notes = (".json", ".lock")
        return [path.name for path in self.settings.folder.glob(".*") if not path.name.endswith(notes)]


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    limits = Limits(seconds=10, idle=5)
    return Fetcher(Settings(folder=tmp_path / "fetched", allow_private=True, limits=limits))

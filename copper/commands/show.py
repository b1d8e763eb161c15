"""What `copper` shows: progress while a run goes on, and the summary at its end. Strings and a stream, nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import click

from copper import wire
from copper.action import Progress, State
from copper.launch import Launched
from copper.result import NOT_RUN, SKIPPED, ActionResult, Report, Result, whole
from copper.workflow import Action, Workflow

_LONGEST = 2000
"""How many characters of what a service says are shown."""

_NARROW = 70
"""Columns of a terminal on which a bar is short, so that there is room for words."""
_CLOCK = 11
"""Columns that the time and the gaps of a bar's line take."""

_GOOD = State.FINISHED.value
_SIGNS = {_GOOD: "✔", SKIPPED: "-", NOT_RUN: "-"}
_LABELS = {
    "result": "result",
    "events": "events",
    "svg": "picture",
    "drawio": "drawio",
    "json": "graph",
}


@contextmanager
def reporter(stream: IO[str] | None, json_to: IO[str] | None = None) -> Iterator[Callable[[Report], None]]:
    """Shows reports: bars on a terminal, plain lines elsewhere, nothing where standard error is closed.

    With `json_to` as JSON there instead, one object a line.
    """
    if json_to is not None:
        yield lambda report: click.echo(wire.encode(_told(report)).decode(), file=json_to)
    elif stream is None:
        yield lambda _report: None
    elif stream.isatty() and os.environ.get("TERM") != "dumb":
        with _bars(stream) as report:
            yield report
    else:
        yield lambda report: _line(report, stream)


@contextmanager
def _bars(stream: IO[str]) -> Iterator[Callable[[Report], None]]:
    from rich.cells import cell_len  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415  only where a terminal is there
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    console = Console(file=stream)
    bar = 24 if console.width >= _NARROW else 6
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=bar),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}", style="dim"),
    )
    with Bars(*columns, console=console) as bars:
        tasks: dict[int, Any] = {}
        widest = 0

        def report(one: Report) -> None:
            nonlocal widest
            widest = max(widest, cell_len(_label(one.action)) + 2)
            if one.number not in tasks:
                tasks[one.number] = bars.add_task(f"  {escape(_label(one.action))}", total=None, words="")
            task = tasks[one.number]
            if one.progress is not None:
                total, done = one.progress.total, one.progress.done
                left = console.width - widest - bar - _CLOCK  # else the bars would give way, and then the names
                words = _cut(_words(one.progress), max(left, 0))
                bars.update(task, total=total, completed=done or 0, words=escape(words))
            if one.result is not None:
                good = one.result.outcome == _GOOD
                sign = _SIGNS.get(one.result.outcome, "✘")
                bars.update(task, total=1, completed=1 if good else 0, words="" if good else one.result.outcome)
                bars.update(task, description=f"{sign} {escape(_label(one.action))}")
                bars.stop_task(task)

        yield report


def _told(report: Report) -> dict[str, Any]:
    """A report for programs."""
    told: dict[str, Any] = {"event": report.what, "name": report.action.name, "action": report.action.topic}
    if report.progress is not None:
        told["progress"] = vars(report.progress)
    if report.result is not None:
        told["result"] = vars(report.result)
    return told


def ended(launched: Launched) -> dict[str, Any]:
    """The end of a run, for programs."""
    files = {what: str(path) for what, path in launched.files.items()}
    return {**whole(launched.result), "files": files, "no_graph": launched.no_graph}


def _line(report: Report, stream: IO[str]) -> None:
    head = f"[{report.number}/{report.of}] {_label(report.action)}"
    if report.result is not None:
        text = f"{head} {report.result.outcome} in {seconds(report.result.seconds)}"
    elif report.progress is not None:
        text = f"{head} {_words(report.progress)}"
    else:
        text = f"{head} …"
    click.echo(text, file=stream)


def _label(action: Action | ActionResult) -> str:
    """What an action is called: by its topic, and by its id where it has one."""
    topic = action.topic if isinstance(action, Action) else action.action
    return topic if action.name.isdigit() else f"{topic} {action.name}"


def _cut(text: str, width: int) -> str:
    """At most so many columns of a text: one sign is one, or two in East Asia."""
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415  only where a terminal is there

    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…" if width > 1 else ""


def _words(progress: Progress) -> str:
    count = ""
    if progress.done is not None:
        of = f" of {progress.total:g}" if progress.total is not None else ""
        count = f"{progress.done:g}{of} {progress.unit}".strip()
    return clean("  ".join(part for part in (count, progress.message) if part))[:_LONGEST]


def summary(workflow: Workflow, result: Result, files: dict[str, Path], no_graph: str) -> str:
    """The end of a run: each action, how long, what it answered; what went wrong; what lies where."""
    asked = {action.name: action.entry for action in workflow.actions}
    lines = ["", actions(list(result.actions), asked)]
    lines.append("")
    lines += [f"{label:<8} {near(path)}" for label, path in _places(result, files)]
    if no_graph:
        lines.append(f"no graph: {no_graph}")
    return "\n".join(lines)


def actions(results: list[ActionResult], asked: dict[str, dict[str, Any]]) -> str:
    """Each action, how long, what it answered; and what went wrong. `asked`: the entries, which are not shown again."""
    width = max(len(_label(one)) for one in results)
    lines = []
    for one in results:
        sign = _SIGNS.get(one.outcome, "✘")
        said = one.outcome if one.outcome != _GOOD else _short(one.answer, asked.get(one.name, {}))
        took = "before" if one.reused else seconds(one.seconds)
        lines.append(f"{sign} {_label(one):<{width}}  {took:>7}  {said}")
    lines += [f"\n{_label(one)}: {clean(one.error)[:_LONGEST]}" for one in results if one.error]
    return "\n".join(lines)


def _places(result: Result, files: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    for one in result.actions:
        index = _site(one)
        if index is not None:
            yield "site", index
    for kind, label in _LABELS.items():
        if kind in files:
            yield label, files[kind]


def _site(result: ActionResult) -> Path | None:
    """The start page that an action has built, if its answer names one."""
    index = result.answer.get("index") if isinstance(result.answer, dict) else None
    with suppress(OSError, ValueError):  # a service may say anything
        if isinstance(index, str) and Path(index).is_file():
            return Path(index)
    return None


def _short(answer: Any, asked: dict[str, Any], limit: int = 72) -> str:
    """An answer on one line: the keys that are short, and no echo of what was asked."""
    one = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
    if isinstance(one, dict):
        parts = [f"{key} {_plain(value)}" for key, value in one.items() if key != "id" and asked.get(key) != value]
        text = ", ".join([part for part in parts if len(part) <= limit // 2] or parts)
    else:
        text = _plain(one)
    text = clean(text[: limit + 1])
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def clean(text: str) -> str:
    """A text of a service for a terminal: what would steer the terminal is shown as `?`."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "?" for sign in text)


def seconds(value: float) -> str:
    """A duration as people say it."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 100 else f"{value / 60:.1f} min"


def near(path: Path) -> str:
    """A path, relative where it lies below the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def words(text: str) -> None:
    """A sentence for the user, beside the data."""
    click.echo(text, err=True)

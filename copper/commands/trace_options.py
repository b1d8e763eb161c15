"""The options that every verb of `copper-trace` has: which logs, and which part of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from copper.commands.trace_runs import RUN, run_of_copper
from tracer.errors import CopperError

if TYPE_CHECKING:
    from tracer.windows import Between, Run, Topics


@dataclass(frozen=True)
class Chosen:
    """What is to be read.

    Attributes:
        logs: the parts of one, the oldest first.
        window: the span of time or the run, None for all of it.
        topics: those asked for.
        stored: it is a recorder's store, or a run in one.
    """

    logs: tuple[str, ...]
    window: Between | Run | None
    topics: Topics
    stored: bool = False

    @property
    def names(self) -> str:
        """The logs in words."""
        return ", ".join(self.logs)


def option(*names: str, **more: Any) -> Callable[[Any], Any]:
    """An option with its environment variable: COPPER_TRACE_BY for `--by`, whatever the verb."""
    long = next(name for name in names if name.startswith("--"))
    return click.option(*names, envvar="COPPER_TRACE_" + long[2:].replace("-", "_").upper(), show_envvar=True, **more)


@dataclass(frozen=True)
class Part:
    """Which part of each log, as it was written."""

    since: str | None
    until: str | None
    last: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]


_LOGS = click.argument("logs", metavar="LOG...", nargs=-1, required=True)
_OPTIONS = (
    option("--since", metavar="TIME", help="From here on: 2026-11-25T13:00, UTC if it has no zone, or epoch seconds."),
    option("--until", metavar="TIME", help="Up to here, this moment included."),
    option("--last", metavar="SPAN", help="Only so much before the log's last line: 90s, 5m, 1h30m, 7d."),
    option(
        "--include",
        metavar="FILTER",
        multiple=True,
        help="Only topics that an MQTT filter matches, or re:REGEX finds; repeatable.",
    ),
    option("--exclude", metavar="FILTER", multiple=True, help="Not these topics; repeatable."),
)


def choice(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a verb its `Chosen` in place of the argument LOG... and the options."""

    @functools.wraps(verb)
    def with_choice(*, logs: tuple[str, ...], part: Part, **more: Any) -> Any:
        return verb(chosen_of(logs, part, more.get("store")), **more)

    return _LOGS(part_options(with_choice))


def part_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a verb its `Part` in place of the options."""

    @functools.wraps(verb)
    def with_part(**given: Any) -> Any:
        part = Part(**{each.name: given.pop(each.name) for each in fields(Part)})
        return verb(part=part, **given)

    decorated: Callable[..., Any] = with_part
    for one in reversed(_OPTIONS):
        decorated = one(decorated)
    return decorated


def chosen_of(logs: tuple[str, ...], part: Part, store: Path | None) -> Chosen:
    """What is to be read.

    Args:
        logs: as they were named.
        part: of them.
        store: where runs are looked for.

    Raises:
        CopperError: there is no such log, or the part is none.
    """
    from tracer.sources.order import parts  # noqa: PLC0415  `--help` must be quick
    from tracer.store import is_store  # noqa: PLC0415
    from tracer.windows import Topics, pattern  # noqa: PLC0415

    topics = Topics(tuple(map(pattern, part.include)), tuple(map(pattern, part.exclude)))
    if logs[0].startswith(RUN) and len(logs) == 1:
        if part.since or part.until or part.last:
            raise CopperError(
                "a run is a span of its own", where=logs[0], next_step="leave --since, --until and --last out"
            )
        return _of_run(logs[0], topics, store=store)
    if len(logs) == 1 and is_store(Path(logs[0])):
        return Chosen(logs, _window(lambda: _last_stored(logs[0]), part), topics, stored=True)
    found = parts(logs)
    return Chosen(found, _window(lambda: _last_time(found), part), topics)


def _of_run(name: str, topics: Topics, *, store: Path | None) -> Chosen:
    """A run: of the store where one is named, else of those that `copper` has left here."""
    from tracer.windows import Run  # noqa: PLC0415

    if store is not None:
        return Chosen((name,), None, topics, stored=True)
    log, run = run_of_copper(name)
    return Chosen((log,), Run(run), topics)


def _window(find_end: Callable[[], str | None], part: Part) -> Between | None:
    from tracer.windows import Between, earlier, moment, span  # noqa: PLC0415

    since, until, last = part.since, part.until, part.last
    if since is None and until is None and last is None:
        return None
    begin, end = (moment(text) if text is not None else None for text in (since, until))
    if last is not None:
        if since is not None:
            raise CopperError("--since and --last both say where to begin", next_step="leave one of them out")
        by, at = span(last), find_end()
        begin = earlier(at, by) if at is not None else None
    if begin is not None and end is not None and begin > end:
        raise CopperError(f"nothing is between {begin} and {end}", next_step="write the earlier time after --since")
    return Between(begin, end)


def _last_stored(name: str) -> str | None:
    """The time of what was recorded last."""
    from tracer.store import last_time, open_store  # noqa: PLC0415

    with closing(open_store(Path(name))) as store:
        return last_time(store)


def _last_time(logs: tuple[str, ...]) -> str | None:
    """The last time that the logs tell; the pipeline tells if they have none."""
    from tracer.sources import open_log  # noqa: PLC0415
    from tracer.sources.clock import last_time  # noqa: PLC0415

    if "-" in logs:
        raise CopperError(
            "--last must know the end before it begins",
            where="standard input",
            next_step="name a file, or write --since",
        )
    return next(filter(None, (last_time(open_log(log)) for log in reversed(logs))), None)

"""The options that everything has that draws: what of a graph is to be seen, how it is laid out, where it leads to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from copper.commands.trace_options import option
from tracer.errors import CopperError

if TYPE_CHECKING:
    from tracer.views import Choice


@dataclass(frozen=True)
class Look:
    """How a graph is to be drawn.

    Attributes:
        choice: what of it is to be seen.
        layout: one of `viz.layout.LAYOUTS`.
        links: a template as `viz.links` has it; empty where boxes lead nowhere.
    """

    choice: Choice
    layout: str
    links: str


_OPTIONS = (
    option(
        "--view",
        type=click.Choice(["all", "active", "services"]),
        default="all",
        help="active: without what no message went through. services: without topics, whose messages reach whom.",
    ),
    option(
        "--focus",
        metavar="NAME",
        multiple=True,
        help="Only this and what is near it: a service, a client id, a topic, an MQTT filter or re:REGEX; repeatable.",
    ),
    option(
        "--hops",
        metavar="N",
        type=click.IntRange(min=0),
        default=1,
        help="How near: 1 (the default) is whoever a service exchanges messages with; 2 is those that they do.",
    ),
    option(
        "--reaches",
        metavar="NAME",
        multiple=True,
        help="Only what this gets messages from, directly or over others; repeatable.",
    ),
    option("--depth", metavar="N", type=click.IntRange(min=1), help="Topics below N levels are one: a/b/#."),
    option(
        "--fold",
        type=click.Choice(["auto", "off"]),
        default="auto",
        help="auto: topics and clients that are alike are drawn as one. off: each as it is.",
    ),
    option(
        "--group-by",
        type=click.Choice(["alike", "user", "name", "address", "off"]),
        default="alike",
        help="Which services are one box: those that do the same (the default), of one user, name or address, or none.",
    ),
    option("--top", metavar="N", type=click.IntRange(min=1), default=60, help="The busiest N services (60)."),
    option("--all", "everything", is_flag=True, help="Draw what is hidden, too: $SYS, debuggers, quiet services."),
    option(
        "--layout",
        type=click.Choice(["auto", "flow", "columns", "matrix"]),
        default="auto",
        help="flow: left to right along the messages. columns: publishers, topics, subscribers. matrix: a row a topic,"
        " a column a service. auto: what fits.",
    ),
)
_LINKS = option(
    "--links",
    metavar="URL",
    default="",
    help="Where boxes and topics lead to: an address with {kind} (service or topic) and {name}.",
)


def picture_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a verb its `Look` in place of the options."""
    return _with_look(verb, (*_OPTIONS, _LINKS))


def view_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The same for what draws no file: its boxes lead nowhere."""
    return _with_look(verb, _OPTIONS)


def _with_look(verb: Callable[..., Any], options: tuple[Callable[[Any], Any], ...]) -> Callable[..., Any]:
    @functools.wraps(verb)
    def with_look(*args: Any, layout: str, links: str = "", **more: Any) -> Any:
        from tracer.views import Choice  # noqa: PLC0415  `--help` must be quick
        from viz.links import check  # noqa: PLC0415

        if links:
            check(links)
        choice = Choice(**{each.name: more.pop(each.name) for each in fields(Choice)})
        _refuse_both(choice)
        return verb(*args, look=Look(choice, layout, links), **more)

    decorated: Callable[..., Any] = with_look
    for one in reversed(options):
        decorated = one(decorated)
    return decorated


def _refuse_both(choice: Choice) -> None:
    """Nothing is put together, and something is: only one of them can be meant."""
    both = [("--depth", choice.depth is not None), ("--group-by", choice.group_by in {"user", "name", "address"})]
    for name, is_said in both:
        if is_said and choice.fold == "off":
            raise CopperError(
                f"--fold off leaves everything as it is, and {name} puts together",
                next_step="leave one of them out",
            )

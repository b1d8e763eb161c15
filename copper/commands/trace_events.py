"""`copper-trace events`: a log in, one JSON object a line out."""

from __future__ import annotations

import json

import click

from copper.commands import trace_input, trace_output


@click.command()
@trace_input.LOGS
@click.option(
    "--unknown",
    is_flag=True,
    envvar="COPPER_TRACE_UNKNOWN",
    show_envvar=True,
    help="Also the lines that are none of Mosquitto's, as events.",
)
@click.option(
    "-f",
    "--follow",
    is_flag=True,
    envvar="COPPER_TRACE_FOLLOW",
    show_envvar=True,
    help="Go on as LOG, or the last of several, grows, until Ctrl-C.",
)
def events(logs: tuple[str, ...], *, unknown: bool, follow: bool) -> None:
    """Print what happened, one JSON object a line.

    Several LOGs are the parts of one, in their order; `line` counts in the LOG that it stands in.
    """
    from tracer.events import Unknown, as_dict  # noqa: PLC0415  `--help` must be quick

    trace_output.refuse_own_input(None, logs)
    with trace_output.stdout() as stream:

        def show(found: trace_input.Events) -> None:
            for event in found:
                if unknown or not isinstance(event, Unknown):
                    stream.write(json.dumps(as_dict(event)) + "\n")
                    if follow:
                        stream.flush()

        counts = trace_input.read(logs, show, follow=follow)
    if not follow:
        trace_input.refuse_useless(counts, logs)
    trace_output.words(trace_output.counted(counts))

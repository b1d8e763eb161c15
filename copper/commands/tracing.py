"""`copper-trace`: from a Mosquitto log to a graph or its events. Each verb is a module of its own, named trace_VERB.

Data goes to stdout, words to stderr. Exit codes: 0 fine, 1 something differs (`diff`), 2 the log or the usage is wrong
(an empty log, or one without packet lines, is never fine), 130 interrupted.
"""

from __future__ import annotations

import click

from copper.commands.live import live
from copper.commands.recording import record
from copper.commands.trace_diff import diff
from copper.commands.trace_events import events
from copper.commands.trace_graph import graph


@click.group("copper-trace", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="copper-mqtt", message="%(version)s")
def command() -> None:
    """Show how the services of an MQTT broker hang together, from its log.

    LOG is the file that log_dest in mosquitto.conf names, docker:CONTAINER, or - for standard input. It may be
    compressed, and a pattern for several.
    """


command.add_command(graph)
command.add_command(events)
command.add_command(diff)
command.add_command(record)
command.add_command(live)


if __name__ == "__main__":
    from copper.commands.entry import copper_trace

    copper_trace()

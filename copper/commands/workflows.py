"""`copper`: check and run workflows. Arguments in, one call, text out, exit code.

Exit codes: 0 all done, 1 an action failed, 2 the file or the usage is wrong, 3 no broker or service, 124 an action
gave no answer in time, 130 interrupted, by Ctrl-C or by SIGTERM: both end a run in order.
"""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click

from tracer.errors import CopperError

EXIT_INTERRUPTED = 130

BROKER = click.option(
    "--broker",
    metavar="WHERE",
    envvar="COPPER_BROKER",
    show_envvar=True,
    help="mqtt://[user:password@]host[:port], or `mosquitto`, or `builtin`."
    " Left out: Mosquitto if it is installed, else the small broker that comes with Copper.",
)
LOG = click.option(
    "--log",
    type=click.Path(path_type=Path),
    envvar="COPPER_LOG",
    show_envvar=True,
    help="The log of the broker that --broker names; with it the run's graph is drawn.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="copper-mqtt", message="%(version)s")
def copper() -> None:
    """Run workflows of MQTT services, and see how they hang together."""


@copper.command()
@click.argument("workflow", type=click.Path(path_type=Path))
@BROKER
@LOG
def run(workflow: Path, broker: str | None, log: Path | None) -> None:
    """Run WORKFLOW; its result and graph lie in .copper/runs/ afterwards."""
    _run(workflow, broker, log)


@copper.command()
@click.argument("workflow", type=click.Path(path_type=Path))
def check(workflow: Path) -> None:
    """Check WORKFLOW, and run nothing; all mistakes are shown at once."""
    from copper import workflow as workflows  # noqa: PLC0415  `--help` must be quick

    checked = workflows.load(workflow)
    count = len(checked.actions)
    click.echo(f"{workflow}: {count} action{'s' if count != 1 else ''}, fine")


@copper.command()
@BROKER
@LOG
def demo(broker: str | None, log: Path | None) -> None:
    """Build a site of Copper's own docs, and draw who talked to whom meanwhile."""
    from copper.commands import demo as example  # noqa: PLC0415  `--help` must be quick
    from copper.commands.show import words  # noqa: PLC0415

    file = example.write_workflow(Path(".copper"))
    words(f"workflow: {file}")
    _run(file, broker, log)


def _run(file: Path, broker: str | None, log: Path | None) -> NoReturn:
    from copper import workflow  # noqa: PLC0415  `--help` must be quick
    from copper.commands import show  # noqa: PLC0415
    from copper.launch import Place, launch  # noqa: PLC0415

    checked = workflow.load(file)
    with show.reporter(sys.stderr) as report:
        launched = launch(checked, Place(broker, log), report, show.words)
    click.echo(show.summary(checked, launched.result, launched.files, launched.no_graph))
    sys.exit(launched.result.exit_code)


def main() -> None:
    """The entry point: our errors as sentences, a bug with its traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no ✔ gets a ?
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        copper(standalone_mode=False)
    except CopperError as error:
        click.echo(f"copper: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(EXIT_INTERRUPTED)

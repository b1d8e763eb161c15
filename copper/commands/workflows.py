"""`copper`: check and run workflows. Arguments in, one call, text out, exit code.

Exit codes: 0 all done, 1 an action failed, 2 the file or the usage is wrong, 3 no broker or service, 124 an action
gave no answer in time, 130 interrupted, by Ctrl-C or by SIGTERM: both end a run in order.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click

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
JOBS = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    help="How many actions may run at a time.",
)


@click.group("copper", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="copper-mqtt", message="%(version)s")
def command() -> None:
    """Run workflows of MQTT services, and see how they hang together."""


@command.command()
@click.argument("workflow", type=click.Path(path_type=Path))
@BROKER
@LOG
@JOBS
def run(workflow: Path, broker: str | None, log: Path | None, jobs: int) -> int:
    """Run WORKFLOW; its result and graph lie in .copper/runs/ afterwards."""
    return _run(workflow, broker, log, jobs)


@command.command()
@click.argument("workflow", type=click.Path(path_type=Path))
def check(workflow: Path) -> None:
    """Check WORKFLOW, and run nothing; all mistakes are shown at once."""
    from copper import workflow as workflows  # noqa: PLC0415  `--help` must be quick

    checked = workflows.load(workflow)
    count = len(checked.actions)
    click.echo(f"{workflow}: {count} action{'s' if count != 1 else ''}, fine")


@command.command()
@BROKER
@LOG
def demo(broker: str | None, log: Path | None) -> int:
    """Build a site of Copper's own docs, and draw who talked to whom meanwhile."""
    from copper.commands import demo as example  # noqa: PLC0415  `--help` must be quick
    from copper.commands.show import words  # noqa: PLC0415

    file = example.write_workflow(Path(".copper"))
    words(f"workflow: {file}")
    return _run(file, broker, log)


def _run(file: Path, broker: str | None, log: Path | None, jobs: int = 1) -> int:
    from copper import workflow  # noqa: PLC0415  `--help` must be quick
    from copper.commands import show  # noqa: PLC0415
    from copper.launch import Place, launch  # noqa: PLC0415

    checked = workflow.load(file)
    with show.reporter(sys.stderr) as report:
        launched = launch(checked, Place(broker, log, jobs=jobs), report, show.words)
    with suppress(BrokenPipeError):  # who reads no further still gets the exit code
        click.echo(show.summary(checked, launched.result, launched.files, launched.no_graph))
    return launched.result.exit_code

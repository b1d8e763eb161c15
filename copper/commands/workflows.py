"""`copper`: check and run workflows. Arguments in, one call, text out, exit code.

Exit codes: 0 all done, 1 an action failed, 2 the file or the usage is wrong, 3 no broker or service, 124 an action
gave no answer in time, 130 interrupted, by Ctrl-C or by SIGTERM: both end a run in order.
"""

from __future__ import annotations

from pathlib import Path

import click

BROKER = click.option(
    "--broker",
    metavar="WHERE",
    envvar="COPPER_BROKER",
    show_envvar=True,
    help="mqtt://[user:password@]host[:port], mqtts:// for TLS, or `mosquitto`, or `builtin`."
    " Left out: Mosquitto if it is installed, else the small broker that comes with Copper.",
)
LOG = click.option(
    "--log",
    type=click.Path(path_type=Path),
    envvar="COPPER_LOG",
    show_envvar=True,
    help="The log of the broker that --broker names; with it the run's graph is drawn.",
)


@click.group("copper", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="copper-mqtt", message="%(version)s")
def command() -> None:
    """Run workflows of MQTT services, and see how they hang together."""


ENV_FILE = click.option(
    "--env-file",
    "env_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Lines NAME=value, for ${env.NAME} and the services that Copper starts; what is set already stays.",
)
JOBS = click.option(
    "-j", "--jobs", type=click.IntRange(1, 1000), metavar="N", help="Run at most N actions at once (by default 16)."
)
PATH = click.Path(path_type=Path)


@command.command()
@click.argument("workflow", type=PATH, required=False)
@BROKER
@LOG
@ENV_FILE
@JOBS
@click.option("--resume", is_flag=True, help="Go on with the last run of WORKFLOW, or of all, after what has finished.")
@click.option("--run", "run_id", metavar="RUN", default="last", help="With --resume and --from: which run.")
@click.option("--from", "since", metavar="ID", help="Go on with the last run at the entry with this id, again.")
@click.option("--dry-run", is_flag=True, help="Show what would run in which order, and who listens; run nothing.")
@click.option("--report", type=PATH, metavar="FILE", help="Write the result there: .json, or .xml for JUnit.")
@click.option("--json", "as_json", is_flag=True, help="Say what goes on as JSON, one object a line.")
@click.option("--live", is_flag=True, help="Show meanwhile, in the browser, who talks to whom: the live map.")
@click.option("--port", type=click.IntRange(0, 65_535), metavar="N", help="Of the live map (8123); 0 is a free one.")
def run(  # noqa: PLR0917  one parameter an option
    workflow: Path | None,
    broker: str | None,
    log: Path | None,
    env_files: tuple[Path, ...],
    jobs: int | None,
    resume: bool,  # noqa: FBT001
    run_id: str,
    since: str | None,
    dry_run: bool,  # noqa: FBT001
    report: Path | None,
    as_json: bool,  # noqa: FBT001
    live: bool,  # noqa: FBT001
    port: int | None,
) -> int:
    """Run WORKFLOW; its result and graph lie in .copper/runs/ afterwards."""
    from copper.commands import running  # noqa: PLC0415  `--help` must be quick

    if port is not None and not live:
        raise click.UsageError("--port is the live map's: say --live, too")
    earlier = run_id if resume or since else None
    at = (running.PORT if port is None else port) if live else None
    asked = running.Asked(workflow, broker, log, env_files, jobs, earlier, since, at)
    if dry_run:
        return running.plan(asked)
    return running.run(asked, report, as_json=as_json)


@command.command()
@click.argument("workflow", type=PATH)
def check(workflow: Path) -> None:
    """Check WORKFLOW, and run nothing; all mistakes are shown at once."""
    from copper import workflow as workflows  # noqa: PLC0415  `--help` must be quick

    checked = workflows.load(workflow)
    count = len(checked.actions)
    click.echo(f"{workflow}: {count} action{'s' if count != 1 else ''}, fine")


@command.command()
def schema() -> None:
    """Print the JSON Schema of a workflow file, for editors."""
    import json  # noqa: PLC0415  `--help` must be quick

    from copper.schema import schema as made  # noqa: PLC0415

    click.echo(json.dumps(made(), indent=2))


@command.command()
@click.argument("workflow", type=PATH)
@BROKER
@LOG
@ENV_FILE
@JOBS
def watch(workflow: Path, broker: str | None, log: Path | None, env_files: tuple[Path, ...], jobs: int | None) -> int:
    """Run WORKFLOW, and again whenever it or a local source changes, until Ctrl-C."""
    from copper.commands import running, watching  # noqa: PLC0415  `--help` must be quick

    return watching.watch(running.Asked(workflow, broker, log, env_files, jobs))


@command.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object a line.")
@click.pass_context
def runs(context: click.Context, *, as_json: bool) -> None:
    """List the runs that lie in .copper/runs, the latest first."""
    if context.invoked_subcommand is None:
        from copper.commands import past  # noqa: PLC0415  `--help` must be quick

        past.list_runs(as_json=as_json)


@runs.command("show")
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show_run(run_id: str, *, as_json: bool) -> None:
    """Show how RUN ended; `last` is the latest, and the beginning of an id will do."""
    from copper.commands import past  # noqa: PLC0415  `--help` must be quick

    past.show_run(run_id, as_json=as_json)


@command.command()
@BROKER
@LOG
def demo(broker: str | None, log: Path | None) -> int:
    """Build a site of Copper's own docs, and draw who talked to whom meanwhile."""
    from copper.commands import demo as example  # noqa: PLC0415  `--help` must be quick
    from copper.commands import running  # noqa: PLC0415
    from copper.commands.show import words  # noqa: PLC0415

    file = example.write_workflow(Path(".copper"))
    words(f"workflow: {file}")
    return running.run(running.Asked(file, broker, log), None)

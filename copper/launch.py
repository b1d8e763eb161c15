"""A run on one page: broker, services, tracer, runner; then the graph beside the result.

    open the broker ─► follow its log ─► open the run's bracket ─► start services ─► run the actions
      ─► close the bracket ─► stop services and broker ─► write result, events, graph and pictures

What comes in: a checked workflow and where to run it. What goes out: a `Launched`, and files under `.copper/runs/RUN/`.
"""

from __future__ import annotations

import json
import os
import secrets as secrets_module
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from copper import access, masking, offers, references, runs, sequence, wire
from copper.broker import open_broker
from copper.document import Problem, WorkflowError
from copper.lifecycle.processes import Processes
from copper.masking import Mask
from copper.mqtt import shown
from copper.output import write_aside
from copper.result import Report, Result, whole
from copper.runner import Runner
from copper.runs import Kept
from copper.schedule import JOBS
from copper.service import Service
from copper.workflow import CORE, ServiceSource, Workflow
from tracer.errors import CopperError
from tracer.events import as_dict
from tracer.graph import Run, Tally
from tracer.pipeline import Pipeline
from tracer.sources.file import follow
from viz import picture

TRACE_SECONDS = 60.0
"""How long the log may take to be read to its end after a run; a log of another broker can be large."""

_BROKERS = {"url": "", "mosquitto": "Mosquitto, started at ", "builtin": "the built-in one, started at "}

PICTURES = {"graph.json": "json", "deps.svg": "svg", "deps.drawio": "drawio"}


@dataclass(frozen=True)
class Launched:
    """A run that has ended.

    Attributes:
        result: how.
        folder: where everything lies.
        files: what was left there, by what it is.
        broker: what the broker was, in words.
        started: when (ISO 8601, UTC).
        no_graph: why there is no graph, and what would make one possible; empty where there is one.
    """

    result: Result
    folder: Path
    files: dict[str, Path]
    broker: str
    started: str
    no_graph: str = ""


@dataclass(frozen=True)
class How:
    """How to run.

    Attributes:
        jobs: how many actions run at once, at most.
        environment: what `${env.…}` stands for, and what services get that are started.
        given: those of its names that stood in an env file.
        earlier: the run that is gone on with.
        since: the action, by its name, from which on all are run again.
        opened: is told the broker's log, once both are there.
    """

    jobs: int = JOBS
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    given: tuple[str, ...] = ()
    earlier: Kept | None = None
    since: str | None = None
    opened: Callable[[Path], None] = lambda _: None


@dataclass(frozen=True)
class Place:
    """Where to run: a broker (a URL, `mosquitto`, `builtin`, or None for what is at hand), its log, our folder."""

    broker: str | None = None
    log: Path | None = None
    folder: Path = Path(".copper")

    @property
    def is_own(self) -> bool:
        """Whether Copper starts the broker, so that nobody else is on it."""
        return self.broker in {None, "mosquitto", "builtin"}


def launch(
    workflow: Workflow,
    place: Place,
    report: Callable[[Report], None],
    say: Callable[[str], None],
    how: How | None = None,
) -> Launched:
    """Run a workflow and leave its result and graph.

    Args:
        workflow: what to run.
        place: where.
        report: called while it runs.
        say: called with sentences for the user.
        how: in what way, where it is not the usual one.

    Raises:
        WorkflowError: a variable is not set, or a service does not take what it is asked for.
        CopperError: no broker, or something can't be written.
    """
    how = how or How()
    refuse_unrunnable(workflow, how.environment, own_broker=place.is_own)
    secrets = masking.mask(workflow, how.environment, how.given, place.broker)
    run, folder, part = _begun(place.folder / "runs", how.earlier)
    started = how.earlier.started if how.earlier else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    files = {"result": folder / "result.json"}
    with (
        closing(runs.begin(folder, run, workflow, started, part)) as keeper,
        open_broker(place.broker, folder) as broker,
    ):
        described = f"{_BROKERS[broker.kind]}{shown(broker.url)}"
        say(f"broker: {described}")

        def told(one: Report) -> None:
            keeper.began()
            shown_one = masking.report(one, secrets)
            if shown_one.result is not None and not shown_one.result.reused:
                keeper.add(shown_one.result)
            report(shown_one)

        with _tracing(broker.log or place.log, wire.part_of(run, part)) as trace:
            if trace.log is not None:
                how.opened(trace.log)
            if broker.kind != "url":  # ours asks nobody who they are
                how = replace(how, environment={**how.environment, **dict.fromkeys(access.VARIABLES, "")})
            runner = _runner(workflow, broker.url, run, part, how, told)
            result = _run(runner, folder, secrets, own_broker=broker.kind != "url")
        write_aside(files["result"], wire.encode(whole(result), indent=2) + b"\n")
    title = f"{Path(workflow.file).name}, run {run}"
    no_graph = _leave_graph(trace, folder, files, title, sequence.of_actions(result.actions), say)
    return Launched(result, folder, files, described, started, no_graph)


def refuse_unrunnable(workflow: Workflow, environment: Mapping[str, str], *, own_broker: bool) -> None:
    """What can be known to be wrong before there is a broker.

    Raises:
        WorkflowError: a variable is not set, a service is a container, or one of ours does not take what it is asked.
    """
    _check_environment(workflow, environment)
    _check_containers(workflow)
    ours = {name for name in CORE if own_broker or (workflow.services.get(name) or ServiceSource(name)).core}
    ours -= {name for name, source in workflow.services.items() if source.core is None}
    if wrong := offers.problems(workflow.actions, {name: core_info(name) for name in ours}):
        raise WorkflowError(wrong)


def core_info(name: str) -> dict[str, Any]:
    """What one of Copper's own services says of itself."""
    service: Service = import_module(f"copper.services.{name}.service").service
    return service.info()


def _check_containers(workflow: Workflow) -> None:
    what = "starting containers is not there yet: start it yourself and leave it out here, or use `core` or `command`"
    problems = []
    for source in workflow.services.values():
        if source.container:
            file, line, column = source.container.rsplit(":", 2)
            problems.append(Problem(file, int(line), int(column), what))
    if problems:
        raise WorkflowError(problems)


def _begun(folder: Path, earlier: Kept | None) -> tuple[str, Path, int]:
    """The run's id, its folder, and which part of it this is; the log of the part before is kept beside."""
    if earlier is None:
        run = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets_module.token_hex(2)}"
        return run, _made(folder / run), 1
    log = earlier.folder / "mosquitto.log"
    if log.exists():
        log.rename(earlier.folder / f"mosquitto-{earlier.part}.log")
    return earlier.run, earlier.folder.absolute(), earlier.part + 1


def _runner(workflow: Workflow, url: str, run: str, part: int, how: How, told: Callable[[Report], None]) -> Runner:  # noqa: PLR0917
    earlier = runs.earlier(how.earlier, workflow, how.since) if how.earlier is not None else {}
    return Runner(workflow, url, run, how.environment, told, jobs=how.jobs, earlier=earlier, part=part)


def _made(folder: Path) -> Path:
    """The run's own folder, new, as an absolute path."""
    advice = "start copper in a folder that is yours to write to"
    try:
        folder = folder.absolute()
        str(folder).encode()
        folder.mkdir(parents=True)
    except OSError as error:
        raise CopperError(f"can't be made: {error.strerror}", where=str(folder), next_step=advice) from error
    except UnicodeEncodeError as error:
        where = str(folder).encode(errors="replace").decode()
        raise CopperError("the folder's name is not UTF-8, which JSON and MQTT need", where=where) from error
    return folder


def _run(runner: Runner, folder: Path, secrets: Mask, *, own_broker: bool) -> Result:
    """The part between broker and tracer: services around the runner."""
    workflow = runner.workflow
    environment = {
        **runner.environment,
        "COPPER_BROKER": runner.url,
        "COPPER_FETCH_DIR": str(folder / "fetch"),
        "COPPER_WEB_DIR": str(folder / "web"),
    }
    services = runner.services = Processes(workflow.services, environment, folder)
    try:
        runner.open()
        result = None
        try:
            if wrong := runner.wrong_requests():
                raise WorkflowError(wrong)
            for service in _to_start(workflow, own_broker=own_broker):
                services.start(service)
            result = masking.result(runner.run_all(), secrets)
        finally:
            runner.close(result)
    finally:
        services.stop()
    return result


def _to_start(workflow: Workflow, *, own_broker: bool) -> list[str]:
    """The services to start before the first action.

    On a broker that we have started nobody else can be; on another, whoever is there is asked first.
    """
    named = {wire.service_of(action.topic) for action in workflow.actions}
    return sorted(named if own_broker else named & set(workflow.services))


@dataclass
class _Trace:
    """What the follower of the log has seen of the run."""

    pipeline: Pipeline
    tally: Tally
    events: list[dict[str, Any]]
    log: Path | None
    problem: str = ""


@contextmanager
def _tracing(log: Path | None, run: str) -> Iterator[_Trace]:
    """Follow the broker's log in a thread until the block ends."""
    trace = _Trace(Pipeline(), Tally(Run(run)), [], log)
    if log is None:
        yield trace
        return
    if not log.is_file():
        what = "this is no file, so no log" if log.exists() else "there is no such log"
        raise CopperError(what, where=str(log), next_step="give the file that log_dest in mosquitto.conf names")
    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(trace, log, stop), daemon=True)
    thread.start()
    try:
        yield trace
    finally:
        stop.set()
        thread.join(TRACE_SECONDS)
        if thread.is_alive():
            trace.problem = (
                f"{log} was not read to its end within {TRACE_SECONDS:g} s; copper-trace graph {log} reads it"
            )


def _follow(trace: _Trace, log: Path, stop: threading.Event) -> None:
    def take(events: Any) -> None:
        for event in events:
            trace.tally.add(event)
            if trace.tally.is_open:
                trace.events.append(as_dict(event))

    try:
        for line in follow(log, stop):
            take(trace.pipeline.feed(line))
        take(trace.pipeline.finish())
    except CopperError as error:
        trace.problem = str(error)
    except Exception as error:  # noqa: BLE001  a bug of the tracer must be seen, and must not spoil the run
        traceback.print_exc()
        trace.problem = f"the tracer failed: {type(error).__name__}: {error}"


def _leave_graph(  # noqa: PLR0917
    trace: _Trace,
    folder: Path,
    files: dict[str, Path],
    title: str,
    actions: list[dict[str, Any]],
    say: Callable[[str], None],
) -> str:
    """Write events, graph and pictures; returns why there are none, or an empty text."""
    if trace.log is None:
        return "this broker's log is not known: name it with --log to have the run's graph"
    if trace.problem:
        return trace.problem
    if not trace.events:
        return (
            f"{trace.log} does not hold this run: is it this broker's log,"
            " and does mosquitto.conf say `log_type debug`, `log_type notice` and `log_type information`?"
        )
    files["events"] = folder / "events.jsonl"
    lines = (json.dumps(event) + "\n" for event in trace.events)
    write_aside(files["events"], "".join(lines).encode())
    graph = trace.tally.graph(trace.pipeline.counts, source=str(trace.log))
    graph.graph["actions"] = actions
    notes: dict[str, None] = {}
    for name, kind in PICTURES.items():
        files[kind] = folder / name
        drawn = picture.compose(graph, kind, title=title)
        write_aside(files[kind], drawn.data)
        notes |= dict.fromkeys(drawn.notes)
    for note in notes:
        say(note)
    return ""


def _check_environment(workflow: Workflow, environment: Mapping[str, str]) -> None:
    """Every `${env.X}` without a default must be set before anything runs."""
    problems = []
    for action in workflow.actions:
        for _, reference in references.find([action.entry, action.condition]):
            name = reference.variable if reference else None
            if name and reference and reference.default is None and name not in environment:
                file, line, column = action.where.rsplit(":", 2)
                what = f"the environment variable {name} is not set; set it, or write ${{env.{name}:-a default}}"
                problems.append(Problem(file, int(line), int(column), what))
    if problems:
        raise WorkflowError(problems)

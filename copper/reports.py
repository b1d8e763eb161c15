"""How a run ended, for other programs: JSON, or JUnit's XML, which CI systems show.

What comes in: a result. What goes out: bytes. JUnit is as the schema of its Ant task has it, which GitLab, Jenkins
and others read: a test case an action; what failed is a failure, what could not be asked an error, what was not run is
skipped.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from copper import wire
from copper.action import State
from copper.result import INTERRUPTED, NOT_RUN, SKIPPED, ActionResult, Result, whole
from tracer.errors import CopperError

SKIPS = {SKIPPED, NOT_RUN}
ERRORS = {State.GONE.value, State.NOBODY.value, State.TIMED_OUT.value, INTERRUPTED}
_UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold."""


def check(file: Path) -> None:
    """Whether a report can be written into this file, by its name.

    Raises:
        CopperError: it can't.
    """
    if file.suffix not in {".json", ".xml"}:
        raise CopperError("a report is .json, or .xml for JUnit", where=str(file), next_step="name it so")
    if not file.absolute().parent.is_dir():
        raise CopperError("there is no such folder", where=str(file.parent), next_step="make it first")


def report(file: Path, result: Result, workflow: str, started: str) -> bytes:
    """The report for this file.

    Args:
        file: its suffix says which kind.
        result: of the run.
        workflow: its file.
        started: when (ISO 8601, UTC).
    """
    if file.suffix == ".json":
        return wire.encode({"workflow": workflow, "started": started, **whole(result)}, indent=2) + b"\n"
    return _junit(result, workflow, started)


def _junit(result: Result, workflow: str, started: str) -> bytes:
    counts = {"tests": len(result.actions), "failures": 0, "errors": 0, "skipped": 0}
    suite = ET.Element("testsuite", name=_sayable(workflow), timestamp=started.removesuffix("Z"), hostname="copper")
    for one in result.actions:
        case = ET.SubElement(suite, "testcase", classname=_sayable(workflow), name=_name(one))
        case.set("time", f"{one.seconds:.3f}")
        kind = _kind(one)
        if kind is not None:
            counts[{"failure": "failures", "error": "errors", "skipped": "skipped"}[kind]] += 1
            told = ET.SubElement(case, kind, message=_sayable(one.error or one.outcome))
            if kind != "skipped":
                told.set("type", one.outcome)
                told.text = _sayable(one.error or one.outcome)
    total = {**{key: str(value) for key, value in counts.items()}, "time": f"{result.seconds:.3f}"}
    suite.attrib.update(total)
    suites = ET.Element("testsuites", total)
    suites.append(suite)
    ET.indent(suites)
    data: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _kind(result: ActionResult) -> str | None:
    if result.outcome in SKIPS:
        return "skipped"
    if result.outcome in ERRORS:
        return "error"
    return None if result.outcome == State.FINISHED.value else "failure"


def _name(result: ActionResult) -> str:
    return _sayable(f"{result.name} {result.action}")


def _sayable(text: str) -> str:
    return _UNSAYABLE.sub("?", text)

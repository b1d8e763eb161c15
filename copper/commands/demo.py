"""The demo's workflow: Copper's own docs, fetched and built into a site."""

from __future__ import annotations

import json
from pathlib import Path

from copper.output import write_aside
from tracer.errors import CopperError

_PACKAGE = Path(__file__).resolve().parent.parent
_DOCS = (_PACKAGE / "demo" / "docs", _PACKAGE.parent / "docs")
"""In an installed wheel the docs lie in the package, in a checkout beside it."""

_WORKFLOW = """\
# The first Copper's plain list: each entry names the topic of a service's endpoint and is published there as it stands.
- action: fetcher/fetch
  type: local
  path: {docs}
  filter: ["*.md", "*.json", "pictures/*"]
  resource: docs

- action: markdown/build
  resource: docs
"""


def write_workflow(folder: Path) -> Path:
    """Write the demo's workflow into `folder`/demo and return its path.

    Raises:
        CopperError: the folder can't be written to, or the docs are not there.
    """
    docs = next((path for path in _DOCS if path.is_dir()), None)
    if docs is None:
        raise CopperError("Copper's docs are not there", where=str(_DOCS[0]), next_step="install Copper again")
    file = folder / "demo" / "workflow.yaml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CopperError(f"can't be made: {error.strerror}", where=str(file.parent)) from error
    write_aside(file, _WORKFLOW.format(docs=json.dumps(str(docs))).encode())
    return file

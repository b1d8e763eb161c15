"""Where a resource lies, and what is remembered of it.

Comes in: the fetcher's folder, a checked resource name and `dest`. Goes out: paths, all below that folder, and the
record of what was fetched last: `.RESOURCE.json`, beside the resource so that its readers don't meet it.
"""

from __future__ import annotations

import glob
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copper.output import write_aside

Record = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """One target folder: `folder/resource/dest…`."""

    folder: Path
    resource: str
    dest: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        """The resource as a whole; locked while any part of it is fetched."""
        return self.folder / self.resource

    @property
    def target(self) -> Path:
        """Where the files go."""
        return self.root.joinpath(*self.dest)

    @property
    def work(self) -> Path:
        """Where they go until all are there."""
        below = f"+{hashlib.sha256(self._key.encode()).hexdigest()[:12]}" if self.dest else ""
        return self.folder / f".{self.resource}{below}.new"

    def remembered(self) -> Record | None:
        """What `remember` kept for this target, if the target is still there; what a kill left of that is swept."""
        for begun in self.folder.glob(f".{glob.escape(self._file.name)}.*"):
            begun.unlink(missing_ok=True)
        record = self._records().get(self._key)
        return record if isinstance(record, dict) and self.target.is_dir() else None

    def remember(self, record: Record) -> None:
        """Keep `record`."""
        self._write({**self._records(), self._key: record})

    def forget(self) -> None:
        """Keep nothing of the target and what is below it: while it changes, no record is true."""
        records = self._records()
        kept = {key: one for key, one in records.items() if not f"{key}/".startswith(f"{self._key}/".lstrip("/"))}
        if kept != records:
            self._write(kept)

    @property
    def _key(self) -> str:
        return "/".join(self.dest)

    @property
    def _file(self) -> Path:
        return self.folder / f".{self.resource}.json"

    def _records(self) -> dict[str, Any]:
        """All records of the resource; none where the file is missing or broken: then all is fetched again."""
        try:
            records = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return records if isinstance(records, dict) else {}

    def _write(self, records: dict[str, Any]) -> None:
        write_aside(self._file, json.dumps(records, indent=1, sort_keys=True).encode())

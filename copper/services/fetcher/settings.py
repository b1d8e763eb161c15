"""What the one who runs the fetcher decides; nothing of it can be said in a request.

Comes in: environment variables. Goes out: a `Settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from copper.services.folders import fetch_folder
from tracer.errors import CopperError


@dataclass(frozen=True)
class Limits:
    """Where a fetch ends, so that a bad source can't fill the disk or hold the service.

    Attributes:
        size: bytes that a fetch may put on the disk, and that a download may have (COPPER_FETCH_MAX_BYTES).
        files: how many files a source may have (COPPER_FETCH_MAX_FILES).
        seconds: from the first connection to the last byte (COPPER_FETCH_MAX_SECONDS).
        idle: seconds that a server may be silent, and that a connection may take.
        ratio: unpacked bytes for each packed one. Text stays under 30; gzip can do 1030, which only bombs need.
        ratio_from: bytes unpacked before the ratio counts: small files of zeros are nobody's bomb.
    """

    size: int = 2 * 1024**3
    files: int = 100_000
    seconds: float = 600.0
    idle: float = 30.0
    ratio: int = 200
    ratio_from: int = 16 * 1024**2


@dataclass(frozen=True)
class Settings:
    """How this fetcher works.

    Attributes:
        folder: where resources are put (COPPER_FETCH_DIR).
        github_url: where repositories of type github are, if the entry names no forge (COPPER_GITHUB_URL).
        tokens: from the name of a variable that holds a token to the address it is for (COPPER_FETCH_TOKENS, as
            NAME=https://HOST, several with spaces between); one that is not named here is for `github_url`.
        allow_private: whether addresses of this machine and of private networks may be fetched from
            (COPPER_FETCH_ALLOW_PRIVATE=1). The hosts of `github_url` and `tokens` may always.
        limits: where a fetch ends.
    """

    folder: Path
    github_url: str = "https://github.com"
    tokens: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False
    limits: Limits = field(default_factory=Limits)


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings that the environment holds, else the defaults.

    Raises:
        CopperError: a limit is no positive number, or an address is none.
    """
    default = Limits()
    return Settings(
        folder=fetch_folder(),
        github_url=(environment.get("COPPER_GITHUB_URL") or Settings.github_url).rstrip("/"),
        tokens=_tokens(environment.get("COPPER_FETCH_TOKENS", "")),
        allow_private=environment.get("COPPER_FETCH_ALLOW_PRIVATE", "") in {"1", "true", "yes"},
        limits=Limits(
            size=_number(environment, "COPPER_FETCH_MAX_BYTES", default.size),
            files=_number(environment, "COPPER_FETCH_MAX_FILES", default.files),
            seconds=_number(environment, "COPPER_FETCH_MAX_SECONDS", int(default.seconds)),
        ),
    )


def _tokens(text: str) -> dict[str, str]:
    pairs = dict(one.partition("=")[::2] for one in text.split())
    for name, url in pairs.items():
        if not url.startswith(("https://", "http://")):
            raise CopperError(f"{name} needs an address: {name}=https://HOST", where="COPPER_FETCH_TOKENS")
    return pairs


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise CopperError(f"{text!r} is no positive whole number", where=name)
    return int(text)

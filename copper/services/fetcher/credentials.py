"""Tokens: from the NAME of an environment variable to a header, for hosts that the one who runs the fetcher named.

Comes in: an entry, which anyone on the broker can have written, and the settings. Goes out: an Authorization header.
If an entry could choose both the variable and the host, it could have any secret of the fetcher sent to its writer.
"""

from __future__ import annotations

import base64
import os
import re

from copper.services.fetcher.entry import Entry, bad, text
from copper.services.fetcher.settings import Settings
from copper.services.fetcher.web import origin


def is_named(url: str, settings: Settings) -> bool:
    """Whether the settings name the origin of `url`: then it may be private, whatever the rest says."""
    return origin(url) in {origin(one) for one in (settings.github_url, *settings.tokens.values())}


def authorization(entry: Entry, url: str, settings: Settings) -> str | None:
    """The header for `url`, None where the entry names no token. GitHub, GitLab and Gitea take it in this form.

    Raises:
        ActionError: the variable is none, holds none, or is not for this host. The token itself is never repeated.
    """
    name = text(entry, "token_env")
    if name is None:
        return None
    if not re.fullmatch("[A-Za-z_][0-9A-Za-z_]*", name):
        # Perhaps somebody put the token here: do not repeat it.
        raise bad("token_env must be the name of an environment variable, not the token itself")
    home = settings.tokens.get(name, settings.github_url)
    if origin(home) != origin(url):
        here = "{}://{}:{}".format(*origin(url))
        raise bad(f"the token {name} is not for {here}; COPPER_FETCH_TOKENS={name}={here} would make it so")
    token = os.environ.get(name, "").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise bad(f"the environment variable {name} (token_env) holds no token where the fetcher runs")
    return "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()

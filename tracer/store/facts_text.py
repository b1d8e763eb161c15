"""Facts about clients as text and back, for a moment that is kept: the end of a run. JSON, sorted."""

from __future__ import annotations

import json

from tracer.facts import Facts, Known


def text_of(facts: Facts) -> str:
    """All that is known now."""
    return json.dumps(
        {
            "clients": {
                client: {
                    "user": known.user,
                    "addresses": sorted(known.addresses),
                    "connected": known.connected,
                    "alive": sorted(known.alive),
                    "filters": sorted(known.filters),
                    "published": sorted(known.published),
                }
                for client, known in sorted(facts.clients.items())
            },
            "owners": facts.owners,
        },
        sort_keys=True,
    )


def facts_of(text: str) -> Facts:
    """What was known then."""
    told = json.loads(text)
    facts = Facts()
    facts.owners = told["owners"]
    for client, one in told["clients"].items():
        facts.clients[client] = Known(
            user=one["user"],
            addresses=set(one["addresses"]),
            connected=one["connected"],
            alive=set(one["alive"]),
            filters=set(one["filters"]),
            published=set(one["published"]),
        )
    return facts

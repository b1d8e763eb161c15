"""Client facts → the service that each client is, and by which rule. It asks nobody: no Docker, no network.

First match wins. The rules, by the names that the graph gives (`rule` of a service node):

- `username`: the MQTT user name is the service. Not where it is the one login that all of a plant share.
- `id`: the client id is `service`, `service.instance`, or `service-1f3a9c` with a random tail (hex or UUID).
- `behaviour`: an id that a library, a broker or a container made up says nothing; but who subscribes to `X/Y`
  and publishes `X/status` (or has its will there) or `X/Y/finish` is X.
- `anonymous`: such an id without such a behaviour, and the ids of tools to look around with (mosquitto_sub,
  MQTT Explorer, MQTTX): all of them are one service, `anonymous`.
- `client`: the id as it is, where it has another form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracer import topics

ANONYMOUS = "anonymous"
SHARED_LOGIN = 3
"""So many different names behind the only user name of a log: then it is no service's name."""


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of one client id: the filters it subscribed to, and the topics it published on or has a will on."""

    id: str
    user: str | None = None
    filters: frozenset[str] = field(default_factory=frozenset)
    published: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Service:
    """The service that a client is, and the name of the rule that says so."""

    name: str
    rule: str


UUID = r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"
TOOLS = re.compile(
    r"\A(?:mqtt-explorer|mqttx|mqttui|mqtt-spy|mqttlens|MQTT_FX)(?:[-_ ].*)?\Z", re.IGNORECASE | re.DOTALL
)
MADE_UP = re.compile(
    rf"""\A(?:
        auto-{UUID}                          # Mosquitto, where the client gave none
      | mosq-\w{{18,22}}                     # libmosquitto since 1.5
      | mosq(?:sub|pub|_sub|_pub)[|/_-].*    # mosquitto_sub and mosquitto_pub
      | paho[/-]?[0-9A-Fa-f]{{8,}}           # paho for Java, and old ones for Python
      | (?:python-)?mqtt(?:js|net)?[-_](?=[a-zA-Z]*[0-9])[0-9a-zA-Z]{{6,}} # MQTT.js and others; mqtt-backup is a name
      | clientId-\w+                         # HiveMQ's web client
      | {UUID} | [0-9a-f]{{12,}}             # a UUID, a container's host name
      | (?=[0-9A-Za-z]*[0-9])(?=[0-9A-Za-z]*[A-Z])(?=[0-9A-Za-z]*[a-z])[0-9A-Za-z]{{20,23}}
    )\Z""",
    re.VERBOSE | re.DOTALL,
)
NAME = r"[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*"
PLAIN = re.compile(rf"\A{NAME}\Z")
INSTANCE = re.compile(rf"\A(?P<name>{NAME})\.[A-Za-z0-9_-]+\Z")
TAIL = re.compile(
    rf"\A(?P<name>{NAME}?)[-_](?:{UUID}|(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{{4,}}|[0-9a-f]{{8,}})\Z"
)
SHORT_TAIL = re.compile(rf"\A(?P<name>{NAME}?)[-_](?P<tail>[0-9a-f]{{4,}})\Z")


def identify(clients: Iterable[Client]) -> dict[str, Service]:
    """The service of each client, by its id. It depends on all clients: see `username`, and tails of one kind."""
    every = sorted(clients, key=lambda client: client.id)
    folded = {match["name"] for client in every if (match := TAIL.match(client.id)) and not MADE_UP.match(client.id)}
    by_id = {client.id: _by_id(client, folded) for client in every}
    shared = _shared_login(every, by_id)
    return {
        client.id: Service(client.user, "username") if client.user and client.user != shared else by_id[client.id]
        for client in every
    }


def _by_id(client: Client, folded: set[str]) -> Service:
    if TOOLS.match(client.id):
        return Service(ANONYMOUS, "anonymous")
    if not client.id or MADE_UP.match(client.id):
        name = _behaves_as(client)
        return Service(name, "behaviour") if name else Service(ANONYMOUS, "anonymous")
    match = TAIL.match(client.id) or INSTANCE.match(client.id)
    if match is None:
        # a random tail can be all digits, or all letters: then it is told by others of its kind
        match = SHORT_TAIL.match(client.id)
        if match is not None and match["name"] not in folded:
            match = None
    if match is not None:
        return Service(match["name"], "id")
    return Service(client.id, "id" if PLAIN.match(client.id) else "client")


def _behaves_as(client: Client) -> str | None:
    """X of the first rule of WIRE: who takes requests on X/Y and answers on X/Y/finish, or says X/status."""
    for topic_filter in sorted(client.filters):
        _, plain = topics.split_share(topic_filter)
        name, _, action = plain.partition("/")
        if not name or not action or topics.is_wildcard(plain):
            continue
        if f"{name}/status" in client.published or f"{plain}/finish" in client.published:
            return name
    return None


def _shared_login(clients: list[Client], by_id: dict[str, Service]) -> str | None:
    users = {client.user for client in clients if client.user}
    if len(users) != 1:
        return None
    names = {by_id[client.id].name for client in clients if client.user}
    return next(iter(users)) if len(names) >= SHARED_LOGIN else None

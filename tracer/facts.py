"""What the events tell of clients and subscriptions: who is there, from where, and with which filters.

Comes in: events, in order. Goes out: plain facts about client ids. It counts no messages.
A fact is kept as long as the client is remembered; what is `alive` ends with its session.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracer import events as e
from tracer.flows import Flow
from tracer.identity import Client


@dataclass(slots=True)
class Known:
    """One client id.

    Attributes:
        connected: at this point of the log.
        lasting: its session may outlive its connection: MQTT 5 with clean start and a session expiry interval,
            which the log does not print.
        stays: the log shows that it does: it connected with c0.
        alive: the filters that the broker has of it now, as logged.
        filters: all that it ever had.
        published: topics that it published on, or has a will on.
    """

    user: str | None = None
    addresses: set[str] = field(default_factory=set)
    connected: bool = False
    lasting: bool = True
    stays: bool = False
    alive: set[str] = field(default_factory=set)
    filters: set[str] = field(default_factory=set)
    published: set[str] = field(default_factory=set)

    @property
    def has_session(self) -> bool:
        """Whether the broker knows it now: it is connected, or its subscriptions are sure to wait for it."""
        return self.connected or (self.stays and bool(self.alive))


class Facts:
    """All client ids of one broker, and the authors of its stored messages."""

    def __init__(self) -> None:
        self.clients: dict[str, Known] = {}
        self.owners: dict[str, str] = {}

    def add(self, event: e.Event) -> None:  # noqa: C901  one branch a kind of event
        """Take in what an event tells of clients."""
        if isinstance(event, e.Publish):
            self._publish(event)
        elif isinstance(event, e.Connect):
            self._connect(event)
        elif isinstance(event, e.Subscribe):
            known = self._of(event.client)
            if event.granted:
                known.alive.add(event.filter)
                known.filters.add(event.filter)
        elif isinstance(event, e.Deny) and event.direction == "in":
            self._of(event.client)
        elif isinstance(event, e.Unsubscribe):
            self._of(event.client).alive.discard(event.filter)
        elif isinstance(event, e.Disconnect):
            self._disconnect(self._of(event.client), gone=event.reason == "expired")
        elif isinstance(event, e.Broker) and event.state != "running":
            for known in self.clients.values():
                self._disconnect(known, gone=False)
        elif isinstance(event, e.Deliver):
            self._deliver(event.sender, event.client)

    def keep(self, client: str, topic: str, size: int) -> None:
        """The client's message of `size` bytes is the stored one of the topic; an empty one deletes what was."""
        if size:
            self.owners[topic] = client
        else:
            self.owners.pop(topic, None)

    def introduce(self, flow: Flow) -> None:
        """Take in what messages tell of clients, as publish and deliver events would."""
        if not flow.has_waited:
            self._of(flow.sender).published.add(flow.topic)
        for one in flow.receivers:
            self._deliver(flow.sender, one.client)

    def identities(self) -> list[Client]:
        """The facts by which clients are told apart."""
        return [
            Client(client, known.user, frozenset(known.filters), frozenset(known.published))
            for client, known in self.clients.items()
        ]

    def _of(self, client: str) -> Known:
        known = self.clients.get(client)
        if known is None:
            # it shows itself without a connect event: it was there before the log began
            known = self.clients[client] = Known(connected=True)
        return known

    def _deliver(self, sender: str | None, client: str) -> None:
        self._of(client)
        if sender is not None:
            # whoever keeps facts for long may have forgotten it, and not its stored message
            self.clients.setdefault(sender, Known())

    def _publish(self, event: e.Publish) -> None:
        self._of(event.client).published.add(event.topic)
        if event.retain:
            self.keep(event.client, event.topic, event.bytes)

    def _connect(self, event: e.Connect) -> None:
        known = self._of(event.client)
        known.connected = True
        known.lasting = not event.clean or event.protocol == "5.0"
        known.stays = event.clean is False
        if not event.session_present and (event.session_present is not None or event.clean):
            known.alive.clear()
        if event.user is not None:
            known.user = event.user
        if event.address is not None:
            known.addresses.add(event.address)
        if event.will is not None:
            known.published.add(event.will.topic)

    def _disconnect(self, known: Known, *, gone: bool) -> None:
        known.connected = False
        if gone or not known.lasting:
            known.alive.clear()

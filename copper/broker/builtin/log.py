"""Mosquitto's log lines, as functions: names and numbers in, the text of a line out.

The words are those of Mosquitto 2.0.11 at the levels error, warning, notice, information and debug; who
writes which line, in which order, is not known here.
"""

from __future__ import annotations

VERSION = "2.0.11"
LONGEST = 999
"""Bytes of a line, its time included; Mosquitto cuts there, even inside a character."""


def record(text: str, seconds: float) -> bytes:
    """The line as it stands in the file.

    Args:
        text: what is said.
        seconds: the time, in seconds since 1970.
    """
    return f"{int(seconds)}: {text}".encode()[:LONGEST] + b"\n"


def starting(port: int) -> list[str]:
    """The head of the log. Its first line is ours and no line of Mosquitto's: a log should not lie."""
    return [
        f"Copper's built-in broker, writing the lines of Mosquitto {VERSION}",
        f"mosquitto version {VERSION} starting",
        f"Opening ipv4 listen socket on port {port}.",
        f"mosquitto version {VERSION} running",
    ]


def terminating() -> str:
    """The broker was told to stop."""
    return f"mosquitto version {VERSION} terminating"


def new_connection(peer: str, peer_port: int, port: int) -> str:
    """A socket was accepted; who it is comes later."""
    return f"New connection from {peer}:{peer_port} on port {port}."


def already_connected(client: str) -> str:
    """A new connection takes over the id of a living one."""
    return f"Client {client} already connected, closing old connection."


def new_client(
    peer: str, peer_port: int, client: str, *, version: int, clean: bool, keepalive: int, user: str | None
) -> str:
    """A client was let in. MQTT 3.1.1 prints as p2."""
    name = "" if user is None else f", u'{user}'"
    version = 2 if version == 4 else version
    return f"New client connected from {peer}:{peer_port} as {client} (p{version}, c{clean:d}, k{keepalive}{name})."


def will(topic: str, size: int, qos: int, *, retain: bool) -> list[str]:
    """The will of a new client."""
    return [f"Will message specified ({size} bytes) (r{retain:d}, q{qos}).", f"\t{topic}"]


def no_will() -> str:
    """A new client left no will."""
    return "No will message specified."


def connack(client: str, code: int, *, present: bool) -> str:
    """The answer to CONNECT."""
    return f"Sending CONNACK to {client} ({present:d}, {code})"


def received(kind: str, client: str) -> str:
    """A packet of which only the kind is logged."""
    return f"Received {kind} from {client}"


def sending(kind: str, client: str) -> str:
    """A packet to a client of which only the kind is logged."""
    return f"Sending {kind} to {client}"


def publish(what: str, client: str, *, dup: bool, qos: int, retain: bool, packet_id: int, topic: str, size: int) -> str:
    """A PUBLISH; `what` is "Received PUBLISH from", "Denied PUBLISH from" or "Sending PUBLISH to"."""
    return f"{what} {client} (d{dup:d}, q{qos}, r{retain:d}, m{packet_id}, '{topic}', ... ({size} bytes))"


def received_ack(kind: str, client: str, packet_id: int, code: int | None) -> str:
    """An acknowledgement from a client; of PUBREC and PUBREL Mosquitto does not say the reason code."""
    tail = "" if code is None else f", RC:{code}"
    return f"Received {kind} from {client} (Mid: {packet_id}{tail})"


def sending_ack(kind: str, client: str, packet_id: int, code: int | None) -> str:
    """An acknowledgement to a client; of PUBREL and PUBCOMP Mosquitto does not say the reason code."""
    tail = "" if code is None else f", rc{code}"
    return f"Sending {kind} to {client} (m{packet_id}{tail})"


def unknown_packet_id(kind: str, client: str, packet_id: int) -> str:
    """An acknowledgement of what was never sent."""
    return f"Warning: Received {kind} from {client} for an unknown packet identifier {packet_id}."


def reused_packet_id(client: str, packet_id: int) -> str:
    """A new message under the id of one that was not released yet."""
    return f"Reused message ID {packet_id} from {client} detected. Clearing from storage."


def filter_asked(topic_filter: str, qos: int) -> str:
    """One filter of a SUBSCRIBE."""
    return f"\t{topic_filter} (QoS {qos})"


def filter_left(topic_filter: str) -> str:
    """One filter of an UNSUBSCRIBE."""
    return f"\t{topic_filter}"


def invalid(what: str, who: str) -> str:
    """A packet whose sender is sent away; `what` is "QoS in PUBLISH", "subscription string", …."""
    return f"Invalid {what} from {who}, disconnecting."


def invalid_connect(what: str, peer: str) -> str:
    """A CONNECT that does not say what it must; `what` is "Will QoS", "protocol version 3", …."""
    return f"Invalid {what} in CONNECT from {peer}."


def no_username(client: str) -> str:
    """A CONNECT with a password and nobody whom it belongs to."""
    return f"Protocol error from {client}: password without username, closing connection."


def connect_twice(client: str) -> str:
    """A second CONNECT on one connection."""
    return f"Bad client {client} sending multiple CONNECT messages."


def too_large(client: str, size: int) -> str:
    """A message larger than its receiver takes; the Sending line before it is void."""
    return f"Dropping too large outgoing PUBLISH for {client} ({size} bytes)"


def dropping(client: str) -> str:
    """The queue for a client is full; said once a connection."""
    return f"Outgoing messages are being dropped for client {client}."


def expiring(client: str) -> str:
    """A session outlived the time that its client asked for."""
    return f"Expiring client {client} due to timeout."

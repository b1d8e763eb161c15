"""The lines with at most one free text: a table of their forms, each with its place in Mosquitto and a sample.

One piece a form: the source that prints it (all versions from 1.6.0 to 2.1.2 unless it says otherwise), a
sample that a test reads, the pattern, and the record that a match makes. Lines where two free texts meet, or
where a free text is followed by words that it may hold itself, are in grammar.py.
Free text stands between fixed text, or at the end of a line, so each pattern matches in one way only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tracer import records as r

Match = re.Match[bytes]
Build = Callable[[Match], r.Record]


@dataclass(frozen=True, slots=True)
class Piece:
    """One form of line."""

    source: str
    sample: bytes
    pattern: re.Pattern[bytes]
    build: Build


def text_of(value: bytes) -> str:
    """Log bytes as text. MQTT strings are valid UTF-8; plugins, file names and cut text may not be."""
    return value.decode("utf-8", "backslashreplace")


def _piece(source: str, sample: bytes, pattern: bytes, build: Build) -> Piece:
    return Piece(source, sample, re.compile(rb"\A" + pattern + rb"\Z", re.DOTALL), build)


def _of(kind: Callable[[str], r.Record]) -> Build:
    return lambda match: kind(text_of(match["client"]))


def _ack(kind: type[r.AckIn | r.AckOut]) -> Build:
    def build(match: Match) -> r.Record:
        code = match.groupdict().get("code")
        return kind(text_of(match["kind"]), text_of(match["client"]), int(match["mid"]), int(code) if code else None)

    return build


def _note(_: Match) -> r.Record:
    return r.Note()


def _note_inside(_: Match) -> r.Record:
    return r.NoteInside()


def _broker(match: Match) -> r.Record:
    return r.BrokerState(text_of(match["version"]), text_of(match["state"]))


def _connection(match: Match) -> r.Record:
    port = match["port"]
    return r.NewConnection(text_of(match["address"]), int(port) if port else None)


def _will(match: Match) -> r.Record:
    return r.WillSpecified(int(match["size"]), int(match["qos"]), match["retain"] == b"1")


def _connack(match: Match) -> r.Record:
    return r.ConnAck(text_of(match["client"]), match["present"] == b"1", int(match["code"]))


def _too_large(match: Match) -> r.Record:
    return r.OutTooLarge(text_of(match["client"]), int(match["size"]))


def _out_rejected(match: Match) -> r.Record:
    return r.OutDenied(text_of(match["client"]), None, None)


def _bridge_subscribe(match: Match) -> r.Record:
    return r.BridgeSubscribe(text_of(match["client"]), text_of(match["filter"]))


ANY = rb"(?P<client>.+)"
SUPPORT = rb"[\w-]+ support (?:NOT )?available\."
MID = rb" \(Mid: (?P<mid>\d{1,5})"

ACKNOWLEDGEMENTS = (
    _piece(
        "lib/send_mosq.c, to the publisher",
        b"Sending PUBACK to P (m1, rc0)",
        rb"Sending (?P<kind>PUBACK) to " + ANY + rb" \(m(?P<mid>\d{1,5}), rc(?P<code>\d{1,3})\)",
        _ack(r.AckOut),
    ),
    _piece(
        "lib/send_mosq.c",
        b"Sending PUBREC to P (m2, rc0)",
        rb"Sending (?P<kind>PUBREC) to " + ANY + rb" \(m(?P<mid>\d{1,5}), rc(?P<code>\d{1,3})\)",
        _ack(r.AckOut),
    ),
    _piece(
        "lib/send_mosq.c, to the publisher",
        b"Sending PUBCOMP to P (m2)",
        rb"Sending (?P<kind>PUBCOMP) to " + ANY + rb" \(m(?P<mid>\d{1,5})\)",
        _ack(r.AckOut),
    ),
    _piece(
        "lib/send_mosq.c, to a subscriber",
        b"Sending PUBREL to S (m2)",
        rb"Sending (?P<kind>PUBREL) to " + ANY + rb" \(m(?P<mid>\d{1,5})\)",
        _ack(r.AckOut),
    ),
    _piece(
        "lib/handle_pubackcomp.c",
        b"Received PUBACK from S (Mid: 1, RC:0)",
        rb"Received (?P<kind>PUBACK) from " + ANY + MID + rb", RC:(?P<code>\d{1,3})\)",
        _ack(r.AckIn),
    ),
    _piece(
        "lib/handle_pubackcomp.c",
        b"Received PUBCOMP from S (Mid: 2, RC:0)",
        rb"Received (?P<kind>PUBCOMP) from " + ANY + MID + rb", RC:(?P<code>\d{1,3})\)",
        _ack(r.AckIn),
    ),
    _piece(
        "lib/handle_pubrec.c, from a subscriber; never with a reason code",
        b"Received PUBREC from S (Mid: 2)",
        rb"Received (?P<kind>PUBREC) from " + ANY + MID + rb"\)",
        _ack(r.AckIn),
    ),
    _piece(
        "lib/handle_pubrel.c, from the publisher",
        b"Received PUBREL from P (Mid: 2)",
        rb"Received (?P<kind>PUBREL) from " + ANY + MID + rb"\)",
        _ack(r.AckIn),
    ),
)

DELIVERIES = (
    _piece(
        "send__real_publish, directly after its Sending line",
        b"Dropping too large outgoing PUBLISH for S (5000 bytes)",
        rb"Dropping too large outgoing PUBLISH for " + ANY + rb" \((?P<size>\d{1,19}) bytes\)",
        _too_large,
    ),
    _piece(
        "db__message_insert; packet__queue in Debian's 2.0.11 and since 2.0.16",
        b"Outgoing messages are being dropped for client S.",
        rb"Outgoing messages are being dropped for client " + ANY + rb"\.",
        _of(r.OutDropped),
    ),
    _piece(
        "handle__publish, 2.1 with a plugin",
        b"Rejected PUBLISH from P, quota exceeded.",
        rb"Rejected PUBLISH from " + ANY + rb", quota exceeded\.",
        _of(r.PublishRejected),
    ),
    _piece(
        "send__publish, 2.1 with a plugin",
        b"Rejected PUBLISH to S, quota exceeded.",
        rb"Rejected PUBLISH to " + ANY + rb", quota exceeded\.",
        _out_rejected,
    ),
    _piece(
        "handle__publish since 2.0.9, between Received and the deliveries",
        b"Reused message ID 7 from P detected. Clearing from storage.",
        rb"Reused message ID \d+ from .+ detected\. Clearing from storage\.",
        _note_inside,
    ),
)

SUBSCRIPTIONS = (
    _piece("handle__subscribe", b"Received SUBSCRIBE from S", rb"Received SUBSCRIBE from " + ANY, _of(r.SubscribeIn)),
    _piece(
        "handle__unsubscribe",
        b"Received UNSUBSCRIBE from S",
        rb"Received UNSUBSCRIBE from " + ANY,
        _of(r.UnsubscribeIn),
    ),
    _piece("send__suback", b"Sending SUBACK to S", rb"Sending SUBACK to " + ANY, _of(r.SubAck)),
    _piece("send__unsuback", b"Sending UNSUBACK to S", rb"Sending UNSUBACK to " + ANY, _of(r.SubAck)),
)

CONNECTIONS = (
    _piece(
        "net__socket_accept; 1.6 without the peer's port",
        b"New connection from 127.0.0.1:55238 on port 1883.",
        rb"New connection from (?P<address>.+?)(?:(?<!:):(?P<port>\d{1,5}))? on port \d+\.",
        _connection,
    ),
    _piece(
        "send__connack; with code != 0 an address up to 2.0.12, since then the id that a stranger claims",
        b"Sending CONNACK to S (0, 0)",
        rb"Sending CONNACK to " + ANY + rb" \((?P<present>[01]), (?P<code>\d{1,3})\)",
        _connack,
    ),
    _piece(
        "connect__on_authorised, after New client",
        b"No will message specified.",
        rb"No will message specified\.",
        lambda _: r.NoWill(),
    ),
    _piece(
        "connect__on_authorised, after New client; its topic is the next line",
        b"Will message specified (6 bytes) (r0, q1).",
        rb"Will message specified \((?P<size>\d{1,19}) bytes\) \(r(?P<retain>[01]), q(?P<qos>[012])\)\.",
        _will,
    ),
    _piece(
        "handle__disconnect", b"Received DISCONNECT from S", rb"Received DISCONNECT from " + ANY, _of(r.DisconnectIn)
    ),
    _piece(
        "loop.c, 1.6",
        b"Socket error on client S, disconnecting.",
        rb"Socket error on client " + ANY + rb", disconnecting\.",
        lambda match: r.Disconnected(text_of(match["client"]), "closed", None, None),
    ),
    _piece(
        "do_disconnect, up to 2.0.5",
        b"Bad socket read/write on client S, disconnecting.",
        rb"Bad socket read/write on client " + ANY + rb", disconnecting\.",
        lambda match: r.Disconnected(text_of(match["client"]), "socket", None, None),
    ),
    _piece(
        "do_disconnect, since 2.0.6",
        b"Bad socket read/write on client S: Connection reset by peer",
        rb"Bad socket read/write on client " + ANY + rb": [^:]+",
        lambda match: r.Disconnected(text_of(match["client"]), "socket", None, None),
    ),
    _piece(
        "session_expiry__check; `persistent` up to 1.6.7",
        b"Expiring client S due to timeout.",
        rb"Expiring (?:persistent )?client " + ANY + rb" due to timeout\.",
        _of(r.Expired),
    ),
    _piece("handle__pingreq", b"Received PINGREQ from S", rb"Received PINGREQ from " + ANY, _of(r.Sign)),
    _piece("send__pingresp", b"Sending PINGRESP to S", rb"Sending PINGRESP to " + ANY, _of(r.Sign)),
    _piece("bridges", b"Sending PINGREQ to S", rb"Sending PINGREQ to " + ANY, _of(r.Sign)),
    _piece("bridges", b"Received PINGRESP from S", rb"Received PINGRESP from " + ANY, _of(r.Sign)),
    _piece("handle_auth.c", b"Received AUTH from S (rc24, SCRAM)", rb"Received AUTH from .+ \(rc\d+, .*\)", _note),
    _piece("builds without bridges", b"Sending DISCONNECT to S (rc0)", rb"Sending DISCONNECT to .+ \(rc\d+\)", _note),
    _piece("send_auth.c", b"Sending AUTH to S (rc24, SCRAM)", rb"Sending AUTH to .+ \(rc\d+, .*\)", _note),
)

BRIDGES = (
    _piece(
        "bridge.c",
        b"Bridge local.edge doing local SUBSCRIBE on topic dom/#",
        rb"Bridge (?P<client>.+?) doing local SUBSCRIBE on topic (?P<filter>.+)",
        _bridge_subscribe,
    ),
    _piece(
        "bridge.c",
        b"Received CONNACK on connection local.edge.",
        rb"Received CONNACK on connection " + ANY + rb"\.",
        _of(r.BridgeConnected),
    ),
    _piece("bridge.c", b"Received SUBACK from local.edge", rb"Received SUBACK from " + ANY, _of(r.Sign)),
    _piece("bridge.c", b"Received UNSUBACK from local.edge", rb"Received UNSUBACK from " + ANY, _of(r.Sign)),
    _piece(
        "bridge.c",
        b"Bridge local.edge sending SUBSCRIBE (Mid: 1, Topic: a/#, QoS: 0, Options: 0x00)",
        rb"Bridge .+ sending (?:CONNECT|DISCONNECT|(?:UN)?SUBSCRIBE \(Mid: .+\))",
        _note,
    ),
    _piece(
        "util_mosq.c; 2.1 has more of them",
        b"Bridge connection edge has exceeded idle timeout, disconnecting.",
        rb"Bridge (?:connection .+ has exceeded idle timeout, disconnecting\."
        rb"|.+ connection was stable enough, resetting backoff|.+ next backoff will be \d+ ms)",
        _note,
    ),
    _piece("handle_connack.c", b"Connection Refused: not authorised", rb"Connection Refused: .+", _note),
    _piece("bridge.c", b"Connecting bridge (step 1) edge (h:1883)", rb"Connecting bridge .+", _note),
)

BROKER = (
    _piece(
        "mosquitto.c main; `running` since 1.6.11",
        b"mosquitto version 2.0.11 starting",
        rb"mosquitto version (?P<version>\S+) (?P<state>starting|running|terminating)",
        _broker,
    ),
    _piece("mosquitto.c", b"Config loaded from /etc/mosquitto.conf.", rb"Config loaded from .+", _note),
    _piece("mosquitto.c", b"Using default config.", rb"Using default config\.", _note),
    _piece(
        "mosquitto.c, 2.0", b"Starting in local only mode. Connections will only", rb"Starting in local only .+", _note
    ),
    _piece("mosquitto.c, 2.0", b"Create a configuration file which defines", rb"Create a configuration file .+", _note),
    _piece("mosquitto.c", b"For more details see https://mosquitto.org/", rb"For more details see https:.+", _note),
    _piece(
        "security.c",
        " └── Extended authentication not enabled.".encode(),
        rb" \xe2\x94[\x94\x9c]\xe2\x94\x80\xe2\x94\x80 .+",
        _note,
    ),
    _piece("net.c", b"Opening ipv4 listen socket on port 1883.", rb"Opening \w+ listen socket on .+", _note),
    _piece("2.1", b"Info: running mosquitto as user: mosquitto.", rb"Info: .+", _note),
    _piece("2.1", b"Bridge support available.", SUPPORT, _note),
    _piece("2.1", b"Persistence support available.", SUPPORT, _note),
    _piece("2.1", b"TLS support available.", SUPPORT, _note),
    _piece("2.1", b"TLS-PSK support available.", SUPPORT, _note),
    _piece("2.1", b"Websockets support available.", SUPPORT, _note),
    _piece("2.1", b"Restored 4 base messages", rb"Restored \d+ .+", _note),
    _piece("2.1", b"Plugin p has registered to receive 'tick' events.", rb"Plugin .+", _note),
    _piece("plugin.c", b"Loading plugin: /usr/lib/p.so", rb"Loading plugin: .+", _note),
    _piece("loop.c; 2.1 signals.c", b"Reloading config.", rb"Reloading config\.", lambda _: r.Reloading()),
    _piece("persist_write.c", b"Saving in-memory database to /var/m.db.", rb"Saving in-memory database to .+", _note),
    _piece("all over", b"Warning: File /etc/acl owner is not mosquitto.", rb"Warning: .+", _note),
    _piece("all over", b"Error: Invalid password hash for user u, removing entry.", rb"Error: .+", _note),
    _piece("net.c", b"OpenSSL Error[0]: error:0A000126", rb"OpenSSL Error.+", _note),
    _piece("various", b"Protocol error from S: PUBREL for unknown id.", rb"Protocol error from .+", _note),
    _piece("various", b"Invalid QoS in PUBLISH from S, disconnecting.", rb"Invalid .+", _note),
    _piece("handle_publish.c", b"Too high QoS in PUBLISH from S, disconnecting.", rb"Too high QoS in .+", _note),
    _piece("handle_subscribe.c", b"Empty subscription string from S, disconnecting.", rb"Empty .+", _note),
    _piece(
        "security.c, while a message is handed out",
        b'ACL denying access to client with dangerous client id "a/+"',
        rb"ACL denying access to client with dangerous .+",
        _note_inside,
    ),
    _piece("handle_connect.c", b"Bad client S sending multiple CONNECT messages.", rb"Bad client .+", _note),
    _piece("mux_epoll.c", b"Error in epoll re-registering to EPOLLOUT: Invalid argument", rb"Error .+", _note_inside),
    _piece("dynamic-security plugin", b"dynsec: adm/admin | listClients", rb"dynsec: .+", _note_inside),
)


def _table(pieces: Iterable[Piece]) -> dict[bytes, tuple[Piece, ...]]:
    """The pieces by the first two words of their samples, and by the first word, where the second is free."""
    table: dict[bytes, tuple[Piece, ...]] = {}
    for piece in pieces:
        words = piece.sample.split(b" ", 2)
        for key in (b" ".join(words[:2]), words[0]):
            table[key] = (*table.get(key, ()), piece)
    return table


PIECES = (*ACKNOWLEDGEMENTS, *DELIVERIES, *SUBSCRIPTIONS, *CONNECTIONS, *BRIDGES, *BROKER)
BY_WORDS = _table(PIECES)


def read(text: bytes) -> r.Record | None:
    """The record of a line in the table, or None."""
    words = text.split(b" ", 2)
    for key in (b" ".join(words[:2]), words[0]):
        for piece in BY_WORDS.get(key, ()):
            match = piece.pattern.match(text)
            if match is not None:
                return piece.build(match)
    return None

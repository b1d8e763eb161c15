"""One line's text, and the ids that are known → what the line says.

Three answers: a record; `Readings` (more than one record fits, because Mosquitto escapes nothing and an id or a
topic may hold any text); None: the line is none of ours.
No state here: `known` are the ids that may stand in a line, and a reading with a known id beats all others.
Readings are ordered, the likeliest last, for whoever has no better judge.

Bytes in, because text that is cut inside a character is no UTF-8; U+2028 and the like are ordinary characters.
The plain lines are a table in forms.py; here are the lines where two free texts meet.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from tracer import forms
from tracer import records as r
from tracer.forms import text_of

CUT = 999
"""Since 2.0 a whole line, prefix included, is cut at 999 bytes (src/logging.c, `char log_line[1000]`)."""

LEFT_1_6 = 499
"""1.6 cuts the text alone, at so many bytes more than its format string has."""
FORMATS_1_6 = (
    b"Received PUBLISH from %s (d%d, q%d, r%d, m%d, '%s', ... (%ld bytes))",
    b"Sending PUBLISH to %s (d%d, q%d, r%d, m%d, '%s', ... (%ld bytes))",
    b"Denied PUBLISH from %s (d%d, q%d, r%d, m%d, '%s', ... (%ld bytes))",
    b"Dropped too large PUBLISH from %s (d%d, q%d, r%d, m%d, '%s', ... (%ld bytes))",
    b"Received SUBSCRIBE from %s",
    b"Received UNSUBSCRIBE from %s",
    b"Received PINGREQ from %s",
    b"Sending PINGRESP to %s",
    b"Received DISCONNECT from %s",
    b"Sending CONNACK to %s (%d, %d)",
    b"Sending SUBACK to %s",
    b"Sending UNSUBACK to %s",
)
"""Those whose end, where it is cut off, may look whole: a topic's author chose it, or it is only part of an id."""
CUT_1_6 = tuple((line.split(b"%")[0], len(line) + LEFT_1_6) for line in FORMATS_1_6)

LONGEST = 2_000
"""No version prints a text of so many bytes; such a line may be made to be slow to read."""

PROTOCOLS = {b"1": "3.1", b"2": "3.1.1", b"3": "3.1", b"4": "3.1.1", b"5": "5.0"}
"""What `p` stands for in a New client line: up to 2.0 it is 1, 2 or 5; since 2.1 it is 3, 4 or 5."""

Answer = r.Record | r.Readings | None
Match = re.Match[bytes]


def read(text: bytes, known: Container[str]) -> Answer:
    """What a line's text (prefix gone, not cut) says."""
    if len(text) > LONGEST:
        return None
    for line in PUBLISH_LINES:
        if text.startswith(line.head):
            return _publish(text, line, known)
    if text.startswith(b"\t"):
        return _indented(text[1:])
    if text.startswith(b"Client "):
        return _client(text, known)
    if text.startswith(b"New "):
        match = NEW_CLIENT.match(text)
        if match is not None:
            return _new_client(match)
    if text.startswith(b"Denied PUBLISH to "):
        return _out_denied(text, known)
    if not text or text.startswith(b"To fix this, use `"):
        return r.Continuation()
    return forms.read(text)


def read_cut(text: bytes) -> r.Record:
    """What is left of a line that was cut: whether it may stand inside a message's block, or begins one of filters."""
    if text.startswith(b"Sending PUBLISH to "):
        return r.CutInside()
    for head in (b"Received SUBSCRIBE from ", b"Received UNSUBSCRIBE from "):
        if text.startswith(head):
            return r.CutBegin(text[len(head) :])
    return r.Cut()


def is_cut(line: bytes, text: bytes, *, old: bool) -> bool:
    """Whether Mosquitto cut this line (`text` is the line without its prefix; `old`: 1.6 wrote it)."""
    if not old:
        return len(line) == CUT
    return any(len(text) == length and text.startswith(head) for head, length in CUT_1_6)


# -- PUBLISH lines: `HEAD I (d%d, q%d, r%d, m%d, 'T', ... (%ld bytes))`, the same in all versions -----------


@dataclass(frozen=True, slots=True)
class PublishLine:
    """One form of line with that tail."""

    head: bytes
    kind: type[r.Publish]
    source: str


PUBLISH_LINES = (
    PublishLine(b"Sending PUBLISH to ", r.PublishOut, "lib/send_publish.c"),
    PublishLine(b"Received PUBLISH from ", r.PublishIn, "handle_publish.c"),
    PublishLine(b"Denied PUBLISH from ", r.PublishDenied, "handle_publish.c; instead of Received, or after it"),
    PublishLine(b"Dropped too large PUBLISH from ", r.PublishTooLarge, "handle_publish.c; message_size_limit"),
)
TAIL = re.compile(rb"', \.\.\. \((\d{1,19}) bytes\)\)\Z")
MIDDLE = re.compile(rb" \(d([01]), q([012]), r([01]), m(\d{1,5}), '")


def _publish(text: bytes, line: PublishLine, known: Container[str]) -> Answer:
    """Splits id from topic at each place where the two can meet, and lets the known ids decide."""
    tail = TAIL.search(text)
    if tail is None:
        return None
    splits = MIDDLE.finditer(text, len(line.head), tail.start() + 1)
    found = [_publish_record(text, line, split, tail) for split in splits]
    return _choose(found, known)


def _publish_record(text: bytes, line: PublishLine, split: Match, tail: Match) -> r.Publish:
    return line.kind(
        client=text_of(text[len(line.head) : split.start()]),
        dup=split[1] == b"1",
        qos=int(split[2]),
        retain=split[3] == b"1",
        mid=int(split[4]),
        topic=text_of(text[split.end() : tail.start()]),
        size=int(tail[1]),
    )


OUT_DENIED = re.compile(rb" \(q[012], r[01], '")


def _out_denied(text: bytes, known: Container[str]) -> Answer:
    """`Denied PUBLISH to I (q%d, r%d, 'T', ... (%ld bytes))`: send__publish, 2.1 with a plugin."""
    tail = TAIL.search(text)
    if tail is None:
        return None
    head = len(b"Denied PUBLISH to ")
    found = [
        r.OutDenied(text_of(text[head : split.start()]), text_of(text[split.end() : tail.start()]), int(tail[1]))
        for split in OUT_DENIED.finditer(text, head, tail.start() + 1)
    ]
    return _choose(found, known)


def _choose(found: list[r.Publish] | list[r.OutDenied], known: Container[str]) -> Answer:
    if len(found) < 2:
        return found[0] if found else None
    ours = [record for record in found if record.client in known]
    return ours[0] if len(ours) == 1 else r.Readings(tuple(ours or found))


# -- lines that begin with a tab ----------------------------------------------------------------------------

FILTER = re.compile(rb"\A(.*) \((?:QoS ([012])|(denied))\)\Z", re.DOTALL)


def _indented(text: bytes) -> r.Record:
    r"""`\tF (QoS n)`, 2.1 also `\tF (denied)` (handle__subscribe); `\tF` (handle__unsubscribe); `\tT` of a will."""
    match = FILTER.match(text)
    if match is None:
        return r.Indented(text_of(text), None, None, denied=False)
    qos = None if match[2] is None else int(match[2])
    return r.Indented(text_of(text), text_of(match[1]), qos, denied=match[3] is not None)


# -- New client -----------------------------------------------------------------------------------------------

NEW_CLIENT = re.compile(
    rb"\ANew (?P<what>client|bridge) connected from (?P<address>.+?)(?:(?<!:):(?P<port>\d{1,5}))? as (?P<rest>.+)\Z",
    re.DOTALL,
)
INTRODUCTION = re.compile(rb" \(p(\d), c([01]), k(\d{1,5})(?:\)\.\Z|, u')")


def _new_client(match: Match) -> r.Record:
    """`... as I (p%d, c%d, k%d, u'U').` (connect__on_authorised): I and U are free, so each place is a reading.

    The end may be missing: up to 2.0.15 a TLS identity can hold a newline, which ends the line early.
    """
    rest = match["rest"]
    introductions = tuple(_introduction(rest, place) for place in INTRODUCTION.finditer(rest))
    if not introductions:
        return r.Cut()
    port = int(match["port"]) if match["port"] else None
    return r.NewClient(text_of(match["address"]), port, match["what"] == b"bridge", introductions)


def _introduction(rest: bytes, place: Match) -> r.Introduction:
    user = None
    if place[0].endswith(b"'"):
        user = text_of(rest[place.end() :].removesuffix(b"')."))
    client = text_of(rest[: place.start()])
    return r.Introduction(client, PROTOCOLS.get(place[1]), place[2] == b"1", int(place[3]), user)


# -- the end of a connection: `Client I ...`, where I may hold the words that follow it ----------------------

REASONS = {
    "closed its connection": "closed",
    "connection closed by client": "closed",
    "exceeded timeout": "timeout",
    "malformed packet": "malformed",
    "protocol error": "protocol",
    "oversize packet": "oversize",
    "oversize payload": "oversize",
    "packet too large": "oversize",
    "out of memory": "memory",
    "not authorised": "unauthorised",
    "no longer authorised": "unauthorised",
    "session taken over": "takeover",
    "administrative action": "administrative",
    "server shutting down": "administrative",
    "quota exceeded": "quota",
    "receive maximum exceeded": "quota",
    "exceeding the receive maximum": "quota",
    "qos too high or retain not supported": "unsupported",
    "qos not supported": "unsupported",
    "retain not supported": "unsupported",
}
"""Words of do_disconnect (src/loop.c, since 2.1 src/context.c), as events.DISCONNECT_REASONS calls them."""

ENDS = tuple(
    re.compile(rb"\AClient (?P<client>.+)" + end + rb"\Z", re.DOTALL)
    for end in (
        rb" disconnected\.",
        rb" disconnected[,:] (?P<why>[^,:]+)\.",  # 2.0; 2.1.0 has a dozen more such words
        rb" disconnected due to (?P<why>[^.]+)\.",
        rb" been disconnected by (?P<why>administrative action)\.",
        rb" has (?P<why>exceeded timeout), disconnecting\.",
        rb" (?P<why>closed its connection)\.",
        # since 2.1.1 all ends have this form; strerror's words have no dot behind them
        rb" \[(?P<address>[^\]]*):(?P<port>\d{1,5})\] disconnected(?:\.|: (?P<why>.+?)\.?)",
    )
)
ALREADY = re.compile(rb"\AClient (?P<client>.+) already connected, closing old connection\.\Z", re.DOTALL)
REFUSED = re.compile(
    rb"\AClient connection from (\S+) (failed: .+|denied: max_connections exceeded|denied access by tcpd)\.\Z"
)
OVER_QUOTA = re.compile(
    rb"\AClient (?P<client>.+) has exceeded its receive-maximum quota\. This behaviour must be fixed on the client\.\Z",
    re.DOTALL,
)
NOTES = (
    re.compile(rb"\AClient .+ negotiated (?:TLS|SSL)\S* cipher \S+\Z", re.DOTALL),
    re.compile(rb"\AClient from \S+ appears to be using TLS to connect to a non-TLS listener\.\Z"),
)


def _client(text: bytes, known: Container[str]) -> Answer:
    """The longest known id is right: the words behind a shorter one would be no words of Mosquitto's."""
    found: list[tuple[str, r.Record]] = []
    for pattern in ENDS:
        match = pattern.match(text)
        if match is not None:
            end = _disconnected(match)
            found.append((end.client, end))
    match = ALREADY.match(text)
    if match is not None:
        found.append((text_of(match["client"]), r.AlreadyConnected(text_of(match["client"]))))
    match = OVER_QUOTA.match(text)
    if match is not None:
        found.append((text_of(match["client"]), r.NoteInside()))
    ours = sorted((one for one in found if one[0] in known), key=lambda one: len(one[0]))
    if len({client for client, _ in ours}) > 1:
        return r.Readings(tuple(record for _, record in ours))
    return ours[0][1] if ours else _client_note(text) or (found[-1][1] if found else None)


def _disconnected(match: Match) -> r.Disconnected:
    groups = match.groupdict()
    address, port, why = groups.get("address"), groups.get("port"), groups.get("why")
    return r.Disconnected(
        text_of(groups["client"]),
        _reason(why),
        text_of(address) if address is not None else None,
        int(port) if port else None,
    )


def _reason(why: bytes | None) -> str:
    if why is None:
        return "disconnect"
    words = text_of(why).lower()
    if words.startswith("bad socket read/write"):
        return "socket"
    if words.startswith(("using not allowed feature", "used disallowed feature")):
        return "unsupported"
    return REASONS.get(words, "other")


def _client_note(text: bytes) -> r.Record | None:
    match = REFUSED.match(text)
    if match is not None:
        return r.ConnectionRefused(text_of(match[1]), text_of(match[2]))
    return r.Note() if any(pattern.match(text) for pattern in NOTES) else None

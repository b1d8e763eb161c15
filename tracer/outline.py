"""Bytes of a log, skimmed → what the broker's state probably is behind them: from there a piece can be read apart.

Messages and acknowledgements, nearly all of a log, are passed over. Read are the lines that tell who comes, goes and
subscribes, with the copies that follow these at once; of messages only those that are stored, and the last packet
identifier that each client was sent. It is a guess: whoever uses it compares (apart.py).
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter

from tracer import grammar
from tracer.copies import Message
from tracer.events import Connect
from tracer.pipeline import Pipeline
from tracer.prefix import Prefix
from tracer.records import PublishIn, PublishOut
from tracer.sessions import Sessions
from tracer.sources import Line

KIND = 12
"""Bytes that tell apart the kinds of lines."""
SENDING = b"Sending PUBL"
ORDINARY = frozenset(
    (b"Received PUB", b"Sending PUBA", b"Sending PUBR", b"Sending PUBC", b"Received PIN", b"Sending PING", SENDING)
)
STORED = b", r1, m"
RELEASE = b"Received PUBREL from "


class Outline:
    """One log, from its beginning to where a piece begins.

    Attributes:
        pipeline: in the state that it probably is in, once `close` was called.
        rest: the begun last line.
        part: of the log, and `offset` and `number`: where in it this line begins, and the lines before it there.
    """

    def __init__(self) -> None:
        self.pipeline = Pipeline()
        self.rest = b""
        self.part, self.offset, self.number = 0, 0, 0
        self._width = 0
        self._last_sent: dict[bytes, tuple[int, bytes]] = {}
        self._joined: dict[str, int] = {}
        self._taken_in: dict[tuple[bytes, bytes], Message] = {}
        self._follows = False

    def feed(self, part: int, chunk: bytes) -> None:
        """Go on."""
        if part != self.part:
            # the begun last line of a part is one
            self._feed(b"\n" if self.rest else b"")
            self.part, self.offset, self.number = part, 0, 0
        self._feed(chunk)

    def _feed(self, chunk: bytes) -> None:
        data = self.rest + chunk
        *lines, self.rest = data.split(b"\n")
        self.offset += len(data) - len(self.rest)
        self.number += len(lines)
        place = 0
        while place < len(lines) and self.pipeline.prefix is None:
            self._take(lines[place])
            place += 1
        known = self.pipeline.prefix
        if known is not None and place < len(lines):
            self._skim(lines[place:], known)

    def close(self) -> Pipeline:
        """The state is only guessed, and what messages leave behind is not known."""
        pipeline, sessions = self.pipeline, self.pipeline.state.sessions
        pipeline.finish()
        pipeline.state.attribution.wills.perhaps.clear()
        for session in sessions:
            session.blank()
        self._number(sessions)
        sessions.begun_late = True
        return pipeline

    def _number(self, sessions: Sessions) -> None:
        """Packet identifiers go on behind the last that was sent."""
        last: dict[str, tuple[int, int]] = {}
        for number, line in self._last_sent.values():
            record = grammar.read(line, sessions)
            if isinstance(record, PublishOut) and record.qos and number > self._joined.get(record.client, -1):
                last[record.client] = max(last.get(record.client, (-1, 0)), (number, record.mid))
        for client, (_, mid) in last.items():
            session = sessions.get(client)
            if session is not None:
                session.next_mid = mid % 65535 + 1

    def _skim(self, lines: list[bytes], known: Prefix) -> None:
        begin, before = self._width, self.pipeline.counts.lines
        end = begin + KIND
        odd = [place for place, line in enumerate(lines) if line[begin:end] not in ORDINARY]
        if len(odd) * 2 > len(lines) and self._learn_width(lines[-1], known):
            self._skim(lines, known)
            return
        steps = [(place, self._read) for place in self._with_copies(odd, lines)]
        stored = [place for place, line in enumerate(lines) if STORED in line and line[begin:end] != SENDING]
        steps += [(place, self._store) for place in stored]
        if stored or self._taken_in:
            until = begin + len(RELEASE)
            released = [place for place, line in enumerate(lines) if line[begin:until] == RELEASE]
            steps += [(place, self._release) for place in released]
        for place, step in sorted(steps, key=itemgetter(0)):
            step(lines[place], before + place)
        self.pipeline.counts.lines = before + len(lines)
        sent = {line.partition(b", r")[0]: place for place, line in enumerate(lines) if line[begin:end] == SENDING}
        for head, place in sent.items():
            if head[-2:] != b"q0":
                self._last_sent[head[begin:]] = before + place, lines[place][begin:]

    def _learn_width(self, line: bytes, known: Prefix) -> bool:
        """Whether lines begin with a longer or shorter time than before."""
        split = known.split(line)
        before, self._width = self._width, self._width if split is None else len(line) - len(split[0])
        return before != self._width

    def _with_copies(self, odd: list[int], lines: list[bytes]) -> list[int]:
        """These lines, and the copies that are sent right behind each."""
        begin, end = self._width, self._width + KIND
        found: list[int] = []
        for place in [-1, *odd] if self._follows else odd:
            if place >= 0:
                found.append(place)
            behind = place + 1
            while behind < len(lines) and lines[behind][begin:end] == SENDING:
                found.append(behind)
                behind += 1
        self._follows = bool(found) and found[-1] == len(lines) - 1
        return found

    def _read(self, line: bytes, number: int) -> None:
        """Read a line that is not passed over."""
        self.pipeline.counts.lines = number
        self._take(line)

    def _take(self, line: bytes) -> None:
        position = self.pipeline.counts.lines
        for event in self.pipeline.feed(Line(line, position + 1, 0, "")):
            if isinstance(event, Connect) and not event.session_present:
                self._joined[event.client] = position

    def _store(self, line: bytes, number: int) -> None:
        """Take in a message that is stored."""
        record = grammar.read(line[self._width :], self.pipeline.state.sessions)
        if not isinstance(record, PublishIn):
            return
        message = Message(record.client, record.topic, record.size, record.qos, record.retain, number)
        if record.qos == 2:
            self._taken_in[record.client.encode(), b"%d" % record.mid] = message
        else:
            self.pipeline.state.attribution.stored.take(message)

    def _release(self, line: bytes, number: int) -> None:
        """A message of QoS 2 is stored only now."""
        who, _, mid = line[self._width + len(RELEASE) :].rpartition(b" (Mid: ")
        message = self._taken_in.pop((who, mid[:-1]), None)
        if message is not None:
            self.pipeline.state.attribution.stored.take(replace(message, position=number))

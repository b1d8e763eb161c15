"""Bytes of a log, skimmed → what the broker's state probably is behind them: from there a piece can be read apart.

Messages and acknowledgements, nearly all of a log, are passed over. Read are the lines that tell who comes, goes and
subscribes, with the copies that follow these at once; of messages only those that are stored, and the last packet
identifier that each client was sent. It is a guess: whoever uses it compares (pieces.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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

ODD = rb"\n[^\n]{%d}(?!Received P[UI]|Sending P[UI])[^\n]"
"""How a line begins that is neither a message nor an acknowledgement nor a sign of life, behind a time so long."""
SENDING = b"Sending PUBLISH to "
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
        self._odd = re.compile(ODD % 0)
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
        end = data.rfind(b"\n") + 1
        self.rest = data[end:]
        self.offset += end
        begin = 0
        while begin < end and self.pipeline.prefix is None:
            line = data[begin : data.index(b"\n", begin)]
            begin += len(line) + 1
            self.number += 1
            self._take(line)
        known = self.pipeline.prefix
        if known is not None and begin < end:
            self._skim(b"\n" + data[begin:end], known)

    def close(self) -> Pipeline:
        """The state is only guessed, and what messages leave behind is not known."""
        pipeline, sessions = self.pipeline, self.pipeline.state.sessions
        pipeline.finish()
        pipeline.state.attribution.wills.perhaps.clear()
        for one in sessions:
            one.blank()
        for (client, mid), message in self._taken_in.items():
            session = sessions.get(client.decode(errors="replace"))
            if session is not None and mid.isdigit():
                session.releasing[int(mid)] = message
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

    def _skim(self, text: bytes, known: Prefix) -> None:
        """Whole lines, each behind a newline."""
        lines = text.count(b"\n") - 1
        odd = [match.start() + 1 for match in self._odd.finditer(text)]
        if len(odd) * 2 > lines and self._learn_width(text[:-1].rpartition(b"\n")[2], known):
            self._skim(text, known)
            return
        stored = [place for place in _lines_with(STORED, text) if not self._is_copy(text, place)]
        steps = [(place, self._read) for place in self._with_copies(odd, text)]
        steps += [(place, self._store) for place in stored]
        if self._taken_in or any(text.startswith(b"2", text.find(STORED, place) - 1) for place in stored):
            steps += [(place, self._release) for place in _lines_with(RELEASE, text)]
        before, at = self.pipeline.counts.lines, 1
        number = before
        for place, step in sorted(steps, key=itemgetter(0)):
            number += text.count(b"\n", at, place)
            at = place
            step(text[place : text.index(b"\n", place)], number)
        self.pipeline.counts.lines = before + lines
        self.number += lines
        # the last copy of each client and QoS, by how its line begins
        sent = {copy.partition(b", r")[0]: copy for copy in text.split(SENDING)[1:]}
        has_joined = any(number >= before for number in self._joined.values())
        for head, copy in sent.items():
            if head[-2:] != b"q0":
                line = SENDING + copy.partition(b"\n")[0]
                number = before + (text.count(b"\n", 1, text.rindex(line)) if has_joined else 0)
                self._last_sent[head] = number, line

    def _learn_width(self, line: bytes, known: Prefix) -> bool:
        """Whether lines begin with a longer or shorter time than before."""
        split = known.split(line)
        before, self._width = self._width, self._width if split is None else len(line) - len(split[0])
        self._odd = re.compile(ODD % self._width)
        return before != self._width

    def _is_copy(self, text: bytes, place: int) -> bool:
        return text.startswith(SENDING, place + self._width)

    def _with_copies(self, odd: list[int], text: bytes) -> list[int]:
        """These lines, and the copies that are sent right behind each."""
        found: list[int] = []
        last = len(text) - 1
        for begin in [None, *odd] if self._follows else odd:
            if begin is not None:
                found.append(begin)
            behind = 1 if begin is None else text.index(b"\n", begin) + 1
            while behind < last and self._is_copy(text, behind):
                found.append(behind)
                behind = text.index(b"\n", behind) + 1
            self._follows = behind >= last
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


def _lines_with(what: bytes, text: bytes) -> Iterator[int]:
    """Where the lines begin that hold this."""
    place = text.find(what)
    while place >= 0:
        yield text.rindex(b"\n", 0, place) + 1
        place = text.find(what, text.index(b"\n", place))

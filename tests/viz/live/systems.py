"""A system for the tests of the live map: lines of a log, told when a test wants."""

import contextlib
import http.client
import json
import threading
import time

from copper.serving import listen, server
from tests.copper.standins import wait_for
from tests.tracer.logs import connected, log_of, published, sent, subscribed
from tracer.pipeline import Counts, Pipeline
from tracer.present import Present
from tracer.sources import Line
from tracer.spans import Spans
from tracer.watching import Batch
from viz.live.server import App
from viz.live.system import Health
from viz.live.systems import Only

HOUSE = [
    *connected("lamp-1", will="lamp/1/status"),
    *connected("panel"),
    *subscribed("panel", "lamp/#"),
    published("lamp-1", "lamp/1/state", retain=1),
    sent("panel", "lamp/1/state"),
    published("lamp-1", "lamp/1/power"),
    sent("panel", "lamp/1/power"),
    published("lamp-1", "lamp/1/colour"),
    sent("panel", "lamp/1/colour"),
]


class Spoken:
    """A system that hears what it is told, a batch at a time. Implements `viz.live.system.System`."""

    def __init__(self, *texts):
        self.present, self.spans, self.lock = Present(), Spans("house.log"), threading.Lock()
        self.pipeline, self.number_of_line = Pipeline(), 0
        self.quiet, self.graphs, self.is_over = 0.0, 0, False
        self.tell(*texts, whole=True)

    def tell(self, *texts, whole=False, second=0):
        data = log_of(*texts) if whole else "".join(f"{1800000000 + second}: {text}\n" for text in texts).encode()
        items = []
        for part in data.splitlines():
            self.number_of_line += 1
            items += self.pipeline.feed(Line(part, self.number_of_line, 0, "log"))
        items += self.pipeline.rest()
        with self.lock:
            batch = Batch(items, Counts(lines=self.number_of_line, events=len(items)))
            self.present.take(batch)
            self.spans.take(batch)

    def forget(self):
        """As if the log had been made anew."""
        with self.lock:
            number = self.present.number + 1
            self.present, self.spans = Present(number=number), Spans("house.log", number=number)

    def number(self):
        return self.present.number

    def graph(self, span):
        with self.lock:
            self.graphs += 1
            graph = self.spans.graph(span)
            self.present.name(self.spans.services)
            return self.spans.number, graph

    def pulses(self, after):
        with self.lock:
            return self.present.since(after)

    def tail(self, after, is_wanted, most):
        with self.lock:
            return self.present.tail(after, is_wanted, most)

    def health(self):
        counts = self.present.counts
        return Health(
            "house.log", counts.lines, counts.events, quiet=self.quiet, last=self.present.last, over=self.is_over
        )

    def sessions(self, service):
        with self.lock:
            return self.present.sessions_of(service)

    def newest(self, topic):
        with self.lock:
            return self.present.newest.get(topic)


@contextlib.contextmanager
def served(systems, token="", port=0, **more):
    """The port at which the live map of a system is served; a free one, or this."""
    systems = systems if hasattr(systems, "runs") else Only(systems)
    app = App(systems, token, **more)
    running, listening = server(app, 1, app.end), listen("127.0.0.1", port, name="a test", next_step="")
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        running.should_exit = True
        thread.join(10)
        app.close()
        listening.close()
    assert not thread.is_alive()


def ask(port, path, method="GET", **headers):
    """Status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def told(port, path, **headers):
    """The JSON of an answer that is fine."""
    status, _, body = ask(port, path, **headers)
    assert status == 200, body
    return json.loads(body)


class Listener:
    """Listens to `/events`, as a browser would."""

    def __init__(self, port, query="", **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.connection.request("GET", f"/events?{query}", headers=headers)
        self.answer = self.connection.getresponse()
        self.last_id, self.events, self.at = "", [], []
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self):
        event = data = ""
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            for raw in self.answer:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "event":
                    event = value
                elif name == "data":
                    data = value
                elif not name and event:
                    self.at.append(time.monotonic())
                    self.events.append((event, json.loads(data)))
                    event = ""

    def all(self, event):
        return [data for one, data in list(self.events) if one == event]

    def next(self, event, which=lambda _: True):
        """The first of these that is like that, as soon as there is one."""
        return wait_for(lambda: next((data for data in self.all(event) if which(data)), None), what=event)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.sock and self.connection.sock.shutdown(2)
        self.thread.join(10)
        self.answer.close()
        self.connection.close()

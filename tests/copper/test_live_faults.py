"""Whatever happens to the log, the broker, the server or a viewer: afterwards the page says what the log says."""

import contextlib
import json
import os
import shutil
import socket
import time
from functools import partial
from types import SimpleNamespace

import pytest

from copper.commands.trace_graph import graph as graph_command
from copper.following import Following
from copper.showing import Showing
from tests.copper.live_maps import live
from tests.copper.standins import Peer, wait_for
from tests.tracer.logs import connected, log_of, published, sent, subscribed
from tests.tracer.mosquittos import Mosquitto
from tests.viz.live.systems import Listener, ask, served, told
from tracer.watching import watch

BEGIN = [*connected("lamp"), *connected("panel"), *subscribed("panel", "lamp/#")]
MARKUP = "<img src=x onerror=alert(1)>"


def messages(topic, count, sender="lamp"):
    lines = [text for _ in range(count) for text in (published(sender, topic), sent("panel", topic))]
    return "".join(f"1800000001: {text}\n" for text in lines).encode()


def add(log, data):
    with log.open("ab") as file:
        file.write(data)


@contextlib.contextmanager
def followed(log):
    """The port of a page that shows a log, at which somebody looks."""
    following = Following(str(log), partial(watch, str(log)))
    showing = Showing(following)
    following.start()
    try:
        with served(showing) as port, Listener(port) as listener:
            listener.next("map")
            yield port
    finally:
        showing.stop()


def drawn(*logs):
    """The graph of these by `copper-trace graph`."""
    out = logs[-1].with_name("drawn.json")
    graph_command.main([*map(str, logs), "--out", str(out)], standalone_mode=False)
    return unnamed(json.loads(out.read_text()))


def unnamed(graph):
    """Without the names of its logs."""
    graph["graph"].pop("source")
    return graph


def assert_shows(port, *logs):
    """The page's graph is that of `copper-trace graph`, and its map has all of it."""
    wanted, has = drawn(*logs), {}

    def is_it():
        has.update(unnamed(told(port, "/download.json")))
        return has == wanted

    with contextlib.suppress(AssertionError):
        wait_for(is_it)
    assert has == wanted
    services = {node["id"] for node in wanted["nodes"] if node["kind"] == "service"}
    published = sum(edge["messages"] for edge in wanted["edges"] if edge["key"] == "publish")
    one = wait_for(lambda: (one := told(port, "/map.json"))["counts"]["messages"] == published and one)
    assert services <= set(one["nodes"])


# -- the log ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "mosquitto.log"
    file.write_bytes(log_of(*BEGIN) + messages("lamp/state", 3))
    return file


def renamed(log, old):
    log.rename(old)


def copied_and_cut(log, old):
    shutil.copy(log, old)
    os.truncate(log, 0)


@pytest.mark.parametrize("change", [renamed, copied_and_cut])
def test_a_log_that_is_rotated(change, log):
    old = log.with_name("mosquitto.log.1")
    with followed(log) as port:
        change(log, old)
        add(log, messages("lamp/power", 5))
        assert_shows(port, old, log)


def test_a_log_that_is_deleted_and_made_anew(log, tmp_path):
    old = tmp_path / "elsewhere" / "old.log"
    old.parent.mkdir()
    shutil.copy(log, old)
    with followed(log) as port:
        wait_for(lambda: told(port, "/map.json")["counts"]["messages"] == 3)
        log.unlink()
        add(log, log_of(*BEGIN) + messages("lamp/power", 5))
        assert_shows(port, old, log)


def test_names_that_are_markup(log):
    with followed(log) as port:
        add(log, "".join(f"1800000001: {text}\n" for text in connected(MARKUP)).encode())
        add(log, messages(f"lamp/{MARKUP}", 2, MARKUP))
        assert_shows(port, log)
        assert "<img" not in told(port, "/map.json")["svg"]
        with Listener(port, "tail=") as listener:
            entries = listener.next("tail")["entries"]
        assert MARKUP in {entry.get("client") for entry in entries}


# -- the broker -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_broker_that_is_started_anew(end, tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    try:
        with followed(broker.log) as port:
            url = SimpleNamespace(url=f"mqtt://127.0.0.1:{broker.port}")
            with Peer(url, "lamp/#") as peer:
                peer.publish("lamp/state", b"on")
                peer.messages.get(timeout=10)
                getattr(broker, end)()
                broker.wait()
            broker.start()
            with Peer(url, "lamp/#") as peer:
                peer.publish("lamp/power", b"on")
                peer.messages.get(timeout=10)
                assert_shows(port, broker.log)
    finally:
        broker.kill()


# -- the server, and who looks on -------------------------------------------------------------------------------------


def test_a_server_that_is_started_anew_on_its_port_while_a_page_is_open(log, tmp_path):
    with live(tmp_path, log) as first, Listener(first.port, "tail=") as page:
        page.next("tail")
        before, stood = page.next("map"), page.last_id
        first.end()
    add(log, messages("lamp/power", 5))
    with live(tmp_path, log, "--port", first.port) as second:
        second.reads(log)
        with Listener(second.port, "tail=", **{"Last-Event-ID": stood}) as page:
            assert page.next("map")["gen"] > before["gen"], "it does not take the new map for its own"
            told_again = {entry["topic"] for entry in page.next("tail")["entries"] if "topic" in entry}
            assert told_again >= {"lamp/power"}
        assert_shows(second.port, log)


def test_a_viewer_that_never_reads(log):
    with followed(log) as port, socket.create_connection(("127.0.0.1", port)) as stuck:
        stuck.sendall(b"GET /events?tail= HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
        with Listener(port) as other:
            other.next("map")
            for _ in range(20):
                count = len(other.all("pulse"))
                add(log, messages("lamp/state", 500))
                wait_for(lambda count=count: len(other.all("pulse")) > count)
        assert_shows(port, log)


@pytest.mark.skipif(os.environ.get("COPPER_STRESS") != "1", reason="takes a minute; COPPER_STRESS=1 runs it")
@pytest.mark.timeout(300)
def test_a_hundred_megabytes_of_backlog(log, tmp_path):
    with log.open("ab") as file:
        for number in range(1300):
            file.write(messages(f"lamp/{number % 50}", 500))
    assert log.stat().st_size > 100_000_000
    began = time.monotonic()
    with live(tmp_path, log) as page:
        behind = page.health()["behind"]
        took = time.monotonic() - began
        assert behind > 10_000_000
        assert took < 10, "the page is there at once"
        assert ask(page.port, "/map.json")[0] == 200
        wait_for(lambda: page.health()["behind"] == 0, 200)
        assert_shows(page.port, log)

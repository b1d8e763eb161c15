"""A service goes on to hear what others produce, whatever its functions do."""

import queue
import signal
import sys

import pytest

from copper import Service
from tests.copper.standins import Peer, Restartable, serving, wait_for
from tracer.errors import CopperError


def test_a_function_that_exits_does_not_keep_the_next_resource_from_being_heard(broker):
    heard = queue.SimpleQueue()
    service = Service("reader", broker=broker.url)

    @service.resource("fetcher/+")
    def changed(name: str, path: str) -> None:
        heard.put((name, path))
        sys.exit("no more")

    with Peer(broker, "reader/#") as peer, serving(service):
        peer.next("reader/info")
        for name in ("docs", "code"):
            peer.publish(f"fetcher/resources/{name}", [{"path": f"/{name}"}])
            assert heard.get(timeout=10) == (name, f"/{name}")


def test_what_the_broker_repeats_after_a_reconnect_is_no_news(tmp_path):
    with Restartable(
        tmp_path, "persistence true", f"persistence_location {tmp_path}/", "autosave_interval 1"
    ) as broker:
        reader, seen = Service("reader", broker=broker.url), []

        @reader.resource("fetcher/docs")
        def changed(name: str, version: int) -> None:
            seen.append((name, version))

        with Peer(broker) as fetcher, serving(reader):
            fetcher.publish("fetcher/resources/docs", {"version": 1}, qos=1, retain=True)
            wait_for(lambda: seen == [("docs", 1)])
            broker.end(signal.SIGTERM)
            broker.start()
            wait_for(fetcher.client.is_connected)
            with Peer(broker, "reader/status") as peer:
                peer.next("reader/status")
            fetcher.publish("fetcher/resources/docs", {"version": 2}, qos=1, retain=True)
            wait_for(lambda: seen[-1] == ("docs", 2))
    assert seen == [("docs", 1), ("docs", 2)]


@pytest.mark.parametrize("which", ["fetcher/#", "", "a/b/c", "fetcher", "a+/b"])
def test_what_names_no_resource_is_refused_when_the_service_is_written(which):
    with pytest.raises(CopperError, match="is no resource"):
        Service("reader").resource(which)(lambda name: None)

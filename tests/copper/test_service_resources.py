"""A service goes on to hear what others produce, whatever its functions do."""

import queue
import sys

from copper import Service
from tests.copper.standins import Peer, serving


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

"""The first Copper's fetcher, markdown service and runner, as WIRE.md describes them: stand-ins of our own."""

import asyncio
import json
from urllib.parse import urlsplit

import aiomqtt

from tests.copper.standins import Peer


class FirstFetcher(Peer):
    """MQTT 3.1.1, an id of the broker's choice, QoS 0, status `up` not retained, a list as answer.

    What fails says so on `fetcher/error` alone; an unknown type there, then in a finish with an empty list.
    """

    def __init__(self, broker, folder) -> None:
        self.asked, self._folder = [], folder
        will = ("fetcher/status", "disconnected")
        super().__init__(broker, "fetcher/fetch", will=will, on_message=self._take)
        self.publish("fetcher/status", "up")

    def _take(self, client, _data, message) -> None:
        entry = json.loads(message.payload)
        self.asked.append(entry)
        client.publish("fetcher/fetch/start", json.dumps(entry))
        if entry.get("type") != "github":
            client.publish("fetcher/error", json.dumps({"error": f"type '{entry.get('type')}' not supported"}))
            client.publish("fetcher/fetch/finish", "[]")
            return
        if entry.get("repository") == "not/there":
            client.publish("fetcher/error", json.dumps({"error": "404 Not Found"}))
            return
        path = self._folder / "fetched"
        path.mkdir(exist_ok=True)
        (path / "index.md").write_text("# One page\n")
        done = {
            "path": str(path),
            "total_files": 3,
            "filtered_files": 1,
            "size_bytes": 11,
            "size_text": "11 B",
            "duration": 0.1,
            "duration_text": "0.1 s",
        }
        client.publish("fetcher/fetch/finish", json.dumps([{**entry, **done}]))
        if "resource" in entry:
            client.publish(f"fetcher/resources/{entry['resource']}", json.dumps([{**entry, **done}]))


class FirstMarkdown(Peer):
    """`{"build": entry}` as start, a string as finish, errors on `markdown/error`."""

    def __init__(self, broker) -> None:
        self.asked = []
        will = ("markdown/status", "disconnected")
        super().__init__(broker, "markdown/build", will=will, on_message=self._take)
        self.publish("markdown/status", "up")

    def _take(self, client, _data, message) -> None:
        entry = json.loads(message.payload)
        self.asked.append(entry)
        client.publish("markdown/build/start", json.dumps({"build": entry}))
        if "path" not in entry:
            client.publish("markdown/error", json.dumps({"error": "no path"}))
            return
        client.publish("markdown/build/finish", "test-website")


def first_runner(url: str, entries: list[dict], seconds: float = 20) -> list[str]:
    """Publishes each entry with QoS 0, subscribes to `ACTION/finish` only, takes the first message there."""

    async def run() -> list[str]:
        took = []
        parts = urlsplit(url)
        async with aiomqtt.Client(parts.hostname, parts.port) as client:
            for entry in entries:
                await client.subscribe(f"{entry['action']}/finish")
                await client.publish(entry["action"], json.dumps(entry))
                message = await asyncio.wait_for(anext(client.messages), seconds)
                took.append(message.payload.decode())
                await client.unsubscribe(f"{entry['action']}/finish")
        return took

    return asyncio.run(run())

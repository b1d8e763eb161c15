"""Logs as lines in, events and graphs out: what the tests of the tracer share."""

from pathlib import Path

from tracer.events import Deliver, as_dict
from tracer.graph import Tally
from tracer.pipeline import Pipeline
from tracer.sources import Line

CORPUS = Path(__file__).parent.parent / "corpus"
CASES = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())

START = ["mosquitto version 2.0.11 starting", "mosquitto version 2.0.11 running"]


def lines(data: bytes) -> list[Line]:
    """The lines of a log that is all there."""
    parts = data.removesuffix(b"\n").split(b"\n")
    return [Line(part, number, 0, "log") for number, part in enumerate(parts, 1)]


def traced(data: bytes):
    """Events, pipeline and tally of a log."""
    pipeline, tally = Pipeline(), Tally()
    events = [event for line in lines(data) for event in pipeline.feed(line)] + pipeline.finish()
    for event in events:
        tally.add(event)
    return events, pipeline, tally


def log_of(*texts: str) -> bytes:
    """A log of Mosquitto 2.0.11 with these lines."""
    return "".join(f"1800000000: {text}\n" for text in (*START, *texts)).encode()


def connected(client: str, *, protocol: int = 2, clean: int = 1, present: int = 0, will: str = "") -> list[str]:
    """The lines of a client that connects; its will is `TOPIC` with 4 bytes."""
    told = ["Will message specified (4 bytes) (r0, q0).", f"\t{will}"] if will else ["No will message specified."]
    return [
        f"New connection from 127.0.0.1:{4000 + len(client)} on port 1883.",
        f"New client connected from 127.0.0.1:{4000 + len(client)} as {client} (p{protocol}, c{clean}, k60).",
        *told,
        f"Sending CONNACK to {client} ({present}, 0)",
    ]


def subscribed(client: str, *filters: str, qos: int = 0) -> list[str]:
    """The lines of a SUBSCRIBE."""
    told = [f"\t{one} (QoS {qos})" for one in filters]
    return [f"Received SUBSCRIBE from {client}", *told, f"Sending SUBACK to {client}"]


def published(
    client: str, topic: str, *, qos: int = 0, mid: int = 0, retain: int = 0, size: int = 4, dup: int = 0
) -> str:
    """The line of a PUBLISH that comes in."""
    return f"Received PUBLISH from {client} (d{dup}, q{qos}, r{retain}, m{mid}, '{topic}', ... ({size} bytes))"


def sent(client: str, topic: str, *, qos: int = 0, mid: int = 0, retain: int = 0, size: int = 4, dup: int = 0) -> str:
    """The line of a PUBLISH that goes out."""
    return f"Sending PUBLISH to {client} (d{dup}, q{qos}, r{retain}, m{mid}, '{topic}', ... ({size} bytes))"


def events_of(*texts: str) -> list[dict]:
    """The events of such a log, as dicts, without those of the broker."""
    return [as_dict(event) for event in traced(log_of(*texts))[0]][2:]


def deliveries_of(*texts: str) -> list[tuple]:
    """(sender, receiver, topic, via, proof) of the deliveries in such a log."""
    found = traced(log_of(*texts))[0]
    return [(e.sender, e.client, e.topic, e.via, e.proof) for e in found if isinstance(e, Deliver)]

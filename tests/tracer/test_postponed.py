"""A stored message for a client that does not read waits, and is printed while another's message is handed out."""

import pytest

from tests.tracer.logs import traced
from tests.tracer.mosquittos import mosquitto
from tests.tracer.scenarios import Scene, postponed_retained
from tracer.events import Deliver


@pytest.mark.parametrize("retain", [False, True])
def test_a_stored_message_inside_anothers_block_is_its_authors(retain, tmp_path):
    with mosquitto(tmp_path) as broker:
        scene = Scene(broker, 0)
        postponed_retained(scene, retain=retain)
        scene.end()
        log = broker.log.read_bytes()
    lines = log.split(b"\n")
    received = next(number for number, line in enumerate(lines) if b"Received PUBLISH from Q" in line)
    for line, flag in zip(lines[received + 1 : received + 3], (1, 0), strict=True):
        assert b"Sending PUBLISH to S (d0, q0, r%d, m0, 'r/1'" % flag in line
    told = [e for e in traced(log)[0] if isinstance(e, Deliver) and e.topic == "r/1"]
    assert [(e.line, e.sender, e.via, e.proof) for e in told] == [
        (received + 2, "A", "retained", "inferred"),
        (received + 3, "Q", "live", "seen"),
    ]
    sockets = [one.payload.split(b"|")[0] for to, one in scene.net.truth if to == "S" and one.topic == "r/1"]
    assert sockets == [b"A", b"Q"]

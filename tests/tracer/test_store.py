"""A store says what a single reading of the log would say, however often the recorder was stopped meanwhile."""

import random

import pytest

from tests.tracer.logs import CASES, CORPUS
from tests.tracer.stores import read_at_once, record_some, stored
from tracer import recorder


@pytest.mark.parametrize("case", CASES)
def test_a_log_read_in_many_pieces_gives_the_graph_of_a_single_reading(case, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 5)
    data = (CORPUS / case / "mosquitto.log").read_bytes()
    data = data[: data.rfind(b"\n") + 1]
    log, folder, chance = tmp_path / "log", tmp_path / "store", random.Random(case)
    log.write_bytes(data)
    while record_some(log, folder, chance.randint(1, 200)):
        pass
    assert stored(folder) == read_at_once(data)
    assert stored(folder, by="client") == read_at_once(data, by="client")

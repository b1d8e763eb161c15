"""What viewers are told as it happens, and that no viewer holds up another or the server."""

import gc
import socket
import time
from contextlib import ExitStack
from functools import partial

import pytest

from copper.following import Following
from tests.copper.standins import wait_for
from tests.tracer.logs import connected, log_of, published, sent
from tests.viz.live.systems import HOUSE, Listener, Spoken, ask, served, told
from tracer.watching import watch
from viz.live import stream


def power(system, times=1):
    message = (published("lamp-1", "lamp/1/power"), sent("panel", "lamp/1/power"))
    system.tell(*message * times)


@pytest.fixture
def house():
    return Spoken(*HOUSE)


@pytest.fixture
def port(house):
    with served(house) as port:
        yield port


def arrow(port, query=""):
    """The number of the line to `lamp/1/power`: it is the second."""
    return told(port, f"/map.json?{query}")["widths"][1][0]


def test_a_viewer_is_told_that_there_is_a_map_and_then_what_passes(house, port):
    with Listener(port) as one:
        gen = one.next("map")["gen"]
        assert told(port, "/map.json")["gen"] == gen
        power(house, 3)
        pulse = one.next("pulse")
        assert (pulse["gen"], pulse["counts"]["messages"]) == (gen, 6)
        assert {number: messages for number, messages, _ in pulse["d"]}[arrow(port)] == 3


def test_all_viewers_of_a_map_are_told_the_same_and_who_looks_at_another_its_own(house, port):
    with Listener(port) as one, Listener(port) as two, Listener(port, "layout=columns") as other:
        gens = [each.next("map")["gen"] for each in (one, two, other)]
        power(house)
        assert one.next("pulse") == two.next("pulse")
        assert gens[0] == gens[1] != gens[2]
        assert other.next("pulse")["gen"] == gens[2]


def test_a_new_topic_is_a_new_map(house, port):
    with Listener(port) as one:
        gen = one.next("map")["gen"]
        house.tell(published("lamp-1", "lamp/1/new"), sent("panel", "lamp/1/new"))
        assert one.next("map", lambda each: each["gen"] > gen)
    told_now = told(port, "/map.json")
    assert [told_now["nodes"][number] for number in told_now["new"]] == ["topic:lamp/1/new"]


def test_who_goes_is_told_at_once(house, port):
    with Listener(port) as one:
        one.next("map")
        house.tell("Client lamp-1 closed its connection.")
        assert one.next("pulse", lambda each: each["n"])["n"] == [[0, "gone"]]


def test_once_a_second_it_is_told_how_the_reading_goes_and_what_to_do(house, port):
    with Listener(port) as one:
        assert one.next("health")["advice"] is None
        house.quiet = 40.4
        advice = one.next("health", lambda each: each["advice"])["advice"]
        assert advice["what"] == "no line for 40.4 s: is log_type right?"
        assert "mosquitto.conf" in advice["next_step"]
        assert one.at[-1] - one.at[0] >= 0.8


def test_the_tail_has_what_was_and_what_comes_of_what_is_wanted(house, port):
    with Listener(port, "tail=lamp/%2B/power") as one, Listener(port, "tail=PANEL") as two, Listener(port) as none:
        topics = [each["topic"] for each in one.next("tail")["entries"]]
        assert topics == ["lamp/1/power"] * 2
        assert {each["client"] for each in two.next("tail")["entries"]} == {"panel"}
        house.tell(published("lamp-1", "lamp/1/state"))
        power(house)
        wait_for(lambda: len(one.all("tail")) > 1)
        assert [each["topic"] for each in one.all("tail")[1]["entries"]] == ["lamp/1/power"] * 2
        none.next("pulse")
        assert none.all("tail") == []


def test_a_tail_has_the_newest_hundred_and_says_how_many_were_left_out(house, port):
    with Listener(port, "tail=") as one:
        one.next("tail")
        power(house, 150)
        tail = one.next("tail", lambda each: len(each["entries"]) == 100)
        assert tail["entries"][-1]["topic"] == "lamp/1/power"


def test_a_tail_filter_that_is_none_is_told_in_a_sentence(port):
    status, _, body = ask(port, "/events?tail=a%23")
    assert status == 400
    assert "is no MQTT filter" in body


def test_a_viewer_that_comes_back_is_told_what_it_missed_and_no_more(house, port):
    with Listener(port, "tail=") as one:
        one.next("map")
        one.next("tail")
        power(house)
        one.next("pulse")
        wait_for(lambda: len(one.all("tail")) > 1)
        here = wait_for(lambda: one.last_id)
    power(house, 5)
    with Listener(port, "tail=", **{"Last-Event-ID": here}) as two:
        pulse = two.next("pulse")
        assert {number: messages for number, messages, _ in pulse["d"]}[arrow(port)] == 5
        assert len(two.next("tail")["entries"]) == 10
        assert two.all("map") == []


@pytest.mark.parametrize("here", ["1.1.1", "nonsense", "9" * 40, "1795824499903.2.13"])
def test_a_viewer_of_another_server_is_given_the_map(port, here):
    with Listener(port, **{"Last-Event-ID": here}) as one:
        assert one.next("map")


def test_a_focus_that_is_not_there_is_told_and_shown_once_it_is(house, port):
    with Listener(port, "focus=kettle") as one:
        assert "kettle" in one.next("problem")["what"]
        house.tell(*connected("kettle"), published("kettle", "kettle/state"))
        assert one.next("map")
    assert "service:kettle" in told(port, "/map.json?focus=kettle")["nodes"]


def test_a_log_that_was_made_anew_is_a_new_map(house, port):
    with Listener(port) as one:
        gen = one.next("map")["gen"]
        house.forget()
        house.tell(*connected("other"), published("other", "x"))
        one.next("map", lambda each: each["gen"] > gen)
    assert told(port, "/map.json")["nodes"][0] == "service:other"


def test_nobody_is_told_more_than_twenty_times_a_second(house, port):
    with Listener(port) as one:
        one.next("map")
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            power(house)
            time.sleep(0.005)
        times = [at for at, (event, _) in zip(one.at, list(one.events), strict=False) if event == "pulse"]
        assert 5 < len(times) <= 31
        arrived = sum(messages for pulse in one.all("pulse") for number, messages, _ in pulse["d"] if number == 1)
        assert arrived > 100


def stuck(port, query=""):
    """A viewer that asks and never reads."""
    one = socket.create_connection(("127.0.0.1", port))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    one.sendall(f"GET /events?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return one


def test_a_viewer_that_never_reads_holds_up_nobody_and_holds_little(house, port, monkeypatch):
    slots = []
    monkeypatch.setattr(stream.Viewer, "move", watched(stream.Viewer.move, slots))
    with ExitStack() as stack:
        for _ in range(5):
            stack.callback(stuck(port, "tail=").close)
        one = stack.enter_context(Listener(port))
        one.next("map")
        for _ in range(60):
            power(house, 100)
        total = house.spans.graph()["service:lamp-1"]["topic:lamp/1/power"]["publish"]["messages"]
        one.next("pulse", lambda each: each["counts"]["messages"] == total + 2)
        assert ask(port, "/runs")[0] == 200
    assert max(len(viewer._tail) for viewer in slots) <= stream.TAIL


def watched(method, seen):
    def call(self, *given):
        seen.append(self)
        return method(self, *given)

    return call


def test_a_viewer_that_is_gone_is_forgotten(house, port, monkeypatch):
    left, leave = [], stream.Feed.leave
    monkeypatch.setattr(stream.Feed, "leave", lambda self, viewer: left.append(leave(self, viewer)))
    with Listener(port) as one:
        one.next("map")
    wait_for(lambda: left, what="the viewer to be forgotten")


def test_when_asking_fails_viewers_are_let_go_so_that_they_come_again(house, port, caplog):
    house.health = lambda: 1 / 0
    with Listener(port) as one:
        one.thread.join(10)
        assert not one.thread.is_alive()
    del house.health
    with Listener(port) as two:
        two.next("health")
    gc.collect()
    assert "ZeroDivisionError" in caplog.text


def test_too_many_viewers_are_turned_away_with_a_sentence(port, monkeypatch):
    monkeypatch.setattr("viz.live.server.VIEWERS", 1)
    with Listener(port) as one:
        one.next("map")
        status, _, body = ask(port, "/events")
        assert status == 503
        assert "1 viewers look on already" in body


def test_fifty_viewers_are_all_told_of_every_message(house, port):
    with ExitStack() as stack:
        every = [stack.enter_context(Listener(port, "tail=")) for _ in range(50)]
        for one in every:
            one.next("map")
        for _ in range(10):
            power(house, 20)
        total = house.spans.graph()["service:lamp-1"]["topic:lamp/1/power"]["publish"]["messages"]
        for one in every:
            one.next("pulse", lambda each: each["counts"]["messages"] == total + 2)


def test_a_log_is_shown_as_it_grows(tmp_path):
    log = tmp_path / "house.log"
    log.write_bytes(log_of(*HOUSE))
    following = Following("house.log", partial(watch, str(log)))
    following.start()
    try:
        wait_for(lambda: following.health().events)
        with served(following) as port, Listener(port) as one:
            one.next("map")
            with log.open("a") as file:
                file.write(f"1800000001: {published('lamp-1', 'lamp/1/power')}\n")
            one.next("pulse", lambda each: each["counts"]["messages"] == 4)
    finally:
        following.stop()


def test_the_server_ends_soon_whoever_looks_on_and_whoever_does_not_read(house, monkeypatch):
    take = stream.Viewer.take
    monkeypatch.setattr(stream.Viewer, "take", lambda self: take(self) + ":" + "x" * 4_000_000 + "\n\n")
    with ExitStack() as stack:
        with served(house) as port:
            stack.callback(stuck(port).close)
            for _ in range(3):
                stack.enter_context(Listener(port)).next("map")
            began = time.monotonic()
        assert time.monotonic() - began < 4


def test_a_viewer_that_takes_nothing_for_long_is_given_up(house, port, monkeypatch):
    left, leave = [], stream.Feed.leave
    monkeypatch.setattr(stream.Feed, "leave", lambda self, viewer: left.append(leave(self, viewer)))
    monkeypatch.setattr("viz.live.server.STUCK", 0.2)
    take = stream.Viewer.take
    monkeypatch.setattr(stream.Viewer, "take", lambda self: take(self) + ":" + "x" * 4_000_000 + "\n\n")
    with ExitStack() as stack:
        stack.callback(stuck(port).close)
        wait_for(lambda: left, what="the viewer to be given up")
        assert ask(port, "/runs")[0] == 200


class Replayed:
    """A run that can be shown as it happened; each time it begins anew."""

    def __init__(self):
        self.begun = []

    def runs(self):
        return []

    def system(self, run, speed):
        self.begun.append(Spoken(*HOUSE))
        return self.begun[-1]

    def close(self, run, speed):
        pass


def test_a_run_that_was_shown_to_its_end_begins_anew_for_who_comes_then_and_goes_on_for_who_comes_back(
    monkeypatch,
):
    systems, left, leave = Replayed(), [], stream.Feed.leave
    monkeypatch.setattr(stream.Feed, "leave", lambda self, viewer: left.append(leave(self, viewer)))
    with served(systems) as port:
        with Listener(port, "run=x&speed=10") as one:
            one.next("map")
            systems.begun[0].is_over = True
            with Listener(port, "run=x&speed=10") as two:
                two.next("map")
            assert len(systems.begun) == 1
            here = wait_for(lambda: one.last_id)
        wait_for(lambda: len(left) == 2)
        with Listener(port, "run=x&speed=10", **{"Last-Event-ID": here}) as one:
            one.next("health")
        assert len(systems.begun) == 1
        wait_for(lambda: len(left) == 3)
        with Listener(port, "run=x&speed=10") as one:
            one.next("map")
        assert len(systems.begun) == 2

"""What may be asked of the live map, and what is answered."""

import json
from urllib.parse import quote

import pytest

from tests.tracer.logs import connected, published
from tests.viz.graphs import NASTY
from tests.viz.live.systems import HOUSE, Spoken, ask, served, told
from tracer.errors import CopperError
from viz.live.graphs import Graphs
from viz.live.maps import Map
from viz.live.query import Shown
from viz.live.systems import Recorded
from viz.picture import compose

MORE = [
    "Denied PUBLISH from panel (d0, q0, r0, m0, 'door/open', ... (3 bytes))",
    "Client lamp-1 has exceeded timeout, disconnecting.",
]


class Runs:
    """A system that goes on, and one that was recorded."""

    def __init__(self, now, then):
        self.now, self.then, self.asked = now, then, []

    def runs(self):
        return [Recorded("run-2", "site", "2026-11-24T12:00:00Z", "finished")]

    def system(self, run, speed):
        self.asked.append((run, speed))
        if run not in {"", "run-2"}:
            raise CopperError("there is no such run", where=run, next_step="copper runs lists them")
        return self.then if run else self.now

    def close(self, run, speed):
        self.asked.remove((run, speed))


@pytest.fixture(scope="module")
def house():
    return Spoken(*HOUSE, *MORE)


@pytest.fixture(scope="module")
def systems(house):
    return Runs(house, Spoken(*connected("runner"), published("runner", "runner/start")))


@pytest.fixture(scope="module")
def port(systems):
    with served(systems) as port:
        yield port


def test_the_map_comes_with_all_that_a_page_needs_to_act_on_it(port):
    one = told(port, "/map.json")
    assert one["svg"] == ask(port, "/map.svg")[2]
    assert (one["title"], one["layout"], one["shown"]) == ("house.log", "flow", "")
    assert one["nodes"][:2] == ["service:lamp-1", "service:panel"]
    assert one["states"] == [[0, "gone"]]
    assert one["counts"]["messages"] == 3
    shown = [number for number, node in enumerate(one["nodes"]) if node != "topics:door/"]  # one topic has no header
    assert all(f'data-n="{number}"' in one["svg"] for number in shown)
    assert all(f'data-e="{arrow}"' in one["svg"] for arrow, _ in one["widths"])


def test_the_map_is_the_picture_that_the_command_draws(port, house):
    _, graph = house.graph("all")
    assert ask(port, "/map.svg?layout=columns")[2] == compose(graph, "svg", layout="columns").data.decode()


def test_a_map_that_somebody_has_is_not_sent_again(port):
    tag = ask(port, "/map.svg")[1]["ETag"]
    assert ask(port, "/map.svg", If_None_Match=tag)[0] == 304
    assert ask(port, "/map.svg?span=hour", If_None_Match=tag)[0] == 200


def test_what_is_no_question_is_told_in_a_sentence(port):
    status, headers, body = ask(port, "/map.json?view=everything")
    assert (status, headers["Content-Type"]) == (400, "application/json")
    assert json.loads(body) == {
        "error": "view=: there is no 'everything'",
        "next_step": "choose one of all, active, services",
    }
    assert ask(port, "/node")[0] == 400


@pytest.mark.parametrize("path", ["/node?id=service:none", "/map.json?focus=none", "/download.exe", "/map.json?run=x"])
def test_what_is_not_there_is_told_in_a_sentence(port, path):
    status, _, body = ask(port, path)
    assert status == 404
    assert len(json.loads(body)["error"]) > 10


def test_a_service_is_told_with_its_subscriptions_its_traffic_and_its_connection(port):
    panel = told(port, "/node?id=service:panel")
    assert panel["subscriptions"]["first"] == ["lamp/#"]
    assert [(one["name"], one["messages"], one["minute"]) for one in panel["receives"]["first"]] == [
        ("lamp/1/colour", 1, 1),
        ("lamp/1/power", 1, 1),
        ("lamp/1/state", 1, 1),
    ]
    (source,) = panel["from"]["first"]
    assert (source["name"], source["seen"], source["inferred"], source["topics"]["total"]) == ("lamp-1", 3, 0, 3)
    assert [one["name"] for one in panel["refused"]["first"]] == ["door/open"]
    (session,) = panel["sessions"]["first"]
    assert (session["came"]["address"], "went" in session) == ("127.0.0.1", False)


def test_a_service_that_went_is_told_with_the_reason_and_its_will(port):
    (session,) = told(port, "/node?id=service:lamp-1")["sessions"]["first"]
    assert session["came"]["will"]["topic"] == "lamp/1/status"
    assert session["went"]["reason"] == "timeout"


def test_a_topic_is_told_with_who_publishes_it_who_gets_it_by_which_filter_and_its_last_message(port):
    state = told(port, "/node?id=topic:lamp/1/state")
    assert [one["name"] for one in state["publishers"]["first"]] == ["lamp-1"]
    assert [(one["name"], one["filters"]) for one in state["subscribers"]["first"]] == [("panel", ["lamp/#"])]
    assert state["retained_by"] == "lamp-1"
    assert {key: state["newest"][key] for key in ("client", "qos", "retain", "bytes")} == {
        "client": "lamp-1",
        "qos": 0,
        "retain": True,
        "bytes": 4,
    }


def test_what_is_drawn_for_several_is_told_with_all_of_them(port):
    folded = told(port, "/node?id=topic:lamp/%23&depth=1")
    assert folded["members"]["first"] == ["topic:lamp/1/colour", "topic:lamp/1/power", "topic:lamp/1/state"]
    assert [(one["name"], one["messages"], one["minute"]) for one in folded["publishers"]["first"]] == [
        ("lamp-1", 3, 3)
    ]
    assert told(port, "/node?id=topic:lamp/1/power&depth=1")["drawn"] == "topic:lamp/%23".replace("%23", "#")


def test_topics_come_level_by_level_in_an_order_that_stays(port):
    first = told(port, "/topics")
    levels = [(one["path"], one["topics"], one["messages"]) for one in first["levels"]]
    assert levels == [("door", 1, 0), ("lamp", 3, 3)]
    below = told(port, "/topics?prefix=lamp/1")
    assert [(one["level"], one["topic"], one["below"]) for one in below["levels"]] == [
        ("colour", True, 0),
        ("power", True, 0),
        ("state", True, 0),
    ]
    assert [one["level"] for one in told(port, "/topics?prefix=lamp/1&after=colour")["levels"]] == ["power", "state"]
    assert [one["path"] for one in told(port, "/topics?exclude=door/%23")["levels"]] == ["lamp"]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("LAMP", ["lamp-1", "lamp/1/colour", "lamp/1/power", "lamp/1/state"]),
        ("lamp/+/power", ["lamp/1/power"]),
        ("re:^p", ["panel"]),
        ("nothing", []),
    ],
)
def test_names_are_found_by_a_part_a_filter_or_an_expression(port, text, hits):
    found = told(port, f"/search?q={quote(text)}")
    assert ([one["name"] for one in found["hits"]], found["total"]) == (hits, len(hits))


def test_a_hit_says_which_node_is_drawn_for_it(port):
    nodes = told(port, "/map.json?depth=1")["nodes"]
    (hit,) = told(port, "/search?q=lamp/1/power&depth=1")["hits"]
    assert nodes[hit["drawn"]] == "topic:lamp/#"


def test_the_table_says_who_does_what_how_often(port):
    table = told(port, "/matrix")
    names = [one["text"] for one in table["nodes"]]
    lines = {(names[one["from"]], names[one["to"]], one["messages"]) for one in table["lines"]}
    assert {("lamp-1", "lamp/1/power", 1), ("lamp/1/power", "panel", 1)} <= lines


@pytest.mark.parametrize("name", ["svg", "drawio", "json", "html"])
def test_what_is_shown_can_be_taken_away(port, house, name):
    status, headers, body = ask(port, f"/download.{name}?focus=lamp-1&layout=columns")
    assert (status, headers["Content-Disposition"]) == (200, f'attachment; filename="house.{name}"')
    assert "lamp/1/power" in body
    assert "door/open" not in body


def test_recorded_runs_are_listed_and_one_is_shown(port, systems):
    assert told(port, "/runs") == [{"run": "run-2", "name": "site", "at": "2026-11-24T12:00:00Z", "result": "finished"}]
    assert "service:runner" in told(port, "/map.json?run=run-2&speed=10")["nodes"]
    assert ("run-2", 10) in systems.asked


def test_a_run_is_compared_with_what_goes_on(port):
    said = told(port, "/compare?run=run-2")
    assert said["services"]["gone"]["first"] == ["runner"]
    assert said["services"]["added"]["first"] == ["lamp-1", "panel"]
    assert told(port, "/compare?run=run-2&to=run-2")["lines"]["same"] == 1
    assert ask(port, "/compare?to=run-3")[0] == 404


def test_no_name_becomes_markup():
    names = [name for name in NASTY if not any(one in name for one in "\n\ud800+#") and name][:20]
    system = Spoken(*(text for n in names for text in (*connected(n), published(n, f"t/{n}"))))
    with served(system) as port:
        one = told(port, "/map.json")
        assert "<script>" not in one["svg"]
        assert len(one["nodes"]) > 20
        for node in one["nodes"]:
            if not node.startswith("topics:"):
                assert told(port, f"/node?id={quote(node)}")["id"] == node


def test_a_part_that_nobody_wants_is_left_out_of_the_map(port):
    assert [one for one in told(port, "/map.json?exclude=lamp/%23")["nodes"] if one.startswith("topic:")] == [
        "topic:door/open"
    ]


@pytest.mark.parametrize("path", ["/none.js", "/..%2Fserver.py", "/server.py", "/page/live.js", "/.js", "/%00.js"])
def test_nothing_but_the_page_s_own_files_is_given_out(port, path):
    status, _, body = ask(port, path)
    assert status == 404
    assert "import" not in body


def test_the_map_shows_what_is_new_and_gone_compared_with_a_run(port):
    one = told(port, "/map.json?compare=run-2")
    assert one["shown"] == "compare=run-2"
    assert "compared with" in one["title"]
    assert "2 services" in one["title"]
    assert {"service:runner", "service:panel"} <= set(one["nodes"])
    assert "\N{MINUS SIGN} runner" in one["svg"]
    gone = told(port, "/node?compare=run-2&id=service:runner")
    assert (gone["change"], gone["connected"]) == ("gone", False)
    assert [hit["id"] for hit in told(port, "/search?compare=run-2&q=runn")["hits"]][:1] == ["service:runner"]
    lines = told(port, "/matrix?compare=run-2")["lines"]
    assert {line["change"] for line in lines} == {"added", "gone"}


def test_a_run_differs_in_nothing_from_itself(port):
    assert told(port, "/map.json?run=run-2&compare=run-2")["title"].endswith("nothing has changed")


def test_a_comparison_is_downloaded_as_it_is_shown(port):
    assert b"compared with" in ask(port, "/download.drawio?compare=run-2")[2].encode()
    graph = json.loads(ask(port, "/download.json?compare=run-2")[2])
    assert {node.get("change") for node in graph["nodes"]} == {"added", "gone"}


def test_a_run_that_is_not_there_can_not_be_compared_with(port):
    assert ask(port, "/map.json?compare=run-3")[0] == 404


def test_messages_on_a_comparison_are_told_like_any_other(house):
    before = Spoken(*connected("lamp-1"), published("lamp-1", "door/open"))
    one = Map(house, Graphs(house), Shown(compare="x"), Graphs(before))
    one.take(one.draw())
    drawing = one.sheet.drawing
    assert any(drawing.arrow(edge[:3]) is not None for edge in house.graph("all")[1].edges(keys=True))
    assert all(drawing.numbers[drawing.of.get(node, node)] >= 0 for node in house.graph("all")[1])

"""The live map in a real Chromium: what a person sees of a system that goes on, and does with it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.tracer.logs import connected, published, sent, subscribed
from tests.viz.live.systems import HOUSE, Spoken, served
from tracer.errors import CopperError
from viz.live.systems import Recorded

expect.set_options(timeout=10_000)

GONE = "Client {} closed its connection."
DOOR = [
    *connected("door"),
    published("door", "door/open"),
    sent("panel", "door/open"),
    *subscribed("panel", "door/#", "heating/+/target"),
]


class Runs:
    """A system that goes on, and two runs that were recorded."""

    def __init__(self, now, **recorded):
        self.now, self.recorded = now, recorded

    def runs(self):
        return [Recorded(run, "site", "2026-11-24T12:00:00Z", "finished") for run in self.recorded]

    def system(self, run, _speed):
        if run and run not in self.recorded:
            raise CopperError("there is no such run", where=run)
        return self.recorded[run] if run else self.now

    def close(self, run, speed):
        """They are made once."""


@pytest.fixture(scope="module")
def port():
    """Of a house in which nothing happens."""
    one = Spoken(*connected("runner"), *connected("fetcher"), published("runner", "fetcher/fetch"))
    two = Spoken(*connected("runner"), published("runner", "markdown/build"))
    one.is_over = two.is_over = True
    with served(Runs(Spoken(*HOUSE, *DOOR), one=one, two=two)) as port:
        yield port


@pytest.fixture
def house():
    """One in which the test says what happens, and its port."""
    system = Spoken(*HOUSE, *DOOR)
    with served(system) as port:
        system.port = port
        yield system


@pytest.fixture
def shows(visit, port):
    """Opens the map; afterwards nothing was complained of, and nothing asked for elsewhere."""
    visits = []

    def show(query="", at=None, **options):
        visits.append(visit(f"http://127.0.0.1:{at or port}/?{query}", **options))
        page = visits[-1].page
        if _without(visits[-1].errors) != visits[-1].errors:
            page.reload()
        expect(page.locator("#state")).to_have_text("the log has ended" if "run=" in query else "live")
        return page

    yield show
    for each in visits:
        assert [_without(each.errors), each.strayed, each.dialogs] == [[], [], []]


def _without(errors):
    """Those without what Chromium says when a network of this machine comes or goes, such as one of a container."""
    return [error for error in errors if "ERR_NETWORK_CHANGED" not in error]


def named(page, name):
    """A node on the map by what it is called to who can't see it."""
    return page.locator("#map").get_by_role("button", name=name, exact=True)


def line(page, source, target):
    """A line between two nodes on the map, by what they are called."""
    ends = [named(page, name).get_attribute("data-n") for name in (source, target)]
    return page.locator(f'#map .e[data-from="{ends[0]}"][data-to="{ends[1]}"]')


def lit(page):
    """What is not dimmed on the map."""
    found = page.locator("#map [data-n].is-lit").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    return {name for name in found if not name.startswith("all of")}


def noting(element):
    """Has an element note that it was lit, so that it may be looked for later."""
    element.evaluate(
        """e => new MutationObserver(() => e.classList.contains("passes") && (e.dataset.wasLit = "yes"))
             .observe(e, { attributes: true, attributeFilter: ["class"] })"""
    )


def rows(page, heading):
    """The rows of one table of the panel."""
    table = page.locator("#panel table", has=page.locator("caption", has_text=heading)).first
    return [row.inner_text().replace("\n", "").split("\t") for row in table.locator("tbody tr").all()]


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def chosen(page, name):
    """A list to choose from, by its name."""
    return page.get_by_role("combobox", name=name, exact=True)


def level(page, path):
    """A row of the tree of topics."""
    return page.locator(f'#tree [data-path="{path}"]')


POWER = [published("lamp-1", "lamp/1/power"), sent("panel", "lamp/1/power")]


# --- the map moves


def test_a_line_lights_up_when_a_message_passes_and_only_that(shows, house):
    page = shows(at=house.port)
    power, state = (line(page, "service lamp-1", f"topic lamp/1/{name}") for name in ("power", "state"))
    noting(power)
    noting(state)
    house.tell(*POWER)
    expect(power).to_have_attribute("data-was-lit", "yes")
    expect(power).not_to_have_class(re.compile("passes"))
    assert state.get_attribute("data-was-lit") is None


def test_a_line_gets_thicker_with_the_rate(shows, house):
    page = shows(at=house.port)
    power = line(page, "service lamp-1", "topic lamp/1/power").locator(".line")
    before = float(power.get_attribute("stroke-width"))
    house.tell(*POWER * 500)
    expect(page.locator("#counts")).to_contain_text("504 messages")
    assert float(power.get_attribute("stroke-width")) > before + 1


def test_a_client_that_comes_is_marked_and_nothing_else_moves(shows, house):
    page = shows(at=house.port)
    before = named(page, "service panel").locator("rect").get_attribute("x")
    house.tell(*connected("siren"), *subscribed("siren", "door/open"))
    expect(named(page, "service siren, new")).to_have_class(re.compile("is-new"))
    assert named(page, "service panel").locator("rect").get_attribute("x") == before


def test_a_client_that_goes_fades_and_comes_back(shows, house):
    page = shows(at=house.port)
    house.tell(GONE.format("lamp-1"))
    expect(named(page, "service lamp-1, gone")).to_have_css("opacity", "0.4")
    house.tell(*connected("lamp-1"))
    expect(named(page, "service lamp-1")).to_have_css("opacity", "1")


def test_a_sentence_says_that_nothing_arrives_and_what_to_do(shows, house):
    page = shows(at=house.port)
    expect(page.locator("#advice")).to_be_empty()
    house.quiet = 40.0
    expect(page.locator("#advice")).to_contain_text("no line for 40 s: is log_type right?")
    expect(page.locator("#advice")).to_contain_text("log_type error, warning, notice, information and debug")
    house.quiet = 0.0
    expect(page.locator("#advice")).to_be_empty()


def test_what_is_lit_does_not_move_where_that_is_not_wanted(shows, house):
    page = shows(at=house.port, reduced_motion="reduce")
    assert line(page, "service door", "topic door/open").locator(".near").evaluate(
        "e => getComputedStyle(e).transitionDuration"
    ) in {"0s", "none"}


def test_many_look_on_at_once(shows, house):
    pages = [shows(at=house.port) for _ in range(3)]
    house.tell(*POWER)
    for page in pages:
        expect(page.locator("#counts")).to_contain_text("5 messages")


# --- size and place


def scale(page):
    return page.locator("#map svg").evaluate("e => e.clientWidth / e.viewBox.baseVal.width")


def test_the_wheel_sizes_what_is_under_it_and_the_address_says_so(shows):
    page = shows()
    node = named(page, "service lamp-1")
    box = node.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = scale(page)
    page.mouse.move(x, y)
    for _ in range(3):
        page.mouse.wheel(0, -120)
    expect(page).to_have_url(re.compile(r"at=\d"))
    assert scale(page) > before * 1.3
    after = node.bounding_box()
    assert abs(after["x"] + after["width"] / 2 - x) < 60
    wanted = scale(page)
    page.reload()
    expect(named(page, "service lamp-1")).to_be_visible()
    assert scale(page) == pytest.approx(wanted, rel=0.02)


def test_the_map_is_dragged(shows):
    page = shows("at=4,0.5,0.5")
    room = page.locator("#map")
    before = room.evaluate("e => [e.scrollLeft, e.scrollTop]")
    box = room.bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 250, steps=5)
    page.mouse.up()
    after = room.evaluate("e => [e.scrollLeft, e.scrollTop]")
    assert after == pytest.approx([before[0] + 100, before[1] + 50], abs=12)
    expect(page.locator("#panel")).to_be_hidden()


def test_keys_size_the_map_and_fit_it_again(shows):
    page = shows()
    before = scale(page)
    press(page, "+", "+")
    assert scale(page) > before
    press(page, "0")
    assert scale(page) == pytest.approx(before, rel=0.01)


def test_the_map_fills_a_wall(shows):
    page = shows("wall=1")
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator("#state")).to_be_visible()
    press(page, "Escape")
    expect(page.locator(".tools")).to_be_visible()


# --- a service, a topic


def test_a_click_on_a_service_tells_all_that_is_known_of_it(shows):
    page = shows()
    named(page, "service panel").click()
    expect(page.locator("#panel h2")).to_be_focused()
    expect(page.locator("#panel dl")).to_contain_text("Address127.0.0.1")
    expect(page.locator("#panel dl")).to_contain_text("Subscribes todoor/#, heating/+/target, lamp/#")
    received = rows(page, "Receives")
    assert [row[0] for row in received if row[1] == "1"] == [
        "door/openby door/#", "lamp/1/colourby lamp/#", "lamp/1/powerby lamp/#", "lamp/1/stateby lamp/#",
    ]  # fmt: skip
    assert {row[0]: row[1:3] for row in rows(page, "Fed by")} == {
        "lamp-1": ["3 seen", "3/min"],
        "door": ["1 inferred", "1/min"],
    } or [row[0] for row in rows(page, "Fed by")] == ["lamp-1", "door"]


def test_a_service_tells_its_will_and_why_it_went(shows, house):
    page = shows("open=service:lamp-1", at=house.port)
    expect(page.locator("#panel dl")).to_contain_text("Willlamp/1/status 4 B, QoS 0")
    expect(page.locator("#panel dl")).to_contain_text("Connectedsince")
    house.tell(GONE.format("lamp-1"))
    expect(page.locator("#panel dl")).to_contain_text("Connectedno, gone")


def test_a_click_on_a_topic_tells_publishers_subscribers_owner_and_last_message(shows):
    page = shows()
    named(page, "topic lamp/1/state").click()
    expect(page.locator("#panel dl")).to_contain_text("Retainedby lamp-1")
    expect(page.locator("#panel dl")).to_contain_text("from lamp-1")
    expect(page.locator("#panel dl")).to_contain_text("4 B, QoS 0, retained")
    assert [row[0] for row in rows(page, "Published by")] == ["lamp-1"]
    assert [row[0] for row in rows(page, "Received by")] == ["panelby lamp/#"]


def test_one_hop_is_highlighted(shows):
    page = shows("open=topic:door/open")
    expect(named(page, "topic door/open")).to_have_class(re.compile("is-open"))
    assert lit(page) == {"service door", "topic door/open", "service panel"}


def test_the_panel_keeps_up_and_leaves_the_keyboard_where_it_is(shows, house):
    page = shows("open=topic:lamp/1/power", at=house.port)
    name = page.locator("#panel").get_by_role("button", name="lamp-1", exact=True)
    name.focus()
    house.tell(*POWER)
    expect(page.locator("#panel h3", has_text="Published by")).to_contain_text("2 messages")
    expect(name).to_be_focused()


def test_what_is_not_there_is_said(visit, port):
    page = visit(f"http://127.0.0.1:{port}/?open=service:nobody").page  # the browser logs what is answered with 404
    expect(page.locator("#panel")).to_contain_text("nothing of this name was seen")
    page.goto(f"http://127.0.0.1:{port}/?focus=nobody")
    expect(page.locator("#advice")).to_contain_text("nobody")
    page.get_by_role("button", name="Show all").click()
    expect(named(page, "service panel")).to_be_visible()
    expect(page.locator("#advice")).to_be_empty()


def test_a_filter_of_events_that_is_none_is_said_beside_it_and_the_map_goes_on(visit, port):
    page = visit(f"http://127.0.0.1:{port}/?tail=re:(a%2B)%2B").page
    expect(page.locator("#refused")).to_contain_text("'re:(a+)+' could take too long")
    expect(page.locator("#state")).to_have_text("live")
    page.get_by_label("Events of").fill("lamp/#")
    page.keyboard.press("Enter")
    expect(page.locator("#refused")).to_be_empty()


def test_what_can_not_be_shown_is_not_called_a_lost_connection(visit, port):
    page = visit(f"http://127.0.0.1:{port}/?depth=-1").page
    expect(page.locator("#state")).to_have_text("nothing to show")
    expect(page.locator("#advice")).to_contain_text("depth=: '-1' is no number")
    page.goto(f"http://127.0.0.1:{port}/?depth=1")
    expect(page.locator("#state")).to_have_text("live")
    expect(page.locator("#advice")).to_be_empty()


def test_a_map_that_nobody_handed_out_is_fetched_again(visit, house):
    page = visit(f"http://127.0.0.1:{house.port}/").page  # the browser logs what failed
    expect(page.locator("#state")).to_have_text("live")
    page.route("**/map.json?*", lambda route: route.abort())
    house.tell(*connected("siren"), *subscribed("siren", "door/open"))
    page.wait_for_timeout(1000)
    page.unroute("**/map.json?*")
    expect(named(page, "service siren, new")).to_be_visible()


# --- only a part


def test_a_search_takes_filters_lists_and_lights_what_it_finds(shows):
    page = shows()
    page.get_by_label("Search names").fill("lamp/+/power")
    expect(page.locator("#count")).to_have_text("1 name")
    expect(page.locator("#hits li")).to_have_text(["lamp/1/power"])
    expect(named(page, "topic lamp/1/power")).to_have_class(re.compile("is-hit"))
    press(page, "ArrowDown", "Enter")
    expect(page.locator("#panel h2")).to_have_text("lamp/1/power")


def test_topics_are_taken_in_and_out_and_a_button_ends_that(shows):
    page = shows()
    page.get_by_text("View", exact=True).click()
    page.get_by_label("Topics that match").fill("lamp/#")
    page.get_by_role("button", name="Without these").click()
    expect(page).to_have_url(re.compile("exclude=lamp/%23"))
    expect(named(page, "topic lamp/1/power")).to_have_count(0)
    page.get_by_role("button", name="No longer without lamp/#").click()
    expect(named(page, "topic lamp/1/power")).to_be_visible()
    page.get_by_text("View", exact=True).click()
    page.get_by_label("Topics that match").fill("door/#")
    press(page, "Enter")
    expect(named(page, "topic lamp/1/power")).to_have_count(0)
    expect(named(page, "topic door/open")).to_be_visible()


def test_what_is_idle_is_hidden(shows):
    page = shows()
    expect(named(page, "topic heating/+/target")).to_be_visible()
    page.get_by_text("View", exact=True).click()
    chosen(page, "Show").select_option("active")
    expect(named(page, "topic heating/+/target")).to_have_count(0)


def test_focus_leaves_what_is_near_by_as_many_steps_as_chosen_and_all_comes_back(shows):
    page = shows("open=service:door")
    page.get_by_role("button", name="Focus").click()
    expect(named(page, "topic lamp/1/power")).to_have_count(0)
    chosen(page, "Steps").select_option("3")
    expect(named(page, "topic lamp/1/power")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#chips")).to_be_hidden()


def test_what_is_shown_stands_in_the_address(shows):
    query = "focus=panel&hops=2&open=topic:door/open&q=door&topics=1&tail=door/%23&span=hour&tab=matrix"
    page = shows(query)
    expect(page.locator("#chips")).to_contain_text("near panel")
    expect(chosen(page, "Steps")).to_have_value("2")
    expect(page.locator("#panel h2")).to_have_text("door/open")
    expect(page.get_by_label("Search names")).to_have_value("door")
    expect(page.locator("#tree")).to_be_visible()
    expect(page.get_by_label("Events of")).to_have_value("door/#")
    expect(page.get_by_role("radio", name="Hour")).to_be_checked()
    expect(page.get_by_role("tab", name="Matrix")).to_have_attribute("aria-selected", "true")


def test_back_goes_back(shows):
    page = shows()
    named(page, "service lamp-1").click()
    named(page, "service panel").click()
    expect(page.locator("#panel h2")).to_have_text("panel")
    page.go_back()
    expect(page.locator("#panel h2")).to_have_text("lamp-1")


# --- the tree, the tail, the matrix


def many(count):
    return [published("lamp-1", f"plant/t{number:05}") for number in range(count)]


def test_the_tree_opens_level_by_level_and_counts_where_things_stand(shows, house):
    page = shows("topics=1", at=house.port)
    tree = page.get_by_role("tree")
    level(page, "lamp").click()
    level(page, "lamp/1").click()
    power = level(page, "lamp/1/power")
    expect(power).to_have_attribute("aria-level", "3")
    power.evaluate("e => e.dataset.same = 'yes'")
    house.tell(*POWER, published("lamp-1", "attic/light"))
    expect(power.locator(".many")).to_have_text("2")
    expect(power).to_have_attribute("data-same", "yes")
    expect(tree.get_by_role("treeitem").first).to_contain_text("attic")
    power.click()
    expect(page.locator("#panel h2")).to_have_text("lamp/1/power")


def test_twenty_thousand_topics_are_a_few_rows(shows, house):
    house.tell(*many(20_000))
    page = shows("topics=1&all=0", at=house.port)
    tree = page.get_by_role("tree")
    tree.focus()
    press(page, "End", "ArrowRight", "End")
    expect(tree.get_by_role("treeitem").last).to_be_visible()
    expect(tree.locator(".space")).to_have_css("height", f"{26 * 20_004}px", timeout=30_000)
    tree.evaluate("e => e.scrollTop = 26 * 11_500")
    expect(level(page, "plant/t11500")).to_be_visible()
    assert tree.get_by_role("treeitem").count() < 80


def test_the_keyboard_walks_the_tree(shows):
    page = shows()
    press(page, "t")
    tree = page.get_by_role("tree")
    tree.focus()
    expect(tree.get_by_role("treeitem")).to_have_count(3)
    press(page, "End", "ArrowRight")
    expect(level(page, "lamp/1")).to_be_visible()
    press(page, "ArrowDown", "ArrowRight")
    expect(level(page, "lamp/1/power")).to_be_visible()
    press(page, "ArrowDown", "Enter")
    expect(page.locator("#panel h2")).to_have_text("lamp/1/colour")


def test_the_tail_tells_what_happens_by_filter(shows, house):
    page = shows(at=house.port)
    page.get_by_role("button", name="Events").click()
    log = page.get_by_role("log")
    expect(log).to_contain_text("lamp-1 publishes lamp/1/power")
    page.get_by_label("Events of").fill("door/#")
    press(page, "Enter")
    expect(log).not_to_contain_text("lamp/1/power")
    house.tell(*POWER, published("door", "door/open"))
    expect(log.locator("p", has_text="door publishes door/open")).to_have_count(2)
    expect(log).not_to_contain_text("lamp/1/power")


def test_the_tail_can_be_held_while_the_map_goes_on(shows, house):
    page = shows("tail=", at=house.port)
    log = page.get_by_role("log")
    expect(log).to_contain_text("panel subscribes")
    page.get_by_role("button", name="Hold").click()
    house.tell(published("door", "door/bell"))
    expect(page.locator("#counts")).to_contain_text("5 messages")
    expect(log).not_to_contain_text("door/bell")
    page.get_by_role("button", name="Hold").click()
    expect(log).to_contain_text("door publishes door/bell")


def test_the_matrix_is_a_table_that_keeps_up(shows, house):
    page = shows("tab=matrix", at=house.port)
    row = page.locator("#matrix tbody tr", has=page.get_by_role("rowheader", name="lamp/1/power"))
    expect(row).to_contain_text("publishes 1")
    expect(row).to_contain_text("receives 1 from lamp-1")
    house.tell(*POWER)
    expect(row).to_contain_text("publishes 2")
    row.get_by_role("button", name="lamp/1/power").click()
    expect(page.locator("#panel h2")).to_have_text("lamp/1/power")


# --- time and runs


def test_paused_the_page_keeps_what_it_shows_and_catches_up(shows, house):
    page = shows("tail=", at=house.port)
    expect(page.locator("#counts")).to_contain_text("4 messages")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("paused")
    seen = shows(at=house.port)
    house.tell(published("door", "door/bell"))
    expect(seen.locator("#counts")).to_contain_text("5 messages")
    expect(page.locator("#counts")).to_contain_text("4 messages")
    page.get_by_role("button", name="Resume").click()
    expect(named(page, re.compile("topic door.bell"))).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("door publishes door/bell")
    expect(page.locator("#counts")).to_contain_text("5 messages")


def test_the_last_minute_has_what_was_said_in_it(shows, house):
    house.tell(published("door", "door/open"), second=600)
    page = shows(at=house.port)
    expect(page.locator("#counts")).to_contain_text("5 messages")
    page.get_by_text("Last minute").click()
    expect(page).to_have_url(re.compile("span=minute"))
    expect(page.locator("#counts")).to_contain_text("1 message")
    page.get_by_text("Hour").click()
    expect(page.locator("#counts")).to_contain_text("5 messages")


def test_a_recorded_run_is_shown_at_a_speed_and_compared_with_another(shows):
    page = shows()
    chosen(page, "Run").select_option("one")
    expect(named(page, "topic fetcher/fetch")).to_be_visible()
    chosen(page, "Speed").select_option("10")
    expect(page).to_have_url(re.compile(r"run=one&speed=10"))
    expect(named(page, "topic fetcher/fetch")).to_be_visible()
    chosen(page, "Compare with").select_option("two")
    expect(named(page, "topic markdown/build")).to_be_visible()
    expect(page.locator("#map svg")).to_contain_text("gone")
    page.get_by_role("tab", name="Changes").click()
    changes = page.get_by_role("tabpanel", name="Changes")
    expect(changes.get_by_role("table", name="Not there any more")).to_contain_text("markdown/build")
    chosen(page, "Compare with").select_option("nothing")
    expect(page.get_by_role("tab", name="Changes")).to_be_hidden()
    expect(page.get_by_role("tabpanel", name="Map")).to_be_visible()


def test_a_replay_that_is_over_is_played_again(shows):
    page = shows("run=one&speed=100")
    with page.expect_request(lambda request: "/events?" in request.url and "after=" not in request.url):
        page.get_by_role("button", name="Play again").click()
    expect(named(page, "topic fetcher/fetch")).to_be_visible()


@pytest.mark.parametrize("name", ["SVG", "draw.io", "JSON"])
def test_what_is_shown_is_downloaded(shows, name):
    page = shows("include=door/%23")
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=re.compile(re.escape(name))).click()
    text = waiting.value.path().read_text()
    assert "door/open" in text
    assert "lamp/1" not in text


def test_tidy_lays_out_anew_what_was_kept(shows, house):
    page = shows(at=house.port)
    house.tell(*connected("aaa"), published("aaa", "lamp/0/a"), sent("panel", "lamp/0/a"))
    expect(named(page, "topic lamp/0/a, new")).to_be_visible()

    def order():
        found = page.locator("#map [data-n][aria-label^='topic lamp']").evaluate_all(
            "all => all.sort((a, b) => a.getBBox().y - b.getBBox().y).map(e => e.getAttribute('aria-label'))"
        )
        return [name.removesuffix(", new") for name in found]

    assert order()[-1] == "topic lamp/0/a"
    page.get_by_role("button", name="Tidy").click()
    expect(page.locator("#map [data-n][aria-label^='topic lamp']").first).to_have_attribute(
        "aria-label", re.compile("lamp/0/a")
    )
    assert order()[0] == "topic lamp/0/a"


# --- what may go wrong


def test_a_server_that_goes_is_told_of_and_the_page_comes_back_by_itself(shows):
    system = Spoken(*HOUSE)
    with served(system) as port:
        page = shows(at=port)
    expect(page.locator("#state")).to_have_text("connection lost, trying again")
    system.tell(*connected("door"), published("door", "door/open"))
    with served(system, port=port):
        expect(page.locator("#state")).to_have_text("live")
        expect(named(page, "service door")).to_be_visible()
        expect(page.locator("#counts")).to_contain_text("4 messages")
        system.tell(*POWER)
        expect(page.locator("#counts")).to_contain_text("5 messages")
    page.context.close()


def test_a_token_opens_the_map_and_does_not_stay_in_the_address(shows):
    with served(Spoken(*HOUSE), token="a secret") as port:
        page = shows("token=a+secret&open=service:panel", at=port)
        expect(page.locator("#panel h2")).to_have_text("panel")
        assert "secret" not in page.url
        page.context.close()


def test_no_name_becomes_markup(shows, house):
    page = shows("tail=&topics=1", at=house.port)
    evil = "<img src=x onerror=alert(1)>"
    house.tell(*connected(evil), published(evil, f"{evil}/{evil}"), sent("panel", f"{evil}/{evil}"))
    named(page, re.compile(r"^service <img")).click()
    expect(page.locator("#panel h2")).to_have_text(evil)
    expect(page.get_by_role("log")).to_contain_text(f"{evil} publishes")
    expect(page.get_by_role("tree")).to_contain_text(evil)
    page.get_by_role("tab", name="Matrix").click()
    expect(page.locator("#matrix")).to_contain_text(evil)
    assert page.locator("img").count() == 0


def axed(page):
    found = Axe().run(page).response["violations"]
    return [(each["id"], node["target"]) for each in found for node in each["nodes"][:3]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(shows, scheme):
    page = shows("open=service:panel&focus=panel&q=lamp&topics=1&tail=", color_scheme=scheme)
    expect(page.locator("#panel table").first).to_be_visible()
    expect(page.get_by_role("treeitem").first).to_be_visible()
    page.get_by_text("View", exact=True).click()
    assert axed(page) == []
    page.get_by_role("tab", name="Matrix").click()
    expect(page.locator("#matrix table")).to_be_visible()
    assert axed(page) == []


def test_a_small_screen_scrolls_inside_and_not_aside(shows):
    page = shows("open=service:panel&topics=1", viewport={"width": 390, "height": 800})
    expect(page.locator("#panel table").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axed(page) == []


def test_the_keyboard_alone_opens_focuses_and_goes_back(shows):
    page = shows()
    page.locator("#map [data-n][tabindex='0']").focus()
    press(page, "ArrowRight", "ArrowLeft", "Enter")
    expect(page.locator("#panel h2")).to_be_focused()
    press(page, "f")
    expect(page.locator("#chips")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("#panel")).to_be_hidden()
    press(page, "Escape")
    expect(page.locator("#chips")).to_be_hidden()
    press(page, "/")
    expect(page.get_by_label("Search names")).to_be_focused()

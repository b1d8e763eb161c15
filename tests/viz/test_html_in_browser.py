"""HTML in a real Chromium: what a person does with the page, by mouse and by keyboard alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.viz.graphs import GraphMaker, home, nasty, random_graph, workflow
from tracer.views import Choice
from viz.picture import compose
from viz.text import shown

GRAPHS = {"home": home, "workflow": workflow, "nasty": nasty, "many": lambda: random_graph(110, 260, 400)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The page of a graph as a file, made once."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def write(name):
        if name not in made:
            made[name] = folder / f"{name}.html"
            choice = Choice(fold="off", group_by="off", top=1000)
            made[name].write_bytes(compose(GRAPHS[name](), "html", title=name, choice=choice).data)
        return made[name].as_uri()

    return write


@pytest.fixture
def shows(visit, written):
    """Opens the page of a graph; afterwards nothing was complained of, and nothing asked for but the file."""
    visits = []

    def show(name="home", hash_="", **options):
        visits.append(visit(written(name) + hash_, **options))
        return visits[-1].page

    yield show
    for each in visits:
        assert [each.errors, each.strayed, each.dialogs] == [[], [], []]
        assert all(request.startswith("file:") for request in each.requests)
        assert len({request.split("#")[0] for request in each.requests}) == 1


def named(page, name):
    """A node on the map by what it is called to who can't see it."""
    return page.locator("#map svg").get_by_role("button", name=name, exact=True)


def lit(page):
    """What is not dimmed on the map."""
    found = page.locator("#map [data-n].is-lit").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    return {name for name in found if not name.startswith("all of")}


def opacity(locator):
    return float(locator.evaluate("e => (e.getAnimations().forEach(a => a.finish()), getComputedStyle(e).opacity)"))


def panel(page, heading):
    """The rows of one table of the panel."""
    table = page.locator("#panel table", has=page.locator("caption", has_text=heading)).first
    return [row.inner_text().replace("\n", "").split("\t") for row in table.locator("tbody tr").all()]


# --- search


def test_a_search_dims_what_it_does_not_find_and_counts(shows):
    page = shows()
    page.get_by_label("Search names").fill("tasmota-plug-1")
    expect(page.locator("#count")).to_have_text("6 of 57 names")
    assert "service tasmota-plug-1" in lit(page)
    assert "service frigate" not in lit(page)
    assert opacity(named(page, "service frigate")) < 0.3
    assert opacity(named(page, "service tasmota-plug-1")) == 1


def test_a_client_is_found_in_the_group_that_it_was_put_into(shows):
    make = GraphMaker()
    make.message("a/b", "dev-*", ["reader"])
    make.graph.nodes["service:dev-*"].update(members=3, group="alike", clients=["dev-1", "dev-2", "dev-3"])
    GRAPHS["group"] = lambda: make.graph
    page = shows("group", "#q=dev-2")
    expect(page.locator("#count")).to_have_text("1 of 3 names")
    assert "service dev-*" in lit(page)


@pytest.mark.parametrize(
    ("words", "hits"),
    [("zigbee2mqtt/+/motion", 1), ("evcc/#", 4), ("#", 43), ("+/status", 2), ("zigbee2mqtt/0x12/motion", 1)],
)
def test_a_search_takes_mqtt_filters(shows, words, hits):
    page = shows()
    page.get_by_label("Search names").fill(words)
    expect(page.locator("#count")).to_have_text(f"{hits} of 57 names")


def test_enter_opens_what_the_search_found_first_and_escape_comes_back_to_it(shows):
    page = shows()
    page.get_by_label("Search names").fill("pvpower")
    press(page, "Enter")
    expect(page.locator("#panel h2")).to_have_text("evcc/site/pvPower")
    press(page, "Escape")
    expect(page.get_by_label("Search names")).to_be_focused()


def test_a_search_that_finds_nothing_says_so(shows):
    page = shows()
    page.get_by_label("Search names").fill("no such name")
    expect(page.locator("#count")).to_have_text("0 of 57 names")


def test_a_search_filters_the_rows_of_the_matrix(shows):
    page = shows("home", "#tab=matrix")
    page.get_by_label("Search names").fill("garage/#")
    expect(page.locator("#matrix tbody tr")).to_have_count(3)
    expect(page.locator("#matrix thead th")).to_have_count(4)


def test_the_header_of_a_table_searches_for_its_topics(shows):
    page = shows()
    named(page, "all of evcc/").click()
    expect(page.get_by_label("Search names")).to_have_value("evcc/#")


# --- a service, a topic


def test_a_click_on_a_service_tells_what_it_sends_gets_and_whom_it_feeds(shows):
    page = shows()
    named(page, "service alarm-panel").click()
    expect(page.locator("#panel h2")).to_have_text("alarm-panel")
    assert [row[0] for row in panel(page, "Publishes")] == ["alarm/state"]
    received = {row[0]: row for row in panel(page, "Receives")}
    assert [name.split(" ")[0] for name in received] == [
        "alarm/command", "frigate/front/person", "frigate/garden/person", "zigbee2mqtt/{id}/motion",
    ]  # fmt: skip
    assert "home-assistant" in received["alarm/command"][2]
    assert {row[0] for row in panel(page, "Feeds")} == {"home-assistant", "node-red"}
    assert {row[0] for row in panel(page, "Fed by")} == {"home-assistant", "frigate", "zigbee2mqtt"}
    assert all("seen" in row[1] or "inferred" in row[1] for row in panel(page, "Fed by"))


def test_a_click_on_a_topic_tells_who_publishes_and_who_receives_by_which_filter(shows):
    page = shows()
    named(page, "topic evcc/site/pvPower").click()
    assert [row[0] for row in panel(page, "Published by")] == ["evcc"]
    assert sorted(row[0] for row in panel(page, "Received by")) == [
        "home-assistant", "node-redby evcc/#", "telegrafby evcc/#",
    ]  # fmt: skip


def test_a_topic_tells_whose_message_the_broker_keeps(shows):
    page = shows("workflow", "#open=topic:markdown/status")
    expect(page.locator("#panel dl")).to_contain_text("Retainedby markdown")


def test_many_filters_are_counted_and_told_when_asked_for(shows):
    make = GraphMaker()
    make.message("a/{id}", "sender", ["reader"])
    make.graph.edges["topic:a/{id}", "service:reader", "subscribe"]["filters"] = [f"a/{each}" for each in range(9)]
    GRAPHS["filters"] = lambda: make.graph
    page = shows("filters", "#open=topic:a/{id}")
    expect(page.locator("#panel").get_by_text("a/7")).to_be_hidden()
    page.get_by_text("by 9 filters").click()
    expect(page.locator("#panel").get_by_text("a/7")).to_be_visible()


def test_what_was_refused_is_told(shows):
    page = shows("home", "#open=service:openmqttgateway")
    assert [row[:2] for row in panel(page, "Refused")] == [["homeassistant/status", "2"]]


def test_names_in_the_panel_open_what_they_name(shows):
    page = shows("home", "#open=service:alarm-panel")
    page.locator("#panel").get_by_role("button", name="frigate", exact=True).first.click()
    expect(page.locator("#panel h2")).to_have_text("frigate")


def test_a_second_click_closes_the_panel(shows):
    page = shows()
    named(page, "service frigate").click()
    expect(page.locator("#panel")).to_be_visible()
    named(page, "service frigate").click()
    expect(page.locator("#panel")).to_be_hidden()


def test_an_open_service_has_its_own_lines_lit(shows):
    page = shows("home", "#open=service:esphome-garage")
    assert lit(page) == {
        "service esphome-garage", "topic garage/door/command", "topic garage/door/state", "topic garage/status",
    }  # fmt: skip


def test_where_a_name_leads_to_stands_in_the_panel(visit, tmp_path):
    path = tmp_path / "linked.html"
    path.write_bytes(compose(workflow(), "html", links="https://wiki.example.org/{kind}/{name}").data)
    seen = visit(path)
    named(seen.page, "service runner").click()
    link = seen.page.locator("#panel").get_by_role("link")
    expect(link).to_have_attribute("href", "https://wiki.example.org/service/runner")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    assert not seen.strayed


@pytest.mark.parametrize("layout", ["columns", "matrix"])
def test_the_map_can_be_of_another_layout(visit, tmp_path, layout):
    path = tmp_path / "page.html"
    path.write_bytes(compose(workflow(), "html", layout=layout).data)
    seen = visit(path)
    named(seen.page, "topic fetcher/fetch").click()
    expect(seen.page.locator("#panel h2")).to_have_text("fetcher/fetch")
    assert {"service runner", "service fetcher"} <= lit(seen.page)
    assert not seen.errors


def test_services_alone_tell_whom_they_feed(visit, tmp_path):
    path = tmp_path / "services.html"
    path.write_bytes(compose(workflow(), "html", choice=Choice(view="services")).data)
    page = visit(path).page
    named(page, "service fetcher").click()
    assert [row[0] for row in panel(page, "Feeds")] == ["runner"]
    expect(page.get_by_role("heading", name="Publishes")).to_have_count(0)
    assert lit(page) == {"service fetcher", "service runner"}


def test_messages_of_services_that_are_left_out_are_not_from_unknown(visit, tmp_path):
    make = GraphMaker()
    make.message("own", "near", ["reader"], 2)
    make.publish("far", "own", 4)
    make.receive("own", "reader", {"near": (2, 0), "far": (0, 4)})
    path = tmp_path / "part.html"
    path.write_bytes(compose(make.graph, "html", choice=Choice(focus=("near",))).data)
    page = visit(path).page
    named(page, "service reader").click()
    ((_, messages, whose),) = panel(page, "Receives")
    assert (messages, whose) == ("6", "near (2 seen), services that are not shown (4 inferred)")


# --- focus


def test_focus_leaves_what_is_near_by_as_many_steps_as_chosen(shows):
    page = shows("home", "#open=service:mqtt-backup")
    page.get_by_role("button", name="Focus").click()
    expect(named(page, "topic homeassistant/status")).to_be_visible()
    expect(named(page, "service home-assistant")).to_be_hidden()
    page.get_by_label("within").select_option("2")
    expect(named(page, "service home-assistant")).to_be_visible()
    expect(named(page, "service frigate")).to_be_hidden()
    page.get_by_role("tab", name="Matrix").click()
    expect(page.locator("#matrix tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#matrix tbody tr")).to_have_count(43)


# --- the address


def test_what_is_open_stands_in_the_address_and_comes_back_with_it(shows):
    page = shows()
    named(page, "service node-red").click()
    page.get_by_role("button", name="Focus").click()
    page.get_by_label("Search names").fill("evcc/+/+")
    page.get_by_role("tab", name="Matrix").click()
    page.reload()
    expect(page.locator("#panel h2")).to_have_text("node-red")
    expect(page.locator("#focus-name")).to_have_text("node-red")
    expect(page.get_by_label("Search names")).to_have_value("evcc/+/+")
    expect(page.get_by_role("tab", name="Matrix")).to_have_attribute("aria-selected", "true")


def test_back_goes_back(shows):
    page = shows()
    named(page, "service node-red").click()
    named(page, "service telegraf").click()
    page.go_back()
    expect(page.locator("#panel h2")).to_have_text("node-red")


def test_an_address_of_what_is_not_there_shows_the_map(shows):
    page = shows("home", "#open=service:gone&tab=moon&hops=x")
    expect(page.locator("#map svg")).to_be_visible()
    expect(page.locator("#panel")).to_be_hidden()


# --- the matrix


def test_the_matrix_says_in_words_what_its_marks_mean(shows):
    page = shows("workflow", "#tab=matrix")
    row = page.locator("#matrix tbody tr", has=page.get_by_role("rowheader", name="fetcher/fetch/progress"))
    cells = [cell.text_content() for cell in row.locator("td").all()]
    assert any("publishes 4" in cell for cell in cells)
    assert any("receives 4 from fetcher" in cell for cell in cells)
    assert page.get_by_role("columnheader").all_text_contents() == ["Topic", "fetcher", "markdown", "runner"]


def test_hundreds_of_services_are_named_in_the_rows_and_rows_follow_as_one_scrolls(shows):
    page = shows("many", "#tab=matrix")
    expect(page.locator("#matrix tbody tr")).to_have_count(200)
    expect(page.locator("#matrix thead th")).to_have_count(3)
    page.locator("#matrix").evaluate("e => e.scrollTo(0, e.scrollHeight)")
    expect(page.locator("#matrix tbody tr").nth(250)).to_be_attached()


def test_the_numbers_can_be_sorted(shows):
    page = shows("home", "#tab=list")
    page.get_by_role("button", name="Received").click()
    expect(page.locator("#list tbody th").first).to_have_text("home-assistant")
    expect(page.get_by_role("columnheader", name="Received")).to_have_attribute("aria-sort", "descending")


# --- the keyboard alone


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")


def test_the_keyboard_searches_opens_focuses_and_goes_back(shows):
    page = shows()
    press(page, "/")
    page.keyboard.type("node")
    expect(page.locator("#count")).to_contain_text("1 of")
    press(page, "Escape")
    expect(page.get_by_label("Search names")).to_have_value("")
    press(page, *["Tab"] * 5)
    assert focused(page).startswith("service ")
    press(page, "Enter")
    expect(page.locator("#panel h2")).to_be_focused()
    press(page, "f")
    expect(page.locator("#focus")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert focused(page).startswith("service ")
    press(page, "Escape")
    expect(page.locator("#focus")).to_be_hidden()


def test_arrow_keys_reach_every_box_and_row_of_the_map(shows):
    page = shows("workflow")
    page.locator("#map [data-n][tabindex='0']").focus()
    reached = page.evaluate(
        """() => {
          const seen = new Set([document.activeElement]), rim = [document.activeElement];
          while (rim.length) {
            const from = rim.pop();
            for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
              from.focus();
              from.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
              const to = document.activeElement;
              if (!seen.has(to)) { seen.add(to); rim.push(to); }
            }
          }
          return seen.size;
        }"""
    )
    assert reached == page.locator("#map [data-n]").count()


def test_arrow_keys_walk_the_names_of_the_matrix_and_the_tabs(shows):
    page = shows("workflow")
    page.get_by_role("tab", name="Map").focus()
    press(page, "ArrowRight")
    expect(page.get_by_role("tab", name="Matrix")).to_be_focused()
    press(page, "Tab")
    assert focused(page) == "fetcher"
    press(page, "ArrowRight")
    assert focused(page) == "markdown"
    press(page, "Tab", "ArrowDown", "Enter")
    expect(page.locator("#panel h2")).to_have_text("fetcher/fetch/error")


# --- what may go wrong


def test_nasty_names_stay_text(shows):
    page = shows("nasty")
    names = {shown(each["name"]) for _, each in nasty().nodes(data=True)}
    labels = page.locator("#map [data-n]").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    assert {label.partition(" ")[2] for label in labels if not label.startswith("all of")} == names
    page.get_by_role("tab", name="Matrix").click()
    assert {text.strip() for text in page.locator("#matrix tbody th").all_text_contents()} == names
    page.get_by_role("tab", name="Numbers").click()
    for name in sorted(names, key=len)[-3:]:
        page.locator("#list").get_by_role("button", name=name, exact=True).first.click()
        expect(page.locator("#panel h2")).to_have_text(name)
    assert page.locator("script").count() == 2


def test_two_names_that_are_shown_alike_are_two(shows):
    make = GraphMaker()
    make.message("a\u202e", "one", ["two"])
    make.message("a\\u202e", "one", ["three"])
    GRAPHS["alike"] = lambda: make.graph
    page = shows("alike")
    told = []
    for topic in page.locator("#map [data-n][aria-label^=topic]").all():
        topic.click()
        page.reload()
        told.append(panel(page, "Received by")[0][0])
    assert sorted(told) == ["three", "two"]


def test_a_graph_of_nothing_is_a_page(shows):
    GRAPHS["empty"] = lambda: GraphMaker().graph
    page = shows("empty")
    for tab in ("Matrix", "Numbers", "Map"):
        page.get_by_role("tab", name=tab).click()
        assert page.get_by_role("tab", name=tab).get_attribute("aria-selected") == "true"


OPEN = "#open=service:esphome-garage&focus=topic:garage/door/state&hops=2&q=a"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(shows, scheme):
    page = shows("home", OPEN, color_scheme=scheme)
    assert axed(page) == []
    for tab in ("Matrix", "Numbers"):
        page.get_by_role("tab", name=tab).click()
        assert axed(page) == []


@pytest.mark.parametrize(
    ("name", "hash_"),
    [("workflow", ""), ("nasty", "#open=topic:]]>"), ("nasty", "#tab=matrix"), ("many", "#tab=matrix&q=area1/#")],
)
def test_axe_finds_nothing_on_a_small_screen(shows, name, hash_):
    assert axed(shows(name, hash_, viewport={"width": 400, "height": 800})) == []


def axed(page):
    found = Axe().run(page).response["violations"]
    return [(each["id"], node["target"]) for each in found for node in each["nodes"][:3]]


def test_the_page_is_dark_where_that_is_preferred(shows):
    grounds = [
        shows("home", color_scheme=scheme).locator("html").evaluate("e => getComputedStyle(e).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


@pytest.mark.parametrize(("motion", "takes"), [("reduce", "0s"), ("no-preference", "0.15s")])
def test_nothing_fades_for_who_prefers_less_motion(shows, motion, takes):
    node = named(shows("workflow", reduced_motion=motion), "service runner")
    assert node.evaluate("e => getComputedStyle(e).transitionDuration") == takes


def test_printed_the_map_is_light_and_as_wide_as_the_paper_without_buttons(shows):
    page = shows("home", color_scheme="dark", viewport={"width": 700, "height": 900})
    page.emulate_media(media="print")
    expect(page.locator(".tabs")).to_be_hidden()
    assert page.locator("#map svg").bounding_box()["width"] <= 700
    assert page.locator("#map rect.page").evaluate("e => getComputedStyle(e).fill") == "rgb(255, 255, 255)"


def test_a_small_screen_scrolls_inside_and_not_aside(shows):
    page = shows("nasty", "#open=service:]]>", viewport={"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

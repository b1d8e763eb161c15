"""`copper-trace live` on a real Mosquitto with real clients, as a person sees it in a real Chromium."""

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import expect

from tests import brokers
from tests.brokers import port_of
from tests.copper.live_maps import live
from tests.copper.standins import wait_for

LAMP = "service lamp"


@pytest.fixture
def mosquitto(tmp_path):
    with brokers.running("mosquitto", tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def client(mosquitto):
    """Starts clients with ids of their own; all are gone after the test."""
    clients = []

    def start(name, *filters, will=None):
        one = paho.Client(CallbackAPIVersion.VERSION2, name)
        if will:
            one.will_set(will, "offline", retain=True)
        one.connect("127.0.0.1", port_of(mosquitto))
        one.loop_start()
        clients.append(one)
        wait_for(one.is_connected)
        for each in filters:
            one.subscribe(each, 1)
        return one

    yield start
    for each in clients:
        each.disconnect()
        each.loop_stop()


def named(page, name):
    return page.locator("#map").get_by_role("button", name=name, exact=True)


def test_real_clients_come_talk_and_die_before_ones_eyes(visit, mosquitto, client, tmp_path):
    client("panel", "lamp/#")
    with live(tmp_path, mosquitto.log) as map_:
        seen = visit(map_.address + "?tail=")
        page = seen.page
        expect(named(page, "service panel")).to_be_visible()
        lamp = client("lamp", will="lamp/status")
        lamp.publish("lamp/power", "on", qos=1).wait_for_publish(10)
        expect(named(page, f"{LAMP}, new")).to_be_visible()
        expect(page.get_by_role("log")).to_contain_text("lamp publishes lamp/power")
        named(page, f"{LAMP}, new").click()
        facts = page.locator("#panel dl")
        expect(facts).to_contain_text("Willlamp/status 7 B, QoS 0, retained")
        expect(page.locator("#panel")).to_contain_text("1 topic, 1 message")
        lamp.publish("lamp/power", "off", qos=1).wait_for_publish(10)
        expect(page.locator("#panel")).to_contain_text("1 topic, 2 messages")
        lamp.loop_stop()
        lamp.socket().close()
        expect(named(page, f"{LAMP}, new, gone")).to_be_visible()
        expect(facts).to_contain_text("Connectedno, gone")
        expect(page.get_by_role("log")).to_contain_text("lamp goes")
        assert [seen.errors, seen.strayed] == [[], []]

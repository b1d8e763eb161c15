"""Which service a client is, and by which rule."""

import pytest

from tracer.identity import Client, identify

FETCHER = {"filters": frozenset({"fetcher/fetch"}), "published": frozenset({"fetcher/status"})}


def service_of(client, *others):
    found = identify([client, *others])[client.id]
    return found.name, found.rule


@pytest.mark.parametrize(
    ("client", "name", "rule"),
    [
        ("fetcher", "fetcher", "id"),
        ("my_service", "my_service", "id"),
        ("fetcher.1", "fetcher", "id"),
        ("fetcher.host-7", "fetcher", "id"),
        ("fetcher-1f3a", "fetcher", "id"),
        ("fetcher-1f3a9c0b2d4e", "fetcher", "id"),
        ("web-shop-7c1d9e", "web-shop", "id"),
        ("nodered_8a1b2c3d4e5f6071", "nodered", "id"),
        ("fetcher-0b54a5a5-1f0d-4e39-8f6b-0e3c1d2f4a5b", "fetcher", "id"),
        ("fetcher-1001", "fetcher-1001", "id"),
        ("sensor-dead", "sensor-dead", "id"),
        ("192.168.1.7", "192.168.1.7", "client"),
        ("a b", "a b", "client"),
        ("a.b.c", "a.b.c", "client"),
        ("mqtt-backup", "mqtt-backup", "id"),
        ("auto-AA6D8DF4-A20F-80C0-211B-8E31B92F13C8", "anonymous", "anonymous"),
        ("mosqsub|1234-host", "anonymous", "anonymous"),
        ("mosq-9XbFmRn3pLt2QvZs8K", "anonymous", "anonymous"),
        ("paho/1F3A9C0B2D4E5F60", "anonymous", "anonymous"),
        ("paho1234567890123", "anonymous", "anonymous"),
        ("mqttjs_1f2e3d4c", "anonymous", "anonymous"),
        ("mqttx_0d2f8a1b", "anonymous", "anonymous"),
        ("mqtt-explorer-1f3a", "anonymous", "anonymous"),
        ("0b54a5a5-1f0d-4e39-8f6b-0e3c1d2f4a5b", "anonymous", "anonymous"),
        ("1f3a9c0b2d4e", "anonymous", "anonymous"),
        ("4XzK9mQp2RtV7wLs3BnYcd", "anonymous", "anonymous"),
        ("", "anonymous", "anonymous"),
    ],
)
def test_an_id_tells_its_service(client, name, rule):
    assert service_of(Client(client)) == (name, rule)


def test_the_user_name_comes_before_the_id():
    assert service_of(Client("fetcher", user="crawler")) == ("crawler", "username")


def test_one_login_for_a_whole_plant_is_no_service():
    plant = [Client(name, user="mqtt") for name in ("fetcher", "markdown", "runner")]
    assert service_of(*plant) == ("fetcher", "id")


def test_one_user_name_of_several_is_a_service_with_all_its_clients():
    clients = [Client(name, user="line") for name in ("plc1", "plc2", "plc3")]
    assert service_of(*clients, Client("web", user="shop")) == ("line", "username")


@pytest.mark.parametrize(
    "published", [{"fetcher/status"}, {"fetcher/fetch/finish"}, {"fetcher/status", "fetcher/fetch/start"}]
)
def test_a_made_up_id_that_takes_requests_and_answers_is_the_service(published):
    client = Client(
        "auto-AA6D8DF4-A20F-80C0-211B-8E31B92F13C8", None, frozenset({"fetcher/fetch"}), frozenset(published)
    )
    assert service_of(client) == ("fetcher", "behaviour")


def test_whoever_asks_is_not_the_service_that_answers():
    asks = Client("", None, frozenset({"fetcher/fetch/finish"}), frozenset({"fetcher/fetch", "runner/status"}))
    assert service_of(asks) == ("anonymous", "anonymous")


def test_a_plain_id_comes_before_behaviour():
    assert service_of(Client("crawler", None, **FETCHER)) == ("crawler", "id")


def test_a_tool_is_no_service_whatever_it_does():
    assert service_of(Client("mqttx_0d2f8a1b", None, **FETCHER)) == ("anonymous", "anonymous")


def test_a_random_tail_of_digits_is_told_by_others_of_its_kind():
    assert service_of(Client("fetcher-1001"), Client("fetcher-1f3a")) == ("fetcher", "id")

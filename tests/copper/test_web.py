"""The HTTP face: the same functions and errors, a queue with an end, OpenAPI."""

import asyncio
import threading
import time

import pytest
import requests

from copper import ActionError, Service
from tests.copper.standins import serving, wait_for


@pytest.fixture
def shop(broker):
    """A service that answers over HTTP on a free port."""
    service = Service("shop", broker=broker.url, http_port=0)
    service.release, service.inside = threading.Event(), []

    @service.request
    def price(article: str, count: int = 1) -> dict:
        """What so many of an article cost."""
        if article == "none":
            raise ActionError("there is no such article", kind="not_found")
        if article == "bug":
            raise KeyError("x")
        return {"article": article, "price": 3 * count}

    @service.request(concurrency=1, queue=1)
    def slow() -> str:
        service.inside.append(1)
        service.release.wait(10)
        return "done"

    @service.request(path="/free")
    async def other() -> dict:
        await asyncio.sleep(0)
        return {"other": True}

    with serving(service):
        wait_for(lambda: service.http_port, what="the port")
        service.url = f"http://127.0.0.1:{service.http_port}"
        yield service
        service.release.set()


def ask(shop, path, **more):
    return requests.post(shop.url + path, timeout=10, **more)


def test_a_request_is_answered_with_what_the_function_returns(shop):
    answer = ask(shop, "/shop/price", json={"article": "pen", "count": 2})
    assert (answer.status_code, answer.json()) == (200, {"article": "pen", "price": 6})
    assert ask(shop, "/free").json() == {"other": True}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b'{"article": "none"}', 404, "there is no such article"),
        (b"{}", 400, "the request lacks article"),
        (b'{"article": "pen", "count": "many"}', 400, "count: input should be a valid integer"),
        (b"[1]", 400, "the request is no JSON object"),
        (b"{", 400, "the request is no JSON"),
        (b'{"article": "bug"}', 500, "KeyError: 'x'"),
        (b" " * 10_000_001, 413, "a request has at most 10,000,000 bytes"),
    ],
    ids=["not-found", "missing", "type", "list", "broken", "bug", "large"],
)
def test_errors_are_those_of_the_mqtt_face(shop, body, status, error):
    answer = ask(shop, "/shop/price", data=body)
    assert answer.status_code == status
    assert error in answer.json()["error"]


def test_past_the_end_of_the_queue_the_answer_is_503_at_once(shop):
    threads = [threading.Thread(target=ask, args=(shop, "/shop/slow")) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_for(lambda: shop.inside, what="the first")
    began = time.monotonic()
    busy = wait_for(lambda: ask_shortly(shop), what="the queue to be full")
    assert busy == (503, "1", True)
    assert time.monotonic() - began < 8
    shop.release.set()
    for thread in threads:
        thread.join(10)


def ask_shortly(shop):
    """What comes at once; None where the request waits, which is given up then."""
    try:
        answer = requests.post(shop.url + "/shop/slow", timeout=0.5)
    except requests.Timeout:
        return None
    return answer.status_code, answer.headers["Retry-After"], answer.json()["retryable"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_a_page_of_another_origin_may_not_ask(shop, headers):
    answer = ask(shop, "/shop/price", json={"article": "pen"}, headers=headers)
    assert (answer.status_code, answer.json()["kind"]) == (403, "refused")


def test_what_may_be_asked_stands_in_openapi(shop):
    said = requests.get(shop.url + "/openapi.json", timeout=10).json()
    post = said["paths"]["/shop/price"]["post"]
    assert post["summary"] == "What so many of an article cost."
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["article"]
    assert schema["properties"]["count"] == {"default": 1, "type": "integer"}
    assert requests.get(shop.url + "/health", timeout=10).json()["service"] == "shop"


def test_a_port_that_is_taken_is_a_sentence(broker, shop, monkeypatch):
    monkeypatch.setenv("COPPER_HTTP_PORT", str(shop.http_port))
    second = Service("second", broker=broker.url)
    second.request(lambda: None)
    with pytest.raises(Exception, match="can't listen there for HTTP"):
        second.serve()


def test_a_service_that_stops_answers_what_it_works_on(broker):
    service = Service("shop", broker=broker.url, http_port=0)
    inside = threading.Event()

    @service.request
    def slow() -> str:
        inside.set()
        time.sleep(0.3)
        return "done"

    answers = []
    with serving(service):
        wait_for(lambda: service.http_port)
        url = f"http://127.0.0.1:{service.http_port}/shop/slow"
        thread = threading.Thread(target=lambda: answers.append(requests.post(url, timeout=10).text))
        thread.start()
        assert inside.wait(10)
    thread.join(10)
    assert answers == ['"done"']

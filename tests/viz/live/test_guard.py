"""Who may ask the live map, and what a browser may do with the answer."""

import pytest

from tests.viz.live.systems import HOUSE, Spoken, ask, served

TOKEN = "s3cret-\N{LATIN SMALL LETTER E WITH ACUTE}"


@pytest.fixture(scope="module")
def port():
    with served(Spoken(*HOUSE)) as port:
        yield port


@pytest.fixture(scope="module")
def locked():
    with served(Spoken(*HOUSE), TOKEN, hosts=None) as port:
        yield port


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_the_names_of_this_machine_are_understood(port, name):
    assert ask(port, "/runs", Host=f"{name}:{port}")[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost:1", "localhost", "localhost:x", "a]b"]
)
def test_a_name_that_was_made_to_lead_here_is_turned_away(port, host):
    status, _, body = ask(port, "/map.json", Host=host.format(port=port))
    assert status == 403
    assert "is not a name of this map; open it as localhost" in body


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
    ],
)
def test_a_page_of_elsewhere_may_not_ask(port, headers):
    status, answer, body = ask(port, "/events", **headers)
    assert status == 403
    assert "may not ask here" in body
    assert "Access-Control-Allow-Origin" not in answer


def test_our_own_page_may_ask_and_a_link_of_elsewhere_may_lead_here(port):
    assert ask(port, "/runs", Origin=f"http://127.0.0.1:{port}")[0] == 200
    assert ask(port, "/runs", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_it_is_only_looked_at(port, method):
    status, headers, body = ask(port, "/map.json", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert "only looked at" in body


def test_head_is_answered_without_a_body(port):
    status, headers, body = ask(port, "/map.json", "HEAD")
    assert (status, headers["Content-Type"], body) == (200, "application/json", "")
    assert ask(port, "/events", "HEAD")[0] == 200


@pytest.mark.parametrize("path", ["/map.svg", "/map.json", "/nothing", "/map.json?colour=red", "/download.html"])
def test_every_answer_tells_the_browser_what_it_may_not(port, path):
    _, headers, _ = ask(port, path)
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: headers[name] for name in wanted} == wanted
    assert "Server" not in headers


@pytest.mark.parametrize("query", ["", "?token=", "?token=s3cret", "?token=%C3%28", "?token=wrong&token=s3cret-%C3%A9"])
@pytest.mark.parametrize("path", ["/", "/map.json", "/events", "/live.js"])
def test_without_the_token_nothing_is_told(locked, path, query):
    status, headers, body = ask(locked, path + query)
    assert status == 403
    assert "token" in body
    assert "Set-Cookie" not in headers


def test_the_token_in_the_address_becomes_a_cookie_that_no_script_and_no_other_site_gets(locked):
    status, headers, body = ask(locked, "/?token=s3cret-%C3%A9&focus=%22%3E%3Cscript%3E")
    assert status == 200
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(headers["Set-Cookie"].split("; "))
    assert 'content="0;url=/?focus=%22%3E%3Cscript%3E"' in body
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert ask(locked, "/map.json", Cookie=cookie)[0] == 200
    assert ask(locked, "/map.json", Cookie=cookie + "x")[0] == 403
    assert ask(locked, "/map.json", Cookie="copper-live=")[0] == 403


def test_who_has_the_token_can_ask_without_a_browser_and_by_any_name(locked):
    assert ask(locked, "/map.json?token=s3cret-%C3%A9&span=hour", Host="plant.example")[0] == 200

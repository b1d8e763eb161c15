"""Fetching over http: what arrives, what is refused, and that every wait ends."""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile
import time
import zipfile
from dataclasses import replace

import pytest

from copper.service import ActionError
from copper.services.fetcher import address
from copper.services.fetcher.web import next_url


def zipped(**files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "/"), content)
    return file.getvalue()


def test_file_arrives_in_a_folder_of_its_name(fetcher, server):
    server.routes["/some/data%20set.csv?version=3"] = (200, {}, b"1,2")
    answer = fetcher(type="url", url=f"{server.base}/some/data%20set.csv?version=3")
    assert answer["resource"] == "data set.csv"
    assert answer["version"] == "sha256:" + hashlib.sha256(b"1,2").hexdigest()
    assert fetcher.files("data set.csv") == {"data set.csv": "1,2"}


def test_address_without_a_file_is_named_after_its_host(fetcher, server):
    server.routes["/"] = (200, {}, b"hello")
    assert fetcher(type="url", url=f"{server.base}/")["resource"] == "127.0.0.1"


def test_archive_is_unpacked_and_filtered(fetcher, server):
    server.routes["/docs.zip"] = (200, {}, zipped(a="a", deep_b="b"))
    answer = fetcher(type="url", url=f"{server.base}/docs.zip", filter="deep/")
    assert (answer["resource"], answer["total_files"], answer["filtered_files"]) == ("docs", 2, 1)
    assert fetcher.files("docs") == {"deep/b": "b"}


def test_unchanged_file_is_not_sent_again(fetcher, server):
    def reply(request):
        if request.headers["If-None-Match"] == '"1"' and "If-Modified-Since" in request.headers:
            return 304, {}, b""
        return 200, {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}, b"text"

    server.routes["/a.txt"] = reply
    first = fetcher(type="url", url=f"{server.base}/a.txt")
    second = fetcher(type="url", url=f"{server.base}/a.txt")
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["version"] == second["version"]
    assert "if-none-match" not in server.asked[0][1]
    assert fetcher.files("a.txt") == {"a.txt": "text"}


def test_unchanged_file_of_a_server_without_etags_is_told_by_its_hash(fetcher, server):
    server.routes["/a.txt"] = (200, {}, b"text")
    fetcher(type="url", url=f"{server.base}/a.txt")
    assert fetcher(type="url", url=f"{server.base}/a.txt")["changed"] is False
    server.routes["/a.txt"] = (200, {}, b"new")
    assert fetcher(type="url", url=f"{server.base}/a.txt")["changed"] is True
    assert fetcher.files("a.txt") == {"a.txt": "new"}


def test_etag_of_another_filter_is_not_used(fetcher, server):
    server.routes["/docs.zip"] = (200, {"ETag": '"1"'}, zipped(a="a", b="b"))
    fetcher(type="url", url=f"{server.base}/docs.zip", filter="a")
    fetcher(type="url", url=f"{server.base}/docs.zip", filter="b")
    assert "if-none-match" not in server.asked[1][1]
    assert fetcher.files("docs") == {"b": "b"}


def test_sha256_that_fits_is_accepted_and_another_refused(fetcher, server):
    server.routes["/a.txt"] = (200, {}, b"text")
    good = hashlib.sha256(b"text").hexdigest()
    fetcher(type="url", url=f"{server.base}/a.txt", sha256=good.upper())
    with pytest.raises(ActionError, match=f"has the sha256 {good}, not 0000") as caught:
        fetcher(type="url", url=f"{server.base}/a.txt", sha256="0" * 64)
    assert caught.value.kind == "refused"
    assert fetcher.files("a.txt") == {"a.txt": "text"}


def test_sha256_that_is_none_is_refused(fetcher, server):
    with pytest.raises(ActionError, match="64 hexadecimal digits"):
        fetcher(type="url", url=f"{server.base}/a.txt", sha256="abc")


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [(404, "not_found", False), (403, "refused", False), (500, "network", True), (503, "network", True)],
)
def test_status_becomes_a_kind(fetcher, server, status, kind, retryable):
    server.routes["/a.txt"] = (status, {}, b"")
    with pytest.raises(ActionError, match=f"answered HTTP {status}") as caught:
        fetcher(type="url", url=f"{server.base}/a.txt")
    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a",
        "file:///etc/passwd",
        "//example.org/a",
        "example.org/a",
        "http://",
        "http://[::1/",
        "http://host:99999/",
        "https://user:secret@example.org/a",
        "https://api.github.com\\@example.org/",
        "-oProxyCommand=x",
        "http://example.org/a b",
    ],
)
def test_what_is_no_plain_address_of_the_web_is_refused(fetcher, url):
    with pytest.raises(ActionError, match="url") as caught:
        fetcher(type="url", url=url)
    assert caught.value.kind == "bad_request"
    assert "secret" not in str(caught.value)


def test_server_that_is_not_there_is_a_plain_sentence(fetcher):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/a"
        with pytest.raises(ActionError, match="Connection refused") as caught:
            fetcher(type="url", url=url)
    assert (caught.value.kind, caught.value.retryable) == ("network", True)


def test_promised_length_that_is_too_much_is_refused_before_it_is_read(fetcher, server):
    fetcher.limit(size=1000)

    def reply(request):
        request.send_response(200)
        request.send_header("Content-Length", str(10**12))
        request.end_headers()

    server.routes["/huge"] = reply
    with pytest.raises(ActionError, match="has 1000000000000 bytes, more than 1000"):
        fetcher(type="url", url=f"{server.base}/huge")


def test_more_bytes_than_promised_by_nobody_are_refused(fetcher, server):
    fetcher.limit(size=1000)

    def reply(request):
        request.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(5000))

    server.routes["/huge"] = reply
    with pytest.raises(ActionError, match="has more than 1000 bytes"):
        fetcher(type="url", url=f"{server.base}/huge")


def test_download_that_breaks_off_leaves_what_was_there(fetcher, server):
    server.routes["/a.txt"] = (200, {}, b"text")
    fetcher(type="url", url=f"{server.base}/a.txt")
    server.routes["/a.txt"] = (200, {"Content-Length": "1000"}, b"half")
    with pytest.raises(ActionError) as caught:
        fetcher(type="url", url=f"{server.base}/a.txt")
    assert (caught.value.kind, caught.value.retryable) == ("network", True)
    assert fetcher.files("a.txt") == {"a.txt": "text"}
    assert fetcher.left_over() == []


def dripping(head):
    """A server that sends a byte now and then, and never comes to an end."""

    def reply(request):
        request.wfile.write(head)
        try:
            while True:
                request.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            return

    return reply


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nHead: "], ids=["body", "header"])
def test_server_that_drips_is_left_when_time_is_up(fetcher, server, head):
    fetcher.limit(seconds=0.5)
    server.routes["/drip"] = dripping(head)
    with pytest.raises(ActionError, match=r"took longer than 0\.5 s") as caught:
        fetcher(type="url", url=f"{server.base}/drip")
    assert (caught.value.kind, caught.value.retryable) == ("timeout", True)


def test_server_that_is_silent_is_left(fetcher):
    fetcher.limit(idle=0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(ActionError, match="no answer in time") as caught,
    ):
        fetcher(type="url", url=f"http://127.0.0.1:{silent.getsockname()[1]}/a")
    assert caught.value.retryable


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_own_machine_is_refused_by_whatever_name(fetcher, server, host):
    fetcher.settings = replace(fetcher.settings, allow_private=False)
    with pytest.raises(ActionError, match="COPPER_FETCH_ALLOW_PRIVATE=1 allows these") as caught:
        fetcher(type="url", url=server.base.replace("127.0.0.1", host) + "/a")
    assert caught.value.kind == "refused"
    assert server.asked == []


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::169.254.169.254", False),
        ("64:ff9b::8.8.8.8", True),
        ("2002:7f00:1::", False),
        ("ff02::1", False),
    ],
)
def test_public_addresses(text, public):
    assert address.is_public(text) is public


def test_name_with_one_private_address_is_refused(fetcher, monkeypatch):
    fetcher.settings = replace(fetcher.settings, allow_private=False)
    both = [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(ActionError, match=r"rebinding\.test is 169\.254\.169\.254"):
        fetcher(type="url", url="http://rebinding.test/")


def test_redirect_is_followed(fetcher, server):
    server.routes["/old.txt"] = (302, {"Location": "/new/place.bin"}, b"")
    server.routes["/new/place.bin"] = (200, {}, b"text")
    assert fetcher(type="url", url=f"{server.base}/old.txt")["resource"] == "old.txt"
    assert fetcher.files("old.txt") == {"old.txt": "text"}


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x", "http://user:pass@127.0.0.1/"]
)
def test_redirect_to_what_is_no_plain_address_is_refused(fetcher, server, place):
    server.routes["/a"] = (302, {"Location": place}, b"")
    with pytest.raises(ActionError, match="url must"):
        fetcher(type="url", url=f"{server.base}/a")


def test_redirect_from_https_to_http_is_refused():
    with pytest.raises(ActionError, match="redirects from https"):
        next_url("https://example.org/a", "http://example.org/a")


def test_redirects_in_a_circle_end(fetcher, server):
    server.routes["/a"] = (302, {"Location": "/a"}, b"")
    with pytest.raises(ActionError, match="more than 5 redirects"):
        fetcher(type="url", url=f"{server.base}/a")


def test_compressed_answer_that_nobody_asked_for_is_refused(fetcher, server):
    server.routes["/a.txt"] = (200, {"Content-Encoding": "br"}, b"\x00")
    with pytest.raises(ActionError, match="sent only as br"):
        fetcher(type="url", url=f"{server.base}/a.txt")


def test_tar_slip_in_a_download_leaves_what_was_there(fetcher, server):
    server.routes["/docs.zip"] = (200, {}, zipped(a="a"))
    fetcher(type="url", url=f"{server.base}/docs.zip", resource="docs")
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../evil"))
    server.routes["/docs.tgz"] = (200, {}, file.getvalue())
    with pytest.raises(ActionError, match="would land elsewhere"):
        fetcher(type="url", url=f"{server.base}/docs.tgz", resource="docs")
    assert fetcher.files("docs") == {"a": "a"}
    assert not list(fetcher.settings.folder.parent.rglob("evil"))

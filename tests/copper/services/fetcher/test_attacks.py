"""Servers, names and folders that mean harm: refused with a reason, the target as it was, no secret told."""

from __future__ import annotations

import gzip
import io
import os
import socket
import tarfile
import threading
from dataclasses import replace

import pytest

from copper.service import ActionError
from copper.services.fetcher import address

PUBLIC = "93.184.215.14"


@pytest.fixture
def kept(fetcher, tmp_path):
    """A resource that every attack aims at; it must stay."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.md").write_text("mine")
    fetcher(type="local", path=str(tmp_path / "mine"), resource="r")
    yield fetcher
    assert fetcher.files("r") == {"a.md": "mine"}
    assert fetcher.left_over() == []


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "127.0.0.1",
        "127.1",
        "0",
        "[::]",
        "[::1]",
        "10.0.0.1",
    ],
)
@pytest.mark.parametrize("kind", ["url", "git"])
def test_redirect_to_a_private_address_is_refused(kept, server, monkeypatch, host, kind):
    """The first server counts as public here; where it leads to does not."""
    kept.settings = replace(kept.settings, allow_private=False)
    mine = int(server.base.rsplit(":", 1)[1])
    real = address.is_public
    monkeypatch.setattr(socket, "getaddrinfo", _named(socket.getaddrinfo, {"public.test": PUBLIC}))
    monkeypatch.setattr(address.socket, "create_connection", _to(mine, socket.create_connection))
    assert real(PUBLIC)
    asked = "/x.git/info/refs?service=git-upload-pack" if kind == "git" else "/a"
    server.routes[asked] = (302, {"Location": f"http://{host}/latest/meta-data/"}, b"")
    with pytest.raises(ActionError) as caught:
        kept(type=kind, url=f"http://public.test:{mine}/{'x.git' if kind == 'git' else 'a'}", resource="r")
    assert caught.value.kind == "refused"
    assert "an address of this machine or of a private network" in str(caught.value)
    assert server.paths() == [asked]


def _named(real, names):
    def look(host, port, *more, **others):
        return real(names.get(host, host), port, *more, **others)

    return look


def _to(port, real):
    """Connections to PUBLIC end at the test's own server: nothing leaves this machine."""

    def connect(where, *more, **others):
        assert where == (PUBLIC, port)
        return real(("127.0.0.1", port), *more, **others)

    return connect


def test_name_that_answers_differently_the_second_time_is_asked_once(kept, server, monkeypatch):
    kept.settings = replace(kept.settings, allow_private=False)
    port = int(server.base.rsplit(":", 1)[1])
    answers = [PUBLIC, "127.0.0.1", "169.254.169.254"]
    asked = []

    def look(host, port, *_, **__):
        asked.append(host)
        return [(2, 1, 6, "", (answers[len(asked) - 1], port))]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    monkeypatch.setattr(address.socket, "create_connection", _to(port, _loopback))
    server.routes["/a.txt"] = (200, {}, b"public")
    assert kept(type="url", url=f"http://rebinding.test:{port}/a.txt", resource="fine")["filtered_files"] == 1
    assert asked == ["rebinding.test"]


def _loopback(where, *_, **__):
    made = socket.socket()
    made.settimeout(5)
    made.connect(where)
    return made


def test_chunks_without_end_are_refused_by_their_size(kept, server):
    kept.limit(size=100_000)

    def endless(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                request.wfile.write(b"1000\r\n" + bytes(4096) + b"\r\n")
        except OSError:
            return

    server.routes["/a.txt"] = endless
    with pytest.raises(ActionError, match="more than 100000 bytes"):
        kept(type="url", url=f"{server.base}/a.txt", resource="r")


@pytest.mark.parametrize("body", [b"zz\r\nx\r\n", b"-5\r\nx\r\n", b"10\r\nshort", b"f" * 70_000, b""])
def test_chunks_that_lie_are_the_networks_fault(kept, server, body):
    def reply(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)

    server.routes["/a.txt"] = reply
    with pytest.raises(ActionError) as caught:
        kept(type="url", url=f"{server.base}/a.txt", resource="r")
    assert caught.value.kind == "network"


@pytest.mark.parametrize("length", ["1000", "-1", "abc", "99999999999999999999999", "5, 1000"])
def test_length_that_lies_is_no_file(kept, server, length):
    kept.limit(size=10**6)
    server.routes["/a.txt"] = (200, {"Content-Length": length}, b"short")
    try:
        answer = kept(type="url", url=f"{server.base}/a.txt", resource="other")
    except ActionError as error:
        assert error.kind in {"network", "refused"}  # noqa: PT017  a length that is none may as well be ignored
    else:
        assert answer["size_bytes"] == 5


def test_body_that_is_compressed_on_the_way_is_not_unpacked(kept, server):
    bomb = gzip.compress(bytes(50_000_000))
    server.routes["/a.txt"] = (200, {"Content-Encoding": "gzip"}, bomb)
    with pytest.raises(ActionError, match="sent only as gzip"):
        kept(type="url", url=f"{server.base}/a.txt", resource="r")


def test_archive_that_streams_without_end_is_refused(kept, server):
    """A tar whose only file never ends, and isn't even kept: nothing is written, yet it must end."""
    kept.limit(size=2_000_000)
    info = tarfile.TarInfo("top/never")
    info.size = 8**11 - 1
    head = info.tobuf(tarfile.GNU_FORMAT)
    commit = "1" * 40
    kept.settings = replace(kept.settings, github_url=server.base)

    def endless(request):
        request.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + head)
        try:
            while True:
                request.wfile.write(bytes(65536))
        except OSError:
            return

    server.routes[f"/a/b/archive/{commit}.tar.gz"] = endless
    with pytest.raises(ActionError, match="more than 2000000 bytes"):
        kept(type="github", repository="a/b", ref=commit, resource="r", filter="*.md")


def test_huge_headers_are_refused(kept, server):
    server.routes["/a.txt"] = (200, {f"X-{number}": "x" * 1000 for number in range(500)}, b"x")
    with pytest.raises(ActionError) as caught:
        kept(type="url", url=f"{server.base}/a.txt", resource="r")
    assert caught.value.kind == "network"


@pytest.mark.parametrize(
    "name", ["CON", "nul", "com1.txt", "a:b", "x.", "LPT9", "a\u202eb", "a\x7fb", " x", "x ", "\ud800"]
)
@pytest.mark.parametrize("key", ["resource", "dest"])
def test_names_that_are_more_than_names_are_refused(kept, tmp_path, key, name):
    with pytest.raises(ActionError, match=key) as caught:
        kept(**{"type": "local", "path": str(tmp_path / "mine"), key: name})
    assert caught.value.kind == "bad_request"


def test_pipe_in_place_of_a_folder_does_not_hang(kept, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ActionError) as caught:
        kept(type="local", path=str(tmp_path / "pipe"), resource="r")
    assert caught.value.kind == "refused"


def test_pipe_in_a_folder_does_not_hang(kept, tmp_path):
    (tmp_path / "with").mkdir()
    os.mkfifo(tmp_path / "with" / "pipe")
    with pytest.raises(ActionError, match="no ordinary file"):
        kept(type="local", path=str(tmp_path / "with"), resource="r")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/stdin", "/proc/self/mem"])
def test_device_is_no_source(kept, path):
    kept.limit(size=1000)
    with pytest.raises(ActionError):
        kept(type="local", path=path, resource="r")


def test_folder_that_is_named_by_a_link_is_that_folder(fetcher, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.md").write_text("a")
    (tmp_path / "link").symlink_to("real")
    fetcher(type="local", path=str(tmp_path / "link"), resource="x")
    assert fetcher.files("x") == {"a.md": "a"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_file_that_may_not_be_read_is_named(kept, tmp_path):
    (tmp_path / "with").mkdir()
    (tmp_path / "with" / "closed.md").touch(mode=0)
    with pytest.raises(ActionError, match=r"closed\.md: Permission denied"):
        kept(type="local", path=str(tmp_path / "with"), resource="r")


def test_source_that_holds_the_target_does_not_grow(fetcher, tmp_path):
    (tmp_path / "a.md").write_text("a")
    for _ in range(3):
        fetcher(type="local", path=str(tmp_path), resource="all")
    assert fetcher.files("all") == {"a.md": "a"}


def test_target_that_is_its_own_source_stays(fetcher, tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.md").write_text("a")
    fetcher(type="local", path=str(tmp_path / "x"), resource="x")
    fetcher(type="local", path=str(fetcher.settings.folder / "x"), resource="x")
    assert fetcher.files("x") == {"a.md": "a"}


def test_link_in_place_of_a_resource_is_replaced_and_not_followed(fetcher, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious").write_text("precious")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.md").write_text("a")
    fetcher.settings.folder.mkdir()
    (fetcher.settings.folder / "x").symlink_to(tmp_path / "elsewhere")
    fetcher(type="local", path=str(tmp_path / "x"), resource="x")
    assert not (fetcher.settings.folder / "x").is_symlink()
    assert (tmp_path / "elsewhere" / "precious").read_text() == "precious"


def test_fetches_of_many_resources_at_once_do_not_disturb_each_other(fetcher, tmp_path):
    for name in "abcd":
        (tmp_path / name).mkdir()
        for number in range(50):
            (tmp_path / name / f"{number}.md").write_text(name)
    errors = []

    def work(name):
        try:
            for _ in range(5):
                fetcher(type="local", path=str(tmp_path / name), resource=name, filter="*.md")
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=[name]) for name in "abcdabcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all(set(fetcher.files(name).values()) == {name} for name in "abcd")


def test_tar_that_unpacks_to_more_than_is_allowed_leaves_the_target(kept, server):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        info = tarfile.TarInfo("zeros")
        info.size = 50_000_000
        archive.addfile(info, io.BytesIO(bytes(info.size)))
    server.routes["/x.tgz"] = (200, {}, file.getvalue())
    with pytest.raises(ActionError, match="times its size"):
        kept(type="url", url=f"{server.base}/x.tgz", resource="r")

"""Archives that strangers made: they land inside, or not at all."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile

import pytest

from copper.service import ActionError
from copper.services.fetcher.archive import unpack
from copper.services.fetcher.settings import Limits
from copper.services.fetcher.tree import Tree

LIMITS = Limits(size=50_000_000, files=100, ratio=100, ratio_from=100_000)


def tar(*members, mode="w:gz"):
    """A tar of (name, content) files and of TarInfos."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return file.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zipped(*members):
    """A zip of (name, content) and (name, content, mode) files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, *mode in members:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (mode[0] if mode else stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return file.getvalue()


@pytest.fixture
def unpacked(tmp_path):
    """unpacked(name, bytes) → what landed; whatever lands outside fails the test."""
    root = tmp_path / "outer" / "inner"
    root.mkdir(parents=True)

    def run(name, data, keep=lambda _: True):
        tree = Tree(root, keep, LIMITS, lambda *_: None)
        unpack(name, io.BytesIO(data), tree, LIMITS)
        tree.finish()
        found = sorted(path for path in root.rglob("*") if not path.is_dir())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}

    yield run
    assert [path.name for path in tmp_path.rglob("*") if not path.is_relative_to(root)] == ["outer"]


FILES = (("a.md", b"a"), ("deep/er/b.md", b"b"))
LANDED = {"a.md": b"a", "deep/er/b.md": b"b"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.tar.gz", tar(*FILES)),
        ("x.TGZ", tar(*FILES)),
        ("x.tar", tar(*FILES, mode="w")),
        ("unpacked-on-the-way.tar.gz", tar(*FILES, mode="w")),
        ("with-dots.tgz", tar(("./a.md", b"a"), ("././deep//er/b.md", b"b"))),
        ("x.zip", zipped(*FILES)),
        ("by-windows.zip", zipped(("a.md", b"a"), ("deep\\er\\b.md", b"b"))),
        ("folders.zip", zipped(("deep/", b"", stat.S_IFDIR | 0o755), *FILES)),
        ("folders.tgz", tar(special("deep", tarfile.DIRTYPE), *FILES)),
        ("twice.tgz", tar(("a.md", b"old"), *FILES)),
    ],
)
def test_archive_is_unpacked(unpacked, name, data):
    assert unpacked(name, data) == LANDED


@pytest.mark.parametrize("name", ["../evil", "deep/../../evil", "/evil", "//evil", "a/..", ".."])
@pytest.mark.parametrize("make", [tar, zipped])
def test_file_that_would_land_elsewhere_is_refused(unpacked, make, name):
    with pytest.raises(ActionError, match="would land elsewhere") as caught:
        unpacked("x.zip" if make is zipped else "x.tgz", make(("good", b"g"), (name, b"evil")))
    assert caught.value.kind == "refused"


def test_windows_slip_is_refused(unpacked):
    with pytest.raises(ActionError, match="would land elsewhere"):
        unpacked("x.zip", zipped(("..\\evil", b"evil")))


LINKS = {
    "absolute": [("l", "/etc/passwd")],
    "absolute into the folder": [("l", "/")],
    "up": [("l", "../evil")],
    "up from below": [("d/l", "../../evil")],
    "by two links": [("d/e/l", "../.."), ("m", "d/e/l/../evil")],
    "through a later link": [("m", "d/x/../evil"), ("d/x", "..")],
    "below a link that leaves": [("l", ".."), ("l/evil", "nothing")],
    "below a link": [("l", "d"), ("d/f", "../good"), ("l/g", "../good")],
}


@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
def test_link_that_leaves_is_refused_in_tar(unpacked, links):
    members = [special(name, tarfile.SYMTYPE, target) for name, target in links]
    with pytest.raises(ActionError, match="link"):
        unpacked("x.tgz", tar(("good", b"g"), *members))


@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
def test_link_that_leaves_is_refused_in_zip(unpacked, links):
    members = [(name, target.encode(), stat.S_IFLNK | 0o777) for name, target in links]
    with pytest.raises(ActionError, match="link"):
        unpacked("x.zip", zipped(("good", b"g"), *members))


def test_file_is_never_written_through_a_link(unpacked):
    evil = tar(special("l", tarfile.SYMTYPE, "../.."), ("l/evil", b"evil"))
    with pytest.raises((ActionError, OSError)):
        unpacked("x.tgz", evil)


def test_file_over_a_link_does_not_follow_it(unpacked):
    assert unpacked("x.tgz", tar(("good", b"g"), special("l", tarfile.SYMTYPE, "good"), ("l", b"evil")))["good"] == b"g"


def test_link_within_is_kept(unpacked):
    assert unpacked("x.tgz", tar(("good", b"g"), special("d/l", tarfile.SYMTYPE, "../good")))["d/l"] == b"g"
    assert unpacked("x.zip", zipped(("good", b"g"), ("e/l", b"../good", stat.S_IFLNK | 0o777)))["e/l"] == b"g"


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_device_is_refused_in_tar(unpacked, kind):
    with pytest.raises(ActionError, match="device or pipe"):
        unpacked("x.tgz", tar(special("null", kind)))


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_device_is_refused_in_zip(unpacked, kind):
    with pytest.raises(ActionError, match="device or pipe"):
        unpacked("x.zip", zipped(("null", b"", kind | 0o666)))


def test_hard_link_is_refused(unpacked):
    with pytest.raises(ActionError, match="hard link"):
        unpacked("x.tgz", tar(special("shadow", tarfile.LNKTYPE, "/etc/shadow")))


@pytest.mark.parametrize(("name", "make"), [("x.tgz", tar), ("x.zip", zipped)])
def test_bomb_is_told_by_its_ratio(unpacked, name, make):
    with pytest.raises(ActionError, match="more than 100 times its size"):
        unpacked(name, make(("zeros", bytes(20_000_000))))


def test_bomb_of_many_small_parts_is_told_too(unpacked):
    with pytest.raises(ActionError, match="more than 100 times its size"):
        unpacked("x.zip", zipped(*((f"zeros{number}", bytes(90_000)) for number in range(50))))


def test_bomb_in_files_that_are_not_kept_is_told_in_a_stream(unpacked):
    with pytest.raises(ActionError, match="more than 100 times its size"):
        unpacked("x.tgz", tar(("zeros", bytes(20_000_000))), keep=lambda _: False)


def test_too_many_files_are_refused(unpacked):
    with pytest.raises(ActionError, match="more than 100 files"):
        unpacked("x.zip", zipped(*((f"f{number}", b"") for number in range(101))))


def test_too_many_folders_are_refused(unpacked):
    with pytest.raises(ActionError, match="more than 100 files"):
        unpacked("x.tar", tar(*(special(f"d{number}", tarfile.DIRTYPE) for number in range(201)), mode="w"))


def test_header_that_would_fill_the_memory_is_refused(unpacked):
    info = special("x", tarfile.XHDTYPE)
    info.size = 8_000_000_000
    head = info.tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(ActionError, match="header that is too long"):
        unpacked("x.tar", head + bytes(10_000))


def test_negative_size_does_not_hang(unpacked):
    head = bytearray(tarfile.TarInfo("x").tobuf(tarfile.GNU_FORMAT))
    head[124:136] = b"\xff" * 12
    checksum = sum(head[:148]) + sum(head[156:512]) + 8 * 32
    head[148:156] = b"%06o\0 " % checksum
    with pytest.raises(ActionError):
        unpacked("x.tar", bytes(head) + bytes(1024))


def broken():
    whole_tar, whole_zip = tar(("f", os.urandom(100_000))), zipped(("f", os.urandom(100_000)))
    return {
        "no tar": ("x.tar.gz", b"<html>not found</html>" * 100),
        "gzip, no tar": ("x.tar.gz", gzip.compress(b"nothing" * 1000)),
        "cut tar": ("x.tgz", whole_tar[:50_000]),
        "damaged tar": ("x.tgz", whole_tar[:50_000] + b"damage" * 9000),
        "no zip": ("x.zip", b"<html>not found</html>" * 100),
        "cut zip": ("x.zip", whole_zip[:50_000]),
        "damaged zip": ("x.zip", whole_zip[:50_000] + b"damage" + whole_zip[50_006:]),
        "empty zip": ("x.zip", b""),
    }


@pytest.mark.parametrize(("name", "data"), broken().values(), ids=broken())
def test_broken_archive_is_said_to_be_broken(unpacked, name, data):
    with pytest.raises(ActionError, match="broken") as caught:
        unpacked(name, data)
    assert caught.value.kind == "bad_archive"


def test_encrypted_zip_is_refused_in_plain_words(unpacked):
    data = bytearray(zipped(("f", b"secret")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(ActionError, match=r"can't be unpacked: .*encrypted"):
        unpacked("x.zip", bytes(data))

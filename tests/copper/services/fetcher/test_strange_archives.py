"""Archives with names that nobody should have: whatever they hold, nothing lands outside, and every end is a plain one.

Derandomized: the same examples in every run. COPPER_STRESS=1 tries many more.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copper.service import ActionError
from copper.services.fetcher.archive import unpack
from copper.services.fetcher.settings import Limits
from copper.services.fetcher.tree import Tree

MORE = 100 if os.environ.get("COPPER_STRESS") == "1" else 1
pytestmark = [pytest.mark.filterwarnings("ignore:Duplicate name"), pytest.mark.timeout(60 if MORE == 1 else 600)]
LIMITS = Limits(size=1_000_000, files=100)
tries = settings(derandomize=True, deadline=None, max_examples=100 * MORE, suppress_health_check=[HealthCheck.too_slow])

PARTS = st.sampled_from(
    [
        "..",
        ".",
        "",
        "a",
        "A",
        "b",
        "ä",
        "a\u0308",
        "...",
        "C:",
        "CON",
        "nul.txt",
        "~",
        "-rf",
        "a\\..\\..\\b",
        "x" * 255,
        "x" * 256,
    ]
) | st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), max_size=8)
NAMES = st.lists(PARTS, min_size=1, max_size=6).map("/".join) | st.sampled_from(
    ["/a", "//a", "\\\\h\\s\\a", "C:\\a", "a\0b"]
)
KINDS = st.sampled_from(["file", "file", "file", "folder", "link", "hard link", "pipe", "device"])
MEMBERS = st.lists(st.tuples(KINDS, NAMES, NAMES), min_size=1, max_size=8)

TYPES = {
    "file": tarfile.REGTYPE,
    "folder": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "pipe": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
}
MODES = {"folder": stat.S_IFDIR, "link": stat.S_IFLNK, "pipe": stat.S_IFIFO, "device": stat.S_IFCHR}


def as_tar(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for kind, name, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = TYPES[kind], target
            info.size = 1 if kind == "file" else 0
            archive.addfile(info, io.BytesIO(b"x"))
    return file.getvalue()


def as_zip(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for kind, name, target in members:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            info.external_attr = (MODES.get(kind, stat.S_IFREG) | 0o644) << 16
            archive.writestr(info, target.encode() if kind == "link" else b"x")
    return file.getvalue()


def lands_inside(name, data):
    """Unpack where only `inner` may change, and look at all of it, also through links."""
    with tempfile.TemporaryDirectory() as folder:
        outer = Path(folder)
        root = outer / "outer" / "inner"
        root.mkdir(parents=True)
        (outer / "secret").write_text("secret")
        tree = Tree(root, lambda _: True, LIMITS, lambda *_: None)
        try:
            unpack(name, io.BytesIO(data), tree, LIMITS)
            tree.finish()
        except ActionError as error:
            assert error.kind in {"refused", "bad_archive"}  # noqa: PT017  both ends are right
        else:
            for path in root.rglob("*"):
                assert Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
                assert stat.S_IFMT(path.lstat().st_mode) in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}
        assert sorted(path.name for path in outer.iterdir()) == ["outer", "secret"]
        assert [path.name for path in (outer / "outer").iterdir()] == ["inner"]
        assert (outer / "secret").read_text() == "secret"


@tries
@given(MEMBERS)
def test_tar_of_any_names_lands_inside_or_is_refused(members):
    lands_inside("x.tgz", as_tar(members))


@tries
@given(MEMBERS)
def test_zip_of_any_names_lands_inside_or_is_refused(members):
    lands_inside("x.zip", as_zip(members))


@tries
@given(MEMBERS, st.booleans(), st.data())
def test_damaged_archive_lands_inside_or_is_refused(members, zipped, data):
    whole = bytearray(as_zip(members) if zipped else as_tar(members))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    lands_inside("x.zip" if zipped else "x.tgz", bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["/".join(["d"] * 101)], "below more than 100 folders"),
        (["/".join(["d"] * 5000)], "below more than 100 folders"),
        (["x" * 300], "name is too long"),
        (["/".join(["x" * 200] * 30)], "name is too long"),
        (["a", "a/b"], "as a file and as a folder"),
        (["a/b", "a"], "as a file and as a folder"),
        ([f"{number}/{'/'.join('d' * 90)}/f" for number in range(5)], "more than 100 folders"),
    ],
)
@pytest.mark.parametrize("make", [as_tar, as_zip])
def test_names_that_no_folder_can_hold_are_refused_with_a_reason(tmp_path, make, names, why):
    tree = Tree(tmp_path, lambda _: True, LIMITS, lambda *_: None)
    with pytest.raises(ActionError, match=why) as caught:
        unpack(
            "x.zip" if make is as_zip else "x.tgz",
            io.BytesIO(make([("file", name, "") for name in names])),
            tree,
            LIMITS,
        )
    assert caught.value.kind == "refused"


@pytest.mark.parametrize("make", [as_tar, as_zip])
def test_names_that_differ_in_case_or_unicode_form_alone_harm_nothing(tmp_path, make):
    names = ["README.md", "readme.md", "\u00e4.md", "a\u0308.md"]
    tree = Tree(tmp_path, lambda _: True, LIMITS, lambda *_: None)
    unpack(
        "x.zip" if make is as_zip else "x.tgz", io.BytesIO(make([("file", name, "") for name in names])), tree, LIMITS
    )
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"x"}


def test_archive_in_an_archive_is_not_unpacked(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(500_000))
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
    unpack("x.zip", outer, Tree(tmp_path, lambda _: True, LIMITS, lambda *_: None), LIMITS)
    assert (tmp_path / "inner.zip").read_bytes() == inner.getvalue()


def test_zip_whose_parts_overlap_is_refused(tmp_path):
    """A bomb whose hundred names share one part (D. Fifield): each is small, together they are not."""
    file = io.BytesIO()
    limits = Limits(size=10**9, files=1000, ratio=200, ratio_from=1_000_000)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(900_000))
        first = archive.infolist()[0]
        for number in range(1, 300):
            info = zipfile.ZipInfo("0")
            for key in ("compress_size", "file_size", "CRC", "compress_type", "header_offset", "external_attr"):
                setattr(info, key, getattr(first, key))
            info.filename = info.orig_filename = f"{number}"
            archive.filelist.append(info)
    with pytest.raises(ActionError):
        unpack("x.zip", file, Tree(tmp_path, lambda _: True, limits, lambda *_: None), limits)


def test_zip_whose_list_of_files_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(3000):
            archive.writestr(f"{number:0200}", b"")
    monkeypatch.setattr(zipfile, "ZipFile", None)  # so it is refused before that reads the list
    with pytest.raises(ActionError, match="more than 100 files") as caught:
        unpack("x.zip", file, Tree(tmp_path, lambda _: True, LIMITS, lambda *_: None), LIMITS)
    assert caught.value.kind == "refused"

"""Compressed logs, told by how they begin, and the order of rotated ones."""

import gzip
import lzma
import os
import sys

import pytest
import zstandard

from tests.tracer.logs import CORPUS
from tracer.errors import CopperError
from tracer.sources import archive, open_log
from tracer.sources.archive import DamagedError
from tracer.sources.order import parts

LOG = (CORPUS / "mosquitto-2.0.11-retained" / "mosquitto.log").read_bytes()
PACK = {"gz": gzip.compress, "xz": lzma.compress, "zst": zstandard.ZstdCompressor().compress}


def packed(kind):
    return pytest.param(PACK[kind], id=kind)


every_kind = pytest.mark.parametrize("pack", [packed(kind) for kind in PACK])


def texts(path):
    return [line.data for line in open_log(str(path))]


@every_kind
def test_a_compressed_log_is_read_whatever_its_name(tmp_path, pack):
    (tmp_path / "m.log").write_bytes(pack(LOG))
    assert texts(tmp_path / "m.log") == LOG.splitlines()


@every_kind
def test_logs_that_were_compressed_apart_are_read_as_one(tmp_path, pack):
    (tmp_path / "m.log").write_bytes(pack(LOG[:1000]) + pack(b"") + pack(LOG[1000:]))
    assert texts(tmp_path / "m.log") == LOG.splitlines()


def test_zeros_behind_an_archive_are_no_damage(tmp_path):
    (tmp_path / "m.log").write_bytes(gzip.compress(LOG) + bytes(600))
    assert texts(tmp_path / "m.log") == LOG.splitlines()


@every_kind
def test_what_stands_before_the_cut_of_an_archive_is_read(tmp_path, pack):
    # random hex does not shrink to nothing, so that there is something before the cut
    lines = [os.urandom(40).hex().encode() for _ in range(20_000)]
    data = pack(b"\n".join(lines))
    (tmp_path / "m.log").write_bytes(data[: len(data) // 2])
    found = []
    with pytest.raises(DamagedError, match=rf"m.log: the .* archive ends in the middle, at byte {len(data) // 2:,}"):
        read_into(found, tmp_path / "m.log")
    assert found[:-1] == lines[: len(found) - 1]
    assert len(found) > 1000


def read_into(found, path):
    for line in open_log(str(path)):
        found.append(line.data)


@every_kind
def test_a_damaged_archive_says_where(tmp_path, pack):
    data = bytearray(pack(LOG))
    data[20:60] = bytes(range(200, 240))
    (tmp_path / "m.log").write_bytes(data)
    with pytest.raises(DamagedError, match=r"archive (is damaged at or after byte 0|ends in the middle)"):
        texts(tmp_path / "m.log")


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python has zstd itself")
def test_without_its_library_a_zst_log_is_an_error_that_tells_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "m.zst").write_bytes(PACK["zst"](LOG))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(CopperError, match="pip install zstandard"):
        texts(tmp_path / "m.zst")


def test_an_unpacked_binary_is_still_no_log(tmp_path):
    (tmp_path / "m.gz").write_bytes(gzip.compress(b"\x89PNG\0"))
    with pytest.raises(CopperError, match="is a binary file"):
        texts(tmp_path / "m.gz")


def test_what_is_not_compressed_passes_in_the_chunks_it_came_in():
    assert list(archive.unpacked([b"a", b"b"], "log")) == [b"a", b"b"]
    assert list(archive.unpacked([], "log")) == [b""]


def names(folder, *asked):
    return [os.path.relpath(one, folder) for one in parts(str(folder / one) for one in asked)]


def write(folder, **logs):
    """Files with these contents; `_` in a name is a dot. All are equally old."""
    for name, content in logs.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
        os.utime(path, (1, 1))


ROTATED = ["m.log.10.gz", "m.log.2.gz", "m.log.1", "m.log"]


@pytest.mark.parametrize("asked", [["m.log*"], ROTATED, ROTATED[::-1], ["m.log", "m.log.*"], ["m.log*", "m.log"]])
@pytest.mark.parametrize(
    "contents",
    [(b"6: d\n", b"7: c\n", b"8: b\n", b"9: a\n"), (b"d", b"c", b"b", b"a"), (b"7: d\n", b"7: c\n", b"7: b\n", b"")],
    ids=["times", "none", "equal"],
)  # fmt: skip
def test_rotated_logs_are_read_from_the_oldest_on(tmp_path, asked, contents):
    write(tmp_path, **dict(zip(("m_log_10_gz", "m_log_2_gz", "m_log_1", "m_log"), contents, strict=True)))
    assert names(tmp_path, *asked) == ROTATED


def test_times_rule_over_numbers_and_dates(tmp_path):
    write(tmp_path, m_log_1=b"20: x\n", m_log_2=b"To fix this, use\n30: x\n", m_log=b"10: x\n")
    assert names(tmp_path, "m.log*") == ["m.log", "m.log.1", "m.log.2"]


def test_logs_that_are_rotated_by_date_are_in_the_order_of_their_dates(tmp_path):
    dated = ["m.log-20261123.gz", "m.log-20261124.gz", "m.log"]
    for name in dated:
        (tmp_path / name).write_bytes(b"x")
    assert names(tmp_path, "m.log*") == dated


def test_logs_without_times_and_numbers_are_in_the_order_of_their_last_change(tmp_path):
    write(tmp_path, a_log=b"x", b_log=b"x")
    os.utime(tmp_path / "a.log", (2, 2))
    assert names(tmp_path, "*.log") == ["b.log", "a.log"]
    assert names(tmp_path, "a.log", "b.log") == ["a.log", "b.log"]


def test_what_stands_beside_standard_input_stays_where_it_is():
    assert parts(["z.log", "-", "a.log"]) == ("z.log", "-", "a.log")


def test_a_file_with_a_pattern_as_name_is_that_file(tmp_path):
    write(tmp_path, **{"m[1]": b"x", "m1": b"x"})
    assert names(tmp_path, "m[1]") == ["m[1]"]


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path):
    (tmp_path / "m.log.d").mkdir()
    with pytest.raises(CopperError, match="no file matches this pattern"):
        names(tmp_path, "m.log*")

"""Files are written whole or not at all."""

import os
import stat
import threading

import pytest

from copper.output import write_aside
from tracer.errors import CopperError


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    file = tmp_path / "x"
    file.write_bytes(b"old")
    write_aside(file, b"new")
    assert file.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_who_may_read_a_file_stays_so_when_it_is_written_again(tmp_path, mode):
    file = tmp_path / "x"
    file.write_bytes(b"old")
    file.chmod(mode)
    write_aside(file, b"new")
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_aside(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_aside(pipe, b"new")
    reader.join(5)
    assert got == [b"new"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["", "no/such/x"])
def test_what_cannot_be_written_is_told_with_the_place(tmp_path, name):
    with pytest.raises(CopperError, match="can't be written"):
        write_aside(tmp_path / name, b"new")
    assert list(tmp_path.iterdir()) == []

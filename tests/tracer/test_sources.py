"""Lines of files, of files that grow and are rotated, and of standard input."""

import io
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.errors import CopperError
from tracer.sources import lines as lines_module
from tracer.sources import open_log, stdin
from tracer.sources.file import follow, read
from tracer.sources.lines import Splitter


def texts(found):
    return [line.data for line in found]


@given(st.lists(st.binary(max_size=20).filter(lambda one: b"\0" not in one), max_size=10), st.integers(1, 7))
def test_lines_are_the_same_whatever_the_chunks(parts, size):
    data = b"\n".join(parts)
    splitter = Splitter("log")
    found = [line for at in range(0, len(data), size) for line in splitter.feed(data[at : at + size])]
    found += splitter.rest()
    wanted = [one.removesuffix(b"\r") for one in data.removesuffix(b"\n").split(b"\n")] if data else []
    assert texts(found) == wanted
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    assert all(data[line.offset :].startswith(line.data) for line in found)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_carriage_return_before_the_newline_belongs_to_it_and_no_other_does(size):
    data = b"one\r\nt\rwo\n\rthree\r\r\nlast\r"
    splitter = Splitter("log")
    found = [line for at in range(0, len(data), size) for line in splitter.feed(data[at : at + size])]
    found += splitter.rest()
    assert texts(found) == [b"one", b"t\rwo", b"\rthree\r", b"last"]
    assert [line.offset for line in found] == [0, 5, 10, 19]


def test_closed_standard_input_is_an_error_with_its_place(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(CopperError, match="standard input: is closed"):
        list(open_log("-"))


def test_a_line_without_end_is_kept_only_in_part(monkeypatch):
    monkeypatch.setattr(lines_module, "LONGEST", 10)
    splitter = Splitter("log")
    found = [line for _ in range(5) for line in splitter.feed(b"x" * 7)] + list(splitter.feed(b"y\nz\n"))
    assert [(line.data, line.offset) for line in found] == [(b"x" * 10, 0), (b"z", 37)]


def test_the_last_line_is_read_without_a_newline(tmp_path):
    (tmp_path / "log").write_bytes(b"one\ntwo")
    assert texts(read(tmp_path / "log")) == [b"one", b"two"]


def test_lines_know_where_they_are_from(tmp_path):
    (tmp_path / "log").write_bytes(b"one\ntwo\n")
    (_, two) = open_log(str(tmp_path / "log"))
    assert two == (b"two", 2, 4, str(tmp_path / "log"), None)


@pytest.mark.parametrize(("make", "words"), [
    (lambda path: None, "there is no such file"),
    (lambda path: path.mkdir(), "is a directory"),
    (lambda path: path.write_bytes(b"\x89PNG\0\0"), "is a binary file"),
])  # fmt: skip
def test_what_is_no_log_is_an_error_with_its_place(tmp_path, make, words):
    make(tmp_path / "log")
    for reader in (lambda: list(open_log(str(tmp_path / "log"))), lambda: list(follow(tmp_path / "log", stopped()))):
        with pytest.raises(CopperError, match=words) as caught:
            reader()
        assert caught.value.where == str(tmp_path / "log")


def test_standard_input_is_read_line_by_line():
    assert texts(stdin.read(io.BytesIO(b"a\nb"))) == [b"a", b"b"]


def stopped():
    event = threading.Event()
    event.set()
    return event


class Follower:
    """Follows a log, and does one thing after the other: the next when all lines of the one before are read."""

    def __init__(self, path, **options):
        self.path = path
        self.options = options
        self.steps = []
        self.stop = threading.Event()

    def then(self, step):
        self.steps.append(step)
        return self

    def lines(self):
        def next_step():
            if self.steps:
                self.steps.pop(0)()
            else:
                self.stop.set()

        return texts(follow(self.path, self.stop, next_step, **self.options))


def append(path, data):
    def write():
        with path.open("ab") as file:
            file.write(data)

    return write


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "mosquitto" / "mosquitto.log"
    path.parent.mkdir()
    path.write_bytes(b"1\n2\n")
    return path


def test_a_growing_file_is_followed_from_its_start(log):
    assert Follower(log).then(append(log, b"3\n")).then(append(log, b"4\n")).lines() == [b"1", b"2", b"3", b"4"]


def test_a_begun_line_waits_for_its_end(log):
    follower = Follower(log).then(append(log, b"3")).then(append(log, b"4\n5"))
    assert follower.lines() == [b"1", b"2", b"34", b"5"]


def test_a_renamed_log_is_read_to_its_end_before_the_new_one(log):
    old = log.with_suffix(".1")
    follower = Follower(log).then(lambda: log.rename(old)).then(append(old, b"3\n")).then(append(log, b"4\n"))
    assert follower.lines() == [b"1", b"2", b"3", b"4"]


def test_a_new_log_that_is_still_empty_does_not_end_the_old_one(log):
    old = log.with_suffix(".1")
    follower = Follower(log).then(lambda: (log.rename(old), log.touch()))
    assert follower.then(append(old, b"3\n")).then(append(log, b"4\n")).lines() == [b"1", b"2", b"3", b"4"]


def test_a_log_that_is_copied_and_cut_is_read_from_its_start_again(log):
    follower = Follower(log).then(lambda: log.write_bytes(b"")).then(append(log, b"3\n"))
    assert follower.lines() == [b"1", b"2", b"3"]


def test_a_log_that_is_deleted_and_comes_back_is_followed_again(log):
    assert Follower(log).then(log.unlink).then(append(log, b"3\n")).lines() == [b"1", b"2", b"3"]


def test_numbers_and_offsets_are_those_of_the_file_a_line_stands_in(log):
    stop = threading.Event()
    steps = [lambda: log.rename(log.with_suffix(".1")), append(log, b"3\n"), stop.set]

    def next_step():
        steps.pop(0)()

    found = list(follow(log, stop, next_step))
    assert [(line.data, line.number, line.offset) for line in found] == [(b"1", 1, 0), (b"2", 2, 2), (b"3", 1, 0)]


def test_what_was_written_before_the_stop_is_read(log):
    assert texts(follow(log, stopped())) == [b"1", b"2"]

"""A reader of a log that stopped goes on where it was, whatever happened to the log meanwhile."""

import gzip
import lzma
import os
import shutil

import pytest
import zstandard

from tests.tracer.test_sources import Follower, append, stopped, texts
from tracer.sources.file import follow
from tracer.sources.rotation import Position, find


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "mosquitto" / "mosquitto.log"
    path.parent.mkdir()
    path.write_bytes(b"one\ntwo\nthree\n")
    return path


def after_two(log):
    """The position after the second line."""
    told = log.stat()
    return Position(told.st_dev, told.st_ino, 8, 2, b"one", b"two", 4)


def went_on(log, start):
    return texts(follow(log, stopped(), start=start))


def test_reading_goes_on_with_the_next_line_its_number_and_its_offset(log):
    (line,) = follow(log, stopped(), start=after_two(log))
    assert line[:4] == (b"three", 3, 8, str(log))


def renamed(log):
    log.rename(log.with_name("mosquitto.log.1"))
    log.write_bytes(b"four\n")


def copied_and_cut(log):
    shutil.copyfile(log, log.with_name("mosquitto.log.1"))
    log.write_bytes(b"four\n")


def copied_cut_and_grown(log):
    shutil.copyfile(log, log.with_name("mosquitto.log.1"))
    log.write_bytes(b"four" * 1000 + b"\n")


def compressed(name, pack):
    def rotate(log):
        log.with_name(name).write_bytes(pack(log.read_bytes()))
        log.unlink()
        log.write_bytes(b"four\n")

    return rotate


def moved(folder, pack=None):
    """As logrotate with `olddir`."""

    def rotate(log):
        old = log.parent / folder
        old.mkdir()
        log.rename(old / "mosquitto.log.1")
        if pack is not None:
            (old / "mosquitto.log.1.gz").write_bytes(pack((old / "mosquitto.log.1").read_bytes()))
            (old / "mosquitto.log.1").unlink()
        log.write_bytes(b"four\n")

    return rotate


ROTATIONS = {
    "renamed": renamed,
    "copied and cut": copied_and_cut,
    "copied, cut and grown": copied_cut_and_grown,
    "gz": compressed("mosquitto.log.1.gz", gzip.compress),
    "xz": compressed("mosquitto.log.1.xz", lzma.compress),
    "zst": compressed("mosquitto.log-20261124.zst", zstandard.ZstdCompressor().compress),
    "compressed under a name that says nothing": compressed("mosquitto.log.1", gzip.compress),
    "olddir below": moved("old"),
    "olddir beside": moved("../old"),
    "olddir with gz": moved("old", gzip.compress),
}


@pytest.mark.parametrize("rotate", ROTATIONS.values(), ids=ROTATIONS)
def test_the_rest_of_a_rotated_log_is_read_before_the_new_one(log, rotate):
    start = after_two(log)
    rotate(log)
    assert went_on(log, start) == [b"three", log.read_bytes().strip()]


def test_all_pieces_since_then_are_read_in_their_order_and_a_copy_of_one_is_none(log):
    start = after_two(log)
    for number, text in enumerate((b"four\n", b"five\n", b"six\n"), 2):
        log.rename(log.with_name(f"mosquitto.log-{number}"))
        log.write_bytes(text)
        os.utime(log, ns=(0, log.stat().st_mtime_ns + number * 1_000_000_000))
    shutil.copyfile(log, log.with_name("mosquitto.log.copy"))
    assert went_on(log, start) == [b"three", b"four", b"five", b"six"]


def test_a_log_that_was_deleted_and_made_anew_is_read_from_its_start(log):
    start = after_two(log)
    log.unlink()
    log.write_bytes(b"four\n")
    assert went_on(log, start) == [b"four"]


def test_another_file_with_the_inode_of_the_log_is_not_taken_for_it(log):
    start = after_two(log)
    log.write_bytes(b"one\nTWO\nthree\n")
    assert find(log, start) is None


def test_the_rest_of_a_log_that_is_copied_and_cut_while_it_is_followed_is_read_from_the_copy(log):
    def rotate():
        append(log, b"four\n")()
        shutil.copyfile(log, log.with_name("mosquitto.log.1"))
        log.write_bytes(b"")

    follower = Follower(log).then(rotate).then(append(log, b"five\n"))
    assert follower.lines() == [b"one", b"two", b"three", b"four", b"five"]


def test_a_log_that_was_cut_and_is_longer_than_before_by_now_is_read_from_its_start(log):
    def rotate():
        shutil.copyfile(log, log.with_name("mosquitto.log.1"))
        log.write_bytes(b"four" * 1000 + b"\n")

    assert Follower(log).then(rotate).lines()[3:] == [b"four" * 1000]


def test_pieces_that_were_rotated_between_two_looks_are_read(log):
    def rotate_twice():
        for number, text in ((2, b"four\n"), (1, b"five\n")):
            log.rename(log.with_name(f"mosquitto.log.{number}"))
            log.write_bytes(text)
            os.utime(log, ns=(0, log.stat().st_mtime_ns + (3 - number) * 1_000_000_000))

    assert Follower(log).then(rotate_twice).lines() == [b"one", b"two", b"three", b"four", b"five"]


def test_all_pieces_since_then_are_read_from_olddir(log):
    start = after_two(log)
    old = log.with_name("old")
    old.mkdir()
    for number, text in enumerate((b"four\n", b"five\n", b"six\n"), 2):
        log.rename(old / f"mosquitto.log-{number}")
        log.write_bytes(text)
        os.utime(log, ns=(0, log.stat().st_mtime_ns + number * 1_000_000_000))
    assert went_on(log, start) == [b"three", b"four", b"five", b"six"]


@pytest.mark.parametrize("rotate", [moved("old"), moved("../old")])
def test_a_log_that_goes_to_olddir_while_it_is_followed_is_read_to_its_end(log, rotate):
    follower = Follower(log).then(lambda: (append(log, b"last\n")(), rotate(log)))
    assert follower.lines() == [b"one", b"two", b"three", b"last", b"four"]


def test_the_copy_of_a_log_that_is_cut_is_found_in_olddir(log):
    def rotate():
        append(log, b"last\n")()
        log.with_name("old").mkdir()
        shutil.copyfile(log, log.with_name("old") / "mosquitto.log.1")
        os.truncate(log, 0)

    assert Follower(log).then(rotate).then(append(log, b"four\n")).lines()[2:] == [b"three", b"last", b"four"]


def test_what_is_lost_with_a_log_that_is_cut_without_a_copy_is_said(log):
    told = []
    follower = Follower(log, lost=told.append).then(lambda: log.write_bytes(b"")).then(append(log, b"four\n"))
    assert follower.lines() == [b"one", b"two", b"three", b"four"]
    (words,) = told
    assert words.startswith(f"{log} was cut, and no copy of it is found: what was written behind byte 14 before")


def test_nothing_is_said_where_nothing_is_lost(log):
    told = []
    follower = Follower(log, lost=told.append)
    follower.then(lambda: renamed(log)).then(lambda: copied_and_cut(log)).lines()
    assert told == []


def test_a_log_that_is_cut_to_less_with_the_same_beginning_is_read_anew(log):
    log.write_bytes(b"x" * 300 + b"\none\n")

    def rotate():
        shutil.copyfile(log, log.with_name("mosquitto.log.1"))
        os.truncate(log, 301)

    assert Follower(log).then(rotate).lines() == [b"x" * 300, b"one", b"x" * 300]


def test_what_is_lost_with_a_damaged_piece_is_said_once(log):
    start, told = after_two(log), []
    data = gzip.compress(log.read_bytes() + os.urandom(20_000).hex().encode())
    log.with_name("mosquitto.log.1.gz").write_bytes(data[:10_000])
    log.unlink()
    log.write_bytes(b"four\n")
    found = texts(follow(log, stopped(), start=start, lost=told.append))
    assert (found[0], found[-1]) == (b"three", b"four")
    (words,) = told
    assert "mosquitto.log.1.gz: the gzip archive ends in the middle, at byte 10,000" in words

"""A segment: whole lines whatever fails, and nothing written that was not asked for."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.bounded_lines import LONGEST_LINE
from chatlog.archive.segment import Segment, sync
from chatlog.archive.system import System, replace_file
from chatlog.errors import TranscriptError
from tests.support.faults import CALLS, Faulty, disk_of, refusal, short_writes


def segment_of(path, system=None, **settings):
    return Segment(path, system=system or System(), **settings)


def make_safe(segment, system):
    unsynced = segment.unsynced()
    assert unsynced is not None
    assert sync(unsynced, system=system)


def test_a_new_segment_makes_its_directories_and_only_we_and_our_group_can_read_it(tmp_path):
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    umask = os.umask(0)
    try:
        segment_of(path).close()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o750


def test_lines_are_appended_to_what_is_there(tmp_path):
    path = tmp_path / "s"
    path.write_bytes(b"one\n")
    segment = segment_of(path)
    segment.write(b"two\nthree\n")
    assert (segment.size, segment.torn, segment.last_line()) == (14, b"", b"three\n")
    segment.close()
    assert path.read_bytes() == b"one\ntwo\nthree\n"


@given(whole=st.lists(st.binary(max_size=20)), torn=st.binary(min_size=1, max_size=200_000))
def test_a_torn_last_line_is_cut_off_and_handed_back(tmp_path_factory, whole, torn):
    path = tmp_path_factory.mktemp("torn") / "s"
    kept = b"".join(line + b"\n" for line in whole)
    torn = torn.replace(b"\n", b" ")
    path.write_bytes(kept + torn)
    segment = segment_of(path)
    segment.close()
    assert segment.torn + bytes(segment.zeros) == torn
    assert path.read_bytes() == kept


@pytest.mark.parametrize("zeros", [1, 4096, 70_000, 1 << 20])
@pytest.mark.parametrize("torn", [b"", b"half a li", b"\0a hole"])
def test_the_zeros_that_a_power_cut_leaves_are_cut_off_and_counted(tmp_path, torn, zeros):
    path = tmp_path / "s"
    path.write_bytes(b"one\n" + torn + bytes(zeros))
    segment = segment_of(path)
    segment.write(b"two\n")
    segment.close()
    assert (segment.torn, segment.zeros) == (torn, zeros)
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_file_of_nothing_but_zeros_is_empty(tmp_path):
    path = tmp_path / "s"
    path.write_bytes(bytes(100_000))
    segment = segment_of(path)
    segment.close()
    assert (segment.size, segment.zeros, path.read_bytes()) == (0, 100_000, b"")


def test_a_file_that_was_taken_away_is_noticed_and_what_it_holds_can_still_be_read(tmp_path):
    path = tmp_path / "s"
    segment = segment_of(path)
    segment.write(b"one\ntwo\n")
    assert segment.is_in_place()
    item = segment.unsynced()
    path.rename(tmp_path / "elsewhere")
    assert (segment.is_in_place(), segment.is_nameless()) == (False, False)
    path.write_bytes(b"another")
    assert not segment.is_in_place()
    assert not sync(item, system=System())
    (tmp_path / "elsewhere").unlink()
    assert segment.is_nameless()
    assert segment.lines_from(4) == b"two\n"
    segment.close()


def test_a_file_that_goes_while_it_is_synced_is_one_that_is_gone(tmp_path):
    segment = segment_of(tmp_path / "s")
    segment.write(b"one\n")
    faulty = Faulty(lambda name, _nth: name == "open", errno.ENOENT)
    assert not sync(segment.unsynced(), system=faulty.system)
    segment.close()


def test_the_start_of_a_very_long_last_line_is_found(tmp_path):
    path = tmp_path / "s"
    line = b"x" * 300_000 + b"\n"
    path.write_bytes(b"one\n" + line)
    segment = segment_of(path)
    assert segment.last_line() == line
    segment.close()


def test_an_empty_segment_has_no_last_line(tmp_path):
    segment = segment_of(tmp_path / "s")
    assert segment.last_line() == b""
    segment.close()


def test_short_writes_are_continued(tmp_path):
    segment = segment_of(tmp_path / "s", short_writes(3))
    segment.write(b"one\ntwo\nthree\n")
    segment.close()
    assert (tmp_path / "s").read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize("room", range(12))
def test_a_full_disk_keeps_the_lines_that_came_through_whole_and_cuts_the_rest(tmp_path, room):
    system, space = disk_of(room)
    segment = segment_of(tmp_path / "s", system)
    data = b"one\ntwo\nsix\n"
    with pytest.raises(TranscriptError):
        segment.write(data)
    kept = data[: room - room % 4]
    assert (tmp_path / "s").read_bytes() == kept
    assert segment.size == len(kept)

    space[0] = 100
    segment.write(data[segment.size :])
    segment.close()
    assert (tmp_path / "s").read_bytes() == data


def test_where_even_cutting_fails_the_next_write_cuts_first(tmp_path):
    disk, space = disk_of(6)
    stuck = [True]

    def ftruncate(fd, size):
        if stuck[0]:
            raise refusal(errno.EIO)
        disk.ftruncate(fd, size)

    segment = segment_of(tmp_path / "s", dataclasses.replace(disk, ftruncate=ftruncate))
    for _ in range(2):
        with pytest.raises(TranscriptError):
            segment.write(b"one\ntwo\n"[segment.size :])
        assert (tmp_path / "s").read_bytes() == b"one\ntw"
    stuck[0], space[0] = False, 100
    segment.write(b"two\n")
    segment.close()
    assert (tmp_path / "s").read_bytes() == b"one\ntwo\n"


def use_everything(root, system):
    """Open with a torn line and new directories, append, sync, and replace a small file."""
    segment = segment_of(root / "s", system)
    try:
        segment.write(b"two\n")
        make_safe(segment, system)
    finally:
        segment.close()
    segment_of(root / "net" / "#c" / "s", system).close()
    replace_file(root / "new" / "network.json", b"{}\n", system=system)


def calls_of(root):
    root.mkdir()
    (root / "s").write_bytes(b"one\ntorn")
    faulty = Faulty()
    use_everything(root, faulty.system)
    return faulty.counts


def test_each_system_call_may_fail_at_each_use_and_leaves_whole_lines_and_one_clear_error(tmp_path):
    counts = calls_of(tmp_path / "count")
    assert set(counts) == set(CALLS)
    assert [name for name, count in counts.items() if not count] == ["unlink"]
    for name, count in counts.items():
        for nth in range(1, count + 1):
            root = tmp_path / f"{name}{nth}"
            root.mkdir()
            (root / "s").write_bytes(b"one\ntorn")
            faulty = Faulty(lambda call, use, bad=(name, nth): (call, use) == bad)
            with pytest.raises(TranscriptError) as caught:
                use_everything(root, faulty.system)
            message = str(caught.value)
            assert re.match(rf"cannot (write|sync) {re.escape(str(root))}", message)
            assert not list(root.rglob(".network*"))
            assert "No space left on device; make room there" in message
            assert "\n" not in message
            assert (root / "s").read_bytes() in {b"one\n", b"one\ntwo\n", b"one\ntorn"}
            network = root / "new" / "network.json"
            assert not network.exists() or network.read_bytes() == b"{}\n"


def test_a_new_file_is_synced_with_its_name_and_with_the_directories_made_for_it(tmp_path):
    faulty = Faulty()
    path = tmp_path / "net" / "#c" / "s"
    segment = segment_of(path, faulty.system)
    segment.write(b"one\n")
    make_safe(segment, faulty.system)
    opened = [call[1] for call in faulty.log if call[0] == "open" and call[2] & os.O_DIRECTORY]
    assert set(opened) == {tmp_path, tmp_path / "net", tmp_path / "net" / "#c"}
    assert faulty.counts["fsync"] == 4
    assert segment.unsynced() is None
    segment.write(b"two\n")
    make_safe(segment, faulty.system)
    assert faulty.counts["fsync"] == 5
    segment.close()


def test_a_file_system_that_syncs_no_directories_is_no_error(tmp_path):
    faulty = Faulty(lambda name, nth: (name, nth) == ("fsync", 2), errno.EINVAL)
    segment = segment_of(tmp_path / "s", faulty.system)
    segment.write(b"one\n")
    make_safe(segment, faulty.system)
    segment.close()


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EACCES, "make it writable for this user, or record elsewhere with --archive"),
        (errno.EROFS, "make it writable for this user, or record elsewhere with --archive"),
        (errno.EMFILE, "raise the limit of open files (ulimit -n)"),
        (errno.EIO, "check that disk, or record elsewhere with --archive"),
    ],
)
def test_an_error_names_the_file_the_cause_and_what_to_do(tmp_path, number, advice):
    faulty = Faulty(lambda name, _nth: name == "open", number)
    with pytest.raises(TranscriptError) as caught:
        segment_of(tmp_path / "s", faulty.system)
    assert str(caught.value) == f"cannot write {tmp_path / 's'}: {os.strerror(number)}; {advice}"


def test_a_file_where_a_directory_should_be_is_an_error_for_a_person(tmp_path):
    (tmp_path / "net").write_text("")
    with pytest.raises(TranscriptError, match="no directory is in its way"):
        segment_of(tmp_path / "net" / "#c" / "s")


def test_a_dangling_link_where_a_directory_should_be_is_an_error_for_a_person(tmp_path):
    (tmp_path / "net").symlink_to(tmp_path / "gone")
    with pytest.raises(TranscriptError, match="No such file or directory"):
        segment_of(tmp_path / "net" / "#c" / "s")


def test_an_end_that_is_too_long_to_be_a_torn_line_gets_its_newline_and_loses_nothing(tmp_path):
    path, long = tmp_path / "file", b"a" * (LONGEST_LINE + 1)
    path.write_bytes(b"one\n" + long)
    segment = segment_of(path)
    assert (segment.was_closed, segment.torn, segment.zeros) == (True, b"", 0)
    segment.write(b"two\n")
    assert path.read_bytes() == b"one\n" + long + b"\ntwo\n"


def replace_by_a_torn_file(path):
    aside = path.with_name("aside")
    aside.write_bytes(b"one\nhalf")  # as long as what was there
    aside.replace(path)


def append_half_a_line(path):
    with path.open("ab") as file:
        file.write(b"half")


@pytest.mark.parametrize(
    ("change", "torn"),
    [
        (lambda _path: None, b""),
        (append_half_a_line, b"half"),
        (lambda path: os.truncate(path, 6), b"tw"),
        (replace_by_a_torn_file, b"half"),
    ],
    ids=["nothing", "added to", "cut", "replaced"],
)
def test_a_file_that_changed_while_it_was_closed_is_searched_for_a_torn_line(
    tmp_path, change, torn
):
    path = tmp_path / "s"
    segment = segment_of(path)
    segment.write(b"one\ntwo\n")
    segment.close()
    change(path)
    again = segment_of(path, as_left=segment.as_left)
    assert again.torn == torn
    assert again.is_as_left()
    again.write(b"end\n")
    again.close()
    assert path.read_bytes().endswith(b"\nend\n")


def test_a_file_that_is_as_it_was_left_is_not_read_when_it_is_opened_again(tmp_path, monkeypatch):
    segment = segment_of(tmp_path / "s")
    segment.write(b"one\n")
    segment.close()
    monkeypatch.setattr(os, "pread", refusal)
    segment_of(tmp_path / "s", as_left=segment.as_left).close()

"""FORMAT as a recorder keeps it: once, whole or not at all, and never over another version."""

from __future__ import annotations

import contextlib
import os

import pytest

from chatlog.archive.system import System
from chatlog.archive.version import read_version
from chatlog.archive.version_file import VersionFile
from chatlog.errors import TranscriptError
from tests.support.crashing import MODES, Fragile, Stopped
from tests.support.faults import Faulty
from tests.support.format_files import DAMAGED, IN_THE_WAY, LATER

OURS = b"chatlog archive, version 1\n"
WRITING = ("open", "write", "fsync", "replace")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "FORMAT"


def keep(root, system=None, mode=0o640):
    VersionFile(root, system=system or System(), mode=mode).keep()


def test_a_new_archive_gets_the_file_with_the_mode_of_all_others(tmp_path):
    root = tmp_path / "new" / "archive"
    before = os.umask(0)
    try:
        keep(root, mode=0o604)
    finally:
        os.umask(before)
    assert (root / "FORMAT").read_bytes() == OURS
    assert (root / "FORMAT").stat().st_mode & 0o7777 == 0o604
    assert [each.name for each in root.iterdir()] == ["FORMAT"]


def test_an_archive_that_has_the_file_keeps_it_as_it_is(path):
    path.write_bytes(OURS + b"a line of a later version\n")
    faulty = Faulty()
    keep(path.parent, faulty.system)
    assert path.read_bytes() == OURS + b"a line of a later version\n"
    assert faulty.log == []


@pytest.mark.parametrize("content", [each for each, _ in LATER] + DAMAGED)
def test_a_file_that_is_later_or_damaged_is_never_overwritten(path, content):
    path.write_bytes(content)
    with pytest.raises(TranscriptError):
        keep(path.parent)
    assert path.read_bytes() == content


@pytest.mark.parametrize("make", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_something_else_under_its_name_is_left_there(path, make):
    make(path)
    before = path.lstat()
    with pytest.raises(TranscriptError, match="move it away"):
        keep(path.parent)
    assert path.lstat() == before


def test_the_file_is_looked_at_once(path):
    file = VersionFile(path.parent, system=System(), mode=0o640)
    file.keep()
    path.unlink()
    file.keep()
    assert not path.exists()


@pytest.mark.parametrize("call", WRITING)
def test_a_new_archive_whose_file_cannot_be_written_is_not_begun(tmp_path, call):
    faulty = Faulty(lambda name, _: name == call)
    with pytest.raises(TranscriptError, match=r"cannot write .*FORMAT: No space left on device"):
        keep(tmp_path, faulty.system)


@pytest.mark.parametrize("call", WRITING)
def test_an_earlier_archive_whose_file_cannot_be_written_is_recorded_on(tmp_path, call, caplog):
    (tmp_path / ".lock").touch()
    faulty = Faulty(lambda name, _: name == call)
    keep(tmp_path, faulty.system)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "FORMAT: No space left on device" in record.getMessage()
    assert record.getMessage().endswith("without that file an archive has version 1")


@pytest.mark.parametrize("mode", MODES)
def test_wherever_the_process_stops_there_is_the_whole_file_or_none(tmp_path, mode):
    fragile = Fragile()
    keep(tmp_path / "whole", fragile.system)
    assert fragile.count > 5
    for nth in range(1, fragile.count + 1):
        root = tmp_path / str(nth)
        stopped = Fragile(nth, mode)
        with contextlib.suppress(Stopped, TranscriptError):
            keep(root, stopped.system)
        stopped.bury()
        assert read_version(root) in {None, 1}
        keep(root)
        assert (root / "FORMAT").read_bytes() == OURS

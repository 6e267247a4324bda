"""Whole files: replaced at once or not at all, whatever fails."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import os
import stat

import pytest

from chatlog.archive.system import System, open_file, replace_file, try_lock
from chatlog.errors import TranscriptError
from tests.support.faults import Faulty, refusal, short_writes


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "network.json"
    path.write_bytes(b"old\n")
    return path


def test_replacing_a_file_never_shows_half_of_it(path):
    seen = []
    system = dataclasses.replace(
        short_writes(1),
        fsync=lambda _fd: seen.append(path.read_bytes()),
    )
    replace_file(path, b"new\n", system=system)
    assert seen == [b"old\n", b"new\n"]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("call", ["open", "write", "fsync", "close", "replace"])
def test_a_call_that_fails_leaves_the_old_content_and_nothing_beside_it(path, call):
    faulty = Faulty(lambda name, nth: (name, nth) == (call, 1))
    with pytest.raises(TranscriptError, match=f"cannot write {path}: No space left on device; "):
        replace_file(path, b"new\n", system=faulty.system)
    assert path.read_bytes() == b"old\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_caller_names_the_next_step_of_its_own_file(path):
    faulty = Faulty(lambda name, _nth: name == "write")
    with pytest.raises(TranscriptError, match=r"; name another file with --cursor$"):
        replace_file(path, b"new\n", system=faulty.system, advice="name another file with --cursor")


def test_a_file_that_is_written_again_soon_is_not_synced(path):
    faulty = Faulty()
    replace_file(path, b"new\n", system=faulty.system, durable=False)
    assert path.read_bytes() == b"new\n"
    assert faulty.counts["fsync"] == 0


def test_the_mode_is_the_one_that_was_asked_for(path):
    path.chmod(0o600)
    replace_file(path, b"new\n", mode=0o644)
    assert mode_of(path) == 0o644


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o644, 0o644), (0o666, 0o644)])
def test_without_a_mode_the_file_keeps_its_own_less_the_umask(path, before, after):
    path.chmod(before)
    replace_file(path, b"new\n", mode=None)
    assert mode_of(path) == after


def test_without_a_mode_a_new_file_has_that_of_any_program(tmp_path):
    replace_file(tmp_path / "new", b"", mode=None)
    assert mode_of(tmp_path / "new") == 0o644


def test_directories_are_made_for_it_unless_that_is_not_wanted(tmp_path):
    with pytest.raises(TranscriptError, match="No such file or directory"):
        replace_file(tmp_path / "a" / "file", b"", parents=False)
    assert list(tmp_path.iterdir()) == []
    replace_file(tmp_path / "a" / "file", b"")
    assert (tmp_path / "a" / "file").exists()


def test_a_link_in_the_place_of_the_temporary_file_is_not_written_through(path):
    other = path.with_name("other")
    other.write_bytes(b"precious")
    path.with_name(f".{path.name}.{os.getpid()}").symlink_to(other)
    with pytest.raises(TranscriptError, match="cannot write"):
        replace_file(path, b"new\n", system=System())
    assert other.read_bytes() == b"precious"
    replace_file(path, b"new\n")  # the failure removed the link
    assert path.read_bytes() == b"new\n"


# -- locks -----------------------------------------------------------------------------


def test_a_file_is_locked_by_one_until_it_is_closed(tmp_path):
    path = tmp_path / "lock"
    first, second = (open_file(path, system=System()) for _ in range(2))
    assert (try_lock(first, path), try_lock(second, path)) == (True, False)
    os.close(first)
    assert try_lock(second, path)
    os.close(second)


def test_a_file_system_without_locks_is_an_error_that_names_the_file(tmp_path, monkeypatch):
    def flock(_fd, _operation):
        raise refusal(errno.ENOLCK)

    path = tmp_path / "lock"
    fd = open_file(path, system=System())
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(TranscriptError, match=f"cannot lock {path}: No locks available"):
        try_lock(fd, path)
    os.close(fd)

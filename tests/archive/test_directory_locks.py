"""Locks of directories: a recorder is kept out also without `.lock`, and under another name."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from chatlog.archive.locks import Locks
from chatlog.errors import HeldError, TranscriptError
from tests.support.process import holding

EARLIER = """
import fcntl, pathlib, sys
from chatlog.archive.lock_offsets import recording_offset
root = pathlib.Path(sys.argv[1])
file = open(root / ".lock", "a+b")
offset = recording_offset("net", "#c")
try:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
except OSError:
    print("refused", flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
"""
"""A recorder of an earlier version, which knows only the byte range."""

PRESENT = """
import pathlib, sys
from chatlog.archive.locks import Locks
from chatlog.errors import HeldError
root, target, name = sys.argv[1:]
locks = Locks(pathlib.Path(root))
try:
    locks.hold("net", target, pathlib.Path(root) / "net" / name)
except HeldError as error:
    print(error, flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "net" / "#c").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def locks(root):
    with closed_at_the_end(Locks(root)) as locks:
        yield locks


@contextlib.contextmanager
def closed_at_the_end(locks):
    yield locks
    locks.close()


def present(root, target="#c", name="#c"):
    return said_by(PRESENT, root, target, name)


def said_by(program, *arguments):
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, input=b"", capture_output=True, check=True)
    return done.stdout.decode().strip()


def refusal(root, target="#c"):
    return (
        f"another chatlog is recording '{target}' of 'net' in {root};"
        " stop it, or record elsewhere with --archive"
    )


def test_an_earlier_version_that_came_first_keeps_this_one_out(root, locks):
    with holding(EARLIER, root), pytest.raises(HeldError) as caught:
        locks.hold("net", "#c", root / "net" / "#c")
    assert str(caught.value) == refusal(root)
    locks.hold("net", "#c", root / "net" / "#c")  # it left no lock of the directory behind
    assert present(root) == refusal(root)


def test_an_earlier_version_that_comes_second_is_kept_out(root, locks):
    locks.hold("net", "#c", root / "net" / "#c")
    assert said_by(EARLIER, root) == "refused"


def test_a_second_recorder_is_kept_out_also_if_the_lock_file_was_deleted(root, locks):
    directory = root / "net" / "#c"
    locks.hold("net", "#c", directory)
    (root / ".lock").unlink()
    assert present(root) == refusal(root)
    locks.renew()  # which the second one has not made impossible
    assert said_by(EARLIER, root) == "refused"


def test_a_directory_that_the_second_recorder_knows_late_gives_its_byte_range_back(root):
    with holding(PRESENT, root, "#c", "#c"):
        (root / ".lock").unlink()
        with closed_at_the_end(Locks(root)) as second:
            second.hold("net", "#c")
            with pytest.raises(HeldError):
                second.hold("net", "#c", root / "net" / "#c")
            assert second.held() == []
            assert said_by(EARLIER, root) == "held"


def test_another_process_is_kept_out_of_a_directory_under_any_name(root, locks):
    (root / "net" / "#b").symlink_to("#c")
    locks.hold("net", "#c", root / "net" / "#c")
    assert present(root, "#b", "#b") == refusal(root, "#b")
    assert present(root, "#d", "#d") == "held"


def test_one_recorder_holds_a_directory_under_one_name_and_its_neighbours(root, locks):
    (root / "net" / "#b").symlink_to("#c")
    locks.hold("net", "#c", root / "net" / "#c")
    with pytest.raises(HeldError) as caught:
        locks.hold("net", "#b", root / "net" / "#b")
    assert str(caught.value) == (
        f"{root}/net/#b and {root}/net/#c are one directory, and '#c' is recorded there;"
        " remove the link, or record elsewhere with --archive"
    )
    locks.hold("net", "#d", root / "net" / "#d")
    assert locks.held() == [("net", "#c"), ("net", "#d")]


def test_a_dead_recorder_leaves_no_lock(root, locks):
    with holding(PRESENT, root, "#c", "#c"):
        pass
    locks.hold("net", "#c", root / "net" / "#c")


def test_closed_locks_leave_no_directory_locked(root, locks):
    locks.hold("net", "#c", root / "net" / "#c")
    locks.close()
    assert present(root) == "held"


def test_a_directory_that_is_made_later_is_locked_once_it_is_written_to(root, locks):
    directory = root / "net" / "#new"
    locks.hold("net", "#new", directory)
    locks.enter(directory)
    assert not directory.exists()
    directory.mkdir()
    locks.enter(directory)
    (root / ".lock").unlink()
    assert present(root, "#new", "#new") == refusal(root, "#new")


@pytest.mark.parametrize("way", ["moved", "deleted"])
def test_a_directory_made_in_the_place_of_another_is_locked_anew(root, locks, way):
    directory, aside = root / "net" / "#c", root / "net" / "#aside"
    locks.hold("net", "#c", directory)
    directory.rename(aside)
    if way == "deleted":
        aside.rmdir()
    locks.enter(directory)
    directory.mkdir()
    locks.enter(directory)
    (root / ".lock").unlink()
    assert present(root) == refusal(root)
    if way == "moved":
        assert present(root, "#aside", "#aside") == "held"


def test_a_directory_that_moves_to_the_name_of_another_target_goes_on_as_that_one(root, locks):
    directory, other = root / "net" / "#c", root / "net" / "#d"
    locks.hold("net", "#c", directory)
    directory.rename(other)
    locks.hold("net", "#d", other)
    locks.enter(directory)
    (root / ".lock").unlink()
    assert present(root, "#d", "#d") == refusal(root, "#d")


def test_a_directory_that_another_recorder_has_by_now_is_not_written_to(root, locks):
    directory = root / "net" / "#new"
    locks.hold("net", "#new", directory)
    (root / ".lock").unlink()
    directory.mkdir()
    with holding(PRESENT, root, "#new", "#new"), pytest.raises(TranscriptError) as caught:
        locks.enter(directory)
    assert str(caught.value) == (
        f"another chatlog records in {directory} by now;"
        " stop it, and what was held back is written there"
    )
    locks.enter(directory)


def test_either_lock_tells_that_another_process_records(root):
    directory = root / "net" / "#c"
    with closed_at_the_end(Locks(root)) as locks:
        with holding(EARLIER, root):
            assert locks.is_held("net", "#c", directory)
        with holding(PRESENT, root, "#c", "#c"):
            assert locks.is_held("net", "#c", directory)
            (root / ".lock").unlink()
        assert not locks.is_held("net", "#c", directory)
    with holding(PRESENT, root, "#c", "#c"):
        (root / ".lock").unlink()
        with closed_at_the_end(Locks(root)) as locks:
            assert locks.is_held("net", "#c", directory)
            assert not (root / ".lock").exists()


def test_our_own_lock_is_none_of_another_process_and_stays_when_we_ask(root, locks):
    directory = root / "net" / "#c"
    locks.hold("net", "#c", directory)
    (root / ".lock").unlink()
    assert not locks.is_held("net", "#other", directory)
    assert present(root) == refusal(root)


def test_who_seals_is_not_kept_out(root, locks):
    locks.hold("net", "#c", root / "net" / "#c")
    with locks.sealing(root / "net" / "#c") as ours:
        assert ours


# Limits of open files.

MANY = """
import logging, pathlib, resource, sys
root, soft, hard = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
logging.basicConfig(format="%(message)s")
from chatlog.archive.descriptors import raise_limit
from chatlog.write.writer import Storage, Writer
raise_limit()
writer = Writer(Storage(root=root))
writer.set_casemapping("net", "ascii")
for number in range(5000):
    writer.hold("net", f"#{number}")
assert len(writer.locks.held()) == 5000
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def many(tmp_path):
    (tmp_path / "net").mkdir()
    for number in range(5000):
        (tmp_path / "net" / f"#{number}").mkdir()
    return tmp_path


def locked_directories(process, root):
    opened = Path(f"/proc/{process.pid}/fd").iterdir()
    return sum(each.readlink().parent == root / "net" for each in opened)


def test_5000_channels_are_held_where_only_1024_files_may_be_open_and_that_is_said_once(
    many, capfd
):
    with holding(MANY, many, 1024, 1024) as process:
        assert locked_directories(process, many) == 256
        assert present(many, "#0", "#0") == refusal(many, "#0")
        assert present(many, "#4999", "#4999") == refusal(many, "#4999")
    assert capfd.readouterr().err == (
        f"{many}/net/#256 is not locked itself, and so may be others: the limit of open files"
        " (ulimit -n) leaves descriptors for 256 directories; as long as nobody deletes .lock,"
        " that alone keeps other recorders out\n"
    )


@pytest.mark.skipif(
    -1 < resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 11_000, reason="needs a higher hard limit"
)
def test_the_soft_limit_is_raised_so_that_the_directories_of_5000_channels_are_locked(many, capfd):
    with holding(MANY, many, 1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]) as process:
        assert locked_directories(process, many) == 5000
        (many / ".lock").unlink()
        assert present(many, "#4999", "#4999") == refusal(many, "#4999")
    assert capfd.readouterr().err == ""


def test_without_a_descriptor_left_a_target_is_held_by_its_byte_range(root):
    program = """
import os, pathlib, resource, sys
from chatlog.archive.locks import Locks
root = pathlib.Path(sys.argv[1])
locks = Locks(root)
locks.hold("net", "#first")
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
opened = []
try:
    while True:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
locks.hold("net", "#c", root / "net" / "#c")
print("held", flush=True)
sys.stdin.read()
"""
    with holding(program, root):
        assert present(root) == refusal(root)

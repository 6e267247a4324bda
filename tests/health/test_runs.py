"""Files of runs: whole at every moment, alive by a lock, removed only when they are ours."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given

from chatlog.errors import TranscriptError
from chatlog.health import runs
from chatlog.health.runs import RunFile, is_alive, prune, read_run, read_runs, run_name
from tests.support.events import times
from tests.support.faults import Faulty
from tests.support.process import holding

STARTED = "2026-11-23T18:20:01.123Z"
HOLDER = """
import sys, pathlib
from chatlog.health.runs import RunFile
run_file = RunFile(pathlib.Path(sys.argv[1]), sys.argv[2])
run_file.write(b"alive")
print("held", flush=True)
sys.stdin.read()
"""


def name_of(number):
    return run_name(f"2026-11-23T18:20:{number:02d}.000Z", 4711)


def leave(root, number, data):
    """Leave the file of a run that is over."""
    run_file = RunFile(root, name_of(number))
    run_file.write(data)
    run_file.close()
    return run_file.path


def ended(data):
    return data == b"ended"


@pytest.fixture
def other(tmp_path):
    """A run in a process of its own, until it is killed."""
    with holding(HOLDER, tmp_path, name_of(0)) as process:
        yield process


@pytest.fixture
def run_file(tmp_path):
    run_file = RunFile(tmp_path, run_name(STARTED, 4711))
    yield run_file
    run_file.close()


# -- writing and reading -----------------------------------------------------


def test_a_run_is_named_after_its_start_and_its_process(tmp_path, run_file):
    run_file.write(b"one\n")
    assert run_file.path == tmp_path / ".runs" / "2026-11-23T182001.123Z-4711.json"


def test_what_was_written_last_is_read(tmp_path, run_file):
    run_file.write(b"a longer text\n")
    run_file.write(b"short\n")
    assert read_runs(tmp_path) == [(run_file.path, b"short\n")]


def test_runs_are_read_newest_first(tmp_path):
    paths = [leave(tmp_path, number, b"ended") for number in (2, 0, 1)]
    assert [run.path for run in read_runs(tmp_path)] == [paths[0], paths[2], paths[1]]


@given(times, times)
def test_names_sort_as_their_times_do(one, other):
    assert (run_name(one, 1) < run_name(other, 1)) == (one < other)


def test_where_nothing_was_recorded_there_are_no_runs(tmp_path):
    assert read_runs(tmp_path / "nowhere") == []


def test_files_with_other_names_are_no_run_files(tmp_path, run_file):
    run_file.write(b"one\n")
    for name in ("notes.json", ".2026-11-23T182001.123Z-1.json.7", "2026-11-23T182001.123Z-1.txt"):
        (run_file.path.parent / name).write_text("mine")
    assert [run.path for run in read_runs(tmp_path)] == [run_file.path]


@pytest.mark.parametrize("call", ["open", "write", "replace"])
def test_a_failure_to_write_is_reported_and_leaves_what_was_there(tmp_path, call):
    failing = False
    faulty = Faulty(lambda name, _nth: failing and name == call)
    run_file = RunFile(tmp_path, name_of(0), system=faulty.system)
    run_file.write(b"old\n")
    failing = True
    with pytest.raises(TranscriptError, match=r"cannot write .*No space left"):
        run_file.write(b"new\n")
    failing = False
    assert read_runs(tmp_path) == [(run_file.path, b"old\n")]
    run_file.write(b"newer\n")
    assert read_runs(tmp_path) == [(run_file.path, b"newer\n")]
    run_file.close()


def test_nothing_is_synced_that_is_written_again_in_a_moment(tmp_path):
    faulty = Faulty()
    run_file = RunFile(tmp_path, name_of(0), system=faulty.system)
    run_file.write(b"one\n")
    run_file.close()
    assert faulty.counts["fsync"] == 0


def test_an_archive_that_cannot_be_written_is_reported_at_once(tmp_path):
    faulty = Faulty(lambda name, _nth: name == "open", errno.EACCES)
    with pytest.raises(TranscriptError, match="Permission denied; make it writable"):
        RunFile(tmp_path, name_of(0), system=faulty.system)


def test_runs_that_cannot_be_read_are_reported(tmp_path):
    (tmp_path / ".runs").write_text("")
    with pytest.raises(TranscriptError, match="cannot read"):
        read_runs(tmp_path)


def test_the_room_on_the_disk_is_known(run_file):
    assert run_file.free() > 0


# -- life --------------------------------------------------------------------


def test_a_run_lives_until_its_file_is_closed(run_file):
    run_file.write(b"one\n")
    assert is_alive(run_file.path)
    assert is_alive(run_file.path), "to ask changes nothing"
    run_file.close()
    assert not is_alive(run_file.path)


def test_a_run_of_another_process_lives_until_that_is_killed(tmp_path, other):
    [run] = read_runs(tmp_path)
    assert is_alive(run.path)
    other.kill()
    other.wait()
    assert not is_alive(run.path)
    assert read_runs(tmp_path) == [(run.path, b"alive")]


def test_a_run_outlives_the_replacement_of_its_file(run_file):
    for _ in range(3):
        run_file.write(b"one\n")
        assert is_alive(run_file.path)


def test_a_file_without_a_lock_beside_it_is_of_no_living_run(tmp_path):
    path = leave(tmp_path, 0, b"ended")
    path.with_suffix(".lock").unlink()
    assert not is_alive(path)


def test_one_run_has_a_name_for_itself(tmp_path, run_file):
    with pytest.raises(TranscriptError, match="cannot lock"):
        RunFile(tmp_path, run_file.path.stem)
    assert is_alive(run_file.path)


def test_the_file_of_one_run_is_read_by_its_name(tmp_path, run_file):
    run_file.write(b"whole")
    assert read_run(tmp_path, run_file.path.stem).data == b"whole"
    assert read_run(tmp_path, name_of(7)) is None


@pytest.mark.parametrize("name", ["", "..", "../x", "x", f"{name_of(1)}.json", f"{name_of(1)}\n"])
def test_a_name_that_no_run_has_leads_to_no_file(tmp_path, name):
    (tmp_path / "x.json").write_text("outside")
    leave(tmp_path, 1, b"whole")
    assert read_run(tmp_path, name) is None


# -- pruning -----------------------------------------------------------------


def test_of_the_runs_that_ended_the_newest_are_kept(tmp_path):
    paths = [leave(tmp_path, number, b"ended") for number in range(12)]
    prune(tmp_path, ended)
    assert [run.path for run in read_runs(tmp_path)] == paths[:1:-1]
    assert not any(path.with_suffix(".lock").exists() for path in paths[:2])


def test_a_run_that_died_is_kept_among_many_that_ended(tmp_path):
    died = leave(tmp_path, 0, b"a heartbeat")
    for number in range(1, 20):
        leave(tmp_path, number, b"ended")
    prune(tmp_path, ended, keep=3)
    assert [run.path for run in read_runs(tmp_path)][-1] == died
    assert len(read_runs(tmp_path)) == 4


def test_of_runs_that_died_no_more_than_so_many_are_kept(tmp_path):
    paths = [leave(tmp_path, number, b"a heartbeat") for number in range(6)]
    prune(tmp_path, ended, most=4)
    assert [run.path for run in read_runs(tmp_path)] == paths[:1:-1]


def test_a_run_that_lives_is_kept_however_old_it_is(tmp_path, other):
    for number in range(1, 4):
        leave(tmp_path, number, b"ended")
    prune(tmp_path, lambda _data: True, keep=0, most=0)
    [run] = read_runs(tmp_path)
    assert is_alive(run.path)


def test_what_a_killed_run_left_half_written_goes_with_its_file(tmp_path):
    path = leave(tmp_path, 0, b"ended")
    half = path.with_name(f".{path.name}.4711")
    half.write_bytes(b"en")
    prune(tmp_path, ended, keep=0)
    assert list(path.parent.iterdir()) == []


def age(*paths):
    """Let files be as if they had not changed for two minutes."""
    for path in paths:
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 120))


def test_locks_and_half_written_files_of_no_run_go_once_they_are_old(tmp_path):
    lock = leave(tmp_path, 1, b"ended").with_suffix(".lock")
    half = lock.with_name(f".{lock.stem}.json.4711")
    lock.with_suffix(".json").rename(half)
    prune(tmp_path, ended)
    assert sorted(lock.parent.iterdir()) == [half, lock]
    age(lock)
    prune(tmp_path, ended)
    assert sorted(lock.parent.iterdir()) == [half, lock]
    age(half)
    prune(tmp_path, ended)
    assert list(lock.parent.iterdir()) == []


def test_the_lock_of_a_run_that_has_no_status_yet_stays(tmp_path, run_file):
    age(run_file.path.with_suffix(".lock"))
    prune(tmp_path, ended)
    assert is_alive(run_file.path)


def test_of_thousands_of_leftovers_no_more_are_read_than_are_kept(tmp_path, monkeypatch):
    directory = leave(tmp_path, 0, b"a heartbeat").parent
    for number in range(300):
        name = run_name(f"2026-11-22T18:{number // 60:02d}:{number % 60:02d}.000Z", 4711)
        (directory / f"{name}.json").write_bytes(b"a heartbeat")
        (directory / f"{name}.lock").touch()
    reads, read = [], runs.beginning_of
    monkeypatch.setattr(runs, "beginning_of", lambda *what: reads.append(what) or read(*what))
    assert len(read_runs(tmp_path)) == 50
    prune(tmp_path, ended)
    assert len(reads) == 100
    assert len(list(directory.iterdir())) == 100


def test_pruning_removes_run_files_alone(tmp_path):
    path = leave(tmp_path, 0, b"ended")
    mine = path.parent / "2026-11-23T182000.000Z-4711.json.bak"
    mine.write_text("mine")
    prune(tmp_path, lambda _data: True, keep=0, most=0)
    assert list(path.parent.iterdir()) == [mine]


def test_where_there_are_no_runs_there_is_nothing_to_prune(tmp_path):
    prune(tmp_path, ended)
    assert list(tmp_path.iterdir()) == []

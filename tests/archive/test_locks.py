"""Locks: one recorder per transcript, over processes that are really several."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading

import pytest

from chatlog.archive.locks import Locks
from chatlog.errors import HeldError, TranscriptError
from tests.support.faults import Faulty
from tests.support.process import holding

HOLDER = """
import sys, pathlib
from chatlog.archive.locks import Locks
locks = Locks(pathlib.Path(sys.argv[1]))
locks.hold("libera", "#python")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process, which holds #python of libera until it is killed."""
    with holding(HOLDER, tmp_path) as process:
        yield process


@pytest.fixture
def locks(tmp_path):
    locks = Locks(tmp_path)
    yield locks
    locks.close()


@pytest.mark.parametrize("target", ["#python", "#PYTHON"])
def test_what_another_process_holds_cannot_be_held(tmp_path, other, locks, target):
    with pytest.raises(HeldError) as caught:
        locks.hold("Libera", target)
    assert str(caught.value) == (
        f"another chatlog is recording '{target}' of 'Libera' in {tmp_path};"
        " stop it, or record elsewhere with --archive"
    )


def test_another_target_and_another_network_can_be_held_beside_it(other, locks):
    locks.hold("libera", "#ruby")
    locks.hold("oftc", "#python")
    with pytest.raises(HeldError):
        locks.hold("libera", "#python")


def test_a_killed_process_holds_nothing_any_more(other, locks):
    other.kill()
    other.wait()
    locks.hold("libera", "#python")


def test_names_that_any_casemapping_joins_are_one_lock(tmp_path, other, locks):
    locks.hold("libera", "#a[")
    script = HOLDER.replace('"#python"', '"#A{"')
    second = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, check=False, input=b""
    )
    assert second.returncode != 0
    assert b"HeldError" in second.stderr


SEALER = """
import sys, pathlib
from chatlog.archive.locks import Locks
locks = Locks(pathlib.Path(sys.argv[1]))
sealing = locks.sealing(pathlib.Path(sys.argv[1]) / "libera" / "#python")
assert sealing.__enter__()
locks.close()
print("held", flush=True)
sys.stdin.read()
"""


def test_nobody_seals_what_another_process_seals_even_where_it_is_about_to_end(tmp_path, locks):
    directory = tmp_path / "libera" / "#python"
    with holding(SEALER, tmp_path), locks.sealing(directory) as ours:
        assert not ours
    with locks.sealing(directory) as ours:
        assert ours


def test_who_seals_and_who_records_are_not_in_each_others_way(tmp_path, other, locks):
    with locks.sealing(tmp_path / "libera" / "#python") as ours:
        assert ours
    with locks.appending(tmp_path / "libera" / "#python"):
        assert locks.is_held("Libera", "#PYTHON", None)
    assert not locks.is_held("libera", "#ruby", None)


APPENDER = """
import sys, pathlib
from chatlog.archive.locks import Locks
locks = Locks(pathlib.Path(sys.argv[1]))
with getattr(locks, sys.argv[2])(*map(pathlib.Path, sys.argv[3:])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("anywhere", ["here", "there"])
def test_to_append_anywhere_keeps_out_who_appends_to_any_target(tmp_path, locks, anywhere):
    directory = tmp_path / "libera" / "#python"
    theirs = ["appending", directory] if anywhere == "here" else ["appending_anywhere"]
    locks.hold("libera", "#python", directory)
    ours = locks.appending_anywhere() if anywhere == "here" else locks.appending(directory)
    released = []
    with holding(APPENDER, tmp_path, *theirs) as process:
        releasing = threading.Timer(0.1, lambda: (released.append(True), process.kill()))
        releasing.start()
        with ours:
            assert released
        releasing.join()


def test_within_appending_anywhere_no_target_takes_a_lock(tmp_path, locks, monkeypatch):
    locks.hold("libera", "#python")
    with locks.appending_anywhere():
        monkeypatch.setattr("fcntl.lockf", None)
        with locks.appending(tmp_path / "libera" / "#python"):
            pass
        monkeypatch.undo()


def test_a_target_that_is_held_already_takes_no_lock(tmp_path, locks, monkeypatch):
    directory = tmp_path / "libera" / "#python"
    directory.mkdir(parents=True)
    locks.hold("libera", "#python", directory)
    monkeypatch.setattr("fcntl.lockf", None)
    locks.hold("libera", "#python", directory)
    monkeypatch.undo()


def test_to_ask_who_holds_what_creates_nothing_and_takes_nothing_away(tmp_path, locks):
    assert not locks.is_held("libera", "#python", None)
    assert list(tmp_path.iterdir()) == []
    locks.hold("libera", "#ruby")
    assert not locks.is_held("libera", "#ruby", None)  # by somebody else
    script = HOLDER.replace("#python", "#ruby")
    second = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, check=False, input=b""
    )
    assert b"HeldError" in second.stderr


def test_a_root_that_is_gone_or_another_disk_is_an_error_and_one_made_anew_is_held_anew(tmp_path):
    root = tmp_path / "archive"
    locks = Locks(root)
    locks.hold("libera", "#python")
    locks.renew()
    root.rename(tmp_path / "elsewhere")
    with pytest.raises(TranscriptError, match="is not there any more; mount or move it back"):
        locks.renew()
    root.mkdir()
    locks.renew()
    second = subprocess.run(
        [sys.executable, "-c", HOLDER, str(root)], capture_output=True, check=False, input=b""
    )
    assert b"HeldError" in second.stderr
    locks.close()


def test_a_target_that_is_held_twice_is_held_once(locks):
    locks.hold("libera", "#python")
    locks.hold("libera", "#python")
    assert locks.held() == [("libera", "#python")]


def test_closed_locks_hold_nothing_any_more(tmp_path, locks):
    locks.hold("libera", "#python")
    locks.close()
    second = subprocess.run(
        [sys.executable, "-c", HOLDER, str(tmp_path)], capture_output=True, check=True, input=b""
    )
    assert second.stdout == b"held\n"


def test_a_name_with_control_characters_does_not_reach_the_terminal(other, tmp_path, locks):
    other_script = HOLDER.replace('"#python"', r'"#\x1b[2J"')
    with holding(other_script, tmp_path), pytest.raises(HeldError) as caught:
        locks.hold("libera", "#\x1b[2J")
    assert "\x1b" not in str(caught.value)


def test_a_root_that_cannot_be_written_is_a_failure_to_write_and_not_another_recorder(tmp_path):
    faulty = Faulty(lambda name, _nth: name == "open", errno.EACCES)
    with pytest.raises(TranscriptError, match="Permission denied; make it writable"):
        Locks(tmp_path, system=faulty.system).hold("libera", "#python")


def test_a_root_that_is_a_file_is_a_failure_to_write(tmp_path):
    (tmp_path / "archive").write_text("")
    with pytest.raises(TranscriptError):
        Locks(tmp_path / "archive").hold("libera", "#python")


def test_within_one_flush_the_archive_is_looked_for_until_it_is_there_and_then_no_more(
    tmp_path, locks
):
    root, moved = tmp_path, tmp_path.with_name("moved")
    locks.hold("libera", "#python")
    with locks.renewing_once():
        root.rename(moved)
        with pytest.raises(TranscriptError, match="not there any more"):
            locks.renew()
        moved.rename(root)
        locks.renew()
        root.rename(moved)
        locks.renew()
    with pytest.raises(TranscriptError, match="not there any more"):
        locks.renew()
    moved.rename(root)


IMPORTER = """
import sys, pathlib
from chatlog.archive.locks import Locks
root = pathlib.Path(sys.argv[1])
locks = Locks(root)
with locks.importing("libera", "#python"), locks.sealing(
    root / "libera" / "#python", shared=True
) as ours:
    print("held" if ours else "", flush=True)
    sys.stdin.read()
"""


def test_an_import_keeps_out_other_imports_and_sealing_but_neither_recorders_nor_readers(
    tmp_path, locks
):
    directory = tmp_path / "libera" / "#python"
    with holding(IMPORTER, tmp_path) as process:
        with pytest.raises(HeldError, match="another import or merge writes to '#PYTHON'"):
            locks.importing("Libera", "#PYTHON").__enter__()
        with locks.importing("libera", "#ruby"), locks.sealing(directory) as ours:
            assert not ours
        with locks.sealing(directory, shared=True) as ours:
            assert ours
        assert not locks.is_held("libera", "#python", directory)
        locks.hold("libera", "#python")
        process.kill()
        process.wait()
        with locks.importing("libera", "#python"), locks.sealing(directory, patience=5) as ours:
            assert ours


def test_one_process_imports_into_a_target_once_at_a_time(locks):
    with locks.importing("libera", "#python"), pytest.raises(HeldError):
        locks.importing("libera", "#python").__enter__()
    with locks.importing("libera", "#python"):
        pass


def test_an_import_takes_its_locks_in_a_lock_file_that_was_made_anew(tmp_path, locks):
    directory = tmp_path / "libera" / "#python"
    with locks.importing("libera", "#python"), locks.sealing(directory, shared=True):
        (tmp_path / ".lock").unlink()
        locks.renew()
        second = subprocess.run(
            [sys.executable, "-c", IMPORTER, str(tmp_path)], capture_output=True, check=False
        )
        assert b"HeldError" in second.stderr
        script = SEALER.replace("locks.close()", "")
        third = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], capture_output=True, check=False
        )
        assert b"AssertionError" in third.stderr


def test_an_import_whose_lock_another_one_took_meanwhile_writes_no_more(tmp_path, locks):
    with locks.importing("libera", "#python"):
        (tmp_path / ".lock").unlink()
        with (
            holding(IMPORTER, tmp_path),
            pytest.raises(TranscriptError, match="another chatlog imports, merges or seals in"),
        ):
            locks.renew()
